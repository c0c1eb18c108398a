from __future__ import annotations

import copy
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from tokenizers.processors import TemplateProcessing

from anytasktune.errors import PromptError, RecordError
from anytasktune.models.journal import Journal, key_of
from anytasktune.models.loading import LoadedModel, load
from anytasktune.models.local import LocalModel, Progress, identity

LABELS = (" yes", " yes please", " no")
SETTINGS = {"until": ["\n"], "max_gen_toks": 6, "do_sample": False}


@pytest.fixture(scope="module")
def tiny(tiny_dir: Path) -> LoadedModel:
    return load(tiny_dir, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def hflm(tiny: LoadedModel) -> HFLM:
    return HFLM(pretrained=tiny.model, tokenizer=tiny.tokenizer, batch_size=4)


def asked(kind: str, *arguments: Sequence[Any]) -> list[Instance]:
    return [Instance(kind, {}, tuple(each), 0) for each in arguments]


def choices(lengths: Sequence[int]) -> list[Instance]:
    pairs = [(f"Row {n}: {'word ' * n}\nAnswer:", label) for n in lengths for label in LABELS]
    return asked("loglikelihood", *pairs)


def prompts(lengths: Sequence[int], **changes: Any) -> list[Instance]:
    rows = [(f"Row {n}: {'word ' * n}\nAnswer:", {**SETTINGS, **changes}) for n in lengths]
    return asked("generate_until", *rows)


def test_scores_are_those_of_lm_evals_own_loader(tiny: LoadedModel, hflm: HFLM) -> None:
    requests = [*choices([1, 9, 30]), *asked("loglikelihood", ("", "alone"), ("Answer: ", "spaced"))]
    expected = hflm.loglikelihood(requests, disable_tqdm=True)
    found = LocalModel(tiny).loglikelihood(requests)
    assert [s for s, _ in found] == pytest.approx([s for s, _ in expected], abs=1e-3)
    assert [g for _, g in found] == [g for _, g in expected]


def test_rolling_scores_are_those_of_lm_evals_own_loader(tiny: LoadedModel, hflm: HFLM) -> None:
    texts = ["word " * 400, "a short one", "word  12 " * 130]  # the context is 256 tokens
    requests = asked("loglikelihood_rolling", *[(text,) for text in texts])
    expected = hflm.loglikelihood_rolling(requests, disable_tqdm=True)
    model = LocalModel(tiny)
    assert model.max_length == 256
    assert model.loglikelihood_rolling(requests) == pytest.approx(expected, abs=5e-3)
    assert model.loglikelihood_rolling(asked("loglikelihood_rolling", ("",))) == [0.0]


def test_answers_are_those_of_lm_evals_own_loader(tiny: LoadedModel, hflm: HFLM) -> None:
    requests = prompts([1, 4, 20, 2])
    hflm.tokenizer.padding_side = "left"
    expected = hflm.generate_until(requests, disable_tqdm=True)
    assert LocalModel(tiny).generate_until(requests) == expected


@pytest.mark.slow
def test_field_case_8_neither_batches_nor_padding_side_change_scores(small_model: LoadedModel) -> None:
    lengths = [1, 300, 5, 40]
    results = []
    for side, rows_at_once in (("left", 1), ("right", 3), ("left", 16), ("right", 16)):
        tokenizer = copy.deepcopy(small_model.tokenizer)
        tokenizer.padding_side = side
        model = LocalModel(dataclasses.replace(small_model, tokenizer=tokenizer), rows_at_once=rows_at_once)
        results.append((model.loglikelihood(choices(lengths)), model.generate_until(prompts(lengths))))
    for scores, answers in results[1:]:
        assert [s for s, _ in scores] == pytest.approx([s for s, _ in results[0][0]], abs=1e-3)
        assert [g for _, g in scores] == [g for _, g in results[0][0]]
        assert answers == results[0][1]


def test_field_case_1_a_tokenizer_that_adds_the_begin_token_again_changes_nothing(tiny: LoadedModel) -> None:
    adding = copy.deepcopy(tiny.tokenizer)
    adding.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
    )
    one, two = LocalModel(tiny), LocalModel(dataclasses.replace(tiny, tokenizer=adding))
    prompt = one.apply_chat_template([{"role": "user", "content": "Is it red?"}])
    requests = asked("loglikelihood", *[(prompt, label) for label in LABELS])
    assert [s for s, _ in two.loglikelihood(requests)] == pytest.approx(
        [s for s, _ in one.loglikelihood(requests)], abs=1e-6
    )
    question = asked("generate_until", (prompt, SETTINGS))
    assert two.generate_until(question) == one.generate_until(question)
    assert one.encoder.bos_source == two.encoder.bos_source == "template"


