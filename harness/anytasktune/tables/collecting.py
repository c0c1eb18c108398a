"""What the readers of all formats share: collecting rows, torn ones counted, and naming columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from anytasktune.errors import DataError
from anytasktune.tables.table import RawRow, Table, bare

OnBad = Literal["fail", "skip"]


def beginning(text: str) -> str:
    """The first 80 characters, quoted, for messages."""
    return repr(text if len(text) <= 80 else text[:80] + "…")


class RowCollector:
    """Collects good rows, and fails on or counts torn ones."""

    def __init__(self, path: Path, on_bad: OnBad) -> None:
        self.path = path
        self.on_bad = on_bad
        self.rows: list[RawRow] = []
        self.bad: list[tuple[int, int | None]] = []

    @property
    def number(self) -> int:
        """The next row's."""
        return len(self.rows) + len(self.bad)

    def add(self, values: Mapping[str, Any], *, line: int | None, key: str | None = None) -> None:
        """Keeps a good row."""
        self.rows.append(RawRow(number=self.number, line=line, values=values, key=key))

    def torn(self, why: str, text: str, *, line: int | None) -> None:
        """Counts a torn row, of which ``text`` shows the beginning.

        Raises:
            DataError: torn rows are to fail.
        """
        if self.on_bad == "fail":
            raise DataError(
                f"Row {self.number} of {self.path.name} is torn: {why}.",
                where=f"{self.path}:{line}" if line is not None else f"{self.path}, row {self.number}",
                evidence=[f"begins {beginning(text)}"],
                fix='mend the file, or skip such rows with on_bad="skip" (they are counted and named).',
            )
        self.bad.append((self.number, line))

    def table(self, columns: Sequence[str] | None, encoding: str | None, notes: Iterable[str]) -> Table:
        """What was collected; without ``columns`` they are those of the rows, in order of first appearance."""
        if columns is None:
            columns = list(dict.fromkeys(name for row in self.rows for name in row.values))
        all_notes = list(notes)
        if self.bad:
            named = [f"{number}" + (f" (line {line})" if line else "") for number, line in self.bad[:10]]
            more = f" and {len(self.bad) - 10} more" if len(self.bad) > 10 else ""
            all_notes.append(f"skipped {len(self.bad)} torn rows: {', '.join(named)}{more}")
        return Table(
            name=self.path.name,
            columns=tuple(columns),
            rows=tuple(self.rows),
            encoding=encoding,
            notes=tuple(all_notes),
            skipped=tuple(number for number, _ in self.bad),
        )


def header(path: Path, fields: Sequence[str], line: int) -> tuple[list[str], list[str]]:
    """Column names without spaces or mark around them, and notes. A nameless column becomes ``column N``."""
    names, notes = [], []
    for place, field in enumerate(fields, start=1):
        name = bare(field) or f"column {place}"
        if not bare(field):
            notes.append(f"column {place} has no name and is called {name!r}")
        names.append(name)
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{path.name} has the column {twice[0]!r} twice.", where=f"{path}:{line}", evidence=names)
    return names, notes
