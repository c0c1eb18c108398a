"""How sure one score is: Wilson's interval for a proportion, the BCa bootstrap for any other score."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats  # type: ignore[import-untyped, unused-ignore]
from statsmodels.stats.proportion import (  # type: ignore[import-untyped, unused-ignore]
    proportion_confint,
)

from anytasktune.errors import DataError, UsageError
from anytasktune.statistics.clusters import FloatVector, IndexMatrix, Statistic, clusters_of, over_clusters

CELLS_AT_ONCE = 4_000_000
"""Row indices held at once (32 MB); more resamples are scored in turns."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval, or why there is none.

    Attributes:
        low, high: the ends, both ``None`` where the interval is not defined.
        method: how it was made.
        reason: why it is not defined, or why the usual method was not used.
    """

    low: float | None
    high: float | None
    method: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanStatistic:
    """The mean of one value a row, as a :data:`Statistic`; keeps the values, so that tests can use them."""

    values: FloatVector

    def __call__(self, rows: IndexMatrix) -> FloatVector:
        """The mean of each line of row indices."""
        means: FloatVector = self.values[rows].mean(axis=-1)
        return means

    @property
    def is_right_or_wrong(self) -> bool:
        """Whether every value is 0 or 1."""
        return bool(np.isin(self.values, (0.0, 1.0)).all())


def mean_statistic(values: ArrayLike) -> MeanStatistic:
    """The mean of one value a row ``[n]``.

    Raises:
        DataError: the values are not one finite number a row.
    """
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise DataError(
            f"A mean needs one finite number a row; given an array of shape {array.shape} "
            f"with {int((~np.isfinite(array)).sum())} values that are not finite.",
            fix="grade every row; a row that could not be graded counts as wrong, not as missing.",
        )
    array.setflags(write=False)
    return MeanStatistic(values=array)


def check_share(name: str, value: float) -> None:
    """Refuse a confidence, alpha or power outside (0, 1).

    Raises:
        UsageError: it is.
    """
    if not 0 < value < 1:
        raise UsageError(f"{name} must lie between 0 and 1, not {value!r}.", fix="0.95 means 95 per cent.")


def proportion_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval (Wilson 1927, JASA 22:209; from statsmodels) for ``successes`` of ``n``.

    Raises:
        UsageError: ``confidence`` is outside (0, 1).
        DataError: more successes than rows, or fewer than none.
    """
    check_share("confidence", confidence)
    if not 0 <= successes <= n:
        raise DataError(f"{successes} right answers of {n} rows cannot be.", fix="count grades and rows again.")
    if n == 0:
        return Interval(low=None, high=None, method="Wilson", reason="not defined for n = 0")
    low, high = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    # At 0 and n the formula's ends are 0 and 1 up to rounding.
    low = 0.0 if successes == 0 else float(low)
    high = 1.0 if successes == n else float(high)
    return Interval(low=low, high=high, method="Wilson")


