from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytasktune.card import Card, Label, Prompt, Source
from anytasktune.errors import CardError
from anytasktune.metrics.reading import (
    fold,
    is_blank,
    label_surfaces,
    read_label,
    read_labels,
    read_number,
    read_spans,
    read_text,
)

FRAUD = {name: name for name in ("fraud", "credit fraud", "not fraud")}
MERGER = {name: name for name in ("merger", "continuation")}
HAN = {"合并": "merger", "延续": "continuation"}
OPTIONS = {name: name for name in "ABCD"}
TONE = {name: name for name in ("positive", "negative", "neutral")}
STANCE = {"0": "0", "1": "1", "2": "2", "dovish": "0", "hawkish": "1", "neutral": "2"}
NO = "unreadable"


def label(answer: str, names: dict[str, str]) -> str:
    reading = read_label(answer, names)
    return reading.value[0] if reading.status == "read" else reading.status


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("fraud", "fraud"),
        ("This is credit fraud.", "credit fraud"),
        ("Credit  Fraud", "credit fraud"),
        ("It is not fraud", "not fraud"),
        ("not_fraud", "not fraud"),
        ("It is not credit fraud, it is fraud", "fraud"),
        ("It's not credit fraud", NO),
        ("fraud or credit fraud", NO),
        ("fraud, credit fraud, not fraud", NO),
        ("fraud\ncredit fraud\nnot fraud", NO),
        ("fraud\n\ncredit fraud\n\nnot fraud", NO),
        ("Choose one of: fraud; credit fraud; not fraud", NO),
        ("The options are fraud, credit fraud and not fraud.", NO),
        ("fraud/credit fraud", NO),
        ('"fraud", "credit fraud", "not fraud"', NO),
        ("1. fraud\n2. credit fraud\n3. not fraud", NO),
        ("label: fraud; label: credit fraud", NO),
        ("The label is fraud. Wait, the label is credit fraud", NO),
        ("Label: fraud. The label is not credit fraud", "fraud"),
        ("Options: fraud, credit fraud, not fraud\nAnswer: credit fraud", "credit fraud"),
        ("I would rule out fraud, so credit fraud", "credit fraud"),
        ("defraud", NO),
        ("fraudulent", NO),
    ],
)
def test_field_case_28_longest_label_wins_and_several_are_unreadable(answer: str, read: str) -> None:
    assert label(answer, FRAUD) == read


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("this is not a merger, it is a continuation", "continuation"),
        ("It isn't a merger but a continuation", "continuation"),
        ("It isn’t a merger but a continuation", "continuation"),
        ("continuation rather than merger", "continuation"),
        ("merger not continuation", "merger"),
        ("Merger is wrong. Continuation.", "continuation"),
        ("Neither merger nor continuation", NO),
        ("It is not a merger", NO),
        ("There is no doubt this is a merger", "merger"),
    ],
)
def test_field_case_28_a_rejected_label_is_not_named(answer: str, read: str) -> None:
    assert label(answer, MERGER) == read


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("这不是合并，而是延续", "continuation"),
        ("不是合并而是延续", "continuation"),
        ("并非延续，合并", "merger"),
        ("应为合并。不属于延续", "merger"),
        ("毫无疑问是合并", "merger"),
        ("是合并还是延续", NO),
        ("不是合并", NO),
    ],
)
def test_field_case_28_a_rejected_label_is_not_named_in_chinese(answer: str, read: str) -> None:
    assert label(answer, HAN) == read


@pytest.mark.parametrize(
    "answer",
    [
        "故选C",
        "只有选项C是对的",
        "正确答案是（Ｃ）",
        "A、B错误，C正确",
        "答案：C。理由：A项……",
        "Ｃ",
        "（Ｃ）",
        "c",
        "选C不选A",
        "A不对，B也不对，D错误，应该选C",
        "The answer is C because A is wrong",
        "\\boxed{C}",
        "C. A merger is a thing",
        "【答案】C",
        "答案为（c）",
        "Answer: c",
        "本题选C",
        "C项正确",
        "A项错误；B项错误；C项正确；D项错误。",
        "ABD错误，C正确",
        "A和B都不对，应选C",
        "排除A、B、D，选C",
        "综上所述，因此本题答案为 C。",
        "只有C符合题意",
        "答案应为Ｃ，而非Ａ",
        "C。A项错在时间",
    ],
)
def test_field_case_30_the_option_is_found_however_it_is_named(answer: str) -> None:
    assert label(answer, OPTIONS) == "C"


