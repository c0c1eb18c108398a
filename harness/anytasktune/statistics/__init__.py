"""Intervals, paired tests, correction over many comparisons, ranks and power: pure functions over arrays.

One score: :func:`proportion_interval` (share of right answers) or :func:`bootstrap_interval` (anything else).
Two models on the same rows: :func:`paired_difference`. Many comparisons: :func:`holm` for claims,
:func:`benjamini_hochberg` for exploration, :func:`shared_ranks` for a board. How much n rows can show:
:func:`smallest_detectable_difference` and :func:`rows_needed`.

Same inputs and seed, same result. An interval that cannot be had is ``None`` with a reason, never NaN.
"""

from __future__ import annotations

from anytasktune.statistics.clusters import FloatVector, IndexMatrix, Statistic
from anytasktune.statistics.comparison import (
    Difference,
    McNemar,
    PermutationTest,
    Resampling,
    SwapStatistic,
    mcnemar,
    paired_difference,
    paired_proportion_interval,
    permutation_test,
)
from anytasktune.statistics.intervals import (
    Interval,
    MeanStatistic,
    bootstrap_interval,
    mean_statistic,
    proportion_interval,
)
from anytasktune.statistics.power import (
    mcnemar_power,
    rows_needed,
    smallest_detectable_difference,
    smallest_significant_difference,
)
from anytasktune.statistics.ranking import benjamini_hochberg, holm, shared_ranks

__all__ = [
    "Difference",
    "FloatVector",
    "IndexMatrix",
    "Interval",
    "McNemar",
    "MeanStatistic",
    "PermutationTest",
    "Resampling",
    "Statistic",
    "SwapStatistic",
    "benjamini_hochberg",
    "bootstrap_interval",
    "holm",
    "mcnemar",
    "mcnemar_power",
    "mean_statistic",
    "paired_difference",
    "paired_proportion_interval",
    "permutation_test",
    "proportion_interval",
    "rows_needed",
    "shared_ranks",
    "smallest_detectable_difference",
    "smallest_significant_difference",
]
