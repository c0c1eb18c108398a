"""The rules by which LawBench's answers are scored, one by one, and CUAD's clause types."""

from __future__ import annotations

import math
import random
import time
import warnings

import numpy
import pytest

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, Metric, bounds_of
from anytasktune.splits import build
from anytasktune_law import lawbench
from anytasktune_law.article_prediction import ArticlesF1
from anytasktune_law.case_analysis import SUBTASK as CASES
from anytasktune_law.clause_type import SUBTASK as CLAUSES
from anytasktune_law.consultation_topic import SUBTASK as TOPICS
from anytasktune_law.crime_amount import AnyNumber
from anytasktune_law.crime_entities import EntityF1, character_f1, entities_of
from anytasktune_law.marital_disputes import SUBTASK as DISPUTES
from anytasktune_law.news_summary import WordRougeL, words
from anytasktune_law.prison_term import LogDistance, months_of


def graded(metric: Metric, answer: str | None, *targets: str) -> Grade:
    return metric.grade(Example(id="x:0", input="x", targets=targets), answer)


@pytest.mark.parametrize(
    ("answer", "score", "status"),
    [
        ("[类别]劳动纠纷<eoa>", 1.0, "read"),
        ("劳动纠纷，劳动纠纷", 1.0, "read"),
        ("劳动纠纷或合同纠纷", 0.0, "read"),
        ("合同纠纷", 0.0, "read"),
        ("离婚", 0.0, "unreadable"),
        ("labour dispute", 1.0, "read"),
        ("Labour dispute.", 1.0, "read"),
        ("It is a labour dispute", 0.0, "unreadable"),
        ("tort", 0.0, "read"),
        ("labour dispute; tort", 0.0, "read"),
        ("", 0.0, "empty"),
        ("。", 0.0, "empty"),
        (None, 0.0, "missing"),
    ],
)
def test_a_topic_is_right_when_it_is_the_only_one_named(answer: str | None, score: float, status: str) -> None:
    grade = graded(TOPICS.metric, answer, "劳动纠纷")
    assert (grade.score, grade.status) == (score, status)


def test_points_are_looked_for_anywhere_and_english_names_only_alone() -> None:
    gold = ("婚后有子女", "支付抚养费")
    assert graded(DISPUTES.metric, "婚后有子女、支付抚养费", *gold).score == 1.0
    assert graded(DISPUTES.metric, "本句涉及婚后有子女", *gold).score == pytest.approx(2 / 3)
    assert graded(DISPUTES.metric, "children born in the marriage; payment of child support", *gold).score == 1.0
    assert graded(DISPUTES.metric, "children born in the marriage; a house", *gold).status == "unreadable"


def test_an_examination_answer_with_two_letters_is_wrong() -> None:
    assert [graded(CASES.metric, answer, "C").score for answer in ("[正确答案]C<eoa>", "C", "A错，C对", "c", "B")] == [
        1.0,
        1.0,
        0.0,
        0.0,
        0.0,
    ]


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("264、266", ("264", "266")),
        ("[法条]刑法第264条、刑法第266条<eoa>", ("264", "266")),
        ("刑法第二百六十四条、第二百六十六条", ("264", "266")),
        ("第264条、第266条第一款", ("264",)),
        ("264,266", ("264",)),
        ("第一款、第264条", ("264",)),
        ("刑法第0264条", ("264",)),
        ("盗窃罪", ()),
        ("9" * 5000, ("9" * 4000,)),
    ],
)
def test_one_article_is_read_from_each_piece(answer: str, read: tuple[str, ...]) -> None:
    grade = graded(ArticlesF1(), answer, "264")
    assert grade.read == read
    assert grade.status == ("read" if read else "unreadable")


@pytest.mark.parametrize(
    ("answer", "months"),
    [
        ("[刑期]12月<eoa>", 12),
        ("十二个月", 12),
        ("2016年3月起，6个月", 6),
        ("2016年3月", 3),
        ("有期徒刑三年", 36),
        ("一年六个月", 6),
        ("12", None),
        ("无期徒刑", None),
    ],
)
def test_months_before_months_of_the_calendar_before_years(answer: str, months: int | None) -> None:
    assert months_of(answer) == months


def test_the_log_distance_of_rows_and_of_a_mean_that_is_below_no_answer() -> None:
    metric = LogDistance()
    right, near, far, none = (graded(metric, answer, "6个月") for answer in ("6个月", "12个月", "2017年", "不知道"))
    assert [right.score, far.score, none.score] == [1.0, 0.0, 0.0]
    assert near.score == pytest.approx(1 - math.log(13 / 7) / math.log(216))
    assert none.status == "unreadable"
    mean = metric.summarise([far])
    assert mean[metric.name] == pytest.approx(1 - math.log(24205 / 7) / math.log(216))
    assert mean[metric.name] < metric.summarise([none])[metric.name] == pytest.approx(0.0, abs=1e-12)
    low, high = bounds_of(metric)
    longest = graded(metric, "9" * 5000 + "年", "6个月")
    assert low <= metric.summarise([longest])[metric.name] < mean[metric.name] < high
    assert math.isnan(metric.summarise([])[metric.name])


def test_life_and_death_are_skipped_and_resamples_agree_with_the_mean() -> None:
    metric = LogDistance()
    assert all(graded(metric, answer, gold).skip for answer in ("12个月", "", "无期") for gold in ("无期", "死刑"))
    assert not graded(metric, "12个月", "12个月").skip
    grades = [graded(metric, answer, "6个月") for answer in ("6个月", "2017年", "", "1年")]
    rows = numpy.array([[0, 1, 2, 3], [1, 1, 1, 0]])
    wanted = [metric.summarise([grades[i] for i in line])[metric.name] for line in rows]
    assert metric.resampled(grades, rows) == pytest.approx(wanted)


