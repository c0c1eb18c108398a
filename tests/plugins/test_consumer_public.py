"""CLINC150 with out-of-scope recall, CrossWOZ's dialogue acts."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache

import numpy
import pytest

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade
from anytasktune.prompts import answer_text
from anytasktune.splits import build
from anytasktune_consumer import dialogue_acts, intent_with_out_of_scope
from anytasktune_consumer.dialogue_acts import written

INTENT = intent_with_out_of_scope.SUBTASK
ACTS = dialogue_acts.SUBTASK


def graded(gold: str, answer: str | None) -> Grade:
    return INTENT.metric.grade(Example(id="t:0", input="x", targets=(gold,)), answer)


@pytest.mark.usefixtures("mirror")
def test_all_parts_of_clinc150_come_and_test_keeps_its_rows() -> None:
    data = build(INTENT)
    assert Counter(row.id.partition(":")[0] for row in data.all) == {
        "train": 15000,
        "oos_train": 100,
        "val": 3000,
        "oos_val": 100,
        "test": 4500,
        "oos_test": 1000,
    }
    assert data.report.counts == {"train": 14988, "validation": 3088, "test": 5500}
    test = Counter(row.targets[0] for row in data.splits["test"])
    assert test.pop("oos") == 1000
    assert test == {label.id: 30 for label in INTENT.card.labels if label.id != "oos"}
    assert len(test) == 150


def test_accuracy_is_over_requests_in_scope_and_recall_over_those_out_of_scope() -> None:
    grades = [
        graded("alarm", "alarm"),
        graded("alarm", "out of scope"),
        graded("timer", "计时器"),
        graded("date", "banana"),
        graded("oos", "out of scope"),
        graded("oos", "alarm"),
        graded("oos", "超出范围"),
        graded("alarm", None),
    ]
    assert INTENT.metric.summarise(grades) == {
        "in-scope accuracy": 2 / 4,
        "out-of-scope recall": 2 / 3,
        "accuracy": 4 / 7,
    }


def test_never_saying_out_of_scope_costs_recall_and_not_accuracy() -> None:
    scores = INTENT.metric.summarise([graded("alarm", "alarm"), graded("oos", "alarm")])
    assert (scores["in-scope accuracy"], scores["out-of-scope recall"], scores["accuracy"]) == (1.0, 0.0, 0.5)


def test_resamples_count_requests_in_scope_only_and_have_no_score_without_one() -> None:
    grades = [graded("alarm", "alarm"), graded("timer", "alarm"), graded("oos", "oos")]
    rows = numpy.array([[0, 1, 2], [0, 0, 2], [2, 2, 2]])
    assert INTENT.metric.resampled(grades, rows)[:2].tolist() == [0.5, 1.0]
    assert math.isnan(INTENT.metric.resampled(grades, rows)[2])
    assert math.isnan(INTENT.metric.summarise(grades[2:])["in-scope accuracy"])


@lru_cache(maxsize=1)
def turns() -> tuple[Example, ...]:
    return tuple(dialogue_acts.build(DataRequest()))


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (("General", "greet", "none", "none"), "General: greet"),
        (("Inform", "餐馆", "推荐菜", "烤鸭"), "Inform-餐馆-推荐菜: 烤鸭"),
        (("Inform", "酒店", "酒店设施-早餐服务", "是"), "Inform-酒店-酒店设施: 早餐服务"),
        (("Inform", "酒店", "酒店设施-早餐服务", "否"), "Inform-酒店-酒店设施: 早餐服务=否"),
        (("Request", "酒店", "酒店设施-早餐服务", ""), "Request-酒店: 酒店设施-早餐服务"),
        (("Request", "地铁", "出发地附近地铁站", ""), "Request-地铁: 出发地附近地铁站"),
        (("Select", "酒店", "源领域", "景点"), "Select-酒店: 景点"),
    ],
)
def test_an_act_is_written_as_type_and_text(act: tuple[str, str, str, str], text: str) -> None:
    assert written(*act) == text


@pytest.mark.usefixtures("mirror")
def test_no_two_acts_are_written_alike() -> None:
    acts = {
        tuple(act)
        for name in dialogue_acts.FILES
        for dialogue in dialogue_acts.dialogues(name).values()
        for message in dialogue["messages"]
        if message["role"] == "usr"
        for act in message["dialog_act"]
    }
    assert len({written(*act) for act in acts}) == len(acts) > 1500


@pytest.mark.usefixtures("mirror")
def test_users_turns_come_with_the_systems_last_one() -> None:
    rows = turns()
    assert Counter(row.id.partition(":")[0] for row in rows) == {"val": 4229, "test": 4238}
    assert rows[0].input.startswith("用户：你好，我想找家人均消费在100-150元的餐馆")
    assert rows[1].input.startswith("系统：抱歉，消费价格没有符合您要求的")
    assert rows[1].input.endswith("\n用户：这家餐馆的周边有哪些景点啊？")
    assert rows[1].targets == ("Request-餐馆: 周边景点",)
    assert sum(row.input.startswith("用户：") for row in rows) == len({row.group for row in rows}) == 1000
    assert sum(not row.targets for row in rows) == 39


@pytest.mark.usefixtures("mirror")
def test_a_dialogue_stands_in_one_split_and_test_keeps_every_turn() -> None:
    data = build(ACTS)
    assert data.report.counts == {"train": 3826, "validation": 360, "test": 4238}
    groups = [{row.group for row in rows} for rows in data.splits.values()]
    assert sum(map(len, groups)) == len(set().union(*groups))


@pytest.mark.usefixtures("mirror")
def test_every_published_act_is_read_back_and_worth_1() -> None:
    grades = [ACTS.metric.grade(row, answer_text(ACTS.card, row, "zh")) for row in turns()]
    assert {grade.status for grade in grades} == {"read"}
    assert {grade.score for grade in grades} == {1.0}
    assert ACTS.metric.summarise(grades)["dialogue act F1"] == 1.0


def test_a_right_slot_of_another_domain_is_wrong() -> None:
    row = Example(id="t:0", input="x", targets=("General: thank", "Request-酒店: 电话"))
    grade = ACTS.metric.grade(row, "General: thank\nRequest-餐馆: 电话")
    assert grade.score == 0.5
    scores = ACTS.metric.summarise([grade])
    assert scores["dialogue act F1"] == scores["span precision"] == 0.5
    assert scores["dialogue act F1 (General)"] == 1.0
    assert scores["dialogue act F1 (Request)"] == 0.0
    assert ACTS.metric.grade(row, "寒暄：thank；询问酒店：电话").score == 1.0