@pytest.mark.parametrize(
    "answer",
    ["A careful look at it", "A. x B. y C. z D. w", "ABCD", "A\nB\nC\nD", "Answer: A or B", "A和C都对", "选A或者C",
     "不确定是A还是C", "无法确定", "没有正确选项", "答案不是C", "答案：A。答案：C"],
)  # fmt: skip
def test_field_case_30_no_option_is_made_of_a_letter_in_sight(answer: str) -> None:
    assert label(answer, OPTIONS) == NO


@pytest.mark.parametrize(
    ("answer", "read", "run_on"),
    [
        ("positive\nText: … Label: negative", "positive", True),
        ("positive Text: foo Label: negative", "positive", True),
        ("positive\n\nnegative, surely", "positive", True),
        ("positive<|im_end|>\n<|im_start|>user\nnegative", "positive", True),
        ("\n\npositive\n", "positive", False),
        ("NEUTRAL\nNeither positive nor negative, though it could be positive", "neutral", True),
        ("Neutral. It might be positive.", "neutral", True),
        ("Label: neutral\nReason: not positive", "neutral", True),
        ("Sure! Here it is:\n\nneutral", "neutral", False),
        ("<think>positive?</think>\nneutral", "neutral", False),
        ("**Neutral**", "neutral", False),
        ('{"label": "neutral"}', "neutral", False),
    ],
)
def test_field_case_37_what_follows_the_label_is_not_read(answer: str, read: str, run_on: bool) -> None:
    assert label(answer, TONE) == read
    assert read_label(answer, TONE).run_on is run_on


@pytest.mark.parametrize(
    "answer", ["Question: is it positive?", "<think>positive", "positive and negative", "non-negative"]
)
def test_an_answer_without_one_label_is_unreadable(answer: str) -> None:
    assert label(answer, TONE) == NO


@pytest.mark.parametrize("answer", ["", " ", ".", "。", "\u200b", "\ufeff\n", "…", "***", "```", "<|im_end|>"])
def test_nothing_but_space_and_punctuation_is_empty(answer: str) -> None:
    assert read_label(answer, TONE).status == "empty"
    assert read_labels(answer, TONE).status == "empty"
    assert read_number(answer).status == "empty"
    assert read_spans(answer).status == "empty"
    assert read_text(answer).status == "empty"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("Neutral, since 1 of the signs is weak", "2"),
        ("1", "1"),
        ("Label 1", "1"),
        ("1.5", NO),
        ("-1", NO),
        ("10", NO),
        ("01", NO),
    ],
)
def test_a_numeral_label_counts_only_by_itself(answer: str, read: str) -> None:
    assert label(answer, STANCE) == read


def test_labels_that_look_alike_are_kept_apart_by_their_exact_writing() -> None:
    names = {name: name for name in ("1", "01", "NA", "None", "spam", "Spam")}
    assert [label(name, names) for name in names] == list(names)
    assert label("SPAM", names) == NO


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("Yes, there is no difference", "yes"),
        ("Yes. There is no difference", "yes"),
        ("No, it is not", "no"),
        ("The answer is no", "no"),
    ],
)
def test_the_determiner_no_is_not_the_label_no(answer: str, read: str) -> None:
    assert label(answer, {"yes": "yes", "no": "no", "maybe": "maybe"}) == read


