from __future__ import annotations

import math
import unicodedata

import numpy as np
import pytest
import sacrebleu

from anytasktune.examples import Example
from anytasktune.metrics.bleu import TOKENIZERS, Bleu
from anytasktune.metrics.grading import Grade
from anytasktune.scoring import summarise

ENGLISH = [
    (("The dog bit the man.", "The dog had bit the man."), "The dog bit the man."),
    (("It was not unexpected.", "No one was surprised."), "It wasn't surprising."),
    (("The man bit him first.", "The man had bitten the dog."), "The man had just bitten him."),
    (("A long sentence of many words, quite unlike the others.",), "a short one"),
]
CHINESE = [
    (("患者服用阿司匹林后头痛缓解，没有不适。",), "患者服用阿司匹林之后，头痛缓解。"),
    (("今天天气很好。", "今天是个好天气。"), "今天天气不错。"),
    (("服用 Aspirin 100 mg 后缓解",), "服用 Aspirin 后没有缓解"),
]


def grades_of(metric: Bleu, pairs: list[tuple[tuple[str, ...], str]]) -> list[Grade]:
    return [metric.grade(Example(id="t:0", input="x", targets=golds), answer) for golds, answer in pairs]


def nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def oracle(pairs: list[tuple[tuple[str, ...], str]], tokenizer: str) -> float:
    most = max(len(golds) for golds, _ in pairs)
    references = [[golds[min(place, len(golds) - 1)] for golds, _ in pairs] for place in range(most)]
    return sacrebleu.corpus_bleu([answer for _, answer in pairs], references, tokenize=tokenizer).score / 100


@pytest.mark.parametrize(("pairs", "tokenizer"), [(ENGLISH, "13a"), (CHINESE, "zh"), (CHINESE, "char")])
def test_every_resample_is_sacrebleus_corpus_bleu(pairs: list[tuple[tuple[str, ...], str]], tokenizer: str) -> None:
    metric = Bleu(tokenizer)
    grades = grades_of(metric, pairs)
    rows = np.random.default_rng(4).integers(0, len(pairs), (20, 9))
    narrow = [(tuple(map(nfkc, golds)), nfkc(answer)) for golds, answer in pairs]
    expected = [oracle([narrow[row] for row in line], tokenizer) for line in rows]
    np.testing.assert_allclose(metric.resampled(grades, rows), expected, atol=1e-12)


def test_the_published_example_of_sacrebleu() -> None:
    # "Using SacreBLEU from Python" in its README: 48.530827009929865
    assert Bleu().summarise(grades_of(Bleu(), ENGLISH[:3]))["BLEU"] == pytest.approx(0.48530827009929865)


def test_a_rows_own_score_is_sacrebleus_sentence_bleu() -> None:
    for golds, answer in ENGLISH:
        expected = sacrebleu.sentence_bleu(answer, list(golds)).score / 100
        assert grades_of(Bleu(), [(golds, answer)])[0].score == pytest.approx(expected)


@pytest.mark.parametrize("text", ["好", "yes", "患者头痛", "ผู้ป่วยมีอาการปวดหัว", "रोगी को सिर दर्द है", "صداع شديد", "👍"])
def test_field_case_34_identical_text_is_right_however_short(text: str) -> None:
    for tokenizer in TOKENIZERS:
        metric = Bleu(tokenizer)
        assert metric.summarise(grades_of(metric, [((text,), text)] * 3))["BLEU"] == pytest.approx(1.0)


def test_field_case_35_empty_answers_cost_brevity_and_stay_in_n() -> None:
    text = "the quick brown fox jumps over it"
    grades = grades_of(Bleu(), [((text,), text)] * 4 + [((text,), empty) for empty in ("", ".", "。", "\u200b")])
    assert [grade.status for grade in grades] == ["read"] * 4 + ["empty"] * 4
    scored = summarise(Bleu(), grades)
    assert scored.score.n == 8
    assert scored.score.value == pytest.approx(math.exp(1 - 2))  # half as long as the references


def test_field_case_36_rows_without_a_reference_add_nothing_when_nothing_is_said() -> None:
    text = "the quick brown fox jumps"
    right = grades_of(Bleu(), [((text,), text), (("",), ""), (("…",), ".")])
    assert Bleu().summarise(right)["BLEU"] == pytest.approx(1.0)
    assert Bleu().summarise(right[1:])["BLEU"] == 1.0
    talkative = grades_of(Bleu(), [((text,), text), (("",), "all of this is too much")])
    assert 0 < Bleu().summarise(talkative)["BLEU"] < 1
    assert Bleu().summarise(grades_of(Bleu(), [(("Paris", "???"), "Paris")]))["BLEU"] == pytest.approx(1.0)


def test_nothing_to_count_is_not_a_number_and_an_unknown_tokeniser_is_refused() -> None:
    assert math.isnan(Bleu().summarise([])["BLEU"])
    with pytest.raises(ValueError, match="one of 13a, zh"):
        Bleu("flores200")
