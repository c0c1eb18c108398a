from __future__ import annotations

import pytest

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest, Example
from anytasktune.splits import build
from anytasktune.tables import column, read_rows
from anytasktune_law import lawbench
from anytasktune_law.charge_prediction import SUBTASK, options
from anytasktune_law.scoring import SubstringF1

with_mirror = pytest.mark.usefixtures("mirror")


@with_mirror
def test_counts_and_fingerprint() -> None:
    data = build(SUBTASK)
    assert data.report.rows == len(data.all) == 500
    assert data.report.counts == {"train": 293, "validation": 55, "test": 152}
    assert data.report.leaks == ()
    assert data.fingerprint == build(SUBTASK).fingerprint == SUBTASK.card.fingerprints["1"]
    assert [row.id for row in data.all] == [f"3-3:{number}" for number in range(500)]


@with_mirror
@pytest.mark.parametrize(
    ("name", "folder", "score"),
    [("GPT-4", "GPT4", 0.4198666666666665), ("Qwen-7B-chat", "qwen-7b-chat-hf", 0.4067047619047615)],
)
def test_recorded_answers_score_as_published_and_abstain_as_published(name: str, folder: str, score: float) -> None:
    data = build(SUBTASK)
    answers = dict(SUBTASK.recorded[name](DataRequest()))
    grades = [SUBTASK.metric.grade(row, answers[row.id]) for row in data.all]
    assert SUBTASK.metric.summarise(grades)["samples F1"] == pytest.approx(score, abs=1e-6)
    table = read_rows(lawbench.pinned("predictions/zero_shot/results.csv").fetch())
    names = ("task", "model_name", "score", "abstention_rate")
    rows = zip(*(column(table, name) for name in names), strict=True)
    published = next(row for row in rows if row[:2] == ("3-3", folder))
    assert float(published[2]) == pytest.approx(score, abs=1e-12)
    abstained = sum(grade.status != "read" for grade in grades) / len(grades)
    assert abstained == pytest.approx(float(published[3]), abs=1e-12)


@with_mirror
def test_the_form_that_is_asked_for_scores_like_the_official_one() -> None:
    example = Example(id="3-3:0", input="x", targets=("盗窃", "诈骗"))
    plain, official = (SUBTASK.metric.grade(example, text) for text in ("盗窃;诈骗", "[罪名]盗窃;诈骗<eoa>"))
    assert plain == official
    assert plain.score == 1.0


@with_mirror
def test_the_official_scorer_looks_for_189_charges() -> None:
    assert len(options()) == 189
    assert "走私" not in options()


def test_an_option_inside_another_one_counts_too_and_the_empty_answer_counts_nothing() -> None:
    metric = SubstringF1(lambda: ("诈骗", "合同诈骗", "盗窃"))
    example = Example(id="3-3:0", input="x", targets=("合同诈骗",))
    assert metric.grade(example, "合同诈骗").score == pytest.approx(2 / 3)
    assert [metric.grade(example, answer).status for answer in ("", "。", "无罪", None)] == [
        "empty",
        "empty",
        "unreadable",
        "missing",
    ]


def test_one_case_is_one_group_however_the_question_goes_on() -> None:
    alone = lawbench.case_group("事实:甲某拿走\n乙某的现金。\r\n")
    assert alone == lawbench.case_group("事实:甲某拿走\n乙某的现金。\r\n罪名:盗窃。法条:刑法第264条")
    assert alone != lawbench.case_group("事实:丙某拿走\n乙某的现金。\r\n")


def test_a_file_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(DataError, match="not pinned"):
        lawbench.pinned("data/zero_shot/9-9.json")


@with_mirror
def test_the_official_rule_does_not_give_its_own_golds_full_marks() -> None:
    rows = build(SUBTASK).all
    grades = [SUBTASK.metric.grade(row, SUBTASK.card.separator.join(row.targets)) for row in rows]
    assert round(SUBTASK.metric.summarise(grades)["samples F1"], 3) == 0.932
