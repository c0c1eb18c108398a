"""A table of published rows, its columns, and its values as text."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from anytasktune.errors import DataError, did_you_mean

BOM: Final = "\ufeff"


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """One published row, before a builder makes an example of it.

    Args:
        number: zero-based, counted over all published rows, torn ones included; blank lines are no rows.
        line: line (XLSX: sheet row) where the row begins, from 1; None where the format has no lines.
        values: by column name.
        key: the row's key where the file is one JSON object of rows (``{"0": {...}, "1": {...}}``).
    """

    number: int
    line: int | None
    values: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """All rows of one file or hub split.

    Args:
        name: of the file or data set, for messages.
        columns: in published order (JSON: in order of first appearance).
        rows: in published order, without those skipped.
        encoding: what the text was decoded with, or None where the format has none.
        notes: what a reader should know: byte-order mark, guessed encoding, skipped rows, unread sheets.
        skipped: numbers of the rows that ``on_bad="skip"`` left out.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    encoding: str | None
    notes: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()


def row_id(prefix: str, row: RawRow) -> str:
    """``<prefix>:<zero-based row>``; stable because torn rows are counted too."""
    return f"{prefix}:{row.number}"


def column_name(table: Table, wanted: str) -> str:
    """The table's own spelling of a column, which may have spaces or a byte-order mark around it.

    Raises:
        DataError: no such column; names the nearest.
    """
    if wanted in table.columns:
        return wanted
    found = [name for name in table.columns if bare(name) == bare(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{table.name} has several columns {wanted!r}.", evidence=[repr(name) for name in found])
    raise DataError(
        f"{table.name} has no column {wanted!r}.",
        evidence=[repr(name) for name in table.columns],
        fix=did_you_mean(bare(wanted), [bare(name) for name in table.columns]),
    )


def column(table: Table, wanted: str) -> list[Any]:
    """The values of a column, one a row of ``table.rows``; None where a JSON row lacks it.

    Raises:
        DataError: no such column; names the nearest.
    """
    name = column_name(table, wanted)
    return [row.values.get(name) for row in table.rows]


def as_text(value: object) -> str | None:
    """A value as text: ``True`` → ``"true"``, ``1.0`` → ``"1.0"``, dates as ISO, ``None`` and NaN → None.

    Raises:
        DataError: the value is a list, an object or bytes, which have no one text.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):  # tables spell "missing" NaN
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise DataError(
        f"A value of type {type(value).__name__} is not text.",
        evidence=[repr(value)[:80]],
        fix="let the dataset builder pick the text out of it.",
    )


def bare(name: str) -> str:
    """A column's name without the spaces and the byte-order mark around it."""
    return name.strip().strip(BOM).strip()
