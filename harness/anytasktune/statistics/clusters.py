"""Rows that belong together (one case, one document) are drawn, left out and swapped together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anytasktune.errors import DataError

IndexMatrix = NDArray[np.intp]
"""Row indices, one resample a line: ``[resamples, rows]``."""
FloatVector = NDArray[np.float64]
"""One score a resample: ``[resamples]``."""
Statistic = Callable[[IndexMatrix], FloatVector]
"""The score of each line of row indices; called with differing numbers of lines and of rows a line."""


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Which rows make up each cluster.

    Attributes:
        of_row: the cluster of each row ``[n]``, numbered by first appearance.
        rows: row indices, sorted by cluster ``[n]``.
        starts: where each cluster starts in ``rows`` ``[clusters]``.
        sizes: rows in each cluster ``[clusters]``.
    """

    of_row: IndexMatrix
    rows: IndexMatrix
    starts: IndexMatrix
    sizes: IndexMatrix

    def __len__(self) -> int:
        return len(self.sizes)


def clusters_of(ids: Sequence[Hashable] | NDArray[np.generic], n: int) -> Clusters:
    """The clusters named by one group id a row.

    Raises:
        DataError: there is not one id a row.
    """
    if len(ids) != n:
        raise DataError(
            f"{len(ids)} group ids were given for {n} rows.",
            fix="give one group id a row, in the order of the rows.",
        )
    numbers: dict[Hashable, int] = {}
    of_row = np.array([numbers.setdefault(group, len(numbers)) for group in ids], dtype=np.intp)
    sizes = np.bincount(of_row, minlength=len(numbers)).astype(np.intp)
    return Clusters(
        of_row=of_row,
        rows=np.argsort(of_row, kind="stable").astype(np.intp),
        starts=(np.cumsum(sizes) - sizes).astype(np.intp),
        sizes=sizes,
    )


def over_clusters(statistic: Statistic, clusters: Clusters) -> Statistic:
    """The same score, but of lines of cluster indices.

    Clusters differ in size, so lines differ in rows; lines with the same number of rows are scored together.
    """

    def score(lines: IndexMatrix) -> FloatVector:
        rows_in_line = clusters.sizes[lines].sum(axis=1)
        scores = np.empty(len(lines), dtype=np.float64)
        for length in np.unique(rows_in_line):
            chosen = rows_in_line == length
            scores[chosen] = statistic(_rows_of(lines[chosen], clusters).reshape(-1, int(length)))
        return scores

    return score


def _rows_of(lines: IndexMatrix, clusters: Clusters) -> IndexMatrix:
    """The rows of all clusters of all lines, one after another."""
    drawn = lines.ravel()
    sizes = clusters.sizes[drawn]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows: IndexMatrix = clusters.rows[np.repeat(clusters.starts[drawn], sizes) + within]
    return rows
