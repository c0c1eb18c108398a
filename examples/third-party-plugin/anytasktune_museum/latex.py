"""A board as LaTeX tables, for a paper; needs ``booktabs``, and XeLaTeX or LuaLaTeX where a name is Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anytasktune.reports import rows
from anytasktune.reports.inert import visible

if TYPE_CHECKING:
    from anytasktune.leaderboard import Board, Section

_SPECIAL = {
    **{char: "\\" + char for char in "{}$&#%_"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def render(board: Board) -> str:
    """One table a section; what a board claims stands below as comments."""
    parts = [_table(section) for section in board.sections]
    claims = [f"% {inert(claim.section)}: {inert(claim.text)}" for claim in board.claims]
    return "\n".join([*parts, *claims, f"% Made by: {inert(board.command)}", ""])


def inert(text: str) -> str:
    """Anybody's text, set letter by letter: no command, no comment, no line break comes of it."""
    return "".join(_SPECIAL.get(char, char) for char in visible(text))


def _table(section: Section) -> str:
    limited = f", limited to {section.limit} rows" if section.limit is not None else ""
    lines = [
        r"\begin{table}",
        rf"\caption{{{inert(section.title)}: {inert(section.metric)} over {section.asked} rows{limited}}}",
        r"\begin{tabular}{rlrcr}",
        r"\toprule",
        r"\# & model & score & 95\,\% interval & $n$ \\",
        r"\midrule",
    ]
    for row in section.rows:
        score = row.record.score
        cells = (
            "" if row.rank is None else str(row.rank),
            f"{inert(row.label)} {inert(rows.kind_and_protocol(row, row.label))}",
            rows.score(row),
            rows.interval(score.low, score.high),
            str(score.n),
        )
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])
