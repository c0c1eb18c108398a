"""The facts of a criminal case and its charge → the articles of the Criminal Law (LawBench 3-1, after CAIL 2018).

    input    事实:公诉机关指控，被告人甲某深夜翻墙进入乙某家中，拿走现金两千元。罪名:盗窃。
             (climbs into a house at night, takes 2,000 yuan; charge: theft)
    target   264

The official scorer takes one number from each piece between ``、``: ``刑法第264条、刑法第266条`` and ``264、266``
score alike, ``264,266`` names one article only. GPT-4's recorded answers come to the published 0.52475,
Qwen-7B-chat's to 0.44623.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.label_sets import set_f1
from anytasktune.metrics.reading import is_blank
from anytasktune.recipes import LABELS
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_law.chinese_numerals import with_digits
from anytasktune_tasks import card_path

TASK = "3-1"
LONGEST: Final = 4000
"""Digits that a number may have; articles have three."""


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 cases; ids are ``3-1:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, articles_of(asked.answer))


def articles_of(answer: str) -> list[str]:
    """The articles in a published gold: ``法条:刑法第266、159条`` → ``["266", "159"]``."""
    return answer.removeprefix("法条:刑法第").removesuffix("条").split("、")


class ArticlesF1(MeanOfRows):
    """Mean over rows of the F1 of two sets of articles, the golds and those that the answer names.

    The official rule. A piece of the answer is what stands between two ``、``. In each, ``第…款`` is dropped,
    ``第…条`` becomes what it encloses, Chinese numerals become digits, and the first number is the article. So
    ``第266条第一款`` is dropped whole, article and all. An answer without a number scores 0 and is unreadable.
    """

    name = "samples F1"

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 of the sets."""
        if answer is None:
            return missing(example)
        gold = tuple(sorted(set(example.targets)))
        if is_blank(answer):
            return Grade(score=0.0, status="empty", gold=gold)
        read = tuple(sorted({article for piece in answer.split("、") if (article := _article(piece))}))
        if not read:
            return Grade(score=0.0, status="unreadable", gold=gold)
        return Grade(score=set_f1(set(read), set(gold)), status="read", read=read, gold=gold)


def _article(piece: str) -> str:
    """The first number in a piece of an answer; "" where there is none."""
    without_paragraphs = re.sub("第.*?款", "", piece.replace("万元", "元"))
    number = re.search(r"\d+", with_digits(re.sub("第(.*?)条", r"\1", without_paragraphs)))
    return str(int(number[0][-LONGEST:])) if number else ""


SUBTASK = SubTask(
    id="law/article-prediction",
    yaml=card_path("law/article_prediction"),
    build=build,
    metric=ArticlesF1(),
    recipe=LABELS,
    recorded=lawbench.recorded_answers(TASK),
)
