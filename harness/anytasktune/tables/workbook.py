"""Rows of a sheet of an XLSX file."""

from __future__ import annotations

import contextlib
import datetime
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from anytasktune.errors import DataError, did_you_mean
from anytasktune.libraries import load_library
from anytasktune.tables.collecting import OnBad, RowCollector, header
from anytasktune.tables.number_formats import general_text, number_text
from anytasktune.tables.table import Table
from anytasktune.tables.text import read_bytes

_ESCAPED_CONTROL: Final = re.compile(r"_x00([01][0-9A-Fa-f])_")


def read_workbook(path: Path, sheet: str | None, on_bad: OnBad) -> Table:
    """The cells as text, as a spreadsheet shows them.

    Text cells stay; numbers follow their number format (``000`` shows 1 as ``001``), and with the format
    General show up to 15 digits; booleans are ``TRUE`` and ``FALSE``; dates are ISO text; formulas give the
    value last saved; an empty cell is ``""``, as in CSV. Rows without any filled cell are no rows.
    """
    content = read_bytes(path)
    openpyxl = load_library("openpyxl", "to read XLSX")
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise DataError(
            f"{path.name} is not a readable XLSX file: {error}",
            where=str(path),
            fix="save it again as .xlsx or .csv.",
        ) from error
    with contextlib.closing(book):
        names = [page.title for page in book.worksheets]
        if not names or (sheet is not None and sheet not in names):
            raise DataError(
                f"{path.name} has no sheet {sheet!r}.", where=str(path), fix=did_you_mean(sheet or "", names)
            )
        chosen = sheet if sheet is not None else names[0]
        page = book[chosen]
        # Stored sizes are wrong in many files: too small hides cells, too large pads every row.
        page.reset_dimensions()
        return _table_of_sheet(path, page, [name for name in names if name != chosen] if sheet is None else [], on_bad)


def _table_of_sheet(path: Path, page: Any, unread: Sequence[str], on_bad: OnBad) -> Table:
    rows = RowCollector(path, on_bad)
    notes = [f"read sheet {page.title!r}; not read: {', '.join(map(repr, unread))}"] if unread else []
    odd_formats: dict[str, None] = {}
    columns: list[str] | None = None
    for line, cells in enumerate(page.iter_rows(), start=1):
        texts = [_cell_text(cell, odd_formats) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if columns is None:
            columns, header_notes = header(path, texts, line)
            notes += header_notes
        elif len(texts) > len(columns):
            rows.torn(f"{len(texts)} cells where the header has {len(columns)}", " | ".join(texts), line=line)
        else:
            texts += [""] * (len(columns) - len(texts))
            rows.add(dict(zip(columns, texts, strict=True)), line=line)
    if columns is None:
        raise DataError(f"Sheet {page.title!r} of {path.name} is empty: it has no header.", where=str(path))
    notes += [f"number format {name!r} is not followed; such cells show the bare number" for name in odd_formats]
    return rows.table(columns, None, notes)


def _cell_text(cell: Any, odd_formats: dict[str, None]) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        # XLSX spells control characters as _x000D_; openpyxl leaves them so.
        return _ESCAPED_CONTROL.sub(lambda match: chr(int(match[1], 16)), value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        shown = number_text(value, cell.number_format or "General")
        if shown is None:
            odd_formats[cell.number_format] = None
            shown = general_text(value)
        return shown
    if isinstance(value, datetime.datetime):
        whole_day = value.time() == datetime.time() and "h" not in cell.number_format.lower()
        return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
    return str(value)  # date and time print as ISO text; a duration as H:MM:SS
