"""Metrics that break their contract, each in one way."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from examining import Examine

from anytasktune.examples import KINDS, Example, Kind
from anytasktune.metrics.choice import Accuracy, MatthewsCorrelation
from anytasktune.metrics.grading import Grade, MeanOfRows
from anytasktune.metrics.reading import is_blank
from anytasktune.metrics.texts import ExactMatch

NAMES = {"账单": "billing", "退款": "refund"}
CHECKS = ("metric-bounds", "gold-best", "shuffled-gold", "odd-answers", "resampling")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_stock_metrics_pass(examine: Examine, kind: Kind, check: str) -> None:
    found = examine(check, kind)
    assert found.status == "pass", str(found)


def test_a_correlation_may_be_negative(examine: Examine) -> None:
    found = examine("metric-bounds", fields={"metric": MatthewsCorrelation(NAMES)})
    assert found.status == "pass", str(found)


def graded(change: Callable[[Grade, str | None], Any]) -> Accuracy:
    """An accuracy whose every grade is changed."""

    class Changed(Accuracy):
        def grade(self, example: Example, answer: str | None) -> Grade:
            changed: Grade = change(super().grade(example, answer), answer)
            return changed

    return Changed(NAMES)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda grade, _: replace(grade, score=float("nan")), "its score is nan, which is not in [0, 1]"),
        (lambda grade, _: replace(grade, score=1.2), "its score is 1.2, which is not in [0, 1]"),
        (lambda grade, _: replace(grade, score="1"), "its score is str, not a number"),
        (lambda grade, _: 1.0, "grade returns float, not Grade"),
        (
            lambda grade, _: replace(grade, status="ok"),
            "its status is 'ok', not one of read, empty, unreadable, missing",
        ),
        (lambda grade, _: replace(grade, status="read"), "its status is 'read' for no answer"),
        (lambda grade, _: replace(grade, read=(1,)), "what was read is not a tuple of texts"),
        (lambda grade, _: replace(grade, read=(str(random.random()),)), "another grade the second time"),
    ],
)
def test_a_grade_out_of_bounds_is_named_by_row(examine: Examine, change: Callable[..., Any], sentence: str) -> None:
    found = examine("metric-bounds", fields={"metric": graded(change)})
    assert found.status == "fail"
    assert sentence in str(found)


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ({"accuracy": 1.2}, "accuracy is 1.2, which is not in [0, 1]"),
        ({"accuracy": float("nan")}, "accuracy is NaN"),
        ({"acc": 0.5}, "summarise does not give 'accuracy', only 'acc'"),
        (0.5, "summarise returns float, not scores by name"),
    ],
)
def test_a_summary_out_of_bounds_is_named(examine: Examine, scores: Any, sentence: str) -> None:
    class Changed(Accuracy):
        def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
            changed: Mapping[str, float] = scores
            return changed

    found = examine("metric-bounds", fields={"metric": Changed(NAMES)})
    assert found.status == "fail"
    assert sentence in found.message


def test_a_metric_that_raises_is_named_with_its_line(examine: Examine) -> None:
    metric = graded(lambda grade, _: {}["label"])
    found = examine("metric-bounds", fields={"metric": metric})
    assert found.message.startswith("The metric's grade raises KeyError: 'label' (test_answers.py:")


def test_a_right_answer_that_cannot_be_read_is_named(examine: Examine) -> None:
    found = examine("gold-best", fields={"metric": Accuracy(("billing", "refund"))})
    assert found.status == "fail"
    assert "train:0: '账单' scores 0" in found.evidence


class Official(MeanOfRows):
    """An official scorer of sorts: golds named ``refund`` are worth less than 1."""

    name = "official score"

    def __init__(self, worth: float, rival: float = 0.0) -> None:
        self.worth, self.rival = worth, rival

    def grade(self, example: Example, answer: str | None) -> Grade:
        if answer is None:
            return Grade(score=0.0, status="missing")
        if is_blank(answer):
            return Grade(score=0.0, status="empty")
        right = NAMES.get(answer, answer) == example.targets[0]
        full = self.worth if example.targets == ("refund",) else 1.0
        return Grade(score=full if right else self.rival, status="read", read=(answer,))


def test_the_ceiling_of_an_official_scorer_is_noted_for_public_data_and_fails_for_ones_own(examine: Examine) -> None:
    found = examine("gold-best", fields={"metric": Official(0.9)}, source={"citation": "published by others"})
    assert found.status == "note"
    assert "official score of the right answers is 0.95 on 12 rows" in found.message
    assert examine("gold-best", fields={"metric": Official(0.9)}).status == "fail"
    far_below = examine("gold-best", fields={"metric": Official(0.1)}, source={"citation": "published by others"})
    assert far_below.status == "fail"


def test_another_answer_that_beats_the_right_one_is_named(examine: Examine) -> None:
    found = examine("gold-best", fields={"metric": Official(0.9, 0.95)}, source={"citation": "published by others"})
    assert found.status == "fail"
    assert "train:1: 'billing' beats it" in found.evidence


def test_a_metric_that_sees_no_difference_fails(examine: Examine) -> None:
    class Blind(Official):
        def grade(self, example: Example, answer: str | None) -> Grade:
            grade = super().grade(example, answer)
            return replace(grade, score=1.0) if grade.status == "read" else grade

    found = examine("shuffled-gold", fields={"metric": Blind(1.0)})
    assert found.status == "fail"
    assert "is 1 for right answers and 1 when rows swap them" in found.message


@pytest.mark.parametrize(
    ("grade", "sentence"),
    [
        (
            lambda self, example, answer: Official.grade(
                self, example, str(float(answer)) if answer[:1] == "9" else answer
            ),
            "",
        ),
        (lambda self, example, answer: 1 / ("\x00" not in answer), "a null character to"),
        (lambda self, example, answer: answer.encode("utf-8"), "half of a surrogate pair to"),
        (lambda self, example, answer: int(answer) if answer.isdecimal() else 0, "a number of 5,000 digits to"),
    ],
)
def test_an_odd_answer_that_raises_is_named(examine: Examine, grade: Callable[..., Any], sentence: str) -> None:
    class Fragile(Official):
        def grade(self, example: Example, answer: str | None) -> Grade:
            if answer is not None:
                grade(self, example, answer)
            return super().grade(example, answer)

    found = examine("odd-answers", fields={"metric": Fragile(1.0)})
    assert found.status == ("fail" if sentence else "pass"), str(found)
    assert sentence in str(found)


def test_a_metric_that_never_ends_is_stopped(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    from anytasktune.conformance import answers

    monkeypatch.setattr(answers, "SLOW", 0.2)

    class Backtracking(Official):
        def grade(self, example: Example, answer: str | None) -> Grade:
            re.match("(9+)+$", (answer or "") + "!")
            return super().grade(example, answer)

    found = examine("odd-answers", fields={"metric": Backtracking(1.0)})
    assert found.status == "fail"
    assert "a number of 5,000 digits to " in found.evidence[0]
    assert "has not ended after" in found.evidence[0]


def test_field_case_35_an_empty_answer_that_is_credited_is_named(examine: Examine) -> None:
    class Kind(ExactMatch):
        def grade(self, example: Example, answer: str | None) -> Grade:
            grade = super().grade(example, answer)
            return replace(grade, score=1.0, status="read") if answer == "." else grade

    found = examine("odd-answers", "text", fields={"metric": Kind()})
    assert found.status == "fail"
    assert "a blank answer '.' to " in found.evidence[0]


def test_naming_all_labels_is_no_answer(examine: Examine) -> None:
    class Generous(Official):
        def grade(self, example: Example, answer: str | None) -> Grade:
            if answer is not None and example.targets[0] in answer:
                return Grade(score=1.0, status="read", read=example.targets)
            return super().grade(example, answer)

    found = examine("odd-answers", fields={"metric": Generous(1.0)})
    assert found.status == "fail"
    assert "all labels to" in found.evidence[0]


def test_a_resampled_score_that_is_another_one_is_found(examine: Examine) -> None:
    class Twofold(Official):
        def resampled(self, grades: Sequence[Grade], rows: Any) -> Any:
            return super().resampled(grades, rows) / 2

    found = examine("resampling", fields={"metric": Twofold(1.0)})
    assert found.status == "fail"
    assert "different scores on the same rows" in found.message


def test_a_resampled_score_of_another_shape_is_found(examine: Examine) -> None:
    class Single(Official):
        def resampled(self, grades: Sequence[Grade], rows: Any) -> Any:
            return super().resampled(grades, rows)[0]

    assert "an array of shape () for 4 resamples" in examine("resampling", fields={"metric": Single(1.0)}).message
