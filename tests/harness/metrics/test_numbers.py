from __future__ import annotations

import math

import pytest

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade
from anytasktune.metrics.numbers import NumericMatch


def grade(gold: str, answer: str | None, tolerance: float = 0.0) -> Grade:
    return NumericMatch(tolerance).grade(Example(id="t:0", input="x", targets=(gold,)), answer)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("9500", "$9,500"),
        ("9500", "9{,}500"),
        ("9500", "９，５００元"),
        ("72", "72 clips, altogether."),
        ("42", "(42)."),
        ("42", "42!"),
        ("60", "60%"),
    ],
)
def test_field_case_31_separators_currency_percent_and_punctuation_spoil_nothing(gold: str, answer: str) -> None:
    assert grade(gold, answer).score == 1.0


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("11", "711", 0),
        ("5", "25", 0),
        ("-3", "3", 0),
        ("3.14", "33.14", 0),
        ("1000", "1e3", 1),
        ("1,000", "1000.0", 1),
        ("60%", "60", 1),
    ],
)
def test_field_case_32_numbers_are_compared_as_numbers(gold: str, answer: str, score: float) -> None:
    assert grade(gold, answer).score == score


@pytest.mark.parametrize(("gold", "answer"), [("42", "42\n\nQuestion: … Answer: 17"), ("10", "10\n\nPassage:")])
def test_field_case_37_the_first_number_is_scored_and_the_run_on_told(gold: str, answer: str) -> None:
    graded = grade(gold, answer)
    assert (graded.score, graded.run_on) == (1.0, True)


def test_a_tolerance_is_an_absolute_difference_and_exact_at_its_edge() -> None:
    assert grade("0.3", "0.1 + 0.2 = 0.4", tolerance=0.1).score == 1.0
    assert grade("10", "10.51", tolerance=0.5).score == 0.0
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="tolerance"):
            NumericMatch(wrong)


def test_empty_unreadable_and_missing_are_told_apart() -> None:
    assert [grade("1", answer).status for answer in ("", "many", None, "1")] == [
        "empty",
        "unreadable",
        "missing",
        "read",
    ]
    metric = NumericMatch()
    assert metric.summarise([grade("1", "1"), grade("1", ""), grade("1", None)]) == {"numeric match": 0.5}
    assert math.isnan(metric.summarise([grade("1", None)])["numeric match"])
