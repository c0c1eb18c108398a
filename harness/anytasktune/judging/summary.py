"""From judgements of rows to one figure with its interval, and what must be known before it is believed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from anytasktune.judging.agreement import Agreement, kappa
from anytasktune.judging.judged import Compared, Graded
from anytasktune.judging.record import JudgementCounts, Summary
from anytasktune.judging.rubric import Rubric
from anytasktune.records import ScoreRecord
from anytasktune.scoring import MISSING_ALLOWED, RESAMPLES, group_ids

UNREADABLE_ALLOWED = 0.2
"""Share of the rows asked about that may lack a judgement; beyond it what is left is no sample of the rows."""

ITSELF = "itself, places swapped"

HALF = {"first": 0.0, "tie": 0.5, "second": 1.0}
"""What a pair is worth to the second run."""


def summarise_grades(
    graded: Sequence[Graded], rubric: Rubric, *, groups: Sequence[str] | None = None, hit_limit: int = 0, seed: int = 0
) -> Summary:
    """The mean grade in points, with a bootstrap interval over rows, or over groups where rows belong together.

    Args:
        graded: one a row.
        rubric: that they were graded on.
        groups: one group id a row, "" for a row on its own.
        hit_limit: judgements that were cut off at their limit.
        seed: of the bootstrap.
    """
    counts = _counts(graded, hit_limit)
    read = [row for row in graded if row.status == "read"]
    means = {
        criterion.name: sum(row.points[place] for row in read) / len(read)
        for place, criterion in enumerate(rubric.criteria)
        if read
    }
    score = _score([float(sum(row.points)) for row in read], _groups(graded, groups), counts, rubric.total, seed)
    shown = means if score.value is not None else {}
    return Summary(measure="mean grade", score=score, out_of=rubric.total, criteria=shown, counts=counts)


def summarise_pairs(
    compared: Sequence[Compared], *, groups: Sequence[str] | None = None, hit_limit: int = 0, seed: int = 0
) -> Summary:
    """The win rate of the second over the first, ties half, and how far the two orders of each pair agree.

    Args: as for ``summarise_grades``.
    """
    winners = [row.winner for row in compared if row.winner is not None]
    inconsistent = [row.verdicts for row in compared if row.inconsistent]
    counts = _counts(compared, hit_limit).model_copy(
        update={
            "identical": sum(row.status == "identical" for row in compared),
            "inconsistent": len(inconsistent),
        }
    )
    score = _score([HALF[winner] for winner in winners], _groups(compared, groups), counts, 1.0, seed)
    times = Counter(winners)
    return Summary(
        measure="win rate",
        score=score,
        out_of=1.0,
        won=times["second"],
        tied=times["tie"],
        lost=times["first"],
        shown_first=inconsistent.count(("first", "second")),
        shown_second=inconsistent.count(("second", "first")),
        counts=counts,
        agreement=[_positions(compared)],
    )


def _positions(compared: Sequence[Compared]) -> Agreement:
    """Of the pairs that were asked about and read: does the same answer win in both orders?"""
    read = [row.verdicts for row in compared if row.status == "read"]
    return kappa(ITSELF, [str(one) for one, _ in read], [str(other) for _, other in read])


def _counts(rows: Sequence[Graded | Compared], hit_limit: int) -> JudgementCounts:
    status = Counter(row.status for row in rows)
    return JudgementCounts(
        rows=len(rows),
        judged=status["read"] + status["identical"],
        unreadable=status["unreadable"],
        unanswered=status["unanswered"],
        missing=status["missing"],
        cut=sum(row.cut for row in rows),
        shortened=sum(row.shortened for row in rows),
        hit_limit=hit_limit,
    )


def _groups(rows: Sequence[Graded | Compared], groups: Sequence[str] | None) -> list[str] | None:
    """The groups of the rows that have a judgement."""
    if groups is None:
        return None
    return [group for row, group in zip(rows, groups, strict=True) if row.status in ("read", "identical")]


def _score(
    values: Sequence[float], groups: Sequence[str] | None, counts: JudgementCounts, highest: float, seed: int
) -> ScoreRecord:
    reason = _why_not(counts)
    if reason:
        return ScoreRecord(value=None, low=None, high=None, n=len(values), method="none", reason=reason)
    from anytasktune.statistics import bootstrap_interval, mean_statistic

    interval = bootstrap_interval(
        mean_statistic(values),
        len(values),
        resamples=RESAMPLES,
        seed=seed,
        clusters=group_ids(groups),
        bounds=(0.0, highest),
    )
    return ScoreRecord(
        value=sum(values) / len(values),
        low=interval.low,
        high=interval.high,
        n=len(values),
        method=interval.method,
        reason=interval.reason,
    )


def _why_not(counts: JudgementCounts) -> str:
    """Why there can be no score; "" where there can."""
    asked = counts.judged - counts.identical + counts.unreadable + counts.unanswered
    lost = counts.unreadable + counts.unanswered
    if counts.missing > MISSING_ALLOWED * counts.rows:
        return f"{counts.missing} of {counts.rows} rows have no answer to judge; at most {MISSING_ALLOWED:.0%} may"
    if lost > UNREADABLE_ALLOWED * asked:
        parts = [
            f"{count} {what}"
            for count, what in ((counts.unreadable, "could not be read"), (counts.unanswered, "never came"))
            if count
        ]
        lacking = " and of ".join(parts)
        return f"of {asked} rows asked about, the judgement of {lacking}; at most {UNREADABLE_ALLOWED:.0%} may"
    return "" if counts.judged else "no row was judged"
