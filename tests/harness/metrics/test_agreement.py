from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from anytasktune.examples import Example
from anytasktune.metrics.agreement import Pearson, QuadraticKappa, Spearman
from anytasktune.metrics.grading import Grade, Metric
from anytasktune.scoring import summarise

ALL = (Pearson, Spearman, QuadraticKappa)
UNREAD = "I could not say"


def grades_of(metric: Metric, golds: list[str], answers: list[str | None]) -> list[Grade]:
    return [
        metric.grade(Example(id=f"t:{row}", input="x", targets=(gold,)), answer)
        for row, (gold, answer) in enumerate(zip(golds, answers, strict=True))
    ]


def value(metric: Metric, golds: list[str], answers: list[str | None]) -> float:
    return float(metric.summarise(grades_of(metric, golds, answers))[metric.name])


def by_library(metric: Metric, golds: list[float], answers: list[float]) -> float:
    if isinstance(metric, QuadraticKappa):
        return float(cohen_kappa_score(answers, golds, weights="quadratic", labels=list(range(1, 7))))
    correlate = stats.pearsonr if isinstance(metric, Pearson) else stats.spearmanr
    return float(correlate(answers, golds).statistic)


@pytest.mark.parametrize("kind", ALL)
def test_every_resample_equals_scipy_and_scikit_learn(kind: type[Pearson]) -> None:
    random, metric = np.random.default_rng(7), kind()
    golds = random.integers(1, 7, 80)
    answers = np.clip(golds + random.integers(-2, 3, 80), 1, 6)
    grades = grades_of(metric, [str(g) for g in golds], [f"Score: {a}" for a in answers])
    rows = random.integers(0, 80, (30, 80))
    expected = [by_library(metric, golds[line].tolist(), answers[line].tolist()) for line in rows]
    np.testing.assert_allclose(metric.resampled(grades, rows), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-99, 99), st.floats(-1e6, 1e6).map(lambda x: round(x, 3))), min_size=3))
def test_correlations_of_any_numbers_equal_scipys(pairs: list[tuple[int, float]]) -> None:
    golds, answers = [float(g) for g, _ in pairs], [a for _, a in pairs]
    assume(np.ptp(golds) > 0 and np.ptp(answers) > 0)
    for metric in (Pearson(), Spearman()):
        mine = value(metric, [str(int(g)) for g in golds], [f"{a:.3f}" for a in answers])
        assert mine == pytest.approx(by_library(metric, golds, answers), abs=1e-6)


def test_an_answer_that_cannot_be_read_stands_in_the_middle_of_the_others() -> None:
    golds, read = ["1", "2", "3", "4", "6"], [1.0, 3.0, 2.0, 5.0]
    answers: list[str | None] = [str(a) for a in read] + [UNREAD]
    numbers = [float(gold) for gold in golds]
    assert value(Pearson(), golds, answers) == pytest.approx(stats.pearsonr([*read, 2.75], numbers).statistic)
    assert value(Spearman(), golds, answers) == pytest.approx(stats.spearmanr([*read, 2.5], numbers).statistic)
    apart = np.mean((np.array([*read, 2.75]) - numbers) ** 2)
    chance = np.mean([(a - g) ** 2 for a in [*read, 2.75] for g in numbers])
    assert value(QuadraticKappa(), golds, answers) == pytest.approx(1 - apart / chance)


@pytest.mark.parametrize("kind", ALL)
def test_field_case_35_leaving_rows_unanswered_does_not_raise_the_score(kind: type[Pearson]) -> None:
    golds = [str(gold) for gold in range(1, 9)]
    whole = value(kind(), golds, list(golds))
    assert whole == pytest.approx(1.0)
    half = grades_of(kind(), golds, [*golds[:4], "", ".", "。", "\u200b"])
    assert [grade.status for grade in half] == ["read"] * 4 + ["empty"] * 4
    assert 0 < kind().summarise(half)[kind.name] < 1
    assert summarise(kind(), half).score.n == 8


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    ("golds", "answers"),
    [(["3", "3", "3"], ["3", "3", "3"]), (["1", "2"], [UNREAD, ""]), (["2"], ["2"])],
    ids=["constant", "nothing read", "one row"],
)
def test_field_case_44_a_score_that_is_not_defined_is_null_with_a_reason(
    kind: type[Pearson], golds: list[str], answers: list[str | None]
) -> None:
    scored = summarise(kind(), grades_of(kind(), golds, answers))
    assert scored.score.value is None
    assert scored.score.reason == f"{kind.name} is not defined on these rows"
    json.dumps(scored.scores, allow_nan=False)


@pytest.mark.parametrize("answer", ["0.1", "3", "1e300", UNREAD])
def test_field_case_44_constant_answers_correlate_with_nothing_and_agree_by_chance(answer: str) -> None:
    golds: list[str] = ["1", "2", "4"]
    answers: list[str | None] = [answer, answer, "0.1" if answer == UNREAD else answer]
    assert math.isnan(value(Pearson(), golds, answers))
    assert math.isnan(value(Spearman(), golds, answers))
    assert value(QuadraticKappa(), golds, answers) == 0.0


@pytest.mark.parametrize("kind", ALL)
def test_a_score_may_be_negative_while_a_rows_own_is_not(kind: type[Pearson]) -> None:
    metric = kind(scale=(1, 5))
    grades = grades_of(metric, ["1", "2", "4", "5"], ["5", "4", "2", "1"])
    scored = summarise(metric, grades)
    assert scored.score.value == pytest.approx(-1.0)
    assert scored.score.low is None or scored.score.low >= -1.0
    assert [grade.score for grade in grades] == pytest.approx([0.0, 0.5, 0.5, 0.0])


def test_answers_off_the_scale_are_unreadable_and_numbers_beyond_all_bounds_are_finite() -> None:
    metric = QuadraticKappa(scale=(1, 6))
    statuses = [grade.status for grade in grades_of(metric, ["1"] * 4, ["7", "0", "6", "3.5"])]
    assert statuses == ["unreadable", "unreadable", "read", "read"]
    for kind in ALL:
        assert math.isfinite(value(kind(), ["1", "2", "3", "1e-300"], ["9" * 390, "-" + "9" * 390, "1", "2"]))


@pytest.mark.parametrize("scale", [(5, 1), (1, 1), (1,), "ab", (0, math.inf), (math.nan, 1), 7])
def test_a_scale_is_two_numbers_in_order(scale: object) -> None:
    with pytest.raises(ValueError, match="scale must be two numbers"):
        Pearson(scale=scale)  # type: ignore[arg-type]


def test_the_other_two_and_the_exact_matches_are_told_beside_the_first() -> None:
    scores = Spearman().summarise(grades_of(Spearman(), ["1", "2", "3", "4"], ["1", "２", "四", UNREAD]))
    assert list(scores) == ["Spearman correlation", "Pearson correlation", "quadratic kappa", "numeric match"]
    assert scores["numeric match"] == 0.5


def test_half_points_need_no_rounding() -> None:
    golds, answers = [1.0, 2.5, 4.0, 5.5], [1.5, 2.5, 3.0, 5.5]
    doubled = cohen_kappa_score([int(2 * a) for a in answers], [int(2 * g) for g in golds], weights="quadratic",
                                labels=list(range(2, 13)))  # fmt: skip
    assert value(QuadraticKappa(), [str(g) for g in golds], [str(a) for a in answers]) == pytest.approx(doubled)
