"""Each kind's package with its sample data: loads, builds the same every time, and its right answers are right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from scaffolded import loaded, module_in, sampled, written

from anytasktune import prompts, splits
from anytasktune.examples import KINDS, SPLITS, Kind
from anytasktune.near_duplicates import NearIndex, comparison_key
from anytasktune.subtask import SubTask


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SubTask]:
    folder = written(sampled(request.param), tmp_path_factory.mktemp(request.param))
    return folder, loaded(folder)


def test_the_data_build_alike_every_time(made: tuple[Path, SubTask]) -> None:
    _, task = made
    data = splits.build(task)
    assert {split: len(data.splits[split]) for split in SPLITS} == {"train": 24, "validation": 8, "test": 12}
    assert (data.report.leaks, data.report.bad_rows, data.report.conflicts) == ((), (), ())
    assert data.report.notes() == []
    assert splits.build(task).fingerprint == data.fingerprint


def test_right_answers_score_1_in_both_languages_and_others_do_not(made: tuple[Path, SubTask]) -> None:
    _, task = made
    rows = splits.build(task).all
    for language in ("en", "zh"):
        golds = [prompts.answer_text(task.card, row, language) for row in rows]
        assert [task.metric.grade(row, gold).score for row, gold in zip(rows, golds, strict=True)] == [1.0] * len(rows)
        shifted = [task.metric.grade(row, golds[place - 7]).score for place, row in enumerate(rows)]
        assert sum(shifted) < len(rows) / 2


def test_both_languages_in_equal_parts_and_no_two_rows_nearly_alike(made: tuple[Path, SubTask]) -> None:
    _, task = made
    data = splits.build(task)
    for split in SPLITS:
        languages = Counter(row.language for row in data.splits[split])
        assert languages["en"] == languages["zh"]
    keys = [comparison_key(row.input) for row in data.all]
    assert len(set(keys)) == len(keys)
    assert NearIndex(keys, threshold=0.5).earlier(range(len(keys))) == {}


def test_no_label_stands_in_one_row_only(made: tuple[Path, SubTask]) -> None:
    _, task = made
    if task.card.kind not in ("choice", "labels", "extract"):
        return
    data = splits.build(task)
    for split in SPLITS:
        labels = Counter(target.partition(": ")[0] for row in data.splits[split] for target in row.targets)
        assert labels.keys() == {label.id for label in task.card.labels}
        assert min(labels.values()) >= 2


def test_a_row_may_be_appended_and_no_id_moves(made: tuple[Path, SubTask]) -> None:
    folder, task = made
    before = [row.id for row in splits.build(task).all]
    train = module_in(folder).parent / "data" / "train.jsonl"
    kept = train.read_bytes()
    try:
        row = json.loads(kept.decode().split("\n")[0]) | {"input": "A row that somebody wrote later."}
        train.write_bytes(kept + json.dumps(row).encode() + b"\n")
        after = [row.id for row in splits.build(task).all]
    finally:
        train.write_bytes(kept)
    assert set(after) - set(before) == {"train:24"}


def test_the_answer_limit_holds_the_longest_answer_however_it_is_cut(made: tuple[Path, SubTask]) -> None:
    _, task = made
    answers = [
        prompts.answer_text(task.card, row, language) for row in splits.build(task).all for language in ("en", "zh")
    ]
    short = [answer for answer in answers if len(answer.encode()) <= 64]
    assert max(len(answer.encode()) for answer in short) < task.card.max_new_tokens
    assert not any(stop in answer for stop in task.card.until for answer in answers)


@pytest.mark.parametrize("kind", KINDS)
def test_the_module_is_short_and_imports_the_public_face_only(kind: Kind, tmp_path: Path) -> None:
    source = module_in(written(sampled(kind), tmp_path)).read_text(encoding="utf-8")
    code = [line for line in source.partition('"""\n\n')[2].split("\n") if line.strip()]
    assert len(code) <= 20
    assert {line.split()[1] for line in code if line.startswith(("from", "import"))} == {
        "collections.abc",
        "pathlib",
        "anytasktune.authoring",
    }
