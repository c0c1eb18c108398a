from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, Metric
from anytasktune.metrics.label_sets import MicroF1Sets, SetF1

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