def test_field_case_5_a_limit_as_long_as_the_context_is_refused(tiny: LoadedModel) -> None:
    with pytest.raises(PromptError, match="leaves no room"):
        LocalModel(tiny).generate_until(prompts([1, 5], max_gen_toks=256))
    with pytest.raises(PromptError, match="leaves no room"):
        LocalModel(tiny).generate_until(prompts([1, 5], max_gen_toks=250))


def test_what_is_in_the_journal_is_not_computed_again(tiny: LoadedModel, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    scores, answers, rolling = choices([1, 5]), prompts([1, 5]), asked("loglikelihood_rolling", ("a text",))
    with Journal(path, identity(tiny)) as journal:
        first = LocalModel(tiny, journal=journal)
        before = (
            first.loglikelihood(scores),
            first.generate_until(answers),
            first.loglikelihood_rolling(rolling),
        )
    with Journal(path, identity(tiny)) as journal:
        second = LocalModel(tiny, journal=journal)
        after = (
            second.loglikelihood(scores),
            second.generate_until(answers),
            second.loglikelihood_rolling(rolling),
        )
        assert journal.get(key_of("loglikelihood", *scores[0].args)) == list(before[0][0])
    assert after == before
    assert (first.usage.reused, second.usage.reused) == (0, len(scores) + len(answers) + 1)
    assert (second.usage.prompt_tokens, second.usage.answer_tokens) == (0, 0)
    assert second.usage.limit_hits == first.usage.limit_hits
    assert second.limited == first.limited


def test_a_stopped_run_goes_on_with_what_is_missing(tiny: LoadedModel, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    requests = choices([1, 3, 5, 7, 9])

    def stop(progress: Progress) -> None:
        if progress.done == 3 * len(LABELS):
            raise KeyboardInterrupt

    with Journal(path, identity(tiny)) as journal, pytest.raises(KeyboardInterrupt):
        LocalModel(tiny, journal=journal, rows_at_once=1, progress=stop).loglikelihood(requests)
    with Journal(path, identity(tiny)) as journal:
        resumed = LocalModel(tiny, journal=journal, rows_at_once=1)
        found = resumed.loglikelihood(requests)
    assert resumed.usage.reused == 3 * len(LABELS)
    expected = LocalModel(tiny).loglikelihood(requests)
    assert [s for s, _ in found] == pytest.approx([s for s, _ in expected], abs=1e-4)


@pytest.mark.slow
def test_a_killed_process_loses_one_batch_at_most(tiny_dir: Path, tiny: LoadedModel, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    script = f"""
import os, pathlib, signal
from anytasktune.models.journal import Journal
from anytasktune.models.loading import load
from anytasktune.models.local import LocalModel, identity
from lm_eval.api.instance import Instance
loaded = load({str(tiny_dir)!r}, device="cpu", dtype="float32")
def die(progress):
    if progress.done >= 4:
        os.kill(os.getpid(), signal.SIGKILL)
journal = Journal(pathlib.Path({str(path)!r}), identity(loaded))
model = LocalModel(loaded, journal=journal, rows_at_once=2, progress=die)
rows = [(f"Row {{n}}: {{'word ' * n}}\\nAnswer:", {SETTINGS!r}) for n in (1, 3, 5, 7, 9, 11, 13, 15)]
model.generate_until([Instance("generate_until", {{}}, row, 0) for row in rows])
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], check=False, env=environment)
    assert done.returncode == -signal.SIGKILL
    requests = prompts([1, 3, 5, 7, 9, 11, 13, 15])
    with Journal(path, identity(tiny)) as journal:
        assert 4 <= len(journal) < len(requests)
        model = LocalModel(tiny, journal=journal)
        assert model.generate_until(requests) == LocalModel(tiny).generate_until(requests)
        assert model.usage.reused >= 4


def test_a_journal_of_another_model_is_refused(tiny: LoadedModel, tmp_path: Path) -> None:
    Journal(tmp_path / "answers.jsonl", identity(tiny)).close()
    tuned = dataclasses.replace(tiny, adapter_hash="abc")
    with pytest.raises(RecordError, match="adapter: journal '', now 'abc'"):
        Journal(tmp_path / "answers.jsonl", identity(tuned))


def test_the_same_request_twice_is_computed_once(tiny: LoadedModel) -> None:
    once, twice = LocalModel(tiny), LocalModel(tiny)
    answer = once.generate_until(prompts([5]))
    assert twice.generate_until(prompts([5, 5])) == answer * 2
    assert twice.usage.prompt_tokens == once.usage.prompt_tokens


def test_samples_of_one_prompt_differ_and_come_again(tiny: LoadedModel, tmp_path: Path) -> None:
    requests = prompts([5, 5, 5], do_sample=True, temperature=1.0, max_gen_toks=12)
    with Journal(tmp_path / "answers.jsonl", identity(tiny)) as journal:
        first = LocalModel(tiny, journal=journal).generate_until(requests)
    assert len(set(first)) == 3
    assert LocalModel(tiny).generate_until(requests) == first
    assert LocalModel(tiny, seed=1).generate_until(requests) != first
    with Journal(tmp_path / "answers.jsonl", identity(tiny)) as journal:
        again = LocalModel(tiny, journal=journal)
        assert again.generate_until(requests) == first
        assert again.usage.reused == 3


def test_sampling_at_temperature_zero_is_greedy(tiny: LoadedModel) -> None:
    greedy = LocalModel(tiny).generate_until(prompts([5]))
    assert LocalModel(tiny).generate_until(prompts([5], do_sample=True, temperature=0.0)) == greedy
    assert LocalModel(tiny).generate_until(prompts([5], temperature=0.0, top_p=0.5)) == greedy


def test_usage_counts_what_was_cut(tiny: LoadedModel) -> None:
    model = LocalModel(tiny)
    requests = prompts([5, 400], until=[], max_gen_toks=3)
    model.generate_until(requests)
    model.loglikelihood(choices([5, 400]))
    assert model.usage.truncated == 2
    assert model.usage.limit_hits == 2
    assert model.limited == {key_of("generate_until", *request.args) for request in requests}
    assert model.usage.answer_tokens == 6
    assert model.usage.seconds > 0


def test_progress_is_told_batch_by_batch(tiny: LoadedModel) -> None:
    told: list[Progress] = []
    LocalModel(tiny, rows_at_once=1, progress=told.append).loglikelihood(choices([1, 5, 9]))
    assert [progress.done for progress in told] == [3, 6, 9]
    assert {(progress.kind, progress.total) for progress in told} == {("loglikelihood", 9)}


def test_the_engine_is_named_with_versions(tiny: LoadedModel) -> None:
    model = LocalModel(tiny)
    assert model.engine["name"] == "anytasktune"
    model.loglikelihood(choices([1]))
    model.generate_until(prompts([1]))
    assert model.engine["name"] == "anytasktune-slots + anytasktune-trie"
    assert (model.engine["dtype"], model.engine["device"]) == ("float32", "cpu")
    assert {"torch", "transformers"} <= set(model.engine["versions"])


def test_lm_evals_contract_is_met(tiny: LoadedModel) -> None:
    model = LocalModel(tiny)
    assert (model.eot_token_id, model.prefix_token_id, model.max_gen_toks) == (2, 1, 256)
    assert model.chat_template(True) == tiny.tokenizer.chat_template
    assert model.tok_encode("a text") == model.tok_encode("a text", add_special_tokens=False)
    other = dataclasses.replace(tiny, tokenizer=copy.deepcopy(tiny.tokenizer))
    other.tokenizer.chat_template += " "
    assert LocalModel(other).tokenizer_name != model.tokenizer_name
    (score,) = model._loglikelihood_tokens([(("", ""), [5, 6], [7])])
    assert score[0] < 0


def test_batches_do_not_depend_on_the_journal(tiny: LoadedModel, tmp_path: Path) -> None:
    requests = choices([2, 4, 8, 16])
    whole = LocalModel(tiny).loglikelihood(requests)
    with Journal(tmp_path / "answers.jsonl", identity(tiny)) as journal:
        model = LocalModel(tiny, journal=journal)
        model.loglikelihood(requests[4:8])
        rest = model.loglikelihood(requests)
    assert [s for s, _ in rest] == pytest.approx([s for s, _ in whole], abs=1e-4)
