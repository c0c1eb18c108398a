from __future__ import annotations

import math
import time

import numpy as np
import pytest

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade
from anytasktune.metrics.spans import SpanF1


def grade(metric: SpanF1, golds: tuple[str, ...], answer: str | None) -> Grade:
    return metric.grade(Example(id="t:0", input="x", targets=golds), answer)


@pytest.mark.parametrize(
    ("golds", "answer", "score", "status"),
    [
        (("drug: aspirin", "symptom: pain"), "drug: aspirin\nsymptom: pain", 1.0, "read"),
        (("drug: aspirin", "symptom: pain"), "symptom：ｐａｉｎ", 2 / 3, "read"),
        (("drug: aspirin",), "symptom: aspirin", 0.0, "read"),
        (("drug: aspirin", "drug: aspirin"), "drug: aspirin", 2 / 3, "read"),
        (("drug: aspirin",), "drug: aspirin\n" * 3, 0.5, "read"),
        (("drug: aspirin",), "nothing that I know", 0.0, "unreadable"),
        (("drug: aspirin",), "", 0.0, "empty"),
        ((), "", 1.0, "read"),
        ((), "none", 1.0, "read"),
        ((), "well, hard to say", 0.0, "unreadable"),
        ((), None, 0.0, "missing"),
    ],
)
def test_a_span_counts_by_type_and_text(golds: tuple[str, ...], answer: str | None, score: float, status: str) -> None:
    graded = grade(SpanF1(("drug", "symptom")), golds, answer)
    assert graded.score == pytest.approx(score)
    assert graded.status == status


def test_a_type_may_be_named_in_another_language() -> None:
    metric = SpanF1({"药物": "drug"})
    assert grade(metric, ("drug: 布洛芬",), "药物：布洛芬").score == 1.0


def test_a_partial_match_counts_half_and_only_where_asked() -> None:
    golds = ("drug: aspirin 100 mg", "drug: ibuprofen")
    assert grade(SpanF1(), golds, "drug: aspirin\ndrug: ibuprofen").score == pytest.approx(0.5)
    assert grade(SpanF1(partial=True), golds, "drug: aspirin\ndrug: ibuprofen").score == pytest.approx(0.75)
    assert grade(SpanF1(partial=True), golds, "symptom: aspirin").score == 0.0


def test_pooled_f1_is_that_of_the_counts_in_every_resample() -> None:
    random = np.random.default_rng(2)
    metric = SpanF1()
    words = [f"t: {letter}" for letter in "abcde"]
    pairs = [
        ([w for w in words if random.random() < 0.5], [w for w in words if random.random() < 0.5]) for _ in range(40)
    ]
    grades = [grade(metric, tuple(gold), "\n".join(said) or "none") for gold, said in pairs]
    rows = random.integers(0, 40, (25, 40))
    expected = []
    for row in rows:
        hits = sum(len(set(pairs[i][0]) & set(pairs[i][1])) for i in row)
        said = sum(len(pairs[i][1]) for i in row)
        gold = sum(len(pairs[i][0]) for i in row)
        precision, recall = hits / said, hits / gold
        expected.append(2 * precision * recall / (precision + recall))
    np.testing.assert_allclose(metric.resampled(grades, rows), expected)


def test_resampling_is_fast() -> None:
    metric = SpanF1()
    grades = [grade(metric, ("t: a", "t: b"), "t: a") for _ in range(500)]
    start = time.perf_counter()
    scores = metric.resampled(grades, np.random.default_rng(0).integers(0, 500, (2_000, 500)))
    assert time.perf_counter() - start < 1
    assert scores == pytest.approx([2 / 3] * 2_000)


def test_field_case_44_ratios_without_anything_under_them_are_not_a_number() -> None:
    metric = SpanF1()
    none = metric.summarise([grade(metric, ("t: a",), "none")])
    assert none["span F1"] == 0.0
    assert math.isnan(none["span precision"])
    assert none["span recall"] == 0.0
    assert metric.summarise([grade(metric, (), "")])["span F1"] == 1.0
    assert all(math.isnan(v) for v in metric.summarise([grade(metric, (), None)]).values())
