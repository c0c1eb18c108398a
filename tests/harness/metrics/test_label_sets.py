from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, Metric
from anytasktune.metrics.label_sets import Jaccard, MacroF1Sets, MicroF1Sets, SetF1, SubsetAccuracy, every_metric

LABELS = {"诈骗罪": "诈骗罪", "盗窃罪": "盗窃罪", "抢劫罪": "抢劫罪", "fraud": "诈骗罪"}


def grade(metric: Metric, golds: tuple[str, ...], answer: str | None) -> Grade:
    return metric.grade(Example(id="t:0", input="x", targets=golds), answer)


@pytest.mark.parametrize(
    ("golds", "answer", "score", "status"),
    [
        (("诈骗罪", "盗窃罪"), "盗窃罪；诈骗罪", 1.0, "read"),
        (("诈骗罪", "盗窃罪"), "fraud", 2 / 3, "read"),
        (("诈骗罪",), "诈骗罪;走私罪", 2 / 3, "read"),
        (("诈骗罪",), "不知道", 0.0, "unreadable"),
        (("诈骗罪",), "", 0.0, "empty"),
        ((), "", 1.0, "read"),
        ((), "无", 1.0, "read"),
        ((), "不知道", 0.0, "unreadable"),
        ((), "诈骗罪", 0.0, "read"),
        (("诈骗罪",), None, 0.0, "missing"),
    ],
)
def test_a_row_scores_the_f1_of_its_sets(golds: tuple[str, ...], answer: str | None, score: float, status: str) -> None:
    for metric in (SetF1(LABELS), MicroF1Sets(LABELS)):
        graded = grade(metric, golds, answer)
        assert graded.score == pytest.approx(score)
        assert graded.status == status


def test_pooled_f1_equals_scikit_learn_on_every_resample() -> None:
    random = np.random.default_rng(3)
    names = sorted(set(LABELS.values()))
    gold = random.random((60, 3)) < 0.4
    said = random.random((60, 3)) < 0.4
    micro, samples = MicroF1Sets(LABELS), SetF1(LABELS)

    def written(row: np.ndarray) -> tuple[str, ...]:
        return tuple(name for name, has in zip(names, row, strict=True) if has)

    answers = [";".join(written(row)) or "无" for row in said]
    grades = [grade(micro, written(g), a) for g, a in zip(gold, answers, strict=True)]
    rows = random.integers(0, 60, (30, 60))
    expected = [f1_score(gold[row], said[row], average="micro", zero_division=0) for row in rows]
    np.testing.assert_allclose(micro.resampled(grades, rows), expected)
    per_row = [f1_score(gold[i : i + 1], said[i : i + 1], average="samples", zero_division=1) for i in range(60)]
    assert samples.summarise(grades)["samples F1"] == pytest.approx(np.mean(per_row))
    np.testing.assert_allclose(samples.resampled(grades, rows), np.array(per_row)[rows].mean(axis=1))


def test_field_case_44_nothing_to_find_and_nothing_to_count_have_defined_scores() -> None:
    metric = MicroF1Sets(LABELS)
    assert metric.summarise([grade(metric, (), ""), grade(metric, (), "无")])["micro F1"] == 1.0
    assert metric.summarise([grade(metric, (), "不知道")])["micro F1"] == 0.0
    assert all(math.isnan(v) for v in metric.summarise([grade(metric, (), None)]).values())
    assert math.isnan(SetF1(LABELS).summarise([])["samples F1"])


def some_sets(rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11)
    gold, said = random.random((rows, 3)) < 0.4, random.random((rows, 3)) < 0.5
    gold[:2], said[:2] = False, [[False] * 3, [True, False, True]]
    return gold, said


NAMES = sorted(set(LABELS.values()))


def grades_of(metric: Metric, gold: np.ndarray, said: np.ndarray) -> list[Grade]:
    def written(row: np.ndarray) -> tuple[str, ...]:
        return tuple(name for name, has in zip(NAMES, row, strict=True) if has)

    return [grade(metric, written(g), "；".join(written(a)) or "无") for g, a in zip(gold, said, strict=True)]


def by_scikit_learn(metric: Metric, gold: np.ndarray, said: np.ndarray) -> float:
    if isinstance(metric, SubsetAccuracy):
        return float(accuracy_score(gold, said))
    if isinstance(metric, MicroF1Sets | MacroF1Sets):
        average = "micro" if isinstance(metric, MicroF1Sets) else "macro"
        return float(f1_score(gold, said, average=average, zero_division=0))
    of_sets = jaccard_score if isinstance(metric, Jaccard) else f1_score
    return float(of_sets(gold, said, average="samples", zero_division=1))


@pytest.mark.parametrize("metric", every_metric(LABELS), ids=lambda metric: metric.name)
def test_every_metric_of_sets_is_scikit_learns_on_every_resample(metric: Metric) -> None:
    gold, said = some_sets(50)
    grades = grades_of(metric, gold, said)
    rows = np.random.default_rng(5).integers(0, 50, (20, 30))
    expected = [by_scikit_learn(metric, gold[line], said[line]) for line in rows]
    np.testing.assert_allclose(metric.resampled(grades, rows), expected, atol=1e-12)


@pytest.mark.parametrize("kind", [SetF1, Jaccard, SubsetAccuracy, MicroF1Sets, MacroF1Sets])
def test_the_others_are_told_beside_the_first_where_asked(kind: type[SetF1]) -> None:
    gold, said = some_sets(40)
    metric = kind(LABELS, others=True)
    scores = metric.summarise([*grades_of(metric, gold, said), grade(metric, ("诈骗罪",), "不知道")])
    assert next(iter(scores)) == metric.name
    assert len(scores) == 5
    for other in every_metric(LABELS):
        graded = [*grades_of(other, gold, said), grade(other, ("诈骗罪",), "不知道")]
        assert scores[other.name] == pytest.approx(other.summarise(graded)[other.name])
    assert all(math.isnan(value) for value in metric.summarise([]).values())


@pytest.mark.parametrize(
    ("metric", "score"), [(SetF1(LABELS), 0.8), (Jaccard(LABELS), 2 / 3), (SubsetAccuracy(LABELS), 0.0)]
)
def test_a_made_up_label_costs_the_row(metric: Metric, score: float) -> None:
    assert grade(metric, ("诈骗罪", "盗窃罪"), "诈骗罪；盗窃罪；走私罪").score == pytest.approx(score)


def test_a_label_that_never_occurs_counts_nothing_in_macro_f1() -> None:
    metric = MacroF1Sets(LABELS)
    assert metric.summarise([grade(metric, ("诈骗罪",), "诈骗罪")])["macro F1"] == pytest.approx(1 / 3)
