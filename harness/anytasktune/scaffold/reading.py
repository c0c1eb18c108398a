"""The file of rows that an author has, read as text, and what is to be said of how it was read."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anytasktune.errors import DataError, UsageError, did_you_mean
from anytasktune.tables import RawRow, Table, read_rows, read_text

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".json", ".xlsx", ".parquet")
_DELIMITED: Final = (".csv", ".tsv")


@dataclass(frozen=True, kw_only=True)
class Read:
    """A table, and sentences about its file."""

    table: Table
    notes: tuple[str, ...]


def read_data(path: Path, encoding: str | None = None) -> Read:
    """The rows of a file.

    Args:
        path: of one of ``SUFFIXES``.
        encoding: of a text file; found out when left out.

    Raises:
        UsageError: another kind of file, or an encoding that does not exist.
        SourceError: no such file.
        DataError: torn rows, an unknown encoding, or no row at all.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path.name} is no table that can be read here: its name ends in {path.suffix or 'nothing'!r}.",
            fix=f"one of {', '.join(SUFFIXES)}",
        )
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            common = ("utf-8", "gb18030", "utf-16", "cp1252", "big5", "shift_jis")
            raise UsageError(f"There is no encoding {encoding!r}.", fix=did_you_mean(encoding, common)) from None
    try:
        mark = _delimiter(path, encoding) if path.suffix.lower() in _DELIMITED else None
        table = read_rows(path, encoding=encoding, delimiter=mark)
    except DataError as error:
        fix = f"--encoding NAME: {error.fix}" if "encoding" in error.fix else error.fix
        if "on_bad" in fix:  # an argument of the reader, which is not offered here
            fix = "mend the file there, or take the row out"
        raise DataError(error.problem, where=error.where, evidence=error.evidence, fix=fix) from None
    if not table.rows:
        raise DataError(f"{path.name} holds no row.", where=str(path))
    if path.suffix.lower() in (*_DELIMITED, ".xlsx"):
        _refuse_without_header(path, table)
    notes = [_as_read(table)]
    if mark is not None:
        notes.append(f"{path.name}: the fields are set apart by {mark!r}")
    notes += [f"{path.name}: {note}" for note in table.notes]
    notes += _line_breaks(path, encoding, table)
    return Read(table=table, notes=tuple(notes))


def _refuse_without_header(path: Path, table: Table) -> None:
    """A first line that is a row: one of its cells, a label mostly, comes again and again in its column.

    Raises:
        DataError: it is so.
    """
    for name in table.columns:
        again = sum(row.values[name] == name for row in table.rows)
        repeats = sum(all(value == column for column, value in row.values.items()) for row in table.rows)
        if again > max(1, repeats):
            raise DataError(
                f"{path.name} has no header: of its first line, {name!r} stands in {again} more rows of that column.",
                where=f"{path}:1",
                fix="put a line with the columns' names on top: text,label",
            )


def _as_read(table: Table) -> str:
    encoding = f", {table.encoding}" if table.encoding else ""
    columns = ", ".join(repr(name) for name in table.columns[:12]) + (", …" if len(table.columns) > 12 else "")
    return f"{table.name}: {len(table.rows)} rows{encoding}; columns {columns}"


def _delimiter(path: Path, encoding: str | None) -> str | None:
    """Another delimiter than the suffix says, where the header has one column by that and several by this."""
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    lines = io.StringIO(read_text(path, encoding=encoding).text, newline="")
    header = next((line for line in lines if line.strip()), "")
    try:
        fields = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in (usual, ";", "\t", "|", ",")}
    except csv.Error:  # said with its place when the table is read
        return None
    best = max(fields, key=lambda mark: fields[mark])
    return best if fields[usual] == 1 < fields[best] else None


def _line_breaks(path: Path, encoding: str | None, table: Table) -> list[str]:
    """Windows' line ends, and cells of several lines."""
    notes = []
    if path.suffix.lower() in (*_DELIMITED, ".jsonl"):
        text = read_text(path, encoding=encoding).text
        ends = text.count("\r\n")
        if ends:
            mixed = text.count("\n") - ends
            notes.append(f"{path.name}: lines end in CR LF" + (f", {mixed} in LF alone" if mixed else ""))
    if path.suffix.lower() in (*_DELIMITED, ".xlsx"):
        torn = [row for row in table.rows if any("\n" in str(v) or "\r" in str(v) for v in row.values.values())]
        if torn:
            shown = "its row" if len(torn) == 1 else "their rows"
            notes.append(f"{path.name}: {len(torn)} rows hold line breaks inside a cell, and stay {shown}")
    return notes


def place(row: RawRow) -> str:
    """A row as a person finds it: counted from 0, with its line where the file has lines."""
    return f"row {row.number}" + (f" (line {row.line})" if row.line is not None else "")
