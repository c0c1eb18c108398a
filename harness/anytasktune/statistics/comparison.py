"""Two models on the same rows: is one better, and by how much?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats  # type: ignore[import-untyped, unused-ignore]

from anytasktune.errors import DataError, UsageError
from anytasktune.statistics.clusters import FloatVector, IndexMatrix, Statistic, clusters_of
from anytasktune.statistics.intervals import (
    CELLS_AT_ONCE,
    Interval,
    MeanStatistic,
    bootstrap_interval,
    check_share,
    mean_statistic,
)

SwapStatistic = Callable[[NDArray[np.bool_]], FloatVector]
"""``bool[B, n] -> float[B]``: score(A with B's rows where true) - score(B with A's rows where true)."""

PERMUTATIONS = 10_000
"""Random swaps of a permutation test; its smallest p is then 1 / 10,001."""

# Scores that are equal on paper differ by rounding when summed in another order; a tie must count as a tie.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """Exact two-sided McNemar test.

    Attributes:
        p_value: 1.0 where no row tells the models apart.
        n01: rows that only B has right.
        n10: rows that only A has right.
        n: all rows.
    """

    p_value: float
    n01: int
    n10: int
    n: int


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """Paired permutation test.

    Attributes:
        difference: score(A) - score(B) as observed.
        p_value: two-sided.
        swaps: how many swaps were scored.
        exact: whether these were all that there are.
    """

    difference: float
    p_value: float
    swaps: int
    exact: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """score(A) - score(B) over the same rows.

    Attributes:
        difference: ``None`` where a score is not defined.
        interval: of the difference.
        p_value: two-sided, of no difference; ``None`` where the difference is.
        test: how ``p_value`` was made.
        n: rows.
    """

    difference: float | None
    interval: Interval
    p_value: float | None
    test: str
    n: int


def mcnemar(a_right: ArrayLike, b_right: ArrayLike) -> McNemar:
    """Exact two-sided McNemar test (McNemar 1947; the binomial test of scipy over the rows that differ).

    Args:
        a_right: grades of A, 0/1 or bool, one a row ``[n]``.
        b_right: grades of B, over the same rows in the same order.

    Raises:
        DataError: lengths differ, or a value is neither 0 nor 1.
    """
    a, b = mean_statistic(a_right), mean_statistic(b_right)
    _check_rows(a, b, len(a.values))
    if not (a.is_right_or_wrong and b.is_right_or_wrong):
        raise DataError("McNemar's test needs grades that are 0 or 1.", fix="use paired_difference for other grades.")
    n10, n01 = int((a.values > b.values).sum()), int((a.values < b.values).sum())
    p_value = float(stats.binomtest(n10, n10 + n01, 0.5).pvalue) if n10 + n01 else 1.0
    return McNemar(p_value=p_value, n01=n01, n10=n10, n=len(a.values))


def paired_proportion_interval(n01: int, n10: int, n: int, confidence: float = 0.95) -> Interval:
    """Tango's score interval (Tango 1998, Statistics in Medicine 17:891) of (n10 - n01) / n.

    It inverts the score test that is McNemar's at 0 and the usual one for non-inferiority at a margin. With
    no discordant row its ends are Wilson's, z² / (n + z²) to each side, where Newcombe's square-and-add is
    half as wide (without his correction: a point) and Agresti and Min's Wald + 2 about half as wide too.
    Near alpha it may disagree with the exact test, which is the more cautious of the two.

    Args:
        n01: rows that only B has right.
        n10: rows that only A has right.
        n: all rows.
        confidence: 0.95 for a 95 per cent interval.

    Raises:
        UsageError: ``confidence`` is outside (0, 1).
        DataError: counts that cannot be.
    """
    check_share("confidence", confidence)
    if min(n01, n10) < 0 or n01 + n10 > n:
        raise DataError(f"{n01} + {n10} discordant rows of {n} cannot be.", fix="count grades and rows again.")
    if n == 0:
        return Interval(low=None, high=None, method="Tango", reason="not defined for n = 0")
    z = float(stats.norm.isf((1 - confidence) / 2))
    return Interval(low=_tango_low(n10, n01, n, z), high=-_tango_low(n01, n10, n, z), method="Tango")


def _tango_low(only_a: int, only_b: int, n: int, z: float) -> float:
    """The lower end: where the observed difference lies z restricted standard errors above the true one."""
    observed = (only_a - only_b) / n
    if only_b == n:
        return -1.0

    def excess(delta: float) -> float:
        # Restricted maximum likelihood of P(only B right) given the difference (Tango 1998).
        linear = -only_a - only_b + (2 * n - only_a + only_b) * delta
        constant = -only_b * delta * (1 - delta)
        root = max(0.0, linear**2 - 8 * n * constant) ** 0.5
        share_b = max(0.0, (root - linear) / (4 * n))
        variance = max(0.0, n * (2 * share_b + delta * (1 - delta)))
        return float(n * (observed - delta) - z * variance**0.5)

    # At the observed difference itself the equation has a second, useless root where no row is discordant.
    return float(optimize.brentq(excess, -1.0, observed - 1e-9, xtol=1e-12))


def permutation_test(
    swap_statistic: SwapStatistic,
    n: int,
    resamples: int = PERMUTATIONS,
    seed: int = 0,
    clusters: Sequence[Hashable] | NDArray[np.generic] | None = None,
) -> PermutationTest:
    """Paired permutation (approximate randomisation) test: swap the two models' results row by row.

    Where there are no more than ``resamples`` swaps all are scored, and p is the share whose difference is
    as far from 0 as the observed one. Otherwise random ones are, and p = (1 + number as far) / (1 +
    resamples) (Phipson and Smyth 2010). A swap without a score (NaN) counts as far. Not scipy's
    ``permutation_test``: that took forty times as long for 1,000 rows.

    Args:
        swap_statistic: see :data:`SwapStatistic`; called with differing numbers of lines.
        n: rows, at least 1.
        resamples: most swaps that are scored.
        seed: of the random swaps.
        clusters: one group id a row; whole groups are then swapped.

    Raises:
        UsageError: no rows, or no resamples.
        DataError: there is not one group id a row, or the difference is not defined.
    """
    if n < 1 or resamples < 1:
        raise UsageError(f"A permutation test needs rows and resamples, not {n} and {resamples}.", fix="give both.")
    of_row = np.arange(n) if clusters is None else clusters_of(clusters, n).of_row
    units = int(of_row.max()) + 1
    difference = float(swap_statistic(np.zeros((1, n), dtype=np.bool_))[0])
    if not np.isfinite(difference):
        raise DataError("The difference of the two scores is not defined on these rows.", fix="look at both scores.")
    exact = 2**units <= resamples
    swaps = 2**units if exact else resamples
    every = (np.arange(2**units)[:, None] >> np.arange(units) & 1).astype(np.bool_) if exact else None
    rng = np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // n)
    as_far = 0
    for start, stop in itertools.pairwise([*range(0, swaps, at_once), swaps]):
        mask = rng.integers(0, 2, (stop - start, units), np.bool_) if every is None else every[start:stop]
        differences = np.abs(swap_statistic(mask if clusters is None else mask[:, of_row]))
        as_far += int((~(differences < abs(difference) - _ROUNDING)).sum())
    p_value = as_far / swaps if exact else (1 + as_far) / (1 + swaps)
    return PermutationTest(difference=difference, p_value=p_value, swaps=swaps, exact=exact)


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """How much is drawn, and from which seed."""

    resamples: int = 2000
    permutations: int = PERMUTATIONS
    seed: int = 0


_USUAL = Resampling()


def paired_difference(
    statistic_a: Statistic,
    statistic_b: Statistic,
    n: int,
    *,
    swap_statistic: SwapStatistic | None = None,
    clusters: Sequence[Hashable] | NDArray[np.generic] | None = None,
    bounds: tuple[float, float] | None = None,
    confidence: float = 0.95,
    resampling: Resampling = _USUAL,
) -> Difference:
    """score(A) - score(B) over the same n rows, its interval and the p of no difference.

    Means of right/wrong grades without clusters: exact McNemar and Tango's interval. Anything else: paired
    permutation and the bootstrap of the difference, in which both models always share the drawn rows.

    Args:
        statistic_a: score of A, see :data:`Statistic`; :func:`mean_statistic` for means.
        statistic_b: the same score of B, over the same rows in the same order.
        n: rows.
        swap_statistic: see :data:`SwapStatistic`; needed unless both are means.
        clusters: one group id a row; whole groups are drawn and swapped.
        bounds: lowest and highest possible *score*, for an interval where both models always agree.
        confidence: 0.95 for a 95 per cent interval.
        resampling: how much is drawn, and from which seed.

    Raises:
        UsageError: ``swap_statistic`` is missing or computes another score, or a number is out of range.
        DataError: values or group ids are not one a row.
    """
    if isinstance(statistic_a, MeanStatistic) and isinstance(statistic_b, MeanStatistic):
        _check_rows(statistic_a, statistic_b, n)
        if n and clusters is None and statistic_a.is_right_or_wrong and statistic_b.is_right_or_wrong:
            return _right_or_wrong_difference(statistic_a, statistic_b, confidence)
        swap_statistic = swap_statistic or _mean_swap(statistic_a, statistic_b)
    if swap_statistic is None:
        raise _swap_statistic_is_missing()
    if n == 0:
        return _NO_ROWS

    def difference_of(rows: IndexMatrix) -> FloatVector:
        return np.asarray(statistic_a(rows) - statistic_b(rows), dtype=np.float64)

    interval = bootstrap_interval(
        difference_of,
        n,
        confidence=confidence,
        resamples=resampling.resamples,
        seed=resampling.seed,
        clusters=clusters,
        bounds=None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0]),
    )
    difference = float(difference_of(np.arange(n, dtype=np.intp)[None, :])[0])
    if not np.isfinite(difference):
        return Difference(difference=None, interval=interval, p_value=None, test="none", n=n)
    tested = permutation_test(swap_statistic, n, resampling.permutations, resampling.seed, clusters)
    _check_same_score(difference, tested.difference)
    test = _test_name(tested, "rows" if clusters is None else "groups")
    return Difference(difference=difference, interval=interval, p_value=tested.p_value, test=test, n=n)


_NO_ROWS = Difference(
    difference=None,
    interval=Interval(low=None, high=None, method="none", reason="not defined for n = 0"),
    p_value=None,
    test="none",
    n=0,
)


def _swap_statistic_is_missing() -> UsageError:
    return UsageError(
        "A score that is not a mean over rows needs swap_statistic for its permutation test.",
        fix="give score(A with B's rows where the mask is true) - score(B with A's), one a mask.",
    )


def _test_name(tested: PermutationTest, what: str) -> str:
    return f"paired permutation of {what}, {'all' if tested.exact else 'random'} {tested.swaps} swaps"


def _right_or_wrong_difference(a: MeanStatistic, b: MeanStatistic, confidence: float) -> Difference:
    tested = mcnemar(a.values, b.values)
    return Difference(
        difference=(tested.n10 - tested.n01) / tested.n,
        interval=paired_proportion_interval(tested.n01, tested.n10, tested.n, confidence),
        p_value=tested.p_value,
        test="exact McNemar",
        n=tested.n,
    )


def _mean_swap(a: MeanStatistic, b: MeanStatistic) -> SwapStatistic:
    """Swapping a row turns the sign of its difference."""
    differences = a.values - b.values

    def swapped(mask: NDArray[np.bool_]) -> FloatVector:
        return np.asarray((differences.sum() - 2 * (mask @ differences)) / len(differences), dtype=np.float64)

    return swapped


def _check_same_score(difference: float, unswapped: float) -> None:
    if abs(difference - unswapped) > 1e-9 * max(1.0, abs(difference)):
        raise UsageError(
            f"Without a swap, swap_statistic gives {unswapped}; the two statistics differ by {difference}.",
            fix="compute the same score in both; mind the sign, score(A) - score(B).",
        )


def _check_rows(a: MeanStatistic, b: MeanStatistic, n: int) -> None:
    if not len(a.values) == len(b.values) == n:
        raise DataError(
            f"The two models have {len(a.values)} and {len(b.values)} graded rows; {n} were expected.",
            fix="compare models over the same rows, in the same order.",
        )
