"""Metrics of kind ``labels``: a set of labels a row.

Empty meets empty is right. An unreadable answer is the empty set, and right in no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from anytasktune.examples import Example
from anytasktune.metrics.choice import surfaces_of
from anytasktune.metrics.grading import Grade, MeanOfRows, counted, missing
from anytasktune.metrics.reading import read_labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pooled_f1(
    hits: NDArray[np.float64], total: NDArray[np.float64], scores: NDArray[np.float64], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Micro F1 of each resample, [B]: 2 × hits / (predicted + gold), all pooled over the resample's rows.

    Where nothing was predicted and nothing was to be found, the mean of the rows' own scores.

    Args:
        hits: true positives of each row, [n].
        total: predicted plus gold of each row, [n].
        scores: the rows' own scores, [n].
        rows: indices into the rows, [B, n].
    """
    import numpy

    if rows.size == 0:
        return numpy.full(len(rows), numpy.nan)
    under = total[rows].sum(axis=1)
    pooled: NDArray[np.float64] = numpy.divide(
        2 * hits[rows].sum(axis=1), under, out=scores[rows].mean(axis=1), where=under > 0
    )
    return pooled


def set_f1(read: set[str], gold: set[str]) -> float:
    """F1 of two sets; 1 when both are empty."""
    return 2 * len(read & gold) / (len(read) + len(gold)) if read or gold else 1.0


class _LabelSets:
    """How an answer of kind ``labels`` is read and graded.

    Args:
        labels: the label ids, or every surface (id, English name, Chinese name) mapped to its label id.
    """

    def __init__(self, labels: Sequence[str] | Mapping[str, str]) -> None:
        self.names = surfaces_of(labels)

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 of the answer's set and the gold set; see ``read_labels``."""
        if answer is None:
            return missing(example)
        gold = tuple(sorted({self.names.get(target, target) for target in example.targets}))
        reading = read_labels(answer, self.names)
        if reading.status == "empty" and not gold:
            return Grade(score=1.0, status="read")
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=gold, run_on=reading.run_on)
        score = set_f1(set(reading.value), set(gold))
        return Grade(score=score, status="read", read=reading.value, gold=gold, run_on=reading.run_on)


class SetF1(_LabelSets, MeanOfRows):
    """Mean over rows of the F1 of the label sets: scikit-learn's ``f1_score(average="samples")``.

    Unlike there, a row in which both sets are empty counts 1.
    """

    name = "samples F1"


class MicroF1Sets(_LabelSets):
    """F1 over all labels of all rows, pooled: scikit-learn's ``f1_score(average="micro")``."""

    name = "micro F1"

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """Micro F1, and the mean of the rows' F1; NaN when no row counts."""
        import numpy

        rows = counted(grades)
        if not rows:
            return {self.name: float("nan"), SetF1.name: float("nan")}
        pooled = self.resampled(rows, numpy.arange(len(rows))[None, :])[0]
        return {self.name: float(pooled), SetF1.name: sum(grade.score for grade in rows) / len(rows)}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Micro F1 of each resample, [B]."""
        import numpy

        hits = numpy.array([len(set(g.read) & set(g.gold)) for g in grades], dtype=float)
        total = numpy.array([len(set(g.read)) + len(set(g.gold)) for g in grades], dtype=float)
        return pooled_f1(hits, total, numpy.array([g.score for g in grades], dtype=float), rows)
