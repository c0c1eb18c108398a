"""What a judge is held against: the sub-task's own metric, people, other judges. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from anytasktune.judging.agreement import Agreement, fleiss, kappa, quadratic_kappa, rank_correlation
from anytasktune.judging.human import HumanLabels
from anytasktune.judging.judged import Compared, Graded, Winner
from anytasktune.judging.rubric import Rubric
from anytasktune.records import Sample

Judgements = Sequence[Graded | Compared]


def with_metric(name: str, rows: Judgements, samples: Sequence[tuple[Sample, ...]]) -> Agreement:
    """The judge and the metric of the run: ranks of grades, or who wins a pair.

    Args:
        name: of the metric.
        rows: one a row.
        samples: of each row, one a run.
    """
    other = f"metric {name}"
    graded: list[tuple[float, float]] = []
    winners: list[tuple[str, str]] = []
    for row, scored in zip(rows, samples, strict=True):
        if row.status != "read" or any(sample.skip or sample.status == "missing" for sample in scored):
            continue
        if isinstance(row, Graded):
            graded.append((float(sum(row.points)), scored[0].score))
        else:
            winners.append((str(row.winner), better(scored[0].score, scored[1].score)))
    if rows and isinstance(rows[0], Graded):
        return rank_correlation(other, [ours for ours, _ in graded], [theirs for _, theirs in graded])
    return kappa(other, [ours for ours, _ in winners], [theirs for _, theirs in winners])


def better(first: float, second: float) -> Winner:
    """Which of two scores is the higher one; equal up to rounding is a tie."""
    if abs(first - second) <= 1e-12:
        return "tie"
    return "first" if first > second else "second"


def with_people(rows: Judgements, labels: HumanLabels, rubric: Rubric) -> Agreement:
    """The judge and people, over the rows that both have judged."""
    if rows and isinstance(rows[0], Graded):
        totals = _totals(rows)
        both = [id for id in totals if id in labels.points]
        ours, theirs = [totals[id] for id in both], [labels.points[id] for id in both]
        return quadratic_kappa("people", ours, theirs, rubric.total)
    winners = _winners(rows)
    both = [id for id in winners if id in labels.winners]
    return kappa("people", [winners[id] for id in both], [labels.winners[id] for id in both])


def between_judges(named: Sequence[tuple[str, Judgements]], rubric: Rubric) -> list[Agreement]:
    """Every two judges over the rows that both could judge; of pairs, three or more judges all together too.

    Args:
        named: each judge's name and judgements; no name stands twice.
        rubric: of all of them.
    """
    if len(named) < 2:
        return []
    if named[0][1] and isinstance(named[0][1][0], Graded):
        return [
            _of_two(f"{one} and {other}", _totals(ours), _totals(theirs), rubric)
            for (one, ours), (other, theirs) in combinations(named, 2)
        ]
    winners = {name: _winners(rows) for name, rows in named}
    found = []
    for one, other in combinations(winners, 2):
        both = [id for id in winners[one] if id in winners[other]]
        ours, theirs = [winners[one][id] for id in both], [winners[other][id] for id in both]
        found.append(kappa(f"{one} and {other}", ours, theirs))
    if len(winners) > 2:
        first, *rest = winners.values()
        everybody = [id for id in first if all(id in others for others in rest)]
        found.append(fleiss([[one[id] for id in everybody] for one in winners.values()]))
    return found


def _of_two(other: str, ours: Mapping[str, int], theirs: Mapping[str, int], rubric: Rubric) -> Agreement:
    both = [id for id in ours if id in theirs]
    return quadratic_kappa(other, [ours[id] for id in both], [theirs[id] for id in both], rubric.total)


def _totals(rows: Judgements) -> dict[str, int]:
    return {row.id: sum(row.points) for row in rows if isinstance(row, Graded) and row.status == "read"}


def _winners(rows: Judgements) -> dict[str, str]:
    """Pairs that were asked about: identical answers are a tie to everybody."""
    return {row.id: str(row.winner) for row in rows if isinstance(row, Compared) and row.status == "read"}
