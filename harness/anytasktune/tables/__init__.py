"""Tables: files of rows, read by their suffix.

Text stays text. A CSV or XLSX cell is a ``str`` as its author wrote it: ``001``, ``1.0``, ``1e3``, ``NA``, ``true`` and
dates are never turned into anything else. JSON and Parquet carry types of their own and keep them; :func:`as_text`
turns such a value into text.
"""

from __future__ import annotations

from anytasktune.tables.by_suffix import read_rows
from anytasktune.tables.collecting import OnBad
from anytasktune.tables.table import RawRow, Table, as_text, column, column_name, row_id
from anytasktune.tables.text import DecodedText, read_text

__all__ = [
    "DecodedText",
    "OnBad",
    "RawRow",
    "Table",
    "as_text",
    "column",
    "column_name",
    "read_rows",
    "read_text",
    "row_id",
]
