"""Metrics of kind ``choice``: one label of a closed set.

Empty and unreadable answers are wrong. For the metrics over classes they are predictions of one more class,
outside of the label set, so that they cost the true label recall and no label precision. Definitions:
scikit-learn's ``accuracy_score``, ``balanced_accuracy_score``, ``f1_score(labels=…, zero_division=0)`` and
``matthews_corrcoef``. All follow from three counts a class (true positives, golds, predictions), so that
resampling is a few ``bincount``s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, counted, missing
from anytasktune.metrics.reading import read_label
from anytasktune.metrics.resampling import in_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.float64]


def surfaces_of(labels: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Label ids, or surfaces mapped to ids, as surfaces mapped to ids; every id is a surface of itself."""
    if isinstance(labels, Mapping):
        return {**{label: label for label in labels.values()}, **labels}
    return {label: label for label in labels}


class _Choice:
    """What the metrics of a choice share; a subclass sets ``name`` and ``_of_counts``.

    Args:
        labels: the label ids, or every surface (id, English name, Chinese name) mapped to its label id.
        others: ``summarise`` gives the other metrics of this file beside the primary one.
    """

    name: str

    def __init__(self, labels: Sequence[str] | Mapping[str, str], *, others: bool = False) -> None:
        self.names = surfaces_of(labels)
        self.labels = tuple(dict.fromkeys(self.names.values()))
        self.others = others

    def grade(self, example: Example, answer: str | None) -> Grade:
        """1 for the right label, 0 for another one, none or several; see ``read_label``."""
        if answer is None:
            return missing(example)
        reading = read_label(answer, self.names)
        gold = tuple(self.names.get(target, target) for target in example.targets)
        right = reading.status == "read" and reading.value == gold
        return Grade(score=float(right), status=reading.status, read=reading.value, gold=gold, run_on=reading.run_on)

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The primary score under ``name``, the accuracy, and the others; NaN when no row counts."""
        import numpy

        rows = counted(grades)
        given: list[_Choice] = [self, *(every_metric(self.names) if self.others else ())]
        if not rows:
            return dict.fromkeys([metric.name for metric in given] + ["accuracy"], float("nan"))
        counts = self._counts(rows, numpy.arange(len(rows))[None, :])
        scores = {metric.name: float(metric._of_counts(*counts)[0]) for metric in given}
        return {**scores, "accuracy": sum(grade.score for grade in rows) / len(rows)}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The primary score of each resample, [B]; NaN where a resample has no rows."""
        return in_chunks(lambda lines: self._of_counts(*self._counts(grades, lines)), rows, width=len(self.labels) + 1)

    def _counts(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> tuple[Counts, Counts, Counts]:
        """True positives, golds and predictions by class, each [B, K + 1]; the last class is "no label"."""
        import numpy

        codes = {label: code for code, label in enumerate(self.labels)}
        outside = len(codes)
        gold = numpy.array([codes.get("".join(g.gold[:1]), outside) for g in grades])
        predicted = numpy.array([codes.get(g.read[0], outside) if g.read else outside for g in grades])
        right = numpy.where((gold == predicted) & (gold != outside), gold, outside)
        offsets = (numpy.arange(len(rows)) * (outside + 1))[:, None]
        size = len(rows) * (outside + 1)

        def count(code: NDArray[np.int64]) -> Counts:
            counts = numpy.bincount((code[rows] + offsets).ravel(), minlength=size)
            return counts.reshape(len(rows), outside + 1).astype(numpy.float64)

        hits = count(right)
        hits[:, outside] = 0.0
        return hits, count(gold), count(predicted)

    @abstractmethod
    def _of_counts(self, hits: Counts, gold: Counts, predicted: Counts) -> Counts:
        """The score of each row of counts, [B]."""


def _ratio(over: Counts, under: Counts) -> Counts:
    """``over / under``, 0 where ``under`` is 0."""
    import numpy

    quotient: Counts = numpy.divide(over, under, out=numpy.zeros_like(over), where=under != 0)
    return quotient


class Accuracy(_Choice):
    """Share of right answers: scikit-learn's ``accuracy_score``."""

    name = "accuracy"

    def _of_counts(self, hits: Counts, gold: Counts, predicted: Counts) -> Counts:  # noqa: ARG002
        return _ratio(hits.sum(axis=1), gold.sum(axis=1))


class BalancedAccuracy(_Choice):
    """Mean recall of the labels that occur among the golds: scikit-learn's ``balanced_accuracy_score``."""

    name = "balanced accuracy"

    def _of_counts(self, hits: Counts, gold: Counts, predicted: Counts) -> Counts:  # noqa: ARG002
        recall = _ratio(hits, gold)[:, :-1]
        return _ratio(recall.sum(axis=1), (gold[:, :-1] > 0).sum(axis=1).astype(float))


class F1(_Choice):
    """F1 over the fixed label set: scikit-learn's ``f1_score(labels=labels, average=…, zero_division=0)``.

    ``macro``: mean over all labels, also those without a row (0). ``weighted``: by the number of golds.
    ``micro``: from the pooled counts; equals accuracy when every answer can be read.

    Args:
        labels: the label ids, or every surface mapped to its label id.
        average: over the labels.
        others: ``summarise`` gives the other metrics of this file beside the primary one.

    Raises:
        ValueError: the average is another word.
    """

    def __init__(
        self,
        labels: Sequence[str] | Mapping[str, str],
        average: Literal["macro", "micro", "weighted"] = "macro",
        *,
        others: bool = False,
    ) -> None:
        if average not in ("macro", "micro", "weighted"):
            raise ValueError(f"average must be macro, micro or weighted, not {average!r}")
        super().__init__(labels, others=others)
        self.average = average
        self.name = f"{average} F1"

    def _of_counts(self, hits: Counts, gold: Counts, predicted: Counts) -> Counts:
        hits, gold, predicted = hits[:, :-1], gold[:, :-1], predicted[:, :-1]
        if self.average == "micro":
            return _ratio(2 * hits.sum(axis=1), (gold + predicted).sum(axis=1))
        f1 = _ratio(2 * hits, gold + predicted)
        if self.average == "weighted":
            return _ratio((f1 * gold).sum(axis=1), gold.sum(axis=1))
        mean: Counts = f1.mean(axis=1)
        return mean


class MatthewsCorrelation(_Choice):
    """Matthews correlation of golds and answers, -1 to 1: scikit-learn's ``matthews_corrcoef``.

    Gorodkin's multi-class form. 0 where the golds or the answers are constant.
    """

    name = "Matthews correlation"
    bounds = (-1.0, 1.0)

    def _of_counts(self, hits: Counts, gold: Counts, predicted: Counts) -> Counts:
        import numpy

        n = gold.sum(axis=1)
        # Counted last are golds outside of the label set and answers that are no label: two classes, not one.
        covariance = hits.sum(axis=1) * n - (gold * predicted)[:, :-1].sum(axis=1)
        spread = (n * n - (gold**2).sum(axis=1)) * (n * n - (predicted**2).sum(axis=1))
        return _ratio(covariance, numpy.sqrt(numpy.maximum(spread, 0.0)))


def every_metric(labels: Sequence[str] | Mapping[str, str]) -> tuple[_Choice, ...]:
    """All metrics over classes, on one label set."""
    return (
        Accuracy(labels),
        BalancedAccuracy(labels),
        F1(labels, "macro"),
        F1(labels, "micro"),
        F1(labels, "weighted"),
        MatthewsCorrelation(labels),
    )
