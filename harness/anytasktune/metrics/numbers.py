"""Metrics of kind ``number``: one numeral."""

from __future__ import annotations

from decimal import Decimal

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.reading import read_number


class NumericMatch(MeanOfRows):
    """Share of answers whose number equals the gold one, as numbers: ``1e3`` is 1000, 711 is not 11.

    How a number is read, percent and units included, is told at ``read_number``; golds are read likewise.

    Args:
        tolerance: the largest absolute difference that still counts as right, in the gold's unit.

    Raises:
        ValueError: the tolerance is below 0 or no number.
    """

    name = "numeric match"

    def __init__(self, tolerance: float = 0.0) -> None:
        if not 0.0 <= tolerance < float("inf"):
            raise ValueError(f"tolerance must be a number of at least 0, not {tolerance!r}")
        self.tolerance = Decimal(repr(float(tolerance)))

    def grade(self, example: Example, answer: str | None) -> Grade:
        """1 when the numbers agree within the tolerance."""
        if answer is None:
            return missing(example)
        reading = read_number(answer)
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=example.targets, run_on=reading.run_on)
        golds = [read_number(target) for target in example.targets]
        right = any(gold.value and self._agree(reading.value[0], gold.value[0]) for gold in golds)
        return Grade(score=float(right), status="read", read=reading.value, gold=example.targets, run_on=reading.run_on)

    def _agree(self, answer: str, gold: str) -> bool:
        if not self.tolerance:
            return Decimal(answer) == Decimal(gold)
        return abs(Decimal(answer) - Decimal(gold)) <= self.tolerance
