"""What n rows can show, for two models graded right or wrong on the same rows.

The power is that of the exact McNemar test which :func:`~anytasktune.statistics.comparison.mcnemar` makes,
summed over the number of discordant rows (unconditional exact power, Duffy 1984, Biometrics 40:1005). The
usual normal approximation (Connor 1987, Biometrics 43:207) is of another, less cautious test and asks for
too few rows: 107 where 115 are needed to show 12 points at a discordance of 0.2.

*Discordance* is the share of rows that exactly one of the two models has right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats  # type: ignore[import-untyped, unused-ignore]

from anytasktune.errors import UsageError
from anytasktune.statistics.intervals import check_share

_MOST_ROWS = 2**30


def mcnemar_power(n: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """How probably the exact two-sided McNemar test over ``n`` rows finds a true ``difference``.

    Raises:
        UsageError: a number out of range, or a difference larger than the discordance.
    """
    _check(discordance, alpha)
    if n < 0 or abs(difference) > discordance:
        raise UsageError(
            f"A difference of {difference} at a discordance of {discordance} over {n} rows cannot be.",
            fix="the difference is at most the discordance.",
        )
    # Numbers of discordant rows beyond these are rarer than 1e-12 together.
    few, many = (int(stats.binom.ppf(q, n, discordance)) for q in (5e-13, 1 - 5e-13))
    discordant = np.arange(max(0, few), many + 1)
    critical = _critical(discordant, alpha)
    share_a = min(1.0, max(0.0, (1 + difference / discordance) / 2)) if discordance else 0.5
    rejected = stats.binom.cdf(critical, discordant, share_a)
    rejected += stats.binom.sf(discordant - critical - 1, discordant, share_a)
    return float(stats.binom.pmf(discordant, n, discordance) @ rejected)


def _critical(discordant: NDArray[np.int64], alpha: float) -> NDArray[np.int64]:
    """The largest count of the rarer kind at which the test still rejects; -1 where it never does."""
    reached = np.maximum(stats.binom.ppf(alpha / 2, discordant, 0.5), 0).astype(np.int64)
    return np.asarray(reached - (2 * stats.binom.cdf(reached, discordant, 0.5) > alpha), dtype=np.int64)


def smallest_detectable_difference(n: int, discordance: float, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The smallest true difference that ``n`` rows show with this power; ``None`` where they show none.

    80 rows at a discordance of 0.2: 0.142.

    Raises:
        UsageError: a number out of range.
    """
    _check(discordance, alpha)
    check_share("power", power)

    def surplus(difference: float) -> float:
        return mcnemar_power(n, discordance, difference, alpha) - power

    if surplus(discordance) < 0:
        return None
    return 0.0 if surplus(0.0) >= 0 else float(optimize.brentq(surplus, 0.0, discordance, xtol=1e-9))


def smallest_significant_difference(n: int, discordance: float, alpha: float = 0.05) -> float | None:
    """The smallest *observed* difference that is significant, at the expected number of discordant rows.

    80 rows at a discordance of 0.2: 0.125 (16 rows differ, 13 against 3). A *true* difference of this size
    is often missed (there, in one of three samples). ``None`` where no difference would be significant.

    Raises:
        UsageError: a number out of range.
    """
    _check(discordance, alpha)
    discordant = round(n * discordance)
    rarer = int(_critical(np.array([discordant]), alpha)[0])
    return (discordant - 2 * rarer) / n if rarer >= 0 else None


def rows_needed(margin: float, discordance: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many rows show a true difference of ``margin`` with this power: one row fewer does not.

    It serves a non-inferiority gate with the same margin too: a candidate that equals its baseline then
    passes with at least about this power. A discordance below ``margin`` is taken as ``margin``: it cannot
    be less.

    Raises:
        UsageError: a number out of range, or more than 2**30 rows.
    """
    check_share("margin", margin)
    _check(discordance, alpha)
    check_share("power", power)
    discordance = max(discordance, margin)
    enough = 1
    while mcnemar_power(enough, discordance, margin, alpha) < power:
        enough *= 2
        if enough > _MOST_ROWS:
            raise UsageError(f"No data set is large enough to show {margin}.", fix="choose a larger margin.")
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if mcnemar_power(middle, discordance, margin, alpha) < power:
            too_few = middle
        else:
            enough = middle
    return enough


def _check(discordance: float, alpha: float) -> None:
    check_share("alpha", alpha)
    if not 0 <= discordance <= 1:
        raise UsageError(
            f"discordance must lie between 0 and 1, not {discordance!r}.",
            fix="it is the share of rows that exactly one of the two models has right; 0.2 is a usual guess.",
        )
