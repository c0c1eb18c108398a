"""What holds for every sub-task whose rows were written for this project: its data are worth measuring on."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from typing import Any

import pytest

from anytasktune import plugins
from anytasktune.near_duplicates import NearIndex, comparison_key
from anytasktune.splits import DataSet, build
from anytasktune.subtask import SubTask

TASKS = {id: task for id, task in plugins.load().subtasks.items() if task.card.source.authored}
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)

_DATA: dict[str, DataSet] = {}


def data_of(task: SubTask) -> DataSet:
    if task.id not in _DATA:
        _DATA[task.id] = build(task)
    return _DATA[task.id]


def skeleton(text: str) -> str:
    """The text with numbers, names and other capitalised words masked."""
    text = re.sub(r"\d+(?:[.,:]\d+)*|[零一二三四五六七八九十百千万两]+", "0", text)
    return comparison_key(re.sub(r"\b[A-Z][\w'-]*", "X", text))


def tokens(text: str) -> set[str]:
    """Words, and Chinese characters in pairs."""
    han = re.findall(r"[\u4e00-\u9fff]+", text)
    pairs = {run[i : i + 2] for run in han for i in range(len(run) - 1)}
    return pairs | set(re.findall(r"[a-z']{2,}", text.lower()))


@every_task
def test_there_are_enough_rows_half_of_them_chinese(task: SubTask) -> None:
    for split, least in (("train", 240), ("validation", 40), ("test", 120)):
        languages = Counter(row.language for row in data_of(task).splits[split])  # type: ignore[index]  # a split
        assert sum(languages.values()) >= least, split
        assert languages["zh"] == languages["en"], split


@every_task
def test_nothing_of_one_split_stands_nearly_alike_in_another_and_nothing_twice(task: SubTask) -> None:
    report = data_of(task).report
    assert report.leaks_removed == 0
    assert report.conflicts == ()
    assert report.exact_duplicates == report.near_duplicates == 0


@every_task
def test_no_two_test_rows_share_a_skeleton(task: SubTask) -> None:
    test = data_of(task).splits["test"]
    alike = NearIndex([skeleton(row.input) for row in test]).earlier(range(len(test)))
    assert [(test[row].id, test[earlier].id) for row, earlier in alike.items()] == []


@every_task
def test_every_test_row_bears_the_canary_and_no_row_a_model_sees_does(task: SubTask) -> None:
    canary = task.card.source.canary
    assert "canary" in canary
    for language in ("en", "zh"):
        lines = (task.yaml.with_suffix("") / f"test.{language}.jsonl").read_text(encoding="utf-8").splitlines()
        assert all(json.loads(line)["canary"] == canary for line in lines)
    assert not any("canary" in row.input for row in data_of(task).all)


@every_task
def test_openings_vary(task: SubTask) -> None:
    openings = Counter(row.input[:8].casefold() for row in data_of(task).splits["test"])
    assert openings.most_common(1)[0][1] <= 6


@every_task
def test_no_label_is_too_frequent_and_no_single_token_decides_one(task: SubTask) -> None:
    if task.card.kind != "choice":
        pytest.skip("only a choice has one label a row")
    test = data_of(task).splits["test"]
    labels = Counter(row.targets[0] for row in test)
    assert labels.most_common(1)[0][1] <= 0.6 * len(test)
    by_token: dict[str, list[str]] = defaultdict(list)
    for row in test:
        for token in tokens(row.input):
            by_token[token].append(row.targets[0])
    for token, found in by_token.items():
        label, times = Counter(found).most_common(1)[0]
        decides = times == len(found) and times >= 0.5 * labels[label] and labels[label] >= 8
        assert not decides, f"{token!r} stands in {times} of {labels[label]} rows of {label} and in no other"


@every_task
@pytest.mark.slow
def test_words_alone_do_not_solve_it(task: SubTask) -> None:
    """The classical rows stay under 0.95, or the sub-task would show nothing."""
    from anytasktune.models.classical import classical_models

    data = data_of(task)
    test = data.splits["test"]
    for name, made in classical_models(task.card.kind).items():
        model: Any = made()
        model.fit(data.splits["train"], data.splits["validation"], task.card, task.metric)
        grades = [task.metric.grade(row, answer) for row, answer in zip(test, model.answer(test), strict=True)]
        assert task.metric.summarise(grades)[task.metric.name] < 0.95, name
