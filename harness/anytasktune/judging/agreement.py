"""How far two ways of judging the same rows agree: Cohen's kappa, Spearman's correlation, Fleiss' kappa."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from anytasktune.records import finite


class Agreement(BaseModel):
    """One figure of agreement.

    Args:
        other: with whom or what.
        measure: the field's name for it.
        value: -1 to 1; None with a ``reason`` where it is not defined.
        same: share of rows where both say exactly the same; None where they do not use one scale.
        n: rows that both have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    other: str
    measure: str
    value: float | None
    same: float | None
    n: int
    reason: str = ""


def kappa(other: str, ours: Sequence[str], theirs: Sequence[str]) -> Agreement:
    """Cohen's kappa (Cohen 1960; from scikit-learn) of one word a row each."""
    measure = "Cohen's kappa"
    same = _same(ours, theirs)
    reason = _undefined(ours, theirs)
    if reason:
        return Agreement(other=other, measure=measure, value=None, same=same, n=len(ours), reason=reason)
    from sklearn.metrics import cohen_kappa_score

    value = finite(float(cohen_kappa_score(list(ours), list(theirs))))
    return Agreement(other=other, measure=measure, value=value, same=same, n=len(ours))


def quadratic_kappa(other: str, ours: Sequence[int], theirs: Sequence[int], highest: int) -> Agreement:
    """Quadratic weighted kappa (Cohen 1968; from scikit-learn) of points from 0 to ``highest``."""
    measure = "quadratic kappa"
    same = _same(ours, theirs)
    reason = _undefined(ours, theirs)
    if reason:
        return Agreement(other=other, measure=measure, value=None, same=same, n=len(ours), reason=reason)
    from sklearn.metrics import cohen_kappa_score

    labels = list(range(highest + 1))
    value = finite(float(cohen_kappa_score(list(ours), list(theirs), labels=labels, weights="quadratic")))
    return Agreement(other=other, measure=measure, value=value, same=same, n=len(ours))


def rank_correlation(other: str, ours: Sequence[float], theirs: Sequence[float]) -> Agreement:
    """Spearman's rank correlation (from scipy) of two scales."""
    measure = "Spearman correlation"
    reason = "fewer than 3 rows" if len(ours) < 3 else ""
    for values, whose in ((ours, "the judge's grades"), (theirs, "the other's scores")):
        if not reason and len(set(values)) == 1:
            reason = f"{whose} are all the same"
    if reason:
        return Agreement(other=other, measure=measure, value=None, same=None, n=len(ours), reason=reason)
    from scipy.stats import spearmanr

    value = finite(float(spearmanr(list(ours), list(theirs)).statistic))
    return Agreement(other=other, measure=measure, value=value, same=None, n=len(ours))


def fleiss(raters: Sequence[Sequence[str]]) -> Agreement:
    """Fleiss' kappa (Fleiss 1971; from statsmodels) of three or more judges; one sequence of words a judge."""
    rows = list(zip(*raters, strict=True))
    other, measure = "all judges", "Fleiss' kappa"
    same = sum(len(set(row)) == 1 for row in rows) / len(rows) if rows else None
    said = {word for row in rows for word in row}
    if len(said) < 2:
        reason = "all say the same of all rows" if rows else "no row has a judgement of all"
        return Agreement(other=other, measure=measure, value=None, same=same, n=len(rows), reason=reason)
    from statsmodels.stats.inter_rater import (  # type: ignore[import-untyped, unused-ignore]
        aggregate_raters,
        fleiss_kappa,
    )

    places = {word: place for place, word in enumerate(sorted(said))}
    table, _ = aggregate_raters([[places[word] for word in row] for row in rows])
    return Agreement(other=other, measure=measure, value=finite(float(fleiss_kappa(table))), same=same, n=len(rows))


def _same(ours: Sequence[object], theirs: Sequence[object]) -> float | None:
    pairs = list(zip(ours, theirs, strict=True))
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else None


def _undefined(ours: Sequence[object], theirs: Sequence[object]) -> str:
    """Why there is no kappa; "" where there is one."""
    if not ours:
        return "no row has both"
    return "both say the same of all rows" if len({*ours, *theirs}) == 1 else ""
