from __future__ import annotations

import math
import re
import string
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, Metric
from anytasktune.metrics.texts import ChrF, ExactMatch, RougeL, RougeN, TokenF1
from anytasktune.metrics.tokenising import answer_words, tokens

ALL: tuple[Metric, ...] = (RougeL(), RougeN(1), RougeN(2), TokenF1(), ExactMatch(), ChrF())
SCRIPTS = {
    "Chinese": ("患者服用阿司匹林后头痛缓解", "患者头痛缓解"),
    "Thai": ("ผู้ป่วยมีอาการปวดหัว", "ผู้ป่วยปวดหัว"),
    "Hindi": ("रोगी को सिर दर्द है", "रोगी को बुखार है"),
    "Arabic": ("المريض يعاني من صداع شديد", "المريض يعاني من الحمى"),
    "mixed": ("服用 Aspirin 100 mg 后缓解", "服用 Aspirin 后没有缓解"),
    "Korean": ("환자는 두통이 있다", "환자는 열이 있다"),
    "Japanese": ("患者は頭痛があります", "患者は熱があります"),
    "Russian": ("у пациента болит голова", "у пациента жар"),
}


def grade(metric: Metric, golds: tuple[str, ...], answer: str | None) -> Grade:
    return metric.grade(Example(id="t:0", input="x", targets=golds), answer)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_field_case_34_identical_text_is_right_in_every_script(metric: Metric, script: str) -> None:
    text, other = SCRIPTS[script]
    assert grade(metric, (text,), text).score == 1.0
    partial = grade(metric, (text,), other).score
    assert partial == 0.0 if metric.name == "exact match" else 0.0 < partial < 1.0


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_field_case_35_empty_answers_count_and_fail(metric: Metric) -> None:
    answers = ["Paris", "Paris", "Paris", "Paris", "", ".", "。", "\u200b"]
    grades = [grade(metric, ("Paris",), answer) for answer in answers]
    assert metric.summarise(grades) == {metric.name: 0.5}
    assert [g.status for g in grades] == ["read"] * 4 + ["empty"] * 4


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
@pytest.mark.parametrize(
    ("golds", "scores"),
    [
        (("",), (1.0, 0.0, 0.0)),
        (("…",), (1.0, 0.0, 0.0)),
        ((), (1.0, 0.0, 0.0)),
        (("Paris", "???"), (0.0, 0.0, 1.0)),
        (("???", "Paris"), (0.0, 0.0, 1.0)),
    ],
)
def test_field_case_36_empty_meets_empty_and_one_usable_reference_suffices(
    metric: Metric, golds: tuple[str, ...], scores: tuple[float, ...]
) -> None:
    assert tuple(grade(metric, golds, answer).score for answer in ("", "x", "Paris")) == scores


def test_field_case_37_a_run_on_is_cut_off_and_told() -> None:
    graded = grade(ExactMatch(), ("What is x?",), "What is x?\n\nQuestion: next\nAnswer: none")
    assert (graded.score, graded.run_on) == (1.0, True)


LATIN = st.text(alphabet="abC 1.-_'Dé\n,", min_size=1).filter(lambda t: any(c.isalnum() for c in t))


@settings(max_examples=200, deadline=None)
@given(LATIN, LATIN)
def test_rouge_equals_rouge_score_where_that_one_sees_the_text(answer: str, reference: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    answer, reference = answer.replace("é", "e"), reference.replace("é", "e")
    expected = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, answer)
    assert RougeL().compare(answer, [reference]) == pytest.approx(expected["rougeL"].fmeasure)
    assert RougeN(1).compare(answer, [reference]) == pytest.approx(expected["rouge1"].fmeasure)
    if min(len(tokens(answer)), len(tokens(reference))) > 1:
        assert RougeN(2).compare(answer, [reference]) == pytest.approx(expected["rouge2"].fmeasure)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["患", "者", "ab", "c", "दर्द", " "]), min_size=1, max_size=20).map(" ".join))