def test_surfaces_hold_every_name_of_a_label_and_refuse_shared_ones() -> None:
    def card(*labels: Label) -> Card:
        prompts = {"en": Prompt(instruction="i", question="{{input}}")}
        return Card(
            id="demo/x", version=1, title="t", kind="choice", languages=["en"], prompts=prompts,
            prompt_language="en", labels=list(labels), licence="CC0", source=Source(citation="c"),
            wrong_answer_costs="w", max_new_tokens=4, until=[],
        )  # fmt: skip

    good = card(Label(id="0", en="dovish", zh="鸽派"), Label(id="1", en="hawkish"))
    assert label_surfaces(good) == {"0": "0", "dovish": "0", "鸽派": "0", "1": "1", "hawkish": "1"}
    with pytest.raises(CardError, match="both written 'x'"):
        label_surfaces(card(Label(id="x", en="y"), Label(id="1", en="x")))


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("fraud; theft", ("fraud", "theft")),
        ("fraud; murder", ("fraud", "murder")),
        ("盗窃、诈骗", ("fraud", "theft")),
        ("fraud, credit fraud", ("credit fraud", "fraud")),
        ("- fraud\n- theft", ("fraud", "theft")),
        ("Labels: fraud；credit fraud", ("credit fraud", "fraud")),
        ("fraud and not theft", ("fraud",)),
        ("none", ()),
        ("无", ()),
    ],
)
def test_a_set_is_read_from_a_list_or_from_prose(answer: str, value: tuple[str, ...]) -> None:
    names = {
        "fraud": "fraud",
        "credit fraud": "credit fraud",
        "theft": "theft",
        "诈骗": "fraud",
        "盗窃": "theft",
    }
    reading = read_labels(answer, names)
    assert (reading.status, reading.value) == ("read", value)


def test_a_quoted_list_of_many_labels_is_no_set() -> None:
    names = {f"label {letter}": letter for letter in "abcdefgh"}
    assert read_labels("; ".join(names), names).status == NO
    assert read_labels("; ".join(list(names)[:3]), names).value == ("a", "b", "c")
    assert read_labels("I do not know", names).status == NO


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("$9,500", "9500"),
        ("9{,}500", "9500"),
        ("９，５００元", "9500"),
        ("72 clips, altogether.", "72"),
        ("(42).", "42"),
        ("42!", "42"),
        ("60%", "60"),
        ("9'500", "9500"),
        ("9 500", "9500"),
        ("9\u202f500", "9500"),
        ("1,00,000", "100000"),
        ("1.234.567,8", "1234567.8"),
        ("12,5", "12.5"),
        ("0,125", "0.125"),
        ("-$3", "-3"),
        ("−3.50", "-3.5"),
        ("minus 3", "-3"),
        ("USD 9,500.50", "9500.5"),
        ("RMB300", "300"),
        ("10千克", "10"),
        ("42²", "42"),
        ("٤٢", "42"),
        ("1_000", "1000"),
        ("￥9,500.00", "9500"),
        ("9 500,00 €", "9500"),
        ("12,50,000", "1250000"),
        ("3．14", "3.14"),
        ("百分之五", "5"),
    ],
)
def test_field_case_31_a_number_is_never_torn(answer: str, value: str) -> None:
    assert read_number(answer).value == (value,)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("三百二十", "320"),
        ("一万五千", "15000"),
        ("一万五", "15000"),
        ("三百零二", "302"),
        ("两千零五", "2005"),
        ("二〇二四", "2024"),
        ("一亿三千万", "130000000"),
        ("三点一四", "3.14"),
        ("百分之六十", "60"),
        ("负三", "-3"),
        ("1.5万", "15000"),
        ("1万5千", "15000"),
        ("3亿2000万", "320000000"),
        ("答案：五", "5"),
        ("一般来说，共三百元", "300"),
        ("1.5 million", "1500000"),
        ("$5k", "5000"),
        ("$1.5M", "1500000"),
        ("2bn", "2000000000"),
        ("100MB", "100"),
        ("5m", "5"),
        ("1e3", "1000"),
        ("2×10^5", "200000"),
        ("1.5×10³", "1500"),
        ("3½", "3.5"),
        ("1/2", "0.5"),
        ("-0.0", "0"),
    ],
)
def test_numbers_in_words_and_powers_are_read(answer: str, value: str) -> None:
    assert read_number(answer).value == (value,)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("3 apples and 4 pears: the answer is 7", "7"),
        ("With 3 apples at $2 the total is 6.", "6"),
        ("3 + 4 = 7", "7"),
        ("First, 3+4=7.\n\nThe answer is 14.", "14"),
        ("#### 18", "18"),
        ("Q3 was 42", "42"),
        ("第一，总数为25个", "25"),
        ("It costs 5 or 6", "5"),
    ],
)
def test_the_number_behind_the_answer_cue_is_preferred_to_the_first(answer: str, value: str) -> None:
    assert read_number(answer).value == (value,)


