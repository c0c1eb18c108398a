from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from filelock import FileLock
from small_runs import IDENTITY, MakeJob, mean_answer_loss, parity

from anytasktune.errors import TrainingError
from anytasktune.models.tokens import Encoder
from anytasktune.recipes import Recipe
from anytasktune.training import batches, checkpoints, loop
from anytasktune.training.loop import TuningProgress, rate, tune
from anytasktune.training.texts import TrainingText, encode_texts


def text(id: str, answer: str) -> TrainingText:
    return TrainingText(id=id, context=f"Row {id}:", answer=f" {answer}")


@pytest.mark.slow
def test_real_model_learns_and_is_left_as_it_was(real_model: Any, make_job: MakeJob, encoder: Encoder) -> None:
    before = {name: value.clone() for name, value in real_model.state_dict().items()}
    numbers = torch.random.get_rng_state()
    seen: list[TuningProgress] = []
    result = tune(make_job(real_model, progress=seen.append, recipe=Recipe(batch_size=4, epochs=2, evaluations=2)))

    losses = [moment.loss for moment in seen if moment.loss is not None and moment.validation_loss is None]
    assert losses == list(result.info.losses)
    assert len(losses) == 6
    assert losses[-1] < losses[0] / 2
    measured = [(moment.step, moment.validation_loss) for moment in seen if moment.validation_loss is not None]
    assert measured == list(result.info.evaluations)
    assert [step for step, _ in measured] == [3, 6]
    assert result.validation_loss == min(loss for _, loss in measured)
    assert seen[0].loss is None
    assert seen[0].plan.adapted_modules == seen[0].plan.fast_modules == 210
    assert seen[0].plan.shares_prefix
    assert seen[0].plan.train.end_tokens == 12
    assert seen[-1].tokens_per_second > 0
    assert result.info.examples == 24

    assert real_model.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in real_model.state_dict().items())
    assert all(parameter.requires_grad for parameter in real_model.parameters())
    assert not real_model.training
    assert torch.equal(torch.random.get_rng_state(), numbers)


@pytest.mark.slow
def test_field_case_3_tuned_answers_end_by_themselves(
    real_model: Any, make_job: MakeJob, encoder: Encoder, tokenizer: Any
) -> None:
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    rows = [
        TrainingText(
            id=word,
            context=encoder.apply_chat_template([{"role": "user", "content": f"Tell me all about {word}."}]),
            answer=word,
        )
        for word in ("rivers", "stones", "clouds", "winter")
    ]

    def answer_ids(model: Any, row: TrainingText) -> list[int]:
        prompt = torch.tensor([encoder.encode(row.context)])
        out = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=8, do_sample=False, pad_token_id=0
        )
        ids: list[int] = out[0, prompt.shape[1] :].tolist()
        return ids

    [end] = encoder.turn_end_ids()
    assert not any(end in answer_ids(real_model, row) for row in rows)
    recipe = Recipe(batch_size=4, epochs=14, evaluations=1, learning_rate=2e-3)
    result = tune(make_job(real_model, train=rows, validation=rows, recipe=recipe))
    from anytasktune.training.adapter import applied

    with applied(real_model, result.adapter) as tuned:
        for row in rows:
            ids = answer_ids(tuned, row)
            assert ids[-1] == end
            assert tokenizer.decode(ids[:-1]) == row.answer


def test_field_case_11_overlong_validation_row_keeps_its_answer(
    tiny_model: Any, make_job: MakeJob, encoder: Encoder
) -> None:
    train = [parity(number, encoder) for number in range(64)]
    validation = [parity(number, encoder) for number in range(7)]
    long = replace(parity(7, encoder, padding=3000), id="long-row")
    assert len(encoder.encode(long.context)) > 9000
    seen: list[TuningProgress] = []
    recipe = Recipe(rank=2, batch_size=32, epochs=1, evaluations=1, max_length=128)
    job = make_job(tiny_model, train=train, validation=[*validation, long], recipe=recipe, progress=seen.append)
    result = tune(job)
    assert seen[0].plan.validation.shortened == ("long-row",)
    assert result.info.shortened == {"train": 0, "validation": 1}
    assert math.isfinite(result.validation_loss)
    assert seen[0].plan.validation.rows[-1].answer_tokens == 2