def test_rouge_l_is_rouge_scores_algorithm_over_our_tokens(answer: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import Tokenizer

    class Ours(Tokenizer):  # type: ignore[misc]
        def tokenize(self, text: str) -> list[str]:
            return tokens(text)

    reference = "患者 ab दर्द c"
    expected = RougeScorer(["rouge2", "rougeL"], tokenizer=Ours()).score(reference, answer)
    if tokens(answer):
        assert RougeL().compare(answer, [reference]) == pytest.approx(expected["rougeL"].fmeasure)
    if len(tokens(answer)) > 1:
        assert RougeN(2).compare(answer, [reference]) == pytest.approx(expected["rouge2"].fmeasure)


def test_chrf_is_sacrebleus() -> None:
    import sacrebleu

    expected = sacrebleu.sentence_chrf("the cat sat", ["a cat sat down"]).score / 100
    assert grade(ChrF(), ("a cat sat down",), "the cat sat").score == pytest.approx(expected)


def test_tokens_keep_marks_with_their_letters_and_drop_punctuation() -> None:
    assert tokens("Don't, 3.5mg!") == ["don", "t", "3", "5mg"]
    assert tokens("दर्द है।") == ["दर्द", "है"]
    assert tokens("ผู้ป่วย") == ["ผู้", "ป่", "ว", "ย"]
    assert tokens("服用Aspirin后👍") == ["服", "用", "aspirin", "后", "👍"]


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_texts_of_signs_alone_are_compared_and_nothing_is_not_a_number(metric: Metric) -> None:
    assert grade(metric, ("+",), "+").score == 1.0
    assert grade(metric, ("👍",), "👍").score == 1.0
    assert grade(metric, ("+",), "=").score == 0.0
    assert math.isnan(metric.summarise([grade(metric, ("a",), None)])[metric.name])


@pytest.mark.parametrize(
    ("answer", "score"), [("paris.", 1.0), ("ＰＡＲＩＳ", 1.0), ("Paris\n", 1.0), ("in Paris", 0.0)]
)
def test_exact_match_forgives_case_width_and_the_full_stop(answer: str, score: float) -> None:
    assert grade(ExactMatch(), ("Lyon", "Paris"), answer).score == score


def squad_f1(answer: str, reference: str) -> float:
    """SQuAD's rule in other words: lower case, no punctuation, no articles, words in any order."""
    bags = []
    for text in (answer, reference):
        words = re.sub(f"[{re.escape(string.punctuation)}]", "", text.lower())
        bags.append(Counter(re.sub(r"\b(a|an|the)\b", " ", words).split()))
    same = (bags[0] & bags[1]).total()
    if not same:
        return 0.0
    precision, recall = same / bags[0].total(), same / bags[1].total()
    return 2 * precision * recall / (precision + recall)


@settings(max_examples=200, deadline=None)
@given(
    *[st.lists(st.sampled_from(["the", "A", "cat's", "cats", "$5.00", "on-line", "an", "B_2", "U.S."])).map(" ".join)]
    * 2
)
def test_token_f1_is_squads_on_english(answer: str, reference: str) -> None:
    if answer_words(answer) and answer_words(reference):
        assert TokenF1().compare(answer, [reference]) == pytest.approx(squad_f1(answer, reference))


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("北京市海淀区", "海淀区", 2 * 3 / 9),
        ("海淀区，北京市", "北京市海淀区。", 1.0),
        ("在2024年", "2024", 2 * 1 / 4),
        ("Don't!", "dont", 1.0),
        ("The A", "the a", 1.0),
        ("the", "a", 0.0),
    ],
)
def test_token_f1_counts_chinese_by_character(answer: str, reference: str, score: float) -> None:
    assert TokenF1().compare(answer, [reference]) == pytest.approx(score)


def test_texts_too_short_for_a_pair_are_right_when_they_are_the_same() -> None:
    assert grade(RougeN(2), ("好",), "好。").score == 1.0
    assert grade(RougeN(2), ("好",), "坏").score == 0.0
    assert grade(RougeN(2), ("好",), "很好").score == 0.0
    with pytest.raises(ValueError, match="1 or 2"):
        RougeN(3)
