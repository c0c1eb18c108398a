"""LawBench's own rules of scoring, written anew and checked against its published scores and abstentions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.label_sets import set_f1
from anytasktune.metrics.reading import is_blank

UNCOUNTED_CHARGES: Final = frozenset(
    {
        "利用影响力受贿",
        "爆炸",
        "窃取、收买、非法提供信用卡信息",
        "窝藏、转移、收购、销售赃物",
        "聚众冲击国家机关",
        "走私",
        "过失以危险方法危害公共安全",
        "过失投放危险物质",
        "过失损坏广播电视设施、公用电信设施",
        "非法制造、买卖、运输、储存危险物质",
        "非法收购、运输、出售珍贵、濒危野生动物、珍贵、濒危野生动物制品",
        "非法收购、运输盗伐、滥伐的林木",
        "非法进行节育手术",
    }
)
"""Golds of task 3-3 that are not among the 189 options of the official scorer (its ``ljp_accusation.py``)."""


class SubstringF1(MeanOfRows):
    """Mean over rows of the F1 of two sets: the golds, and every option that stands anywhere in the answer.

    The official rule of task 3-3. Where one option's name is part of another's, both count as answered.
    Whether the answer has the asked-for form does not matter. An answer that names no option scores 0
    and is unreadable (the official abstention, together with empty ones).
    """

    name = "samples F1"

    def __init__(self, options: Callable[[], Sequence[str]]) -> None:
        """Look for ``options``; they are asked for when the first answer is graded."""
        self._options = options

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 of the sets."""
        if answer is None:
            return missing(example)
        gold = tuple(sorted(set(example.targets)))
        if is_blank(answer):
            return Grade(score=0.0, status="empty", gold=gold)
        read = tuple(sorted(option for option in self._options() if option in answer))
        if not read:
            return Grade(score=0.0, status="unreadable", gold=gold)
        return Grade(score=set_f1(set(read), set(gold)), status="read", read=read, gold=gold)
