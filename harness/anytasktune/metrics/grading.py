"""The contract of a metric: ``grade`` one row, ``summarise`` many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from anytasktune.examples import Example
from anytasktune.metrics.resampling import in_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Status = Literal["read", "empty", "unreadable", "missing"]
"""``read``: an answer was found. ``empty``: nothing but space or punctuation. ``unreadable``: words, but no answer
of the kind asked for. ``missing``: the model gave nothing back (a failed call); neither right nor wrong."""


@dataclass(frozen=True, kw_only=True)
class Grade:
    """What one answer is worth.

    Args:
        score: the row's own score on [0, 1], 1 is best; 0 for empty and unreadable answers.
        status: how the answer could be read.
        read: what was read, as text: the label, the labels of a set, the spans, the numeral, the text.
        gold: the example's targets, or what the metric counts against them.
        skip: the metric's own rules leave this row out (an official scorer that skips some golds, say).
        run_on: the answer went on after it was complete; what followed was not scored.
    """

    score: float
    status: Status
    read: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    skip: bool = False
    run_on: bool = False


class Metric(Protocol):
    """What a sub-task is scored by.

    ``name`` is the field's standard term and names the primary score; higher is better for every metric. The primary
    score lies in [0, 1] unless the metric says otherwise by an attribute ``bounds``; see :func:`bounds_of`.
    """

    name: str

    def grade(self, example: Example, answer: str | None) -> Grade:
        """Grade one answer; ``None`` is missing. Never raises on any text."""
        ...

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """Scores over rows; the primary one under ``name``. Rows that are missing or skipped are left out."""
        ...

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The primary score of each resample: ``rows`` [B, n] holds indices into ``grades``; returns [B].

        The statistics call it thousands of times: vectorise it. ``grades`` holds no missing and no skipped row.
        """
        ...


def bounds_of(metric: Metric) -> tuple[float, float]:
    """The lowest and the highest primary score that there can be: (0, 1), or the metric's own ``bounds``.

    Only scores over many rows may be negative (correlations, kappa); a row's grade never is.
    """
    low, high = getattr(metric, "bounds", (0.0, 1.0))
    return float(low), float(high)


def missing(example: Example) -> Grade:
    """The grade of an answer that never came."""
    return Grade(score=0.0, status="missing", gold=example.targets)


def counted(grades: Sequence[Grade]) -> list[Grade]:
    """The grades that enter a score: neither missing nor skipped."""
    return [grade for grade in grades if grade.status != "missing" and not grade.skip]


class MeanOfRows:
    """Base of every metric whose primary score is the mean of the rows' scores; set ``name`` and ``grade``."""

    name: str

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The mean; NaN when no row counts."""
        rows = counted(grades)
        return {self.name: sum(g.score for g in rows) / len(rows) if rows else float("nan")}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Means of the resampled rows, [B]; NaN where a resample has none."""
        import numpy

        scores = numpy.asarray([g.score for g in grades], dtype=float)
        return in_chunks(lambda lines: scores[lines].mean(axis=1), rows)