def test_field_case_12_batch_of_eight_and_eight_single_rows_learn_alike(
    tiny_model: Any, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    rows = [text(f"{place}", "word" if place % 2 else "long answer " * 40) for place in range(16)]
    recipe = Recipe(rank=4, batch_size=8, epochs=5, evaluations=1, learning_rate=2e-3)

    def losses(budget: int) -> tuple[float, ...]:
        job = make_job(
            tiny_model,
            train=rows,
            validation=rows[:2],
            recipe=recipe.but(micro_batch_tokens=budget),
            folder=tmp_path / f"{budget}",
        )
        return tune(job).info.losses

    accumulated = losses(1)
    monkeypatch.setitem(batches.CALL_COST, "cpu", 10**9)  # one call is never worth two: all eight at once
    at_once = losses(10**6)
    assert len(at_once) == len(accumulated) == 10
    assert accumulated == pytest.approx(at_once, rel=1e-4)


def test_loss_is_the_mean_over_all_answer_tokens_of_the_step(
    tiny_model: Any, make_job: MakeJob, encoder: Encoder
) -> None:
    rows = [text("a", "word"), text("b", "a much longer answer than the other one"), text("c", "two words")]
    recipe = Recipe(rank=4, batch_size=3, epochs=1, evaluations=1)
    result = tune(make_job(tiny_model, train=rows, validation=rows, recipe=recipe))
    expected = mean_answer_loss(tiny_model, encode_texts(rows, encoder, 512).rows)
    assert result.info.losses[0] == pytest.approx(expected, rel=1e-5)


def test_field_case_16_saved_adapter_is_that_of_the_lowest_validation_loss(
    tiny_model: Any, make_job: MakeJob, encoder: Encoder
) -> None:
    from peft import PeftModel

    from anytasktune.training.adapter import without_peft_warnings

    train = [text(f"{place}", "red" if place % 10 else "blue") for place in range(40)]
    validation = [text(f"{place}", "blue" if place % 2 else "red") for place in range(40, 48)]
    recipe = Recipe(rank=16, batch_size=8, epochs=12, evaluations=12, learning_rate=5e-2, schedule="constant")
    result = tune(make_job(tiny_model, train=train, validation=validation, recipe=recipe))

    printed = dict(result.info.evaluations)
    best = min(printed, key=lambda step: printed[step])
    assert best < result.info.steps, "the validation loss must turn for this test to mean anything"
    assert result.info.best_step == best
    with without_peft_warnings():
        saved = PeftModel.from_pretrained(tiny_model, str(result.adapter))
    by_hand = mean_answer_loss(saved, encode_texts(validation, encoder, 512).rows)
    assert by_hand == pytest.approx(printed[best], rel=1e-4)
    assert by_hand < 0.99 * printed[result.info.steps]


def test_finished_run_is_returned_without_a_step(tiny_model: Any, make_job: MakeJob) -> None:
    first = tune(make_job(tiny_model))
    seen: list[TuningProgress] = []
    again = tune(make_job(tiny_model, progress=seen.append))
    assert not seen
    assert again.info == first.info
    assert (first.first_step, again.first_step) == (0, 6)
    left = sorted(path.name for path in first.adapter.parent.iterdir() if path.name != ".lock")
    assert left == ["adapter"]


class Killed(Exception):
    """Stands for the end of the process in tests that stay within one."""


def kill_after(step: int) -> Any:
    def progress(moment: TuningProgress) -> None:
        if moment.step == step and moment.validation_loss is None and moment.loss is not None:
            raise Killed

    return progress


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_interrupted_run_ends_with_the_weights_of_an_undisturbed_one(
    tiny_model: Any, make_job: MakeJob, tmp_path: Any, dropout: float
) -> None:
    recipe = Recipe(rank=4, batch_size=4, epochs=3, evaluations=9, dropout=dropout, learning_rate=5e-3)
    undisturbed = tune(make_job(tiny_model, recipe=recipe, folder=tmp_path / "undisturbed"))
    for step in (3, 7):
        with pytest.raises(Killed):
            tune(make_job(tiny_model, recipe=recipe, progress=kill_after(step)))
        torch.manual_seed(step)  # the caller's random numbers must not matter
    resumed = tune(make_job(tiny_model, recipe=recipe))
    assert resumed.first_step == 6
    assert resumed.info.losses == undisturbed.info.losses
    assert resumed.info.evaluations == undisturbed.info.evaluations
    assert resumed.info.answer_tokens == undisturbed.info.answer_tokens
    weights = "adapter_model.safetensors"
    assert (resumed.adapter / weights).read_bytes() == (undisturbed.adapter / weights).read_bytes()


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"seed": 2}, "seed"),
        (
            {"identity": {**IDENTITY, "prompt_hash": "prompt-2"}},
            "prompt_hash: stored 'prompt-1', now 'prompt-2'",
        ),
        ({"identity": {**IDENTITY, "base_revision": "2"}}, "base_revision"),
        (
            {"recipe": Recipe(rank=5, batch_size=4, epochs=2.0, evaluations=2, learning_rate=5e-3)},
            "recipe.rank",
        ),
        ({"train": [text("other", "row")]}, "train_texts"),
        ({"validation": [text("other", "row")]}, "validation_texts"),
    ],
)
def test_folder_of_another_run_is_refused(
    tiny_model: Any, make_job: MakeJob, finished: bool, change: dict[str, Any], shown: str
) -> None:
    if finished:
        tune(make_job(tiny_model))
    else:
        with pytest.raises(Killed):
            tune(make_job(tiny_model, progress=kill_after(4)))
    with pytest.raises(TrainingError, match="another tuning run") as refused:
        tune(make_job(tiny_model, **change))
    assert shown in str(refused.value)


