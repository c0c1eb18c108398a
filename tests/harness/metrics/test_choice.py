from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as oracle

from anytasktune.examples import Example
from anytasktune.metrics.choice import F1, Accuracy, BalancedAccuracy, MatthewsCorrelation
from anytasktune.metrics.grading import Grade, Metric, bounds_of
from anytasktune.scoring import summarise

LABELS = ("dovish", "hawkish", "neutral", "never used")
ANSWERS = (*LABELS[:3], "", "no idea")
ALL: tuple[Metric, ...] = (
    Accuracy(LABELS),
    BalancedAccuracy(LABELS),
    F1(LABELS, "macro"),
    F1(LABELS, "micro"),
    F1(LABELS, "weighted"),
    MatthewsCorrelation(LABELS),
)


def grades_of(metric: Metric, golds: list[str], answers: list[str | None]) -> list[Grade]:
    rows = [Example(id=f"t:{i}", input="x", targets=(gold,)) for i, gold in enumerate(golds)]
    return [metric.grade(row, answer) for row, answer in zip(rows, answers, strict=True)]


def sample(n: int) -> tuple[list[str], list[str | None]]:
    random = np.random.default_rng(5)
    golds = [str(g) for g in random.choice(LABELS[:3], n, p=[0.2, 0.3, 0.5])]
    answers = [
        gold if keep else str(other)
        for gold, keep, other in zip(golds, random.random(n) < 0.5, random.choice(ANSWERS, n), strict=True)
    ]
    return golds, list(answers)


