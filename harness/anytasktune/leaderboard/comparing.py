"""Rows held against each other: paired, on the same rows, corrected for how much is tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from anytasktune.leaderboard.board import Comparison, Verdict
from anytasktune.leaderboard.drafting import Draft, Entry
from anytasktune.metrics.grading import Grade, Metric, counted
from anytasktune.records import RunRecord
from anytasktune.scoring import group_ids, is_mean_of_rows, statistic_of

ALPHA = 0.05
POWER = 0.8


def between(draft: Draft, row: Entry, against: Entry) -> Comparison:
    """One held against the other. Each pair is tested once, so both directions agree."""
    first, second = sorted((row, against), key=lambda entry: entry.id)
    pair = (first.id, second.id)
    if pair not in draft.compared:
        draft.compared[pair] = _compare(draft, first, second)
    done = draft.compared[pair]
    return done if row is first else turned(done)


def turned(comparison: Comparison) -> Comparison:
    """The same comparison, seen from the other row."""

    def minus(value: float | None) -> float | None:
        return None if value is None else 0.0 - value

    return replace(
        comparison,
        row=comparison.against,
        against=comparison.row,
        difference=minus(comparison.difference),
        low=minus(comparison.high),
        high=minus(comparison.low),
    )


def _compare(draft: Draft, a: Entry, b: Entry) -> Comparison:
    blank = Comparison(row=a.id, against=b.id)
    if draft.metric is None or a.grades is None or b.grades is None:
        return replace(blank, reason=a.reason or b.reason)
    both = [
        position
        for position, (one, other) in enumerate(zip(a.grades, b.grades, strict=True))
        if len(counted((one, other))) == 2
    ]
    if not both:
        return replace(blank, reason="no row was answered by both")
    of_a, of_b = [a.grades[i] for i in both], [b.grades[i] for i in both]
    groups = group_ids([draft.groups[i] for i in both])
    return _tested(blank, draft.metric, of_a, of_b, groups)


def _tested(
    blank: Comparison, metric: Metric, a: Sequence[Grade], b: Sequence[Grade], groups: Sequence[str] | None
) -> Comparison:
    import numpy as np
    from numpy.typing import NDArray

    from anytasktune.statistics import paired_difference

    n = len(a)
    together = [*a, *b]
    rows = np.arange(n)

    def swapped(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        mine, theirs = np.where(mask, rows + n, rows), np.where(mask, rows, rows + n)
        return metric.resampled(together, mine) - metric.resampled(together, theirs)

    means = is_mean_of_rows(metric, a) and is_mean_of_rows(metric, b)
    tested = paired_difference(
        statistic_of(metric, a),
        statistic_of(metric, b),
        n,
        swap_statistic=None if means else swapped,
        clusters=groups,
        bounds=(0.0, 1.0) if means else None,
    )
    right_or_wrong = means and groups is None and all(grade.score in (0.0, 1.0) for grade in together)
    apart = sum(one.score != other.score for one, other in zip(a, b, strict=True)) / n
    return replace(
        blank,
        difference=tested.difference,
        low=tested.interval.low,
        high=tested.interval.high,
        p=tested.p_value,
        test=tested.test,
        n=n,
        discordance=apart if right_or_wrong else None,
        reason="" if tested.p_value is not None else tested.interval.reason,
    )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a section tests.

    Args:
        base_of: for each run id, the base at its best that it is held against.
        claims: what is said of adapters: against base, the best classical row, each opponent.
        others: every other row against the base at its best.
    """

    base_of: dict[str, Entry]
    claims: tuple[Comparison, ...]
    others: tuple[Comparison, ...]
    opponents: tuple[Entry, ...]
    classical: Entry | None