@pytest.mark.parametrize(
    "answer", ["10:30", "1.2.3", "9,500,20", "2020/01/05", "2020-01-05", "no idea", "1/0", "1e9999999", "万一", "一定"]
)
def test_what_is_no_single_number_is_unreadable(answer: str) -> None:
    assert read_number(answer).status == NO


@pytest.mark.parametrize(
    ("answer", "value"),
    [("42\n\nQuestion: … Answer: 17", "42"), ("10\n\nPassage:", "10"), ("42 apples\n\nAnswer: 17", "42")],
)
def test_field_case_37_the_number_of_a_run_on_is_not_read(answer: str, value: str) -> None:
    assert read_number(answer).value == (value,)
    assert read_number(answer).run_on


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("drug: aspirin\n药：布洛芬", ("drug: aspirin", "drug: 布洛芬")),
        ("drug: aspirin; symptom: pain", ("drug: aspirin", "symptom: pain")),
        ("Here you are:\n1. Drug: a\n- drug: x: y", ("drug: a", "drug: x: y")),
        ("drug: a\ndrug: a", ("drug: a", "drug: a")),
        ("none", ()),
        ("Answer: 无", ()),
    ],
)
def test_spans_are_read_by_line_and_by_semicolon(answer: str, value: tuple[str, ...]) -> None:
    reading = read_spans(answer, {"drug": "drug", "药": "drug"})
    assert (reading.status, reading.value) == ("read", value)


def test_prose_is_no_span_and_a_run_on_is_not_read() -> None:
    assert read_spans("I see nothing special here").status == NO
    reading = read_spans("drug: a\n\nText: foo\ndrug: b", {"drug": "drug"})
    assert (reading.value, reading.run_on) == (("drug: a",), True)


@pytest.mark.parametrize(
    ("answer", "text", "run_on"),
    [
        (" What is x?\n", "What is x?", False),
        ("What is x?\n\nQuestion: foo\nAnswer: bar", "What is x?", True),
        ("Question: what is x?", "Question: what is x?", False),
        ("one paragraph\n\nanother", "one paragraph\n\nanother", False),
        ("ok<|im_end|>\nuser", "ok", True),
    ],
)
def test_field_case_37_a_text_ends_where_the_model_runs_on(answer: str, text: str, run_on: bool) -> None:
    reading = read_text(answer)
    assert (reading.value, reading.run_on) == ((text,), run_on)


PIECES = st.sampled_from(
    ["fraud", "not ", "不是", "A", "Ｃ", "9,5", "万", "亿" * 30, "点", "一", "1e9", "^", "½", "³", "分之",
     "0", "/", ":", "\n\n", "Text:", "答案", "<think>", "</think>", "{,}", "-", "−", "\u200b", "٣",
     "9" * 5000, "; ", "无", "👍", "\ud800"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
def test_no_text_makes_a_reader_fail(answer: str) -> None:
    for names in (FRAUD, OPTIONS, HAN, STANCE):
        one = read_label(answer, names)
        assert (len(one.value) == 1) == (one.status == "read")
        read_labels(answer, names)
        read_spans(answer, names)
    number = read_number(answer)
    assert (len(number.value) == 1) == (number.status == "read")
    assert read_number("".join(number.value)).value == number.value
    read_text(answer)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=12).filter(lambda text: not is_blank(text)))
def test_a_label_in_its_exact_words_is_always_read(name: str) -> None:
    if name.strip() == name:
        assert label(name, {name: "x", "another one": "y"}) == "x" or fold(name) == "another one"


def test_reading_a_long_answer_takes_no_time() -> None:
    import time

    names = {f"charge number {number}": str(number) for number in range(200)}
    start = time.perf_counter()
    for answer in ("It is not charge number 7 but a 9,500 一 " * 1_000, "9" * 60_000, "\n " * 10_000 + "x"):
        read_label(answer, names)
        read_number(answer)
    assert time.perf_counter() - start < 5
