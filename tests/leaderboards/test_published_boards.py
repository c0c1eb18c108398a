"""The boards that are committed: every figure can be computed again, and nothing of other people's data is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anytasktune import plugins, splits
from anytasktune.records import find_runs, read_record, read_samples
from anytasktune.suite import read_suite
from anytasktune.verification import differences, verify

BOARDS = sorted(path.parent for path in (Path(__file__).parents[2] / "leaderboards").glob("*/board.json"))
each_board = pytest.mark.parametrize("folder", BOARDS, ids=lambda folder: folder.name)


def test_there_is_a_board() -> None:
    assert BOARDS


@each_board
def test_every_figure_of_a_published_board_is_recomputed(folder: Path, mirror: Path) -> None:
    findings = verify(folder, plugins.load().subtasks, splits.build)
    assert [str(finding) for finding in differences(findings)] == []


@each_board
def test_a_changed_answer_is_found(folder: Path, mirror: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    changed = next(path for path in find_runs(copy) if read_record(path).model.family == "adapter") / "samples.jsonl"
    lines = changed.read_text(encoding="utf-8").splitlines(keepends=True)
    row = json.loads(lines[0])
    row["answer"] = "something else"
    changed.write_text(json.dumps(row, ensure_ascii=False) + "\n" + "".join(lines[1:]), encoding="utf-8")
    assert differences(verify(copy, plugins.load().subtasks, splits.build))


@each_board
def test_a_published_board_has_its_suite_beside_it(folder: Path) -> None:
    assert read_suite(folder / "suite.yaml").name == folder.name


@each_board
def test_no_input_and_no_answer_of_others_is_published(folder: Path, mirror: Path) -> None:
    registry = plugins.load()
    for run in find_runs(folder):
        record = read_record(run)
        task = registry.subtasks[record.task.id]
        if task.card.source.authored:
            continue
        text = (run / "samples.jsonl").read_text(encoding="utf-8")
        for example in splits.build(task).splits["test"]:
            assert json.dumps(example.input, ensure_ascii=False)[1:-1] not in text
        if record.model.family == "general":
            samples = read_samples(run, record)
            assert all(sample.answer is None and not sample.read for sample in samples)
