"""Many comparisons at once: corrected p values, and ranks that ties share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped, unused-ignore]

from anytasktune.errors import DataError
from anytasktune.statistics.clusters import FloatVector


def holm(p_values: ArrayLike) -> FloatVector:
    """Holm's adjusted p values, in the order given: for claims (any false one is rare; statsmodels).

    Raises:
        DataError: a p value outside [0, 1].
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: ArrayLike) -> FloatVector:
    """Benjamini and Hochberg's adjusted p values, in the order given: for exploration (few false among many).

    Raises:
        DataError: a p value outside [0, 1].
    """
    return _adjusted(p_values, "fdr_bh")


def _adjusted(p_values: ArrayLike, method: str) -> FloatVector:
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1 or not ((given >= 0) & (given <= 1)).all():
        raise DataError("Every p value must lie between 0 and 1.", evidence=given.ravel().tolist())
    if given.size == 0:
        return given
    return np.asarray(multipletests(given, method=method)[1], dtype=np.float64)


def shared_ranks(scores: Sequence[float], indistinguishable: Callable[[int, int], bool]) -> tuple[int, ...]:
    """The rank of each model, best first (higher scores are better), ties shared: 1, 1, 3.

    The best model leads a group; each next one joins while it cannot be told apart from the *leader* (a
    chain of small steps does not tie the first with the last). The first that can be told apart leads the
    next group, and its rank is one more than the number of models above it. Equal scores always share a
    rank.

    Args:
        scores: one a model.
        indistinguishable: asked with two positions in ``scores``, leader first.

    Raises:
        DataError: a score is not finite.
    """
    if not np.isfinite(np.asarray(scores, dtype=np.float64)).all():
        raise DataError("A model without a score cannot be ranked.", fix="rank only models that have one.")
    ranks = [0] * len(scores)
    leader = -1
    for above, model in enumerate(sorted(range(len(scores)), key=lambda position: -scores[position])):
        if leader >= 0 and (scores[model] == scores[leader] or indistinguishable(leader, model)):
            ranks[model] = ranks[leader]
        else:
            leader = model
            ranks[model] = above + 1
    return tuple(ranks)
