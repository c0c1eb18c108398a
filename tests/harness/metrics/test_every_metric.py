"""What holds of every stock metric, by whatever name: bounds, order, resampling, hostile text."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytasktune.card import Card, Label, Prompt, Source
from anytasktune.examples import KINDS, Example, Kind
from anytasktune.metrics import metric_names, named
from anytasktune.metrics.grading import Grade, Metric, bounds_of
from anytasktune.scoring import summarise

LABELS = [
    Label(id="fraud", zh="诈骗罪"),
    Label(id="credit fraud", zh="信用卡诈骗罪"),
    Label(id="theft", en="larceny", zh="盗窃罪"),
]
OPTIONS: dict[str, dict[str, object]] = {"quadratic-kappa": {"scale": (-10, 100)}, "numeric-match": {"relative": 0.01}}
EVERY = [(kind, name) for kind in KINDS for name, _ in metric_names(kind)]

GOLDS: dict[Kind, list[tuple[str, ...]]] = {
    "choice": [("fraud",), ("credit fraud",), ("theft",)],
    "labels": [("fraud", "theft"), (), ("credit fraud",), ("fraud",)],
    "extract": [("theft: a bag of 100 g", "fraud: 北京市海淀区"), (), ("theft: an old car",)],
    "text": [
        ('{"name": "Ann Lee", "born": 1990, "tags": ["a", "b"]}',),
        ("患者服用阿司匹林后头痛缓解，没有不适。", "服药后好转"),
        ("the quick brown fox jumps over the lazy dog", "???"),
        ("",),
    ],
    "number": [("42",), ("-3.5",), ("1e1",), ("0",), ("77",)],
}
SAID: dict[Kind, list[str]] = {
    "choice": ["fraud", "信用卡诈骗罪", "It is larceny.", "fraud or theft", "not fraud", "dunno"],
    "labels": ["fraud; theft", "盗窃罪、诈骗罪", "none", "fraud; murder", "credit fraud", "dunno"],
    "extract": ["theft: a bag", "theft: an old car\nfraud: 北京", "none", "somewhere: x", "no spans that I could see"],
    "text": [
        '```json\n{"name": "ann lee", "born": "1990"}\n```',
        "患者头痛缓解。",
        "a quick fox jumped over a dog",
        "{}",
        "Paris",
        "...\n\nQuestion: next",
    ],
    "number": ["42", "四十二", "-3,5", "about 10", "1000", "many", "0", "5 or 6"],
}
ALWAYS = ["", " ", ".", "。", "\u200b", "NaN", "<think>hm"]


def card(kind: Kind) -> Card:
    return Card(
        id="demo/x", version=1, title="t", kind=kind, languages=["en", "zh"], prompt_language="en",
        prompts={"en": Prompt(instruction="i", question="{{input}}")},
        labels=LABELS if kind in ("choice", "labels", "extract") else [], licence="CC0",
        source=Source(citation="c"), wrong_answer_costs="w", max_new_tokens=4, until=[],
    )  # fmt: skip


def made(kind: Kind, name: str) -> Metric:
    return named(name, card(kind), **OPTIONS.get(name, {}))


def right(kind: Kind, gold: Sequence[str]) -> str:
    """The gold as a model would write it."""
    if kind == "labels":
        return "; ".join(gold) or "无"
    if kind == "extract":
        return "\n".join(gold) or "none"
    return gold[0]


def golds_of(kind: Kind, name: str) -> list[tuple[str, ...]]:
    if name == "json-field-f1":
        return [GOLDS["text"][0], ("{}",), ('{"a": {"b": [1, {"c": null}], "d": false}}', '{"e": "E."}')]
    return GOLDS[kind]


def example(gold: tuple[str, ...]) -> Example:
    return Example(id="t:0", input="x", targets=gold)


def score(metric: Metric, grades: Sequence[Grade]) -> float:
    return float(metric.summarise(grades)[metric.name])


def pairs(kind: Kind, name: str) -> st.SearchStrategy[list[tuple[tuple[str, ...], str]]]:
    golds = golds_of(kind, name)
    answers = [*SAID[kind], *ALWAYS, *(right(kind, gold) for gold in golds)]
    return st.lists(st.tuples(st.sampled_from(golds), st.sampled_from(answers)), min_size=1, max_size=10)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_score_stays_in_its_bounds_below_the_golds_and_apart_from_the_order_of_rows(kind: Kind, name: str) -> None:
    metric = made(kind, name)
    low, high = bounds_of(metric)

    @settings(max_examples=40, deadline=None)
    @given(pairs(kind, name), st.randoms(use_true_random=False))
    def holds(rows: list[tuple[tuple[str, ...], str]], random: object) -> None:
        grades = [metric.grade(example(gold), answer) for gold, answer in rows]
        assert all(0.0 <= grade.score <= 1.0 for grade in grades)
        assert all(grade.score == 0.0 for grade in grades if grade.status in ("empty", "unreadable"))
        value = score(metric, grades)
        assert math.isnan(value) or low <= value <= high
        best = score(metric, [metric.grade(example(gold), right(kind, gold)) for gold, _ in rows])
        assert math.isnan(value) or math.isnan(best) or value <= best + 1e-12
        mixed = list(grades)
        random.shuffle(mixed)  # type: ignore[attr-defined]
        assert score(metric, mixed) == pytest.approx(value, nan_ok=True, abs=1e-12)
        missing = metric.grade(example(rows[0][0]), None)
        assert missing.status == "missing"
        assert score(metric, [*grades, missing]) == pytest.approx(value, nan_ok=True, abs=1e-12)

    holds()


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_resample_scores_what_its_rows_score_by_themselves(kind: Kind, name: str) -> None:
    metric = made(kind, name)

    @settings(max_examples=20, deadline=None)
    @given(pairs(kind, name), st.integers(0, 2**32 - 1), st.integers(1, 12))
    def holds(rows: list[tuple[tuple[str, ...], str]], seed: int, width: int) -> None:
        grades = [metric.grade(example(gold), answer) for gold, answer in rows]
        drawn = np.random.default_rng(seed).integers(0, len(rows), (6, width))
        expected = [score(metric, [grades[row] for row in line]) for line in drawn]
        np.testing.assert_allclose(metric.resampled(grades, drawn), expected, atol=1e-12)

    holds()


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_the_gold_in_its_own_words_is_right(kind: Kind, name: str) -> None:
    metric = made(kind, name)
    for gold in golds_of(kind, name):
        assert metric.grade(example(gold), right(kind, gold)).score == 1.0


HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(
        st.sampled_from(
            ["{", "}", '"', "\\", ":", "[", "]", ",", "1e999999999", "NaN", "-0", "\ud800", "诈骗罪", "ผู้", "مرحبا",
             "रो", "\n", "theft: x", "not ", "; ", "answer: ", "<think>", "Question:", "½", "９", "万", "\x00", "```"]
        ),
        max_size=14,
    ).map("".join),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_no_text_makes_a_metric_fail(kind: Kind, name: str) -> None:
    metric = made(kind, name)

    @settings(max_examples=40, deadline=None)
    @given(HOSTILE, st.sampled_from(golds_of(kind, name)))
    def holds(answer: str, gold: tuple[str, ...]) -> None:
        grade = metric.grade(example(gold), answer)
        assert 0.0 <= grade.score <= 1.0
        metric.summarise([grade])

    holds()


LONG = {
    "word": "x" * 100_000,
    "digits": "9" * 100_000,
    "labels": "诈骗罪，" * 25_000,
    "cues": "答案" * 50_000,
    "braces": '{"a":' * 20_000,
    "run-ons": "Text:\n" * 16_000,
    "lines": "\n" * 100_000,
}
ONE_A_READER = ["accuracy", "set-f1", "span-f1-partial", "rouge-l", "bleu", "chrf", "json-field-f1", "pearson"]


@pytest.mark.parametrize("name", ONE_A_READER)
@pytest.mark.parametrize("answer", LONG.values(), ids=LONG)
def test_a_hundred_thousand_characters_are_graded_in_a_moment(name: str, answer: str) -> None:
    kind = next(kind for kind, known in EVERY if known == name)
    metric = made(kind, name)
    start = time.process_time()
    metric.summarise([metric.grade(example(golds_of(kind, name)[0]), answer)])
    assert time.process_time() - start < 5


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_two_thousand_resamples_of_400_rows_take_seconds_at_most(kind: Kind, name: str) -> None:
    metric, random = made(kind, name), np.random.default_rng(0)
    golds, said = golds_of(kind, name), SAID[kind]
    grades = [metric.grade(example(golds[i % len(golds)]), said[i % len(said)]) for i in range(400)]
    rows = random.integers(0, 400, (2_000, 400))
    metric.resampled(grades, rows[:1])
    start = time.process_time()
    metric.resampled(grades, rows)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_field_case_44_every_score_is_a_number_or_null_with_a_reason(kind: Kind, name: str) -> None:
    metric = made(kind, name)
    gold = golds_of(kind, name)[0]
    for answers in ([right(kind, gold)], [SAID[kind][0]] * 4, [""] * 4, [None] * 4):
        scored = summarise(metric, [metric.grade(example(gold), answer) for answer in answers])
        json.dumps([scored.scores, scored.score.model_dump()], allow_nan=False)
        assert (scored.score.value is not None) or scored.score.reason


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_no_rows_have_no_score(kind: Kind, name: str) -> None:
    metric = made(kind, name)
    scores = metric.summarise([metric.grade(example(golds_of(kind, name)[0]), None)])
    assert metric.name in scores
    assert all(math.isnan(value) for value in scores.values())
    assert np.isnan(metric.resampled([], np.empty((2, 0), dtype=np.intp))).all()
