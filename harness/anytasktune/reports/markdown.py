"""A board as Markdown tables (GitHub's kind), with footnotes, claims and where every figure comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from anytasktune.reports import rows
from anytasktune.reports.inert import markdown as inert

if TYPE_CHECKING:
    from anytasktune.leaderboard import Board, Row, Section

_COLUMNS = (
    "#",
    "model",
    "score",
    "95 % interval",
    "n",
    "vs best base",
    "95 % interval, p",
    "seconds",
    "tokens",
)


def render(board: Board) -> str:
    """The document as text."""
    lines = ["# Leaderboard", ""]
    if not board.sections:
        lines += ["No run to show.", ""]
    for section in board.sections:
        lines += _section(section)
    lines += _overview(board)
    if board.claims:
        lines += ["## What it shows", ""]
        lines += [f"- **{inert(claim.section)}**: {inert(claim.text)}" for claim in board.claims] + [""]
    if board.notes:
        lines += ["## Notes", "", *(f"- {inert(note)}" for note in board.notes), ""]
    lines += _provenance(board)
    if board.rows:
        lines += [inert(rows.HOW_TO_READ), ""]
    if board.command:
        lines += [f"Made by: {inert(board.command)}", ""]
    return "\n".join(lines)


def _section(section: Section) -> list[str]:
    limited = f", limited to {section.limit} rows" if section.limit is not None else ""
    lines = [f"## {inert(section.title)}", "", f"{section.asked} rows, {inert(section.metric)}{limited}.", ""]
    lines += _table(_COLUMNS, (_cells(row) for row in section.rows), right=(0, 2, 4, 7, 8))
    footnotes = [(row, remark) for row in section.rows if (remark := rows.remark(row))]
    return lines + [f"- \\* {inert(row.name)}: {inert(remark)}" for row, remark in footnotes] + [""] * bool(footnotes)


def _cells(row: Row) -> list[str]:
    score = row.record.score
    return [
        "" if row.rank is None else str(row.rank),
        f"{inert(row.label)} {rows.kind_and_protocol(row, row.label)}",
        rows.score(row),
        rows.interval(score.low, score.high),
        f"{score.n}" + (r" \*" if rows.remark(row) else ""),
        rows.difference(row),
        rows.tested(row.versus_base),
        f"{row.record.usage.seconds:.1f}",
        str(row.tokens),
    ]


def _overview(board: Board) -> list[str]:
    """Models by sections, a gap as a gap. No mean: who lacks a hard sub-task would gain by it."""
    whole = [section for section in board.sections if section.limit is None]
    if len(whole) < 2:
        return []
    found: dict[tuple[str, str], dict[int, str]] = {}
    for column, section in enumerate(whole):
        for row in section.rows:
            found.setdefault((row.label, rows.kind_and_protocol(row, row.label)), {})[column] = rows.score(row)
    body = [
        [f"{inert(label)} {kind}", *(scores.get(column, "-") for column in range(len(whole)))]
        for (label, kind), scores in sorted(found.items())
    ]
    header = ["model", *(f"{inert(section.title)}, {section.asked} rows" for section in whole)]
    return ["## All sub-tasks", "", *_table(header, body, right=range(1, len(header)))]


def _provenance(board: Board) -> list[str]:
    columns = (
        "model",
        "revision",
        "data",
        "prompt",
        "seed",
        "engine",
        "commit",
        "adapter",
        "tuning",
        "record",
        "command",
    )
    body = [
        [
            f"{inert(row.label)} {rows.kind_and_protocol(row, row.label)}",
            inert(row.record.model.revision),
            inert(row.record.task.data_fingerprint),
            inert(row.record.protocol.prompt_hash[:12]),
            str(row.record.seed if row.record.model.seed is None else row.record.model.seed),
            inert(" ".join(filter(None, (row.record.engine.name, row.record.engine.device, row.record.engine.dtype)))),
            inert(row.record.commit[:12]),
            "" if row.adapter_bytes is None else f"{row.adapter_bytes} bytes",
            "" if row.tuning_minutes is None else f"{row.tuning_minutes:.1f} min",
            inert(row.path),
            inert(row.record.command),
        ]
        for row in board.rows
    ]
    return ["## Where the figures come from", "", *_table(columns, body)] if body else []


def _table(header: Sequence[str], body: Iterable[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    numeric = set(right)
    rule = ["---:" if column in numeric else "---" for column in range(len(header))]
    return [*("| " + " | ".join(cells) + " |" for cells in (header, rule, *body)), ""]
