"""Metrics of kind ``number`` over all rows at once: how scores agree with the gold scores.

An answer that cannot be read says nothing: it stands where the others' middle is (their mean; their median for
ranks), so that leaving hard rows out never helps. A score is not defined (NaN) where the golds or the answers
of all rows are one number (for kappa: where both are, and the same), and where no answer can be read.

A row's own score, 1 for the gold number and less the farther away, is for looking at rows; the metrics do
not use it.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, counted, missing
from anytasktune.metrics.reading import read_number
from anytasktune.metrics.resampling import in_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LARGEST = 1e300
"""Numbers beyond it are taken for it: their differences are still numbers."""


class _Agreement:
    """What the three share; a subclass sets ``name`` and ``_of_lines``.

    Args:
        scale: the lowest and the highest score that may be given; an answer outside of it is unreadable.

    Raises:
        ValueError: the scale is not two numbers, the lower one first.
    """

    name: str
    bounds = (-1.0, 1.0)

    def __init__(self, scale: tuple[float, float] | None = None) -> None:
        self.scale = None if scale is None else _checked(scale)

    def grade(self, example: Example, answer: str | None) -> Grade:
        """1 - distance / length of the scale; without a scale 1 / (1 + distance). 0 where no number is read."""
        if answer is None:
            return missing(example)
        reading = read_number(answer)
        if reading.status != "read" or not self._on_scale(_number(reading.value[0])):
            status = "unreadable" if reading.status == "read" else reading.status
            return Grade(score=0.0, status=status, gold=example.targets, run_on=reading.run_on)
        distance = abs(_number(reading.value[0]) - _gold_number(example.targets))
        length = self.scale[1] - self.scale[0] if self.scale else 0.0
        score = max(0.0, 1 - distance / length) if length else 1 / (1 + distance)
        score = 0.0 if math.isnan(score) else score
        return Grade(score=score, status="read", read=reading.value, gold=example.targets, run_on=reading.run_on)

    def _on_scale(self, number: float) -> bool:
        return self.scale is None or self.scale[0] <= number <= self.scale[1]

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The primary score under ``name``, then the other two, and the share of exact matches."""
        import numpy

        rows = counted(grades)
        every = numpy.arange(len(rows))[None, :]
        others = [metric for metric in (Pearson(), Spearman(), QuadraticKappa()) if metric.name != self.name]
        scores = {metric.name: float(metric.resampled(rows, every)[0]) for metric in (self, *others)}
        exact = [bool(g.read) and _number(g.read[0]) == _gold_number(g.gold) for g in rows]
        return {**scores, "numeric match": sum(exact) / len(exact) if exact else float("nan")}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The primary score of each resample, [B]."""
        import numpy

        answers = numpy.array([_number(g.read[0]) if g.read else math.nan for g in grades], dtype=float)
        golds = numpy.array([_gold_number(g.gold) for g in grades], dtype=float)

        def score(lines: NDArray[np.intp]) -> Floats:
            a, g = answers[lines], golds[lines]
            defined = ~(numpy.isnan(a).all(axis=1) | numpy.isnan(g).any(axis=1))
            scores = numpy.full(len(lines), numpy.nan)
            if defined.any():
                scores[defined] = numpy.clip(self._of_lines(a[defined], g[defined]), *self.bounds)
            return scores

        return in_chunks(score, rows)

    @abstractmethod
    def _of_lines(self, answers: Floats, golds: Floats) -> Floats:
        """The score of each line, [B]; unread answers are NaN, in no line are all of them."""


class Pearson(_Agreement):
    """Pearson's correlation of answers and golds, -1 to 1: scipy's ``pearsonr``."""

    name = "Pearson correlation"

    def _of_lines(self, answers: Floats, golds: Floats) -> Floats:
        return _correlation(_filled(answers, _means(answers)), golds)


class Spearman(_Agreement):
    """Spearman's rank correlation of answers and golds, -1 to 1, ties at their mean rank: scipy's ``spearmanr``."""

    name = "Spearman correlation"

    def _of_lines(self, answers: Floats, golds: Floats) -> Floats:
        from scipy.stats import rankdata

        return _correlation(rankdata(_filled(answers, _medians(answers)), axis=1), rankdata(golds, axis=1))


class QuadraticKappa(_Agreement):
    """Quadratic weighted kappa of answers and golds, -1 to 1: scikit-learn's ``cohen_kappa_score``.

    That is with ``weights="quadratic"`` and one label for every step of the scale (Cohen 1968). From moments, since
    the weights are squared distances: 1 - E(a - g)² / (var a + var g + (mean a - mean g)²), Lin's concordance. So
    half points need no rounding, and no list of scores is needed. 0 where the answers are one number.
    """

    name = "quadratic kappa"

    def _of_lines(self, answers: Floats, golds: Floats) -> Floats:
        import numpy

        read = _filled(answers, _means(answers))
        size = numpy.maximum(numpy.abs(read).max(axis=1), numpy.abs(golds).max(axis=1))[:, None]
        size[size == 0] = 1.0
        a, g = read / size, golds / size
        constant = (a == a[:, :1]).all(axis=1)
        apart = ((a - g) ** 2).mean(axis=1)
        by_chance = a.var(axis=1) + g.var(axis=1) + (a.mean(axis=1) - g.mean(axis=1)) ** 2
        kappa = 1 - numpy.divide(apart, by_chance, out=numpy.ones_like(apart), where=by_chance > 0)
        undefined = constant & (a == g).all(axis=1)
        scores: Floats = numpy.where(undefined, numpy.nan, numpy.where(constant, 0.0, kappa))
        return scores


def _correlation(a: Floats, g: Floats) -> Floats:
    import numpy

    constant = (a == a[:, :1]).all(axis=1) | (g == g[:, :1]).all(axis=1)
    a, g = _centred(a), _centred(g)
    spread = numpy.sqrt((a**2).sum(axis=1) * (g**2).sum(axis=1))
    nothing = numpy.full(len(a), numpy.nan)
    correlations: Floats = numpy.divide((a * g).sum(axis=1), spread, out=nothing, where=~constant & (spread > 0))
    return correlations


def _centred(values: Floats) -> Floats:
    """Around the mean of each line, the farthest at distance 1."""
    import numpy

    centred = values - values.mean(axis=1, keepdims=True)
    farthest = numpy.abs(centred).max(axis=1, keepdims=True)
    scaled: Floats = numpy.divide(centred, farthest, out=numpy.zeros_like(centred), where=farthest > 0)
    return scaled


def _filled(answers: Floats, middles: Floats) -> Floats:
    """The answers, with its line's middle for each one that was not read."""
    import numpy

    return numpy.where(numpy.isnan(answers), middles[:, None], answers)


