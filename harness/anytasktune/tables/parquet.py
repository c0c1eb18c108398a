"""Rows of a Parquet file."""

from __future__ import annotations

import io
from pathlib import Path

from anytasktune.errors import DataError
from anytasktune.libraries import load_library
from anytasktune.tables.collecting import RowCollector, header
from anytasktune.tables.table import Table
from anytasktune.tables.text import read_bytes


def read_parquet(path: Path) -> Table:
    """Types stay as stored: a string column gives str, nulls give None."""
    content = read_bytes(path)
    arrow = load_library("pyarrow", "to read Parquet")
    parquet = load_library("pyarrow.parquet", "to read Parquet")
    try:
        stored = parquet.read_table(io.BytesIO(content))
        columns, _ = header(path, stored.column_names, 1)
        values = stored.rename_columns(columns).to_pylist()
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} is not a readable Parquet file: {error}", where=str(path)) from error
    rows = RowCollector(path, "fail")
    for row in values:
        rows.add(row, line=None)
    return rows.table(columns, None, ())
