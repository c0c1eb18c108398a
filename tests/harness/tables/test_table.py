from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from anytasktune.errors import DataError, SourceError
from anytasktune.tables import as_text, column, read_rows


def test_unknown_suffix_missing_file_and_unknown_column_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(" Text ,label\na,b\n", encoding="utf-8")
    with pytest.raises(DataError, match="jsonl"):
        read_rows(tmp_path / "rows.jsnl")
    with pytest.raises(SourceError, match=r"did you mean rows\.csv"):
        read_rows(tmp_path / "row.csv")
    table = read_rows(tmp_path / "rows.csv")
    assert column(table, "Text") == column(table, "\ufeffText ") == ["a"]
    with pytest.raises(DataError, match="did you mean Text"):
        column(table, "text")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, None),
        (float("nan"), None),
        (1.0, "1.0"),
        (1, "1"),
        ("001", "001"),
        ("", ""),
        (datetime.date(2024, 3, 1), "2024-03-01"),
        (datetime.datetime(2024, 3, 1, 10, 30), "2024-03-01 10:30:00"),
    ],
)
def test_as_text(value: object, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", [["a"], {"a": 1}, b"a"])
def test_as_text_refuses_what_has_no_one_text(value: object) -> None:
    with pytest.raises(DataError, match="not text"):
        as_text(value)