def _means(answers: Floats) -> Floats:
    import numpy

    read = ~numpy.isnan(answers)
    means = numpy.where(read, answers, 0.0).sum(axis=1) / read.sum(axis=1)
    # Rounding must not make the mean of one repeated number another number.
    within: Floats = numpy.clip(means, numpy.fmin.reduce(answers, axis=1), numpy.fmax.reduce(answers, axis=1))
    return within


def _medians(answers: Floats) -> Floats:
    import numpy

    ordered = numpy.sort(answers, axis=1)  # what was not read stands last
    read = (~numpy.isnan(answers)).sum(axis=1)
    middle = numpy.stack([(read - 1) // 2, read // 2], axis=1)
    medians: Floats = numpy.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    return medians


def _number(numeral: str) -> float:
    """The numeral as a number; NaN where it is none."""
    try:
        return min(_LARGEST, max(-_LARGEST, float(Decimal(numeral))))
    except InvalidOperation:
        return math.nan


@lru_cache(maxsize=16_384)
def _gold_number(targets: tuple[str, ...]) -> float:
    """The gold as a number; NaN where it is none."""
    reading = read_number(targets[0]) if targets else None
    return _number(reading.value[0]) if reading and reading.value else math.nan


def _checked(scale: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = map(float, scale)
    except (TypeError, ValueError):
        raise ValueError(f"scale must be two numbers, not {scale!r}") from None
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"scale must be two numbers, the lower one first, not {scale!r}")
    return low, high
