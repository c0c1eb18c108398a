"""Reading a file of rows by the suffix of its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from anytasktune.errors import DataError, did_you_mean
from anytasktune.tables.collecting import OnBad
from anytasktune.tables.delimited import read_delimited
from anytasktune.tables.json_rows import read_json, read_json_lines
from anytasktune.tables.parquet import read_parquet
from anytasktune.tables.table import Table
from anytasktune.tables.text import read_text
from anytasktune.tables.workbook import read_workbook


def read_rows(
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    on_bad: OnBad = "fail",
) -> Table:
    """Reads a file of rows by its suffix: ``.jsonl``, ``.json``, ``.csv``, ``.tsv``, ``.parquet``, ``.xlsx``.

    Args:
        path: of a local file.
        encoding: of text files; when left out it is found as :func:`read_text` says.
        sheet: of an XLSX file; when left out the first one is read and the others are noted.
        delimiter: of ``.csv`` (``,``) and ``.tsv`` (tab) files.
        on_bad: ``"fail"`` at a torn row (not JSON, too many or too few fields), or ``"skip"`` and name it.

    Raises:
        SourceError: no such file, or it cannot be read.
        DataError: the content is malformed; names file, line and the text's beginning.
    """
    path = Path(path)
    readers: dict[str, Callable[[], Table]] = {
        ".jsonl": lambda: read_json_lines(path, read_text(path, encoding=encoding), on_bad),
        ".json": lambda: read_json(path, read_text(path, encoding=encoding), on_bad),
        ".csv": lambda: read_delimited(path, read_text(path, encoding=encoding), delimiter or ",", on_bad),
        ".tsv": lambda: read_delimited(path, read_text(path, encoding=encoding), delimiter or "\t", on_bad),
        ".parquet": lambda: read_parquet(path),
        ".xlsx": lambda: read_workbook(path, sheet, on_bad),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{path.name} has the suffix {path.suffix!r}, which no reader knows.",
            where=str(path),
            fix=did_you_mean(path.suffix.lower(), readers),
        )
    if on_bad not in ("fail", "skip"):
        raise DataError(f'on_bad is {on_bad!r}; it must be "fail" or "skip".')
    return reader()
