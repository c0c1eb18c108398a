"""From grades to one score with its interval, the rows that need a second look, and scores a slice. Pure.

Evaluation calls :func:`summarise` once, a board never (it reads records), ``verify`` calls it again and
expects the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anytasktune.errors import DataError
from anytasktune.metrics.grading import Grade, MeanOfRows, Metric, counted
from anytasktune.records import Counts, Sample, ScoreRecord, finite

if TYPE_CHECKING:
    from anytasktune.statistics import FloatVector, IndexMatrix, Interval, Statistic

MISSING_ALLOWED = 0.05
"""Share of answers that may be missing; beyond it what is left may be the easy rows, so there is no score."""

RESAMPLES = 2000
SLICE_RESAMPLES = 1000
"""Bootstrap resamples of the score itself, and of each slice's."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What a run's grades come to.

    Args:
        score: the primary score, its interval, and the rows that it rests on.
        scores: every score that the metric gives, the primary one among them; None where not defined.
        counts: rows by what became of them. ``shortened`` and ``hit_limit`` are no matter of grades and stand
            at 0; :func:`counts_of` counts them too.
        slices: score by slice name and value.
    """

    score: ScoreRecord
    scores: dict[str, float | None]
    counts: Counts
    slices: dict[str, dict[str, ScoreRecord]]


def summarise(
    metric: Metric,
    grades: Sequence[Grade],
    *,
    clusters: Sequence[str] | None = None,
    slices: Sequence[Mapping[str, str]] = (),
    seed: int = 0,
) -> Scored:
    """Score a run.

    The interval is Wilson's for accuracy and the BCa bootstrap's for all else; over groups where a group has
    several rows. Skipped and missing rows are left out; where more than 5 % are missing there is no score.

    Args:
        metric: the sub-task's.
        grades: one a row, in row order.
        clusters: each row's group, one a row; "" is a row on its own.
        slices: each row's slices, one a row, or nothing.
        seed: of the bootstrap.

    Raises:
        DataError: groups or slices are not one a row.
    """
    for name, given in (("groups", clusters), ("slices", slices)):
        if given and len(given) != len(grades):
            raise DataError(f"{len(given)} {name} were given for {len(grades)} grades.", fix="give one a row")
    return Scored(
        score=_score(metric, grades, clusters, RESAMPLES, seed),
        scores=_scores(metric, grades),
        counts=_counts(grades),
        slices=_slices(metric, grades, clusters, slices, seed),
    )


def counts_of(samples: Sequence[Sample]) -> Counts:
    """Rows by what became of them, shortened inputs and answers that ran into their limit included."""
    return _counts([sample.grade(()) for sample in samples]).model_copy(
        update={
            "shortened": sum(sample.shortened for sample in samples),
            "hit_limit": sum(sample.hit_limit for sample in samples),
        }
    )


def alarms(counts: Counts, rows: int) -> list[str]:
    """What makes a score of so many rows worthless, or nearly so; to be said where nobody overlooks it."""
    found = {
        "answers are empty": (counts.empty, "look at the stop strings and at how the prompt ends"),
        "inputs lost their middle": (counts.shortened, "lower max_gen_toks, or use a model with a longer context"),
    }
    return [f"most {what} ({count} of {rows}): {fix}" for what, (count, fix) in found.items() if 2 * count > rows]


def is_mean_of_rows(metric: Metric, rows: Sequence[Grade]) -> bool:
    """Whether the primary score is the mean of the rows' scores: by its kind, and on these counted rows."""
    if not rows or not (isinstance(metric, MeanOfRows) or metric.name == "accuracy"):
        return False
    mean = sum(grade.score for grade in rows) / len(rows)
    return math.isclose(metric.summarise(rows)[metric.name], mean, abs_tol=1e-12)


def statistic_of(metric: Metric, grades: Sequence[Grade]) -> Statistic:
    """The primary score of any resample of ``grades`` (which hold no missing and no skipped row)."""
    from anytasktune.statistics import mean_statistic

    if is_mean_of_rows(metric, grades):
        return mean_statistic([grade.score for grade in grades])

    def resampled(rows: IndexMatrix) -> FloatVector:
        return metric.resampled(grades, rows)

    return resampled


