"""Metrics of kind ``labels``: a set of labels a row.

Empty meets empty is right. An unreadable answer is the empty set, and right in no row.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from anytasktune.examples import Example
from anytasktune.metrics.choice import surfaces_of
from anytasktune.metrics.grading import Grade, MeanOfRows, counted, missing
from anytasktune.metrics.reading import read_labels
from anytasktune.metrics.resampling import in_chunks, sums_of

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


def jaccard(read: set[str], gold: set[str]) -> float:
    """Labels that two sets share, over the labels of either; 1 when both are empty."""
    return len(read & gold) / len(read | gold) if read or gold else 1.0


class _LabelSets:
    """How an answer of kind ``labels`` is read and graded.

    Args:
        labels: the label ids, or every surface (id, English name, Chinese name) mapped to its label id.
        others: ``summarise`` gives the other metrics of this file beside the primary one.
    """

    name: str

    def __init__(self, labels: Sequence[str] | Mapping[str, str], *, others: bool = False) -> None:
        self.names = surfaces_of(labels)
        self.labels = tuple(dict.fromkeys(self.names.values()))
        self.others = others

    def compare(self, read: set[str], gold: set[str]) -> float:
        """What one row scores: the F1 of the sets."""
        return set_f1(read, gold)

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The score of the answer's set against the gold set; see ``read_labels``."""
        if answer is None:
            return missing(example)
        gold = tuple(sorted({self.names.get(target, target) for target in example.targets}))
        reading = read_labels(answer, self.names)
        if reading.status == "empty" and not gold:
            return Grade(score=1.0, status="read")
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=gold, run_on=reading.run_on)
        score = self.compare(set(reading.value), set(gold))
        return Grade(score=score, status="read", read=reading.value, gold=gold, run_on=reading.run_on)

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The primary score under ``name``, then the others; NaN when no row counts."""
        rows = counted(grades)
        others = every_metric(self.names) if self.others else ()
        scores = {self.name: self._score(rows)}
        return {**scores, **{metric.name: metric._score(rows) for metric in others if metric.name != self.name}}

    def _score(self, rows: Sequence[Grade]) -> float:
        """The primary score of rows that all count, from what was read."""
        import numpy

        return float(self.resampled(rows, numpy.arange(len(rows))[None, :])[0])

    @abstractmethod
    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The primary score of each resample, [B]."""


class _MeanOfSets(_LabelSets, MeanOfRows):
    """A mean over rows of what two sets have in common."""

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The mean, then the others; NaN when no row counts."""
        return {**_LabelSets.summarise(self, grades), **MeanOfRows.summarise(self, grades)}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Means of the resampled rows, [B]."""
        return MeanOfRows.resampled(self, grades, rows)

    def _score(self, rows: Sequence[Grade]) -> float:
        """From what was read: the rows' own scores may be another metric's."""
        scores = [self.compare(set(g.read), set(g.gold)) if g.status == "read" else 0.0 for g in rows]
        return sum(scores) / len(scores) if scores else float("nan")


class SetF1(_MeanOfSets):
    """Mean over rows of the F1 of the label sets: scikit-learn's ``f1_score(average="samples")``.

    Unlike there, a row in which both sets are empty counts 1.
    """

    name = "samples F1"


class Jaccard(_MeanOfSets):
    """Mean over rows of shared over all labels of both sets: scikit-learn's ``jaccard_score(average="samples")``.

    Unlike there, a row in which both sets are empty counts 1.
    """

    name = "Jaccard"

    def compare(self, read: set[str], gold: set[str]) -> float:
        """What one row scores."""
        return jaccard(read, gold)


class SubsetAccuracy(_MeanOfSets):
    """Share of rows whose set is exactly the gold one: scikit-learn's ``accuracy_score`` of label sets."""

    name = "subset accuracy"

    def compare(self, read: set[str], gold: set[str]) -> float:
        """What one row scores."""
        return float(read == gold)


class MicroF1Sets(_LabelSets):
    """F1 over all labels of all rows, pooled: scikit-learn's ``f1_score(average="micro")``."""

    name = "micro F1"

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """Micro F1, the mean of the rows' F1, then the others; NaN when no row counts."""
        samples = MeanOfRows.summarise(SetF1(self.names), grades)
        return {**super().summarise(grades), **samples}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Micro F1 of each resample, [B]."""
        import numpy

        hits = numpy.array([len(set(g.read) & set(g.gold)) for g in grades], dtype=float)
        total = numpy.array([len(set(g.read)) + len(set(g.gold)) for g in grades], dtype=float)
        return pooled_f1(hits, total, numpy.array([g.score for g in grades], dtype=float), rows)


class MacroF1Sets(_LabelSets):
    """Mean over all labels of each label's F1: scikit-learn's ``f1_score(labels=…, average="macro")``.

    A label that is neither gold nor answered in any row counts 0, as there with ``zero_division=0``. Labels
    that the model made up have no F1 of their own; they cost the row's other scores.
    """

    name = "macro F1"

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Macro F1 of each resample, [B]."""
        import numpy

        codes = {label: code for code, label in enumerate(self.labels)}
        read, gold = numpy.zeros((2, len(grades), len(codes)))
        for row, grade in enumerate(grades):
            read[row, [codes[label] for label in grade.read if label in codes]] = 1
            gold[row, [codes[label] for label in grade.gold if label in codes]] = 1

        def score(lines: NDArray[np.intp]) -> NDArray[np.float64]:
            hits, total = sums_of(read * gold, lines), sums_of(read + gold, lines)
            f1 = numpy.divide(2 * hits, total, out=numpy.zeros_like(hits), where=total > 0)
            mean: NDArray[np.float64] = f1.mean(axis=1)
            return mean

        return in_chunks(score, rows, width=max(len(grades), len(codes)))


def every_metric(labels: Sequence[str] | Mapping[str, str]) -> tuple[_LabelSets, ...]:
    """All metrics over label sets, on one label set."""
    return tuple(kind(labels) for kind in (SetF1, Jaccard, SubsetAccuracy, MicroF1Sets, MacroF1Sets))
