from __future__ import annotations

import pytest

from anytasktune.errors import DataError
from anytasktune.examples import Example
from anytasktune_law import lawbench
from anytasktune_law.charge_prediction import SUBTASK, options
from anytasktune_law.scoring import SubstringF1

with_mirror = pytest.mark.usefixtures("mirror")


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
