"""lm-eval's command line with our engine and our sub-tasks in it, at the scores of lm-eval's own loader."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from demo_tasks import plugin as write_plugin
from demo_tasks import subtask
from rich.console import Console

from anytasktune import lm_eval_cli, lm_eval_tasks, plugins
from anytasktune.errors import AdapterError, RecordError, UsageError
from anytasktune.models.registered import RegisteredModel, open_model, read_arguments
from anytasktune.progress import Reporter
from anytasktune.recipes import Recipe
from anytasktune.training.adapter import FORMAT, INFO, AdapterInfo, Evaluation

ROWS: list[dict[str, Any]] = [
    {"q": "2 + 2 =", "c": ["3", "4", "five"], "a": 1},
    {"q": "The capital of France is", "c": ["Paris", "London", "a big city"], "a": 0},
    {"q": "北京是", "c": ["中国的首都", "法国的首都"], "a": 0},
    {"q": "Water is made of hydrogen and", "c": ["gold", "oxygen"], "a": 1},
]
ENDINGS = {"ctx_a": "A man opens a tap.", "ctx_b": "he", "activity_label": "Washing", "split_type": "indomain"}
HELLASWAG = [
    {
        **ENDINGS,
        "ind": n,
        "source_id": str(n),
        "endings": ["washes his hands.", "flies.", "eats a tap.", "is blue."],
        "label": str(n),
    }
    for n in range(3)
]
OUR_TASK = "consumer_ticket_routing_en_likelihood"
NAMES = ("toy_choice", "toy_words", "toy_sentence", "toy_rolling")


def toy(kind: str, data: Path, **changes: Any) -> str:
    return yaml.safe_dump(
        {
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(data), "train": str(data)}},
            "test_split": "test",
            "fewshot_split": "train",
            "fewshot_config": {"sampler": "first_n"},
            "doc_to_text": "{{q}}",
            "doc_to_target": "{{c[a]}}",
            "output_type": kind,
            **changes,
        },
        allow_unicode=True,
    )


def stops(limit: int, *until: str) -> dict[str, Any]:
    return {
        "generation_kwargs": {"until": list(until), "max_gen_toks": limit, "do_sample": False},
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small local tasks of every type of request, in two folders, and rows where stock hellaswag looks for its own."""
    root = tmp_path_factory.mktemp("toys")
    data = root / "rows.jsonl"
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    tasks = {
        "scored/toy_choice": toy("multiple_choice", data, doc_to_choice="c", doc_to_target="a"),
        "scored/toy_rolling": toy("loglikelihood_rolling", data, doc_to_text="", doc_to_target="{{q}} {{c[a]}}"),
        "written/toy_words": toy("generate_until", data, **stops(6, "\n", "。", ",")),
        "written/toy_space": toy("generate_until", data, **stops(6, " ")),
        "written/toy_sentence": toy("generate_until", data, **stops(14, ".", "\n\n")),
    }
    for name, text in tasks.items():
        path = root / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"task: {path.stem}\n{text}", encoding="utf-8")
    hub = root / "Rowan" / "hellaswag"
    hub.mkdir(parents=True)
    for split in ("train", "validation"):
        (hub / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in HELLASWAG), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def tiny(small_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with the real tokenizer and two layers of random weights; its context is 96 tokens."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(small_model_dir)
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=96,
        initializer_range=0.5,
        bos_token_id=1,
        eos_token_id=2,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def lora(base: Path, folder: Path, strength: float) -> Path:
    """A LoRA of PEFT's on a base; with strength 0 it does nothing."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from anytasktune.training.adapter import without_peft_warnings

    torch.manual_seed(1)
    with without_peft_warnings():
        model = get_peft_model(
            AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
            LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"]),
        )
    for name, parameter in model.named_parameters():
        if ".lora_B." in name and strength:
            torch.nn.init.normal_(parameter, std=strength)
    model.save_pretrained(folder)
    return folder


def signed(folder: Path, **identity: str) -> Path:
    """Makes a folder of PEFT's one that our tuning could have left."""
    info = AdapterInfo(
        identity={"base": "example/base", **identity},
        recipe=Recipe().as_dict(),
        recipe_hash=Recipe().hash(),
        seed=0,
        steps=1,
        best_step=1,
        evaluations=(Evaluation(1, 0.5),),
        losses=(0.5,),
        examples=1,
        tokens=1,
        answer_tokens=1,
        seconds=1.0,
        shortened={},
        adapted_modules=1,
        trainable_parameters=1,
        versions={},
    )
    (folder / INFO).write_text(json.dumps({"format": FORMAT, **asdict(info)}), encoding="utf-8")
    return folder


def call(*words: object) -> str:
    """Hands the words over; returns what the reporter said."""
    said = io.StringIO()
    assert (
        lm_eval_cli.hand_over([str(word) for word in words], plugins.load(), Reporter(console=Console(file=said))) == 0
    )
    return said.getvalue()


def logged(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Logged samples by task."""
    found = {}
    for path in sorted(out.rglob("samples_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        found[path.name.removeprefix("samples_").rpartition("_")[0]] = sorted(rows, key=lambda row: row["doc_id"])
    return found


def assert_same(ours: Mapping[str, list[dict[str, Any]]], stock: Mapping[str, list[dict[str, Any]]]) -> None:
    """Scores within 1e-3, the same greedy flags and argmax, the same greedy texts."""
    assert set(ours) == set(stock)
    for name in stock:
        assert len(ours[name]) == len(stock[name]) > 0
        for mine, theirs in zip(ours[name], stock[name], strict=True):
            assert [a[:1] for a in arguments(mine)] == [a[:1] for a in arguments(theirs)]
            mine_, theirs_ = ([first(answer) for answer in row["resps"]] for row in (mine, theirs))
            if isinstance(theirs_[0], tuple):
                assert [score for score, _ in mine_] == pytest.approx([score for score, _ in theirs_], abs=1e-3)
                assert [greedy for _, greedy in mine_] == [greedy for _, greedy in theirs_]
                assert mine_.index(max(mine_)) == theirs_.index(max(theirs_))
            elif "rolling" in name:
                assert float(mine_[0]) == pytest.approx(float(theirs_[0]), abs=1e-3)
            else:
                assert mine_ == theirs_
        assert all(len(row["resps"]) for row in stock[name])


def arguments(row: dict[str, Any]) -> list[list[Any]]:
    """Of each request, whether from a file or from memory."""
    given = row["arguments"]
    return [list(each.values()) for each in given.values()] if isinstance(given, dict) else [list(a) for a in given]


def first(answer: Any) -> Any:
    (given,) = answer
    return (float(given[0]), str(given[1])) if isinstance(given, list | tuple) and len(given) == 2 else given


def evaluated(model: str, model_args: dict[str, Any], toys: Path, *names: str, **options: Any) -> dict[str, Any]:
    """lm-eval's own Python function, without its thousands of task files."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    lm_eval_cli.register()
    folders = [toys / "scored", toys / "written", toys / "ours", Path(lm_eval.__file__).parent / "tasks" / "hellaswag"]
    with lm_eval_tasks.quiet():
        manager = TaskManager(include_path=[str(path) for path in folders], include_defaults=False)
        results = lm_eval.simple_evaluate(
            model=model,
            model_args=model_args,
            tasks=list(names),
            task_manager=manager,
            device="cpu",
            bootstrap_iters=0,
            **options,
        )
    return dict(results["samples"])


# -- the same scores ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(toys: Path, small_model_dir: Path) -> Iterator[Path]:
    """One whole run of the command: local tasks, a stock one, one of ours, with lm-eval's cache."""
    names = ",".join([*NAMES, "toy_space", "hellaswag", OUR_TASK])
    with contextlib.chdir(toys):
        said = call(
            *("run", "--model", "anytasktune", "--model_args", f"pretrained={small_model_dir},dtype=float32"),
            *("--device", "cpu", "--include_path", f"{toys / 'scored'}{os.pathsep}{toys / 'written'}"),
            *("--tasks", names, "--limit", "3", "--use_cache", "cache/answers"),
            *("--log_samples", "--output_path", "out"),
        )
        (toys / "said").write_text(said, encoding="utf-8")
        yield toys


@pytest.mark.slow
def test_every_type_of_request_gets_the_answers_of_lm_evals_own_loader(run: Path, small_model_dir: Path) -> None:
    (task,) = plugins.load().select(["consumer/ticket-routing"])
    lm_eval_tasks.write_stock_yaml(task, run / "ours")
    expected = evaluated(
        "hf", {"pretrained": str(small_model_dir), "dtype": "float32"}, run, *NAMES, "hellaswag", OUR_TASK, limit=3
    )
    ours = logged(run / "out")
    ours.pop("toy_space")
    assert_same(ours, expected)


@pytest.mark.slow
def test_field_case_4_white_space_that_is_a_stop_does_not_end_an_answer_before_it_begins_and_is_told(run: Path) -> None:
    answers = [first(row["resps"][0]) for row in logged(run / "out")["toy_space"]]
    begun = [answer for answer in answers if answer.startswith(" ") and answer.strip()]
    assert begun
    told = (run / "said").read_text(encoding="utf-8")
    assert f"{len(begun)} answers begin with white space that is a stop string" in " ".join(told.split())


@pytest.mark.slow
def test_the_results_file_says_which_weights_and_which_engine_answered(run: Path) -> None:
    (path,) = (run / "out").rglob("results_*.json")
    config = json.loads(path.read_text(encoding="utf-8"))["config"]
    assert config["model"] == "anytasktune"
    assert config["model_revision"].startswith("sha256:")
    assert config["adapter_sha"] == ""
    assert config["engine"]["name"]
    assert (config["device"], config["batch_size"]) == ("cpu", "auto")


@pytest.mark.slow
def test_a_base_models_cached_answers_are_never_given_to_an_adapter(run: Path, small_model_dir: Path) -> None:
    adapter = lora(small_model_dir, run / "adapter", 0.1)
    config = {
        "model": "anytasktune",
        "model_args": {"pretrained": str(small_model_dir), "dtype": "float32", "peft": str(adapter)},
        "tasks": ["toy_choice"],
        "include_path": str(run / "scored"),
        "device": "cpu",
        "limit": 3,
    }
    (run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    call("--config", "config.yaml", "--log_samples", "--output_path", "tuned", "--use_cache", "cache/answers")
    assert len(list((run / "cache").glob("answers_*_rank0.db"))) == 2
    base, tuned = (logged(run / out)["toy_choice"] for out in ("out", "tuned"))
    scores = [[first(answer)[0] for row in rows for answer in row["resps"]] for rows in (base, tuned)]
    assert all(abs(a - b) > 1e-3 for a, b in zip(*scores, strict=True))


@pytest.mark.slow
def test_chat_prompts_with_shots_and_a_system_message_too(toys: Path, small_model_dir: Path) -> None:
    options = {
        "apply_chat_template": True,
        "fewshot_as_multiturn": True,
        "num_fewshot": 2,
        "system_instruction": "Answer in one word.",
        "limit": 2,
    }
    model_args = {"pretrained": str(small_model_dir), "dtype": "float32"}
    names = ("toy_choice", "toy_sentence")
    ours = evaluated("anytasktune", model_args, toys, *names, **options)
    assert "<|im_start|>system\nAnswer in one word." in arguments(ours["toy_choice"][0])[0][0]
    assert_same(ours, evaluated("hf", model_args, toys, *names, **options))


@pytest.mark.slow
def test_from_outside_a_plugin_files_sub_task_is_a_task_and_a_lost_result_is_an_error(
    toys: Path, tiny: Path, tmp_path: Path
) -> None:
    plugin = write_plugin(tmp_path, "choice")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / str(tiny).replace("/", "__")).write_text("where lm-eval wants a folder", encoding="utf-8")
    words = [
        *("--plugin", plugin, "--model", "anytasktune", "--model_args", f"pretrained={tiny}", "--device=cpu"),
        *("--tasks", "demo_choice_zh_likelihood", "toy_rolling", f"--include_path={toys / 'scored'}", "-L2"),
        *("--apply_chat_template", "--fewshot_as_multiturn", "false", "--output_path", "out"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "anytasktune", "lm-eval", *map(str, words)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert "demo_choice_zh_likelihood" in done.stdout, done.stderr[-3000:]
    assert done.returncode == 1
    assert "lm-eval ended without all of its results" in done.stderr
    assert "Could not save results aggregated" in done.stderr
    assert "Traceback" not in done.stderr


# -- the model ---------------------------------------------------------------------------------------------------------


def requests(kind: str, *given: tuple[Any, ...]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, each, 0) for each in given]


def opened(tiny: Path, **changes: object) -> RegisteredModel:
    return open_model(read_arguments({"pretrained": str(tiny), "device": "cpu", "dtype": "float32", **changes}))


def test_max_length_is_a_smaller_context_as_in_lm_evals_own_loader(tiny: Path) -> None:
    from lm_eval.models.huggingface import HFLM

    long = "one two three four five six seven eight nine ten " * 4
    scored = requests("loglikelihood", (long, " eleven"), (long, " eleven twelve"), ("short", " text"))
    rolling = requests("loglikelihood_rolling", (long,))
    settings = {"until": ["\n"], "max_gen_toks": 6, "do_sample": False}
    written = requests("generate_until", (long, settings), ("short", settings))
    stock = HFLM(pretrained=str(tiny), device="cpu", dtype="float32", max_length=24, batch_size=1)
    ours = opened(tiny, max_length=24)
    assert ours.max_length == 24
    found, expected = ours.loglikelihood(scored), stock.loglikelihood(scored, disable_tqdm=True)
    assert [score for score, _ in found] == pytest.approx([score for score, _ in expected], abs=1e-3)
    sums = stock.loglikelihood_rolling(rolling, disable_tqdm=True)
    assert ours.loglikelihood_rolling(rolling) == pytest.approx(sums, abs=1e-2)
    assert ours.generate_until(written) == stock.generate_until(written, disable_tqdm=True)
    whole = opened(tiny).loglikelihood(scored)
    assert abs(whole[0][0] - found[0][0]) > 1e-3  # the shorter context is seen in the score
    with pytest.raises(UsageError, match="more than the 96 tokens"):
        opened(tiny, max_length=97)


def test_a_seed_repeats_sampled_answers(tiny: Path) -> None:
    asked = requests(
        "generate_until", ("Once", {"until": ["\n"], "max_gen_toks": 8, "do_sample": True, "temperature": 1.0})
    )
    answers = [opened(tiny, seed=seed).generate_until(asked) for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


def test_a_killed_run_has_kept_its_batches_in_lm_evals_cache(tiny: Path, tmp_path: Path) -> None:
    from lm_eval.api.model import CachingLM

    def die(now: object) -> None:
        raise KeyboardInterrupt

    asked = requests("loglikelihood", *((f"{'word ' * n}:", " yes") for n in (1, 9, 20)))
    path = str(tmp_path / "cache.db")
    arguments = read_arguments({"pretrained": str(tiny), "device": "cpu", "batch_size": 1})
    with pytest.raises(KeyboardInterrupt):
        CachingLM(open_model(arguments, progress=die), path).loglikelihood(asked)
    model = open_model(arguments)
    plain = open_model(arguments)
    expected = [score for score, _ in plain.loglikelihood(asked)]
    assert [score for score, _ in CachingLM(model, path).loglikelihood(asked)] == pytest.approx(expected)
    assert 0 < model.usage.prompt_tokens < plain.usage.prompt_tokens


def test_answers_are_kept_apart_by_adapter_context_and_number_type(tiny: Path, tmp_path: Path) -> None:
    folder = lora(tiny, tmp_path / "adapter", 0.1)
    models: list[dict[str, object]] = [{}, {"adapter": folder}, {"max_length": 24}, {"dtype": "bfloat16"}]
    keys = [opened(tiny, **changes).answers_key for changes in models]
    assert len(set(keys)) == len(keys)
    assert opened(tiny, batch_size=1, seed=4).answers_key == keys[0]


def test_another_models_cache_is_kept_apart_by_arguments_and_content(tiny: Path, tmp_path: Path) -> None:
    folder = lora(tiny, tmp_path / "adapter", 0.1)
    base = SimpleNamespace(model="hf", model_args={"pretrained": str(tiny)})
    tuned = SimpleNamespace(model="hf", model_args={"pretrained": str(tiny), "peft": str(folder)})
    keys = [lm_eval_cli._foreign_key(base), lm_eval_cli._foreign_key(tuned)]
    lora(tiny, folder, 0.2)
    keys.append(lm_eval_cli._foreign_key(tuned))
    assert len(set(keys)) == 3


def test_an_adapter_of_ours_is_probed_and_merged(tiny: Path, tmp_path: Path) -> None:
    asked = requests("loglikelihood", ("The answer is", " yes"))
    revision = opened(tiny).loaded.revision
    some = signed(lora(tiny, tmp_path / "some", 0.1), base_revision=revision)
    tuned = opened(tiny, adapter=some)
    assert tuned.loaded.adapter_hash
    assert tuned.loglikelihood(asked) != opened(tiny).loglikelihood(asked)
    with pytest.raises(AdapterError, match="tuned on another base"):
        opened(tiny, adapter=signed(some, base_revision="sha256:0", base_label="Other"))
    with pytest.raises(AdapterError, match="does nothing"):
        opened(tiny, adapter=signed(lora(tiny, tmp_path / "none", 0), base_revision=revision))


def test_a_peft_adapter_that_changes_nothing_is_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="LoRA B is zero in all 4 modules"):
        opened(tiny, peft=lora(tiny, tmp_path / "none", 0))
    with pytest.raises(AdapterError, match="no adapter folder"):
        opened(tiny, peft=tmp_path / "absent")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pretrained": "x", "adaptor": "y"}, "did you mean adapter"),
        ({"pretrained": "x", "adapter": "y", "peft": "y"}, "two names of one thing"),
        ({"dtype": "float32"}, "names no model"),
        ({"pretrained": "x", "batch_size": 0}, "batch_size is a whole number, 1 at least, not '0'"),
        ({"pretrained": "x", "max_length": "long"}, "max_length is a whole number"),
        ({"pretrained": "x", "seed": -1}, "seed is a whole number, 0 at least"),
        ({"pretrained": "x", "trust_remote_code": "maybe"}, "trust_remote_code is True or False"),
        ({"pretrained": "smollm2-135m", "revision": "main"}, "says nothing about 'smollm2-135m'"),
    ],
)
def test_model_arguments_that_cannot_be_meant_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_arguments(given)
    assert said in str(refused.value)


def test_model_arguments_of_lm_evals_own_loader_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = read_arguments({"pretrained": "OWNER/NAME", "revision": "v1", "peft": "a", "batch_size": "auto:4"})
    assert (read.pretrained, str(read.adapter), read.rows_at_once) == ("hf:OWNER/NAME@v1", "a", None)
    assert read_arguments({"pretrained": "x", "batch_size": "auto", "max_batch_size": 8}).rows_at_once == 8
    assert read_arguments({"pretrained": "x", "batch_size": "16", "max_batch_size": 8}).rows_at_once == 16
    (tmp_path / "OWNER" / "NAME").mkdir(parents=True)
    assert read_arguments({"pretrained": "OWNER/NAME"}).pretrained == "OWNER/NAME"


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tasks", "x"], "No model is named"),
        (["--model", "anytasktun", "--tasks", "x"], "did you mean anytasktune"),
        (["--model", "anytasktune", "--model_args", "pretrained=smollm2-135m"], "No task is named"),
        (["--model", "anytasktune", "--tasks", "x", "--log_samples"], "Specify --output_path"),
        (["--model", "anytasktune", "--tasks", "x", "--output_path", "file"], "file is a file"),
        (["--model", "anytasktune", "--tasks", "x", "--include_path", "nowhere"], "a folder that is not there"),
        (["--config", "nowhere.yaml"], "--config cannot be read"),
        (["--config", "file"], "--config cannot be read"),
        (
            ["--model", "anytasktune", "--tasks", "x", "--device", "cpu", "--model_args", "pretrained=x,device=cpu"],
            "device is given as a flag and in --model_args",
        ),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("- no mapping", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        call(*words)
    assert said in str(refused.value)


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="runs in one process"):
        call("--model", "anytasktune", "--model_args", "pretrained=smollm2-135m", "--tasks", "x")


def test_an_option_that_lm_eval_does_not_know_is_its_own_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        call("run", "--taskz", "x")
    assert left.value.code == 2
    assert "--taskz" in capsys.readouterr().err


def test_lm_evals_command_line_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["anytasktune", "lm-eval"])
    call()  # without a word, lm-eval prints its help
    assert sys.argv == ["anytasktune", "lm-eval"]