def bootstrap_interval(
    statistic: Statistic,
    rows: int,
    confidence: float = 0.95,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: Sequence[Hashable] | NDArray[np.generic] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """BCa bootstrap interval (Efron 1987, JASA 82:171; jack-knife acceleration; from scipy.stats.bootstrap).

    Falls back, and says so in ``method`` and ``reason``: to the percentile interval where BCa is degenerate
    or some resamples have no score; where all resamples score the same, to Wilson's bound if ``bounds`` are
    known and to no interval otherwise. The jack-knife scores ``rows`` lines of ``rows - 1`` indices: its
    time grows with the square of ``rows``.

    Args:
        statistic: scores of lines of row indices, ``int[B, m] -> float[B]``; NaN where a line has no score.
        rows: how many rows there are.
        confidence: 0.95 for a 95 per cent interval.
        resamples: how often the rows are drawn anew.
        seed: of these draws.
        clusters: one group id a row; whole groups are then drawn.
        bounds: the lowest and the highest score that there can be.

    Raises:
        UsageError: ``confidence`` is outside (0, 1), or ``resamples`` below 2.
        DataError: there is not one group id a row.
    """
    check_share("confidence", confidence)
    if resamples < 2:
        raise UsageError(f"{resamples} bootstrap resamples are too few.", fix="use 2000.")
    method = "BCa bootstrap"
    score_of, units, noun = statistic, rows, "n"
    if clusters is not None:
        grouped = clusters_of(clusters, rows)
        score_of, units, noun = over_clusters(statistic, grouped), len(grouped), "number of groups"
        method = "BCa bootstrap over groups"
    if units < 2:
        return Interval(low=None, high=None, method=method, reason=f"not defined for {noun} = {units}")
    score = float(score_of(np.arange(units, dtype=np.intp)[None, :])[0])
    if not np.isfinite(score):
        return Interval(low=None, high=None, method=method, reason="the score is not defined on these rows")

    low, high, drawn = _bca(
        score_of, units, confidence, resamples=resamples, seed=seed, batch=max(1, CELLS_AT_ONCE // rows)
    )
    finite = drawn[np.isfinite(drawn)]
    missing = len(drawn) - len(finite)
    if missing * 2 > len(drawn):
        reason = f"{missing} of {len(drawn)} resamples have no score"
        return Interval(low=None, high=None, method=method, reason=reason)
    if np.ptp(np.append(finite, score)) <= 1e-12 * max(1.0, abs(score)):
        return _all_equal_interval(score, units, confidence, bounds)
    if missing == 0 and np.isfinite(low) and np.isfinite(high):
        return Interval(low=low, high=high, method=method)
    return _percentile_interval(finite, missing, confidence, method.replace("BCa", "percentile"))


def _percentile_interval(finite: FloatVector, missing: int, confidence: float, method: str) -> Interval:
    tail = (1 - confidence) / 2
    low, high = (float(end) for end in np.quantile(finite, (tail, 1 - tail)))
    reason = "BCa is degenerate on these rows"
    if missing:
        reason = f"{missing} of {len(finite) + missing} resamples have no score"
    return Interval(low=low, high=high, method=method, reason=reason)


def _bca(
    score_of: Statistic, units: int, confidence: float, *, resamples: int, seed: int, batch: int
) -> tuple[float, float, FloatVector]:
    """The BCa ends of scipy (NaN where degenerate) and the resampled scores; unit indices are drawn."""

    def score(drawn: IndexMatrix, axis: int) -> FloatVector:  # noqa: ARG001  scipy passes it by name
        # scipy gives [units] for the score itself and [batch, units] otherwise, with axis -1 throughout.
        scores = np.asarray(score_of(drawn.reshape(-1, drawn.shape[-1])), dtype=np.float64)
        return scores.reshape(drawn.shape[:-1])

    with warnings.catch_warnings():
        # Degenerate data are answered by the fall-backs of the caller, not by a warning.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        result = stats.bootstrap(
            (np.arange(units, dtype=np.intp),),
            score,
            n_resamples=resamples,
            batch=batch,
            vectorized=True,
            confidence_level=confidence,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    ends = result.confidence_interval
    return float(ends.low), float(ends.high), np.asarray(result.bootstrap_distribution, dtype=np.float64)


def _all_equal_interval(score: float, units: int, confidence: float, bounds: tuple[float, float] | None) -> Interval:
    """For rows that all score the same: the bootstrap sees no spread, which is no proof that there is none.

    Wilson's interval for 0 of ``units`` bounds the share of unseen rows that differ; each of them could at
    most reach a bound of the score. For a proportion of 0 or 1 this is Wilson's interval itself.
    """
    reason = "all values equal"
    if bounds is None:
        return Interval(low=None, high=None, method="none", reason=f"{reason}: the bootstrap sees no spread")
    lowest, highest = bounds
    share = proportion_interval(0, units, confidence).high or 0.0
    return Interval(
        low=score - share * max(0.0, score - lowest),
        high=score + share * max(0.0, highest - score),
        method="Wilson bound on the share of rows that differ",
        reason=reason,
    )