def plan_of(draft: Draft, opponent: str | None) -> Plan:
    """Which pairs of a section are tested, and for what."""
    bases = draft.of_family("base")
    classical = next(iter(draft.of_family("classical")), None)
    opponents = [
        entry
        for entry in draft.of_family("general", "base", "classical", "adapter")
        if (entry.record.model.label == opponent if opponent else entry.record.model.family == "general")
    ]
    base_of: dict[str, Entry] = {}
    claims: list[Comparison] = []
    others: list[Comparison] = []
    for entry in draft.entries:
        is_adapter = entry.record.model.family == "adapter"
        own = [base for base in bases if is_adapter and is_base_of(base.record, entry.record)] or bases
        if own and own[0] is not entry and entry.record.score.value is not None:
            base_of[entry.id] = own[0]
            (claims if is_adapter else others).append(between(draft, entry, own[0]))
        if is_adapter and entry.record.score.value is not None:
            more = ([classical] if classical else []) + opponents
            against = {other.id: other for other in more if other is not entry and other not in own[:1]}
            claims.extend(between(draft, entry, other) for other in against.values())
    return Plan(
        base_of=base_of,
        claims=tuple(claims),
        others=tuple(others),
        opponents=tuple(opponents),
        classical=classical,
    )


def is_base_of(base: RunRecord, adapter: RunRecord) -> bool:
    """Whether the adapter says that it was tuned on this model."""
    model = base.model
    return bool(adapter.model.base) and adapter.model.base in (model.spec, model.label, model.revision)


Decided = dict[tuple[str, str], Comparison]


def decide(plans: Sequence[Plan]) -> list[Decided]:
    """Verdicts at 5 % after Holm: over the claims of the whole board, and over its other comparisons."""
    from anytasktune.statistics import holm

    decided: list[Decided] = [{} for _ in plans]
    for kind in ("others", "claims"):
        family = [(index, done) for index, plan in enumerate(plans) for done in getattr(plan, kind)]
        tested = [(index, done) for index, done in family if done.p is not None]
        corrected = [float(p) for p in holm([done.p for _, done in tested])]
        for index, done in family:
            decided[index].setdefault((done.row, done.against), done)
        for (index, done), p in zip(tested, corrected, strict=True):
            decided[index][done.row, done.against] = replace(done, p_holm=p, verdict=_verdict(done.difference, p))
    return decided


def _verdict(difference: float | None, p: float) -> Verdict:
    if difference is None:
        return "not compared"
    if p >= ALPHA or difference == 0:
        return "no difference shown"
    return "better" if difference > 0 else "worse"


def ranks_of(draft: Draft, decided: Decided) -> dict[str, int]:
    """Shared ranks of the rows that have a score and can be compared.

    Rows that a claim or verdict of the board tells apart are apart here too; for all other pairs the 5 % are shared
    out among the section's rows (Bonferroni).
    """
    from anytasktune.statistics import shared_ranks

    entries = [entry for entry in draft.entries if entry.record.score.value is not None and entry.grades is not None]
    alpha = ALPHA / max(1, len(entries) - 1)

    def same(leader: int, other: int) -> bool:
        one, two = entries[leader].id, entries[other].id
        done = decided.get((one, two)) or decided.get((two, one))
        if done is not None and done.verdict in ("better", "worse"):
            return False
        p = between(draft, entries[leader], entries[other]).p
        return p is None or p >= alpha

    ranks = shared_ranks([entry.record.score.value or 0.0 for entry in entries], same)
    return {entry.id: rank for entry, rank in zip(entries, ranks, strict=True)}


def smallest_difference(comparisons: Sequence[Comparison]) -> float | None:
    """The true difference that four of five such samples would show, for the first pair that was tested.

    Exact for right or wrong rows; else 2.8 standard errors (1.96 + 0.84), read off the difference's interval.
    """
    from anytasktune.statistics import smallest_detectable_difference

    for done in comparisons:
        if done.discordance:
            return smallest_detectable_difference(done.n, done.discordance, ALPHA, POWER)
        if done.discordance is None and done.low is not None and done.high is not None and done.high > done.low:
            return (1.959964 + 0.841621) * (done.high - done.low) / (2 * 1.959964)
    return None