def by_scikit_learn(name: str) -> Callable[[list[str], list[str]], float]:
    fixed = {"labels": list(LABELS), "zero_division": 0}
    scorers: dict[str, Callable[[list[str], list[str]], float]] = {
        "accuracy": oracle.accuracy_score,
        "balanced accuracy": oracle.balanced_accuracy_score,
        "macro F1": lambda g, p: oracle.f1_score(g, p, average="macro", **fixed),
        "micro F1": lambda g, p: oracle.f1_score(g, p, average="micro", **fixed),
        "weighted F1": lambda g, p: oracle.f1_score(g, p, average="weighted", **fixed),
        "Matthews correlation": oracle.matthews_corrcoef,
    }
    return scorers[name]


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_every_resample_equals_scikit_learn(metric: Metric) -> None:
    golds, answers = sample(120)
    grades = grades_of(metric, golds, answers)
    predicted = [g.read[0] if g.status == "read" else "(none)" for g in grades]
    rows = np.random.default_rng(1).integers(0, 120, (40, 120))
    rows[0] = np.arange(120)
    ours = metric.resampled(grades, rows)
    compute = by_scikit_learn(metric.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of predictions outside of the golds
        theirs = [compute([golds[i] for i in row], [predicted[i] for i in row]) for row in rows]
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert metric.summarise(grades)[metric.name] == pytest.approx(theirs[0])
    assert metric.summarise(grades)["accuracy"] == pytest.approx(sum(g.score for g in grades) / 120)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_two_thousand_resamples_of_500_rows_take_under_a_second(metric: Metric) -> None:
    grades = grades_of(metric, *sample(500))
    rows = np.random.default_rng(1).integers(0, 500, (2_000, 500))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        metric.resampled(grades, rows)
        times.append(time.perf_counter() - start)
    assert min(times) < 1


def test_an_unreadable_answer_costs_recall_but_no_label_its_precision() -> None:
    metric = F1(("a b", "c d"), "macro")
    grades = grades_of(metric, ["a b", "a b", "c d"], ["a b", "dunno", "c d"])
    # a b: precision 1, recall 1/2; c d: 1, 1
    assert metric.summarise(grades)["macro F1"] == pytest.approx((2 / 3 + 1) / 2)
    assert [grade.status for grade in grades] == ["read", "unreadable", "read"]


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_field_case_44_degenerate_answers_have_a_score_without_a_warning(metric: Metric) -> None:
    golds = ["dovish", "hawkish", "neutral"]
    right = metric.summarise(grades_of(metric, golds, list(golds)))
    assert right["accuracy"] == 1
    assert right[metric.name] == pytest.approx(0.75 if metric.name == "macro F1" else 1.0)
    wrong = metric.summarise(grades_of(metric, golds, ["hawkish", "neutral", "dovish"]))
    assert wrong[metric.name] == pytest.approx(-0.5 if metric.name == "Matthews correlation" else 0.0)
    constant = metric.summarise(grades_of(metric, golds, ["neutral"] * 3))
    assert math.isfinite(constant[metric.name])
    one = metric.summarise(grades_of(metric, ["dovish"], ["dovish"]))
    assert math.isfinite(one[metric.name])
    nothing = metric.summarise(grades_of(metric, golds, [None] * 3))
    assert all(math.isnan(value) for value in nothing.values())
    assert np.isnan(metric.resampled([], np.empty((2, 0), dtype=np.intp))).all()


def test_field_case_44_matthews_of_constant_answers_is_zero() -> None:
    metric = MatthewsCorrelation(LABELS)
    assert metric.summarise(grades_of(metric, ["dovish", "hawkish"], ["dovish", "dovish"]))[metric.name] == 0.0
    assert metric.summarise(grades_of(metric, ["dovish"], ["dovish"]))[metric.name] == 0.0


def test_missing_answers_are_left_out_of_the_score() -> None:
    metric = Accuracy(LABELS)
    grades = grades_of(metric, ["dovish", "hawkish", "neutral"], ["dovish", None, "dovish"])
    assert grades[1].status == "missing"
    assert metric.summarise(grades) == {"accuracy": 0.5}


def test_a_name_in_any_language_is_the_label() -> None:
    metric = Accuracy({"dovish": "0", "鸽派": "0", "hawkish": "1"})
    assert [g.score for g in grades_of(metric, ["0", "0", "1", "1"], ["鸽派", "0", "Hawkish.", "鸽派"])] == [
        1,
        1,
        1,
        0,
    ]


def test_an_unknown_average_is_refused() -> None:
    with pytest.raises(ValueError, match="macro, micro or weighted"):
        F1(LABELS, "samples")  # type: ignore[arg-type]


def test_many_classes_and_resamples_stay_within_memory() -> None:
    labels = [f"label {number}" for number in range(300)]
    metric = F1(labels, "macro")
    grades = grades_of(metric, labels, list(labels))
    rows = np.random.default_rng(1).integers(0, 300, (500, 300))
    scores = metric.resampled(grades, rows)
    assert scores == pytest.approx([len(set(row.tolist())) / 300 for row in rows])


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_the_others_are_told_beside_the_first_where_asked(metric: Metric) -> None:
    golds, answers = sample(60)
    kind, average = type(metric), getattr(metric, "average", None)
    together = kind(LABELS, **({"average": average} if average else {}), others=True)  # type: ignore[call-arg]
    assert together.name == metric.name
    scores = together.summarise(grades_of(together, golds, answers))
    assert next(iter(scores)) == metric.name
    for other in ALL:
        assert scores[other.name] == pytest.approx(other.summarise(grades_of(other, golds, answers))[other.name])
    assert len(scores) == len(ALL)


def test_a_negative_matthews_correlation_stays_negative_on_its_way_into_a_record() -> None:
    metric = MatthewsCorrelation(LABELS)
    golds, _ = sample(60)
    wrong = [LABELS[(LABELS.index(gold) + 1) % 3] if row % 5 else gold for row, gold in enumerate(golds)]
    scored = summarise(metric, grades_of(metric, golds, list(wrong)))
    assert scored.score.value is not None
    assert scored.score.low is not None
    assert -1 <= scored.score.low <= scored.score.value < 0
    assert bounds_of(metric) == (-1, 1)
    assert bounds_of(Accuracy(LABELS)) == (0, 1)
