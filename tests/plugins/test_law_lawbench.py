"""Every LawBench sub-task: its data, its splits, and the published scores of the recorded answers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import pytest

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade
from anytasktune.prompts import answer_text
from anytasktune.splits import DataSet, build, union_leaks
from anytasktune.subtask import SubTask
from anytasktune.tables import column, read_rows
from anytasktune_law import lawbench, register_subtasks

pytestmark = pytest.mark.usefixtures("mirror")

TASKS = {task.card.source_task: task for task in register_subtasks() if task.card.source_task}
FOLDERS = {"GPT-4": "GPT4", "Qwen-7B-chat": "qwen-7b-chat-hf"}
COUNTS = {
    "2-3": (310, 44, 146),
    "2-4": (289, 52, 159),
    "2-6": (289, 53, 158),
    "2-7": (299, 40, 161),
    "3-1": (288, 55, 157),
    "3-3": (293, 55, 152),
    "3-4": (288, 55, 157),
    "3-6": (286, 49, 164),
    "3-7": (305, 53, 142),
}
every_task = pytest.mark.parametrize("source", COUNTS)


@lru_cache(maxsize=1)
def published() -> dict[tuple[str, str], tuple[float, float]]:
    """Score and abstention rate by task and model."""
    table = read_rows(lawbench.pinned("predictions/zero_shot/results.csv").fetch())
    rows = zip(*(column(table, name) for name in ("task", "model_name", "score", "abstention_rate")), strict=True)
    return {(task, model): (float(score), float(rate)) for task, model, score, rate in rows}


@lru_cache(maxsize=3)
def built(source: str) -> DataSet:
    return build(TASKS[source])


def rows_of(source: str) -> list[Example]:
    return list(TASKS[source].build(DataRequest()))


def score(task: SubTask, grades: Sequence[Grade]) -> float:
    return task.metric.summarise(grades)[task.metric.name]


def test_all_sub_tasks_that_are_carried_are_tested() -> None:
    assert TASKS.keys() == COUNTS.keys()


@every_task
def test_counts_fingerprint_and_ids(source: str) -> None:
    data = built(source)
    assert tuple(data.report.counts[split] for split in ("train", "validation", "test")) == COUNTS[source]
    assert data.fingerprint == TASKS[source].card.fingerprints["1"]
    assert [row.id for row in data.all] == [f"{source}:{number}" for number in range(500)]


@every_task
@pytest.mark.parametrize("model", FOLDERS)
def test_recorded_answers_score_and_abstain_as_published(source: str, model: str) -> None:
    task, rows = TASKS[source], rows_of(source)
    answers = dict(task.recorded[model](DataRequest()))
    grades = [task.metric.grade(row, answers[row.id]) for row in rows]
    wanted, abstained = published()[source, FOLDERS[model]]
    assert score(task, grades) == pytest.approx(wanted, abs=1e-8)
    if source != "2-6":  # its published rate is 0 for everybody: the scorer misspells the key
        assert sum(g.status != "read" and not g.skip for g in grades) / 500 == pytest.approx(abstained, abs=1e-12)


@every_task
def test_golds_score_best_shuffled_ones_worse_and_empty_ones_worst(source: str) -> None:
    task, rows = TASKS[source], rows_of(source)
    golds = [answer_text(task.card, row, "zh") for row in rows]
    turned = [*golds[7:], *golds[:7]]

    def of(answers: Sequence[str]) -> float:
        return score(task, [task.metric.grade(row, answer) for row, answer in zip(rows, answers, strict=True)])

    right, shuffled, empty = of(golds), of(turned), of([""] * 500)
    assert right == pytest.approx({"3-3": 0.93224}.get(source, 1.0), abs=1e-5)
    assert right > shuffled >= empty
    assert empty == pytest.approx({"2-6": 11 / 500}.get(source, 0.0), abs=1e-12)


def test_golds_in_english_where_the_labels_have_english_names() -> None:
    for source in ("2-3", "2-4", "3-6"):
        task = TASKS[source]
        for row in rows_of(source):
            written = answer_text(task.card, row, "en")
            assert task.metric.grade(row, written).score == 1.0, written


def test_sub_tasks_about_one_case_put_it_into_one_split() -> None:
    places: dict[str, set[str]] = {}
    for source in ("3-1", "3-3", "3-4"):
        data = built(source)
        for split, rows in data.splits.items():
            for row in rows:
                places.setdefault(row.group, set()).add(split)
    groups = {source: {row.group for row in built(source).all} for source in ("3-1", "3-3", "3-4")}
    assert groups["3-1"] == groups["3-4"]
    assert len(groups["3-1"] & groups["3-3"]) == 86
    assert all(len(splits) == 1 for splits in places.values())


@pytest.mark.slow
def test_no_adapter_of_one_task_has_seen_what_another_one_asks() -> None:
    for trained, tested in itertools.permutations(("3-1", "3-3", "3-4"), 2):
        assert union_leaks([built(trained)], [built(tested)]) == (), (trained, tested)


def test_a_recorded_answer_to_another_question_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from anytasktune.errors import DataError

    swapped = lawbench.questions("2-4")[::-1]
    monkeypatch.setattr(lawbench, "questions", lambda task: swapped)
    with pytest.raises(DataError, match="belongs to another question"):
        dict(TASKS["2-4"].recorded["GPT-4"](DataRequest()))