def test_second_process_in_the_same_folder_is_refused(tiny_model: Any, make_job: MakeJob) -> None:
    job = make_job(tiny_model)
    job.folder.mkdir()
    with FileLock(job.folder / ".lock"), pytest.raises(TrainingError, match="Another process"):
        tune(job)


def test_loss_that_is_not_a_number_stops_with_step_and_row(
    tiny_model: Any, make_job: MakeJob, encoder: Encoder
) -> None:
    broken = encoder.encode(" zebra")[0]
    with torch.no_grad():
        tiny_model.model.embed_tokens.weight[broken] = float("inf")
    rows = [text("fine", "word"), text("broken", "zebra"), text("also-fine", "word")]
    recipe = Recipe(rank=2, batch_size=3, epochs=1, evaluations=1, micro_batch_tokens=1)
    rows[1] = replace(rows[1], context="A zebra:")
    with pytest.raises(TrainingError, match="step 1") as stopped:
        tune(make_job(tiny_model, train=rows, validation=rows[:1], recipe=recipe))
    assert "row " in str(stopped.value)
    assert "learning rate" in str(stopped.value)


def test_validation_loss_that_is_not_a_number_names_the_rows(
    tiny_model: Any, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = batches.token_losses

    def spoilt(model: Any, batch: Any, **options: Any) -> torch.Tensor:
        losses = plain(model, batch, **options)
        return losses if torch.is_grad_enabled() else losses * float("nan")

    monkeypatch.setattr(loop, "token_losses", spoilt)
    with pytest.raises(TrainingError, match="validation split after step 3") as stopped:
        tune(make_job(tiny_model))
    assert "row row-2" in str(stopped.value)


def test_best_weights_that_were_changed_on_the_disk_are_noticed(
    tiny_model: Any, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(tiny_model)

    def save_something_else(path: Any, parameters: Any) -> None:
        plain(path, {name: parameter * 3 for name, parameter in parameters.items()})

    plain = checkpoints.save_tensors
    monkeypatch.setattr(loop, "_keep_if_best", changed_keeper(save_something_else))
    with pytest.raises(TrainingError, match="do not have its validation loss"):
        tune(job)
    assert not (job.folder / "adapter").exists()


def changed_keeper(save: Any) -> Any:
    def keep(run: Any, counters: Any, evaluation: Any) -> None:
        counters.evaluations.append(evaluation)
        if counters.best == evaluation:
            save(run.job.folder / f"best-{evaluation.step:08d}.safetensors", run.parameters)

    return keep


def test_target_module_that_does_not_exist_is_refused_with_those_that_do(tiny_model: Any, make_job: MakeJob) -> None:
    recipe = Recipe(target_modules=("q_proj", "v_prj"))
    with pytest.raises(TrainingError, match="v_prj") as refused:
        tune(make_job(tiny_model, recipe=recipe))
    assert "did you mean v_proj" in str(refused.value)
    assert "down_proj" in str(refused.value)


def test_named_target_modules_are_the_only_ones_adapted(tiny_model: Any, make_job: MakeJob) -> None:
    recipe = Recipe(target_modules=("q_proj", "v_proj"), batch_size=4, max_steps=1, evaluations=1)
    assert tune(make_job(tiny_model, recipe=recipe)).info.adapted_modules == 4


@pytest.mark.parametrize("identity", [{}, {"base": ""}, {"base": "/home/me/model"}, {"base": "./model"}])
def test_base_without_a_public_name_is_refused_before_anything_is_written(
    tiny_model: Any, make_job: MakeJob, identity: dict[str, str]
) -> None:
    job = make_job(tiny_model, identity=identity)
    with pytest.raises(TrainingError, match="base"):
        tune(job)
    assert not job.folder.exists()


def test_full_tuning_of_half_precision_weights_is_refused(tiny_model: Any, make_job: MakeJob) -> None:
    with pytest.raises(TrainingError, match="Half-precision"):
        tune(make_job(tiny_model.to(torch.bfloat16), recipe=Recipe(method="full")))


@pytest.mark.parametrize(
    ("recipe", "rows", "expected"),
    [
        (Recipe(epochs=2, batch_size=4), 10, (5, 20)),
        (Recipe(epochs=0.5, batch_size=4), 10, (2, 5)),
        (Recipe(epochs=2, batch_size=4, max_steps=3), 10, (3, 12)),
        (Recipe(epochs=2, batch_size=4, max_steps=99), 10, (5, 20)),
        (Recipe(epochs=0, batch_size=4, max_steps=7), 10, (7, 28)),
    ],
)
def test_length_of_a_run(recipe: Recipe, rows: int, expected: tuple[int, int]) -> None:
    assert loop._length(recipe, rows) == expected


def test_learning_rate_warms_up_and_decays() -> None:
    linear = [rate(Recipe(warmup_ratio=0.2), step, 10) for step in range(10)]
    assert linear == pytest.approx([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125])
    cosine = [rate(Recipe(warmup_ratio=0, schedule="cosine"), step, 4) for step in range(4)]
    assert cosine == pytest.approx([1, 0.8535534, 0.5, 0.1464466])
    assert {rate(Recipe(warmup_ratio=0, schedule="constant"), step, 4) for step in range(4)} == {1.0}


@pytest.mark.gpu
def test_gpu_and_cpu_take_the_same_first_steps(small_model_dir: Any, make_job: MakeJob, tmp_path: Any) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    from transformers import AutoModelForCausalLM

    recipe = Recipe(batch_size=4, max_steps=2, evaluations=1)
    found = []
    for device in ("cpu", "cuda"):
        model = AutoModelForCausalLM.from_pretrained(small_model_dir, dtype=torch.float32).to(device)
        result = tune(make_job(model, recipe=recipe, folder=tmp_path / device))
        found.append([*result.info.losses, result.validation_loss])
    assert found[1] == pytest.approx(found[0], rel=1e-3)