def group_ids(groups: Sequence[str] | None) -> list[str] | None:
    """One id a row for the statistics, or None where every row stands alone.

    A row without a group is a group of its own.
    """
    if groups is None:
        return None
    named = [group for group in groups if group]
    if len(set(named)) == len(named):
        return None
    return [f"group {group}" if group else f"row {row}" for row, group in enumerate(groups)]


def _counts(grades: Sequence[Grade]) -> Counts:
    status = [grade.status for grade in grades]
    return Counts(
        missing=status.count("missing"),
        empty=status.count("empty"),
        unreadable=status.count("unreadable"),
        skipped=sum(grade.skip for grade in grades),
        run_on=sum(grade.run_on for grade in grades),
    )


def _too_many_missing(grades: Sequence[Grade]) -> str:
    """Why there can be no score over these grades; "" where there can."""
    asked = [grade for grade in grades if not grade.skip]
    absent = sum(grade.status == "missing" for grade in asked)
    if absent > MISSING_ALLOWED * len(asked):
        return f"{absent} of {len(asked)} answers are missing"
    return "" if len(asked) > absent else "no row counts"


def _scores(metric: Metric, grades: Sequence[Grade]) -> dict[str, float | None]:
    rows = counted(grades)
    values = {name: finite(float(value)) for name, value in metric.summarise(rows).items()} if rows else {}
    values.setdefault(metric.name, None)
    return dict.fromkeys(values, None) if _too_many_missing(grades) else values


def _score(
    metric: Metric, grades: Sequence[Grade], clusters: Sequence[str] | None, resamples: int, seed: int
) -> ScoreRecord:
    rows = counted(grades)
    reason = _too_many_missing(grades)
    value = None
    if not reason:
        value = finite(float(metric.summarise(rows)[metric.name]))
        reason = "" if value is not None else f"{metric.name} is not defined on these rows"
    if value is None:
        return ScoreRecord(value=None, low=None, high=None, n=len(rows), method="none", reason=reason)
    groups = None
    if clusters:
        groups = [group for group, grade in zip(clusters, grades, strict=True) if _counts_in(grade)]
    interval = _interval(metric, rows, group_ids(groups), resamples, seed)
    return ScoreRecord(
        value=value,
        low=finite(interval.low),
        high=finite(interval.high),
        n=len(rows),
        method=interval.method,
        reason=interval.reason,
    )


def _interval(
    metric: Metric, rows: Sequence[Grade], groups: Sequence[str] | None, resamples: int, seed: int
) -> Interval:
    from anytasktune.statistics import bootstrap_interval, proportion_interval

    is_mean = is_mean_of_rows(metric, rows)
    if metric.name == "accuracy" and is_mean and groups is None and all(row.score in (0.0, 1.0) for row in rows):
        return proportion_interval(round(sum(row.score for row in rows)), len(rows))
    # Only of a mean is it known how far one more row can move it.
    bounds = (0.0, 1.0) if is_mean else None
    statistic = statistic_of(metric, rows)
    return bootstrap_interval(statistic, len(rows), resamples=resamples, seed=seed, clusters=groups, bounds=bounds)


def _slices(
    metric: Metric,
    grades: Sequence[Grade],
    clusters: Sequence[str] | None,
    slices: Sequence[Mapping[str, str]],
    seed: int,
) -> dict[str, dict[str, ScoreRecord]]:
    rows_of: dict[str, dict[str, list[int]]] = {}
    for row, named in enumerate(slices):
        for name, value in named.items():
            rows_of.setdefault(name, {}).setdefault(value, []).append(row)
    return {
        name: {
            value: _score(
                metric,
                [grades[row] for row in rows],
                [clusters[row] for row in rows] if clusters else None,
                SLICE_RESAMPLES,
                seed,
            )
            for value, rows in sorted(values.items())
        }
        for name, values in sorted(rows_of.items())
    }


def _counts_in(grade: Grade) -> bool:
    return grade.status != "missing" and not grade.skip
