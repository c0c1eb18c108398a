"""The facts of a criminal case, its charge and articles → the prison term (LawBench 3-4, after CAIL 2018).

    input    事实:公诉机关指控，被告人甲某深夜翻墙进入乙某家中，拿走现金两千元。罪名:盗窃。法条:刑法第264条
             (climbs into a house at night, takes 2,000 yuan; charge: theft; article 264)
    target   6个月                                                                      (six months)

Answers are texts, not bare numbers: the official scorer reads a number only where 个月, 月 or 年 follows, and
four golds are 无期 (life) or 死刑 (death), which it leaves out. The recipe is that of numbers all the same.
GPT-4's recorded answers come to the published 0.82617, Qwen-7B-chat's to 0.76736.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, Status, counted, missing
from anytasktune.metrics.reading import is_blank
from anytasktune.recipes import NUMBER
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_law.chinese_numerals import with_digits
from anytasktune_tasks import card_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TASK = "3-4"
WORST: Final = math.log(216)
"""What no answer costs: the natural logarithm of the longest gold in months."""

LONGEST: Final = 4000
"""Digits that a number of months may have."""


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 cases; ids are ``3-4:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, [asked.answer.removeprefix("刑期:")])


class LogDistance:
    """``1 - d / ln 216``; d is the mean distance of ln(months + 1), answer from gold. LawBench's rule.

    Of an answer, Chinese numerals turned to digits, counts the first number before 个月, else before 月, else
    twelve times the one before 年. Without any the row costs ln 216, and is unreadable. Golds of 无期 and 死刑
    are skipped. A term that is far too long costs more than none: a row's score is cut off at 0, the mean over
    rows is not.
    """

    name = "normalised log-distance"
    bounds = (1 - (LONGEST + 2) * math.log(10) / WORST, 1.0)

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The row's own score, at least 0; ``read`` holds the months."""
        if answer is None:
            return missing(example)
        gold = example.targets
        skip = not re.fullmatch(r"\d+个月", gold[0])
        months = months_of(answer)
        if months is None:
            status: Status = "empty" if is_blank(answer) else "unreadable"
            return Grade(score=0.0, status=status, gold=gold, skip=skip)
        read = (f"{months}个月",)
        score = 0.0 if skip else max(0.0, 1 - _distance(read, gold) / WORST)
        return Grade(score=score, status="read", read=read, gold=gold, skip=skip)

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The score, and the mean distance itself; NaN when no row counts."""
        rows = counted(grades)
        distance = sum(_distance(g.read, g.gold) for g in rows) / len(rows) if rows else float("nan")
        return {self.name: 1 - distance / WORST, "log-distance": distance}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The score of each resample, [B]."""
        import numpy

        distances = numpy.array([_distance(grade.read, grade.gold) for grade in grades], dtype=float)
        scores: NDArray[np.float64] = 1 - distances[rows].mean(axis=1) / WORST
        return scores


def months_of(answer: str) -> int | None:
    """The prison term that an answer names, in months."""
    text = with_digits(answer)
    for unit, months in (("个月", 1), ("月", 1), ("年", 12)):
        found = re.search(rf"(?<!\d)(\d++){unit}", text)
        if found:
            return int(found[1][-LONGEST:]) * months
    return None


def _distance(read: Sequence[str], gold: Sequence[str]) -> float:
    if not read:
        return WORST
    answered, true = (int(term[0].removesuffix("个月")) for term in (read, gold))
    return abs(math.log(true + 1) - math.log(answered + 1))


SUBTASK = SubTask(
    id="law/prison-term",
    yaml=card_path("law/prison_term"),
    build=build,
    metric=LogDistance(),
    recipe=NUMBER.but(max_length=1536),  # as 3-1 has it: the cases are the same
    recorded=lawbench.recorded_answers(TASK),
)
