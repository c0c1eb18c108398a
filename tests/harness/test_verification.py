from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import LABELS, board_of, built, make_run, right_on, rows, subtask, usual_runs, write_all

from anytasktune import splits
from anytasktune.errors import RecordError, SourceError
from anytasktune.examples import DataRequest
from anytasktune.metrics.choice import F1
from anytasktune.metrics.grading import Metric
from anytasktune.records import RECORD, SAMPLES, slug, write_run
from anytasktune.reports.formats import render
from anytasktune.subtask import SubTask
from anytasktune.verification import Finding, differences, gather, verify

Folder = tuple[Path, SubTask]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder of runs of every family with a board beside them, and their sub-task."""
    task = subtask(tmp_path, rows(100, slices=True))
    root = tmp_path / "board"
    write_all(root / "records", usual_runs(task, built(task)))
    gathered = gather(root, {task.id: task}, splits.build)
    board = board_of(task, built(task), gathered.runs, command="anytasktune board", opponent="GPT-4")
    (root / "board.json").write_text(render(board, "json"), encoding="utf-8")
    return root, task


def check(root: Path, task: SubTask) -> list[Finding]:
    return verify(root, {task.id: task}, splits.build)


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def run_of(root: Path, label: str) -> Path:
    (found,) = [p.parent for p in root.rglob(RECORD) if json.loads(p.read_bytes())["model"]["label"] == label]
    return found


def figures(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(Path(finding.run).name, finding.figure) for finding in findings}


def test_untouched_runs_and_board_verify(folder: Folder) -> None:
    assert check(*folder) == []


def test_groups_and_a_metric_that_is_no_mean_verify_too(tmp_path: Path) -> None:
    task = subtask(tmp_path, rows(30, groups=True, slices=True), metric=F1(LABELS))
    data = built(task)
    run = make_run(task, data, "m", "general", right_on(data.splits["test"], range(20)))
    write_all(tmp_path / "runs", [run])
    assert run.record.score.method == "BCa bootstrap over groups"
    assert check(tmp_path / "runs", task) == []


def test_a_changed_byte_of_an_answer_is_found_with_all_that_hangs_on_it(folder: Folder) -> None:
    root, task = folder
    run = run_of(root, "tfidf-logreg")
    edit(run / SAMPLES, lambda text: text.replace('"answer": "ham"', '"answer": "spam"', 1))
    found = check(root, task)
    assert {
        (run.name, "samples_sha256"),
        (run.name, "samples[demo:0].score"),
        (run.name, "samples[demo:0].read[0]"),
        (run.name, "score.value"),
        (run.name, "score.low"),
    } <= figures(found)
    (score,) = [f for f in found if f.figure == "score.value"]
    assert (score.stored, score.recomputed) == (0.7, 0.69)
    assert str(score).endswith("score.value: stored 0.7, recomputed 0.69")
    assert any(f.run == "board.json" for f in found)


@pytest.mark.parametrize(
    ("figure", "path"),
    [
        ("score.value", ("score", "value")),
        ("score.high", ("score", "high")),
        ("score.n", ("score", "n")),
        ("scores.accuracy", ("scores", "accuracy")),
        ("counts.unreadable", ("counts", "unreadable")),
        ("slices.register.chat.low", ("slices", "register", "chat", "low")),
        ("task.rows", ("task", "rows")),
        ("task.data_fingerprint", ("task", "data_fingerprint")),
        ("samples_sha256", ("samples_sha256",)),
    ],
)
def test_every_figure_of_a_record_is_recomputed(folder: Folder, figure: str, path: tuple[str, ...]) -> None:
    root, task = folder
    run = run_of(root, "majority")
    record = json.loads((run / RECORD).read_bytes())
    place = record
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = old + "0" if isinstance(old, str) else old + 2 if isinstance(old, int) else old + 1e-7
    (run / RECORD).write_text(json.dumps(record), encoding="utf-8")
    assert (run.name, figure) in figures(check(root, task))


def test_rounding_is_no_difference(folder: Folder) -> None:
    root, task = folder
    run = run_of(root, "majority")
    record = json.loads((run / RECORD).read_bytes())
    record["score"]["low"] += 1e-12
    (run / RECORD).write_text(json.dumps(record), encoding="utf-8")
    assert check(root, task) == []


def test_a_figure_changed_on_the_board_is_found(folder: Folder) -> None:
    root, task = folder
    edit(root / "board.json", lambda text: text.replace('"difference": 0.25', '"difference": 0.35', 1))
    (found,) = check(root, task)
    assert (found.run, found.figure) == ("board.json", "sections[0].rows[0].versus_base.difference")
    assert (found.stored, found.recomputed) == (0.35, pytest.approx(0.25))


def test_a_board_with_a_rewritten_claim_or_no_json_at_all_is_found(folder: Folder) -> None:
    root, task = folder
    edit(root / "board.json", lambda text: text.replace("is not shown to differ from", "beats"))
    assert [f.figure for f in check(root, task)] == ["claims[0].sentences[2]"]
    (root / "board.json").write_text("{", encoding="utf-8")
    assert [f.figure for f in check(root, task)] == ["document"]


def test_data_that_changed_are_found_by_fingerprint_and_content(folder: Folder, tmp_path: Path) -> None:
    root, _ = folder
    changed = [replace(row, input="other") if row.id == "demo:3" else row for row in rows(100, slices=True)]
    found = check(root, subtask(tmp_path, changed))
    assert {f.figure for f in found} >= {"task.data_fingerprint", "samples[demo:3].content_hash"}


def test_rows_that_are_unknown_or_unanswered_are_found(folder: Folder, tmp_path: Path) -> None:
    root, _ = folder
    found = check(root, subtask(tmp_path, rows(101, slices=True)[1:]))
    assert {"samples[demo:0]", "samples"} <= {f.figure for f in found}


def test_a_sub_task_that_is_not_registered_or_cannot_be_built_is_a_finding(folder: Folder) -> None:
    root, task = folder

    def broken(subtask: SubTask, request: DataRequest) -> splits.DataSet:
        raise SourceError("The server is away.")

    assert "task.id" in {f.figure for f in verify(root, {}, splits.build)}
    found = verify(root, {task.id: task}, broken)
    assert any("The server is away." in str(f) for f in found)


def test_a_record_or_samples_that_cannot_be_read_are_findings_and_the_others_are_still_checked(
    folder: Folder,
) -> None:
    root, task = folder
    (root / "board.json").unlink()
    torn, other = run_of(root, "majority"), run_of(root, "GPT-4")
    (torn / RECORD).write_text("{}", encoding="utf-8")
    (other / SAMPLES).unlink()
    assert figures(check(root, task)) == {(torn.name, RECORD), (other.name, RECORD)}


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such folder"):
        verify(tmp_path / "none", {}, splits.build)


def withheld(tmp_path: Path, metric: Metric | None, recorded: bool) -> tuple[Path, SubTask]:
    task = subtask(tmp_path, rows(20), metric=metric)
    data = built(task)
    answers = right_on(data.splits["test"], range(15))
    run = make_run(task, data, "GPT-4", "general", answers, withhold=True, protocol="direct", spec="recorded:GPT-4")
    write_all(tmp_path / "runs", [run])
    pairs = [(example.id, answer) for example, answer in zip(data.splits["test"], answers, strict=True)]
    known: Mapping[str, Callable[[DataRequest], list[tuple[str, str | None]]]] = {"GPT-4": lambda _: pairs}
    return tmp_path / "runs", replace(task, recorded=known if recorded else {})


def test_withheld_answers_are_fetched_where_they_are_published_and_graded_again(tmp_path: Path) -> None:
    root, task = withheld(tmp_path, F1(LABELS), recorded=True)
    assert check(root, task) == []
    assert "ham" not in (next(root.rglob(SAMPLES))).read_text()
    lying = replace(task, recorded={"GPT-4": lambda _: [(f"demo:{n}", "ham") for n in range(20)]})
    assert "score.value" in {f.figure for f in differences(check(root, lying))}


@pytest.mark.parametrize(("metric", "remarks"), [(None, ["samples"]), (F1(LABELS), ["samples", "score"])])
def test_withheld_answers_that_cannot_be_fetched_are_said_and_their_stored_grades_used(
    tmp_path: Path, metric: Metric | None, remarks: list[str]
) -> None:
    root, task = withheld(tmp_path, metric, recorded=False)
    found = check(root, task)
    assert [(f.kind, f.figure) for f in found] == [("remark", figure) for figure in remarks]
    assert differences(found) == []


def test_field_case_46_names_as_folders_stay_apart_and_all_records_are_there(tmp_path: Path) -> None:
    task = subtask(tmp_path, rows(10))
    data = built(task)
    names = ["m:1", "m_1", "m/1", "模型 一", "x" * 250, "x" * 249 + "y", "..", "", "a|b", "CON", "M:1"]
    folders = {slug(name).casefold() for name in names}
    assert len(folders) == len(names)
    for name in names:
        assert "/" not in slug(name)
        assert len(slug(name).encode()) <= 255
        run = make_run(task, data, name, "general", ["ham"] * 10, spec=f"m {name}")
        write_run(tmp_path / "runs" / slug(name), run.record, run.samples)
    gathered = gather(tmp_path / "runs", {task.id: task}, splits.build)
    assert sorted(run.record.model.label for run in gathered.runs) == sorted(names)
    assert check(tmp_path / "runs", task) == []
