"""Records in, board out. Pure: nothing is read, written or asked, and the order of the runs does not matter.

What may be compared is decided here, once, for every report: runs share a section only if they answered the
same rows of the same data; the base stands at its best; what is claimed has been tested on paired rows and
corrected for how much was tested (Holm).

``board``: the nouns. ``drafting``: which runs belong together. ``comparing``: the tests. ``claims``: words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from anytasktune.errors import RecordError, UsageError, did_you_mean
from anytasktune.leaderboard.board import (
    Board,
    Claim,
    Comparison,
    DataKey,
    Golds,
    Row,
    Run,
    Section,
    Verdict,
    p_words,
    protocol_words,
    signed,
)
from anytasktune.leaderboard.claims import claim_of
from anytasktune.leaderboard.comparing import Decided, Plan, decide, plan_of, ranks_of, smallest_difference
from anytasktune.leaderboard.drafting import (
    SAME,
    Draft,
    Known,
    SectionKey,
    admitted,
    draft_of,
    newest_runs,
    note_gaps,
    note_other_rows,
    regrade,
    run_order,
    section_key,
    section_order,
)
from anytasktune.metrics.grading import Metric

__all__ = [
    "SAME",
    "Board",
    "Claim",
    "Comparison",
    "DataKey",
    "Golds",
    "Row",
    "Run",
    "Section",
    "Verdict",
    "make_board",
    "p_words",
    "protocol_words",
    "regrade",
    "signed",
]


def make_board(
    runs: Sequence[Run],
    golds: Golds,
    metrics: Mapping[str, Metric],
    *,
    opponent: str | None = None,
    published: bool = False,
    command: str = "",
) -> Board:
    """Hold runs against each other.

    Args:
        runs: in any order.
        golds: the examples by id, for each data set as it is built now. Runs on data that are not here are
            shown without comparison, or kept out where the same version has other data here.
        metrics: by sub-task id.
        opponent: label of the one model that adapters are held against; None takes every general model.
        published: runs with ``limit`` are kept out, and a record that its samples contradict is an error.
        command: what made the board; printed below it.

    Raises:
        UsageError: no model has the opponent's label.
        RecordError: ``published``, and nothing is left or a record contradicts its samples.
    """
    labels = {run.record.model.label for run in runs}
    if opponent is not None and opponent not in labels:
        raise UsageError(f"No run is of a model called {opponent!r}.", fix=did_you_mean(opponent, labels))
    known = Known(golds=golds, metrics=metrics, published=published)
    notes: list[str] = []
    kept = newest_runs(admitted(runs, known, notes), notes)
    if published and not kept:
        raise RecordError("No run is left that a published board may show.", evidence=notes)
    groups: dict[SectionKey, list[Run]] = {}
    for run in sorted(kept, key=run_order):
        groups.setdefault(section_key(run), []).append(run)
    drafts = [draft_of(key, groups[key], known, notes) for key in sorted(groups, key=section_order)]
    note_other_rows(drafts, notes)
    note_gaps(drafts, notes)
    planned = [plan_of(draft, opponent) for draft in drafts]
    decided = decide(planned)
    sections = [_section(*parts) for parts in zip(drafts, planned, decided, strict=True)]
    claims = [claim_of(*parts) for parts in zip(drafts, sections, planned, decided, strict=True)]
    return Board(
        sections=tuple(sections),
        claims=tuple(claims),
        notes=tuple(dict.fromkeys(notes)),
        opponent=opponent,
        published=published,
        command=command,
    )


def _section(draft: Draft, plan: Plan, decided: Decided) -> Section:
    ranks = ranks_of(draft, decided)
    best_base = next(iter(draft.of_family("base")), None)
    rows = []
    for entry in draft.entries:
        base = plan.base_of.get(entry.id)
        rows.append(
            Row(
                label=entry.label,
                protocol=entry.protocol,
                rank=ranks.get(entry.id),
                versus_base=decided[entry.id, base.id] if base else None,
                is_best_base=entry is best_base,
                record=entry.record,
                path=entry.run.path,
            )
        )
    return Section(
        data=draft.key.data,
        split=draft.key.split,
        metric=draft.key.metric,
        asked=len(draft.key.ids),
        limit=draft.key.limit,
        rows=tuple(rows),
        comparisons=tuple(decided.values()),
        smallest_difference=smallest_difference((*plan.claims, *plan.others)),
    )
