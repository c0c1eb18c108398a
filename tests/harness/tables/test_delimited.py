from __future__ import annotations

import csv
from pathlib import Path

import pytest
from table_values import values

from anytasktune.errors import DataError
from anytasktune.tables import column, read_rows


def test_csv_reads_fields_longer_than_the_library_allows_and_puts_the_limit_back(tmp_path: Path) -> None:
    before = 131_072
    csv.field_size_limit(before)
    (tmp_path / "a.csv").write_text("t,l\n" + "x" * 200_000 + ",a\n", encoding="utf-8")
    assert len(column(read_rows(tmp_path / "a.csv"), "t")[0]) == 200_000
    assert csv.field_size_limit() == before


def test_csv_with_another_delimiter_is_noted_and_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t;l\n1;a\n", encoding="utf-8")
    assert "';'" in read_rows(tmp_path / "a.csv").notes[0]
    assert values(read_rows(tmp_path / "a.csv", delimiter=";")) == [{"t": "1", "l": "a"}]


def test_csv_header_twice_nameless_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,t \n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="twice"):
        read_rows(path)
    path.write_text(",t\n0,a\n", encoding="utf-8")
    table = read_rows(path)
    assert table.columns == ("column 1", "t")
    assert "no name" in table.notes[0]
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="empty"):
        read_rows(path)