def test_every_registered_sub_task_is_written_and_a_broken_one_stops_nothing(tmp_path: Path) -> None:
    registry = plugins.load()
    broken = subtask(tmp_path, "text")
    broken.yaml.write_text("task: [", encoding="utf-8")
    registry.subtasks["demo/text"] = broken
    said: list[str] = []
    names = lm_eval_cli.write_tasks(registry, tmp_path / "out", said.append)
    expected = {
        name
        for id, task in registry.subtasks.items()
        if id != "demo/text"
        for name, *_ in lm_eval_tasks.stock_names(task)
    }
    assert set(names) == expected == {path.stem for path in (tmp_path / "out").glob("*.yaml")}
    assert OUR_TASK in names
    (line,) = [line for line in said if "demo/text" in line]
    assert "left out" in line


def test_a_mistyped_sub_task_comes_with_its_protocols() -> None:
    names = ["law_charge_prediction_zh_generate", "law_charge_prediction_zh_likelihood"]
    assert "law_charge_prediction_zh_generate" in lm_eval_cli._hint("Tasks not found: law_charge_prediction", names)
    assert "ls tasks" in lm_eval_cli._hint("Tasks not found: helaswag", names)


# -- results that lm-eval loses ----------------------------------------------------------------------------------------


def tracked(out: Path, results: dict[str, Any], samples: dict[str, Any] | None, *, log_samples: bool = True) -> None:
    """What lm-eval's command line does with results, between what is done here before and after."""
    from lm_eval.loggers import EvaluationTracker

    config = SimpleNamespace(output_path=str(out), log_samples=log_samples)
    tracker = EvaluationTracker(output_path=str(out))
    tracker.general_config_tracker.log_experiment_args("anytasktune", {"pretrained": "m"}, None, None, False)
    with lm_eval_cli._results(config):
        tracker.save_results_aggregated(results, samples)
        for name, rows in (samples or {}).items():
            tracker.save_results_samples(name, rows)


