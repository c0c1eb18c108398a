"""A board in a terminal: by rich, for 80 columns, plain text where it is not a terminal.

The first line of a row holds name, protocol and all figures; the second, where there is one, the whole name
and the interval of the difference.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from anytasktune.reports import rows
from anytasktune.reports.inert import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from anytasktune.leaderboard import Board, Row, Section

NARROWEST = 80
_RANK, _SCORE, _INTERVAL, _N, _DIFFERENCE = 3, 5, 14, 6, 17
_GAPS = 6


def render(board: Board, width: int = NARROWEST) -> str:
    """The board as plain text; lines hold at most ``width`` cells (80 at least)."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(file=file, width=max(width, NARROWEST), no_color=True, force_terminal=False, legacy_windows=False)
    show(board, console)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())


def show(board: Board, console: Console) -> None:
    """Write the board to a console; colour and width are the console's own."""
    from rich.text import Text

    def say(line: Text | str, style: str = "") -> None:
        text = Text(line, style=style) if isinstance(line, str) else line
        console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=False)

    for section in board.sections:
        for line in _section(section, max(console.width, NARROWEST)):
            say(line)
        say("")
    if not board.sections:
        say("No run to show.")
    for claim in board.claims:
        say(Text.assemble((f"{visible(claim.section)}: ", "bold"), visible(claim.text)))
    for note in board.notes:
        say(f"Note: {visible(note)}")
    if board.rows:
        say(rows.HOW_TO_READ, style="dim")
    if board.command:
        say(f"Made by: {visible(board.command)}", style="dim")


def _section(section: Section, width: int) -> list[Text]:
    from rich.text import Text

    limited = f", limited to {section.limit} rows" if section.limit is not None else ""
    title = f"{visible(section.title)}: {section.asked} rows, {visible(section.metric)}{limited}"
    wide = width - (_RANK + _SCORE + _INTERVAL + _N + _DIFFERENCE + _GAPS)
    names = ("#", "model", "score", "95 % interval", "n", "vs best base")
    lines = [Text(title, style="bold"), Text(_line(names, wide), style="dim")]
    remarks = []
    for row in section.rows:
        remark = rows.remark(row)
        lines += _row(row, wide, width, marked=bool(remark))
        if remark:
            remarks.append(Text(f"* {visible(row.name)}: {visible(remark)}", style="dim"))
    return lines + remarks


def _row(row: Row, wide: int, width: int, *, marked: bool) -> list[Text]:
    from rich.cells import cell_len
    from rich.text import Text

    label = visible(row.label)
    name, whole = _name(row, label, wide)
    score = row.record.score
    cells = (
        "" if row.rank is None else str(row.rank),
        name,
        rows.score(row),
        rows.interval(score.low, score.high),
        f"{score.n}{'*' if marked else ''}",
        rows.difference(row),
    )
    lines = [Text(_line(cells, wide), style="bold" if row.rank == 1 else "")]
    tested = rows.tested(row.versus_base)
    room = width - _RANK - 1 - cell_len(tested) - 2
    below = "" if whole else label if cell_len(label) <= room else _shortened(label, room)
    if below or tested:
        gap = " " * (width - _RANK - 1 - cell_len(below) - cell_len(tested))
        lines.append(Text(" " * (_RANK + 1) + (below + gap + tested).rstrip(), style="dim"))
    return lines


def _name(row: Row, label: str, wide: int) -> tuple[str, bool]:
    """Name and protocol in so many cells, and whether the name is whole."""
    from rich.cells import cell_len

    if row.protocol == "direct" and row.record.model.family != "adapter":
        whole = cell_len(label) <= wide
        return (label if whole else _shortened(label, wide)), whole
    for kind in (rows.kind_and_protocol(row, label), rows.kind_and_protocol(row, "")):
        space = wide - cell_len(kind) - 1
        whole = cell_len(label) <= space
        first = label if whole else _shortened(label, space)
        name = f"{first} {kind}".strip()
        if rows.kind_and_protocol(row, first) == kind or kind.startswith("adapter"):
            break
    return name, whole


def _line(cells: tuple[str, str, str, str, str, str], wide: int) -> str:
    from rich.cells import set_cell_size

    rank, name, score, interval, n, difference = cells
    return (
        f"{rank:>{_RANK}} {set_cell_size(name, wide)} {score:>{_SCORE}} {interval:<{_INTERVAL}} {n:>{_N}}  {difference}"
    ).rstrip()


def _shortened(text: str, cells: int) -> str:
    """The beginning and the end of a name, since namesakes mostly differ at one of the two."""
    from rich.cells import cell_len, set_cell_size

    if cells < 6:
        return ""
    tail = ""
    while cell_len(text[-len(tail) - 1 :]) <= (cells - 2) // 2:
        tail = text[-len(tail) - 1 :]
    return f"{set_cell_size(text, cells - 2 - cell_len(tail)).rstrip()}..{tail}"
