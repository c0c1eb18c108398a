from __future__ import annotations

import json
import math
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade
from anytasktune.metrics.numbers import LogDistance, NumericMatch


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


@given(st.decimals(-999, 999, places=2), st.decimals(-999, 999, places=2), st.sampled_from([0.0, 0.01, 0.25, 1.0]))
def test_tolerances_are_those_of_math_isclose_away_from_the_edge(gold: object, answer: object, share: float) -> None:
    example = Example(id="t:0", input="x", targets=(str(gold),))
    gold, answer = float(str(gold)), float(str(answer))
    edge = max(0.5, share * abs(gold))
    right = NumericMatch(0.5, relative=share).grade(example, f"{answer:.2f}").score
    if abs(abs(answer - gold) - edge) > 1e-9:
        assert right == float(math.isclose(answer, gold, rel_tol=0, abs_tol=edge))


@pytest.mark.parametrize(
    ("gold", "answer", "relative", "score"),
    [("9,500", "九千六百", 0.02, 1), ("200", "２０２", 0.01, 1), ("200", "202.1", 0.01, 0), ("-50", "-60", 0.1, 0),
     ("0", "0.001", 0.5, 0), ("0", "0", 0.5, 1), ("1e300", "1.001e300", 0.01, 1)],
)  # fmt: skip
def test_a_relative_tolerance_is_a_share_of_the_gold(gold: str, answer: str, relative: float, score: int) -> None:
    metric = NumericMatch(relative=relative)
    assert metric.grade(Example(id="t:0", input="x", targets=(gold,)), answer).score == score


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, True, "0.1", None])
def test_a_tolerance_that_is_no_number_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="relative must be a number of at least 0"):
        NumericMatch(relative=wrong)
    with pytest.raises(ValueError, match="limit must be"):
        LogDistance(wrong)


def log_distance(gold: str, answer: str | None, limit: float = 216) -> Grade:
    return LogDistance(limit).grade(Example(id="t:0", input="x", targets=(gold,)), answer)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(1.5, 1e6))
def test_log_distance_is_its_formula(gold: int, answer: int, limit: float) -> None:
    expected = 1 - abs(math.log(answer + 1) - math.log(gold + 1)) / math.log(limit)
    assert log_distance(str(gold), f"{answer}个月", limit).score == pytest.approx(max(0.0, expected), abs=1e-9)


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [("0", "215", 0), ("0", "1e300", 0), ("-3", "-3", 1), ("-3", "3", 0), ("3", "-3", 0), ("6", "六个月", 1)],
)  # fmt: skip
def test_log_distance_ends_at_the_limit_and_below_nought(gold: str, answer: str, score: float) -> None:
    assert log_distance(gold, answer).score == pytest.approx(score, abs=1e-12)
    with pytest.raises(ValueError, match="above 1"):
        LogDistance(1)


def test_log_distance_gives_the_published_score_of_lawbench(mirror: Path) -> None:
    """GPT-4 on task 3-4: 0.8261697 in LawBench's results.csv, over golds in months; no row is cut off."""
    path = "open-compass/LawBench/e30981bb3ff54c41571f222e0b23e92d27375388/predictions/zero_shot/GPT4/3-4.json"
    if mirror.is_dir():
        content = (mirror / path).read_bytes()
    else:
        with zipfile.ZipFile(mirror) as archive:
            content = archive.read(next(name for name in archive.namelist() if name.endswith(path)))
    scores = []
    for row in json.loads(content).values():
        months = re.search(r"(\d+)个?月", row["prediction"])  # GPT-4 says months in digits
        if "个月" in row["refr"]:
            scores.append(log_distance(row["refr"].removeprefix("刑期:"), months[1] if months else "").score)
    assert len(scores) == 496
    assert sum(scores) / len(scores) == pytest.approx(0.8261697, abs=5e-7)


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
