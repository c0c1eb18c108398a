"""LawBench's rules of scoring that several tasks share, written anew and checked against its published scores.

An option is *named* where its text stands anywhere in the answer, in whatever form the answer is. Where none
is, ours reads one thing more: an answer that is nothing but English names of the card's labels, as the English
prompt asks for them. The official scorer knows no English names, and answers to its Chinese prompt are none.

An answer that names no option scores 0 and is unreadable (the official abstention, together with empty ones).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from anytasktune.card import Card
from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.label_sets import set_f1
from anytasktune.metrics.reading import fold, is_blank

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


def label_ids(card: Card) -> list[str]:
    """The card's labels as the official scorer writes them."""
    return [label.id for label in card.labels]


def english_names(card: Card) -> dict[str, str]:
    """The card's labels by English name."""
    return {label.en: label.id for label in card.labels if label.en}


class _Named(MeanOfRows):
    """What both rules share; a subclass sets ``name`` and ``_score``."""

    def __init__(
        self,
        options: Callable[[], Iterable[str]],
        english: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """Look for ``options``; ``english`` maps names to them. Both are asked for when an answer is graded."""
        self._options = options
        self._english = english

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The row's score; ``read`` holds every option that is named, sorted."""
        if answer is None:
            return missing(example)
        gold = tuple(sorted(set(example.targets)))
        if is_blank(answer):
            return Grade(score=0.0, status="empty", gold=gold)
        read = self._named(answer)
        if not read:
            return Grade(score=0.0, status="unreadable", gold=gold)
        return Grade(score=self._score(set(read), set(gold)), status="read", read=read, gold=gold)

    def _named(self, answer: str) -> tuple[str, ...]:
        named = {option for option in self._options() if option in answer}
        if not named:
            english = {fold(name): option for name, option in self._english().items()}
            pieces = [fold(piece).strip(" .\"'") for piece in re.split(r"[;；、,，\n]", answer) if not is_blank(piece)]
            named = {english[piece] for piece in pieces} if all(piece in english for piece in pieces) else set()
        return tuple(sorted(named))

    @abstractmethod
    def _score(self, read: set[str], gold: set[str]) -> float:
        """The score of a row that names an option."""


class SubstringF1(_Named):
    """Mean over rows of the F1 of two sets, the golds and the options named: tasks 2-3 and 3-3.

    Where one option's name is part of another's, both count as answered.
    """

    name = "samples F1"

    def _score(self, read: set[str], gold: set[str]) -> float:
        return set_f1(read, gold)


class OnlyOption(_Named):
    """Share of answers that name the gold option and no other one: tasks 2-4 and 3-6."""

    name = "accuracy"

    def _score(self, read: set[str], gold: set[str]) -> float:
        return float(read == gold)
