"""Metrics of kind ``number`` that grade each row: one numeral against one.

How a number is read, percent and units included, is told at ``read_number``; golds are read likewise.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from decimal import Decimal

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.reading import read_number


class _Number(MeanOfRows):
    """What the metrics of one number share; a subclass sets ``name`` and ``compare``."""

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The score of the answer's number against the gold one."""
        if answer is None:
            return missing(example)
        reading = read_number(answer)
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=example.targets, run_on=reading.run_on)
        golds = [gold.value[0] for target in example.targets if (gold := read_number(target)).value]
        score = max((self.compare(Decimal(reading.value[0]), Decimal(gold)) for gold in golds), default=0.0)
        return Grade(score=score, status="read", read=reading.value, gold=example.targets, run_on=reading.run_on)

    @abstractmethod
    def compare(self, answer: Decimal, gold: Decimal) -> float:
        """What the answer scores, on [0, 1]."""


class NumericMatch(_Number):
    """Share of answers whose number equals the gold one, as numbers: ``1e3`` is 1000, 711 is not 11.

    Args:
        tolerance: the largest absolute difference that still counts as right, in the gold's unit.
        relative: the largest difference that still counts as right, as a share of the gold. Either is enough.

    Raises:
        ValueError: a tolerance is below 0 or no number.
    """

    name = "numeric match"

    def __init__(self, tolerance: float = 0.0, *, relative: float = 0.0) -> None:
        self.tolerance = Decimal(repr(_at_least("tolerance", tolerance, 0.0)))
        self.relative = Decimal(repr(_at_least("relative", relative, 0.0)))

    def compare(self, answer: Decimal, gold: Decimal) -> float:
        """1 when the numbers agree within a tolerance; its edge counts as right."""
        return float(answer == gold or abs(answer - gold) <= max(self.tolerance, self.relative * abs(gold)))


class LogDistance(_Number):
    """Mean over rows of 1 - |ln(answer + 1) - ln(gold + 1)| / ln(limit), at least 0.

    With the limit 216 it is LawBench's nLog-distance (Fei 2023, task 3-4, months of prison): there, too, an answer
    without a number counts as ln 216 away, but rows farther away than that count below 0. Numbers below 0 have no
    logarithm: they are right only when equal.

    Args:
        limit: so many times too large or too small scores 0.

    Raises:
        ValueError: the limit is not above 1.
    """

    name = "log-distance score"

    def __init__(self, limit: float = 216.0) -> None:
        if _at_least("limit", limit, 1.0) == 1.0:
            raise ValueError("limit must be above 1")
        self.limit = float(limit)

    def compare(self, answer: Decimal, gold: Decimal) -> float:
        """How near the answer is, on a scale of ratios."""
        if answer == gold or min(answer, gold) < 0:
            return float(answer == gold)
        distance = abs((answer + 1).ln() - (gold + 1).ln())
        return max(0.0, 1.0 - float(distance) / math.log(self.limit))


def _at_least(name: str, value: float, lowest: float) -> float:
    """The value as a float.

    Raises:
        ValueError: it is no finite number, or below ``lowest``.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value < math.inf:
        raise ValueError(f"{name} must be a number of at least {lowest:g}, not {value!r}")
    return float(value)
