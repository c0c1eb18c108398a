"""Rows of fields set apart by a comma, a tab or another character."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from anytasktune.errors import DataError
from anytasktune.tables.collecting import OnBad, RowCollector, beginning, header
from anytasktune.tables.table import Table
from anytasktune.tables.text import DecodedText


@contextlib.contextmanager
def _long_fields(length: int) -> Iterator[None]:
    """Court judgments pass csv's limit of 131,072 characters; it is process-wide, so it is put back."""
    before = csv.field_size_limit(max(length + 1, csv.field_size_limit()))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_delimited(path: Path, decoded: DecodedText, delimiter: str, on_bad: OnBad) -> Table:
    """Header by name, quoted line breaks kept, blank lines no rows; a value is the text as it stands."""
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise DataError(f"The delimiter {delimiter!r} is not one character.", where=str(path))
    rows = RowCollector(path, on_bad)
    # strict: a stray quote is an error; otherwise csv drops quotes, or swallows the rest of the file.
    reader = csv.reader(io.StringIO(decoded.text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    notes = list(decoded.notes)
    with _long_fields(len(decoded.text)):
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                text = _line_of(decoded.text, line)
                if columns is None or "unexpected end of data" in str(error):
                    # All that follows an unclosed quote is lost in it, more than a row: never skipped.
                    why = "a quote that is opened here is never closed" if columns is not None else str(error)
                    raise DataError(
                        f"{path.name}: {why}.",
                        where=f"{path}:{line}",
                        evidence=[f"begins {beginning(text)}"],
                    ) from error
                rows.torn(f"quotes are wrong ({error})", text, line=line)
                continue
            if not fields:
                continue
            if columns is None:
                columns, header_notes = header(path, fields, line)
                notes += header_notes
            elif len(fields) == len(columns):
                rows.add(dict(zip(columns, fields, strict=True)), line=line)
            else:
                few = f"{len(fields)} fields where the header has {len(columns)}"
                rows.torn(few, delimiter.join(fields), line=line)
    if columns is None:
        raise DataError(f"{path.name} is empty: it has no header.", where=str(path))
    other = [mark for mark in ",;\t|" if mark != delimiter and mark in columns[0]]
    if len(columns) == 1 and other:
        notes.append(f"only one column was found, and its name contains {other[0]!r}: is that the delimiter?")
    return rows.table(columns, decoded.encoding, notes)


def _line_of(text: str, line: int) -> str:
    """The physical line as csv counts it: line feed, carriage return, or both together end one."""
    for number, content in enumerate(io.StringIO(text, newline=""), start=1):
        if number == line:
            return content.rstrip("\r\n")
    return ""