SAMPLE = {
    "doc_hash": "",
    "prompt_hash": "",
    "target_hash": "",
    "target": "",
    "arguments": [],
    "resps": [],
    "filtered_resps": [],
}
RESULTS: dict[str, Any] = {"results": {"toy": {"acc,none": 1.0}}, "configs": {"toy": {}}}


@pytest.mark.parametrize("name", ["out", "out/results.json"])
def test_written_results_pass(tmp_path: Path, name: str) -> None:
    tracked(tmp_path / name, dict(RESULTS), {"toy": [dict(SAMPLE)]})
    assert len(list(tmp_path.rglob("*_*.json"))) == 1


def test_results_that_lm_eval_could_not_write_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("where lm-eval wants a folder", encoding="utf-8")
    with pytest.raises(RecordError, match="no results file was written"):
        tracked(tmp_path, dict(RESULTS), None, log_samples=False)


def test_samples_that_lm_eval_could_not_write_are_an_error(tmp_path: Path) -> None:
    unsorted = {**SAMPLE, "doc": {("a", "tuple"): "as a key is no JSON"}}
    with pytest.raises(RecordError, match="no samples of toy"):
        tracked(tmp_path, dict(RESULTS), {"toy": [unsorted]})


def test_a_results_file_without_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds no result"):
        tracked(tmp_path, {"results": {}, "configs": {}}, None)