def test_a_sum_is_right_when_it_is_any_number_of_the_answer() -> None:
    answers = ("8500", "[金额]1500元+7000元=8500.0元<eoa>", "8,500元", "0.85万元", "八千五百元", "１" * 3, "9" * 5000)
    assert [graded(AnyNumber(), answer, "8500").score for answer in answers] == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert graded(AnyNumber(), "八千五百元", "8500").status == "unreadable"


def test_entities_end_at_a_space_or_line_and_the_last_of_a_type_counts() -> None:
    assert entities_of("受害人：甲某\n时间: 昨日 晚上\n受害人:乙某") == {"受害人": "乙某", "时间": "昨日"}
    assert entities_of("被盗物品价值：500元") == {"物品价值": "500元"}
    assert entities_of("受害人:无\n地点:未提及\n工具:刀") == {}
    assert entities_of("时间:日") == {}
    assert entities_of("时间: 日") == {"时间": "日"}


def test_entities_score_by_type_and_character() -> None:
    metric = EntityF1()
    gold = ("受害人: 甲某", "物品价值: 人民币352元")
    assert graded(metric, "受害人: 甲某\n物品价值: 人民币352元", *gold).score == 1.0
    assert graded(metric, "受害人：甲某", *gold).score == pytest.approx(2 / 3)
    assert graded(metric, "受害人：甲某\n物品价值：352元", *gold).score == pytest.approx((1 + 8 / 11) / 2)
    assert graded(metric, "受害人：甲某；物品价值：352元", *gold).score < 0.9
    assert character_f1("", "。") == 1.0
    assert [graded(metric, answer, *gold).status for answer in ("没有", "", None)] == ["unreadable", "empty", "missing"]
    assert [graded(metric, answer).score for answer in ("无", "", "受害人：甲某")] == [1.0, 1.0, 0.0]


def test_rouge_equals_rouge_chinese_on_recorded_answers_and_odd_texts(mirror: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rouge_chinese import Rouge

    from anytasktune_law.news_summary import SUBTASK, _jieba

    rows = list(SUBTASK.build(DataRequest()))[:25]
    recorded = dict(SUBTASK.recorded["GPT-4"](DataRequest()))
    pairs = [(recorded[row.id] or "", row.targets[0]) for row in rows]
    draw = random.Random(0)
    signs = "甲乙法院的判决。！？?.…”“，ab1-% \n\r\t"
    pairs += [("".join(draw.choices(signs, k=draw.randint(1, 40))) + "甲", rows[0].targets[0]) for _ in range(100)]
    metric = WordRougeL()
    for answer, reference in pairs:
        spaced = [" ".join(_jieba().cut(text)) for text in (answer, reference)]
        official = Rouge(metrics=["rouge-l"]).get_scores([spaced[0]], [spaced[1]])[0]["rouge-l"]["f"]
        assert graded(metric, answer, reference).score == pytest.approx(official, abs=1e-7), answer


def test_punctuation_alone_is_empty_and_counts_in_the_mean_as_officially() -> None:
    metric = WordRougeL()
    grade = graded(metric, "。", "法院作出判决。")
    assert (grade.score, grade.status) == (0.0, "empty")
    assert metric.summarise([grade])[metric.name] == pytest.approx(2 / (1 + len(words("法院作出判决。"))))
    assert metric.summarise([graded(metric, " \n", "法院。")])[metric.name] == 0.0
    assert metric.resampled([grade], numpy.array([[0, 0]])) == pytest.approx([metric.summarise([grade])[metric.name]])


def test_an_answer_that_never_ends_is_scored_soon() -> None:
    words("甲")  # loads the dictionary
    started = time.process_time()
    assert graded(WordRougeL(), "的" * 40_000, "法院的判决。").status == "read"
    assert time.process_time() - started < 5


def test_jieba_is_not_shared_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    from anytasktune_law.news_summary import _jieba

    _jieba.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba

    assert words("法院判决")
    assert not jieba.dt.initialized
    assert capfd.readouterr() == ("", "")


def test_texts_headed_in_another_way_are_one_group() -> None:
    assert len({lawbench.case_group(head + "甲某拿走现金。") for head in ("", "事实:", "句子:", "文书：")}) == 1


@pytest.mark.usefixtures("mirror")
def test_clause_types_counts_and_fingerprint() -> None:
    data = build(CLAUSES)
    assert data.fingerprint == CLAUSES.card.fingerprints["1"]
    assert data.report.counts == {"train": 3101, "validation": 515, "test": 1573}
    assert data.report.conflicts == ()
    assert len(data.all) == 5222
    assert {name for row in data.all for name in row.targets} == {label.id for label in CLAUSES.card.labels}
    assert max(len(row.targets) for row in data.all) == 4


def test_a_clause_may_have_several_types_named_in_either_language() -> None:
    gold = ("Non-Compete", "Exclusivity")
    for answer in ("Exclusivity; Non-Compete", "竞业限制；排他性", "Types: Non-Compete; Exclusivity"):
        assert graded(CLAUSES.metric, answer, *gold).score == 1.0, answer
    assert graded(CLAUSES.metric, "Non-Compete", *gold).score == pytest.approx(2 / 3)
