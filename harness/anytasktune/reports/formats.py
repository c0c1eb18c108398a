"""The formats that a board can be written in: the built-in ones, and what a plugin's looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from anytasktune.errors import UsageError, did_you_mean
from anytasktune.reports import json_board, markdown, table_csv, terminal

if TYPE_CHECKING:
    from anytasktune.leaderboard import Board


@dataclass(frozen=True, kw_only=True)
class ReportFormat:
    """A way to write a board.

    Args:
        name: what ``--format`` takes.
        suffix: of its files, with the dot.
        render: the whole document as text, ending in a line feed. The board holds names that may be hostile;
            the format makes them inert (see ``reports.inert``).
    """

    name: str
    suffix: str
    render: Callable[[Board], str]


FORMATS: Mapping[str, ReportFormat] = MappingProxyType(
    {
        report.name: report
        for report in (
            ReportFormat(name="terminal", suffix=".txt", render=terminal.render),
            ReportFormat(name="markdown", suffix=".md", render=markdown.render),
            ReportFormat(name="csv", suffix=".csv", render=table_csv.render),
            ReportFormat(name="json", suffix=".json", render=json_board.render),
        )
    }
)
"""The built-in formats by name."""


def render(board: Board, name: str, formats: Mapping[str, ReportFormat] = FORMATS) -> str:
    """The board in one format.

    Raises:
        UsageError: there is no such format.
    """
    if name not in formats:
        raise UsageError(f"There is no report format {name!r}.", fix=did_you_mean(name, formats))
    return formats[name].render(board)
