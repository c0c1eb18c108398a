from __future__ import annotations

import itertools
import math
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_the_f1_of_each_declared_type_is_told_and_null_where_it_does_not_occur() -> None:
    metric = SpanF1({"药物": "drug", "Symptom": "symptom", "place": "place"})
    grades = [
        grade(metric, ("drug: aspirin", "symptom: pain"), "药物：aspirin\nsymptom: cough"),
        grade(metric, ("drug: ibuprofen",), "药物：ibuprofen\nDRUG: paracetamol"),
    ]
    scores = metric.summarise(grades)
    assert scores["span F1 (drug)"] == pytest.approx(2 * 2 / (3 + 2))
    assert scores["span F1 (symptom)"] == 0.0
    assert math.isnan(scores["span F1 (place)"])
    assert not [name for name in SpanF1().summarise(grades) if "(" in name]


@pytest.mark.parametrize(
    ("gold", "said", "score"),
    [
        ("服用阿司匹林", "阿司匹林", 0.5),
        ("阿司匹林", "服用阿司匹林后", 0.5),
        ("left knee pain", "knee pain", 0.5),
        ("left knee pain", "left pain", 0.0),
        ("concatenate", "cat", 0.0),
        ("100 mg", "00 mg", 0.0),
        ("knee", "Knee", 0.5),
        ("+", "+-", 0.0),
    ],
)
def test_a_span_overlaps_another_where_its_tokens_stand_within_it(gold: str, said: str, score: float) -> None:
    assert grade(SpanF1(partial=True), (f"t: {gold}",), f"t: {said}").score == score


def most_pairs(found: list[str], wanted: list[str]) -> int:
    """By trying all orders: the oracle for a handful of spans."""
    short, long = sorted((found, wanted), key=len)
    return max(
        sum(a in b or b in a for a, b in zip(short, order, strict=False))
        for order in itertools.permutations(long, len(short))
    )


@settings(max_examples=60, deadline=None)
@given(*[st.lists(st.sampled_from(["甲乙丙", "甲乙", "乙丙", "乙", "丙丁", "戊"]), min_size=1, max_size=5)] * 2)
def test_partial_scores_are_those_of_muc_over_the_best_pairing(gold: list[str], said: list[str]) -> None:
    exact = (Counter(gold) & Counter(said)).total()
    left = list((Counter(said) - Counter(gold)).elements()), list((Counter(gold) - Counter(said)).elements())
    partial = most_pairs(*left) if all(left) else 0
    precision, recall = (exact + partial / 2) / len(said), (exact + partial / 2) / len(gold)
    expected = 2 * precision * recall / (precision + recall) if exact or partial else 0.0
    metric = SpanF1(partial=True)
    graded = grade(metric, tuple(f"t: {span}" for span in gold), "\n".join(f"t: {span}" for span in said))
    assert graded.score == pytest.approx(expected)
    scores = metric.summarise([graded])
    assert (scores["span precision"], scores["span recall"]) == pytest.approx((precision, recall))
