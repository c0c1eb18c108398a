"""Scores of many resamples at once, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    Floats = NDArray[np.float64]

CELLS_AT_ONCE = 4_000_000
"""Numbers held in one array: keeps memory near 100 MB."""


def in_chunks(score: Callable[[Rows], Floats], rows: Rows, *, width: int = 0) -> Floats:
    """``score`` of every line of ``rows``, some lines at a time; [B], NaN where a line has no rows.

    Args:
        score: from lines of row indices, [b, m], to their scores, [b].
        rows: [B, m].
        width: numbers that ``score`` needs for one line; m where that is more.
    """
    import numpy

    scores = numpy.full(len(rows), numpy.nan)
    if rows.size == 0:
        return scores
    step = max(1, CELLS_AT_ONCE // max(width, rows.shape[1]))
    for start in range(0, len(rows), step):
        scores[start : start + step] = score(rows[start : start + step])
    return scores


def sums_of(values: Floats, rows: Rows) -> Floats:
    """The rows' values summed over each line: ``values`` [n, d] and ``rows`` [B, m] give [B, d]."""
    import numpy

    n = len(values)
    offsets = (numpy.arange(len(rows)) * n)[:, None]
    times_drawn = numpy.bincount((rows + offsets).ravel(), minlength=len(rows) * n).reshape(len(rows), n)
    total: Floats = times_drawn.astype(numpy.float64) @ values
    return total
