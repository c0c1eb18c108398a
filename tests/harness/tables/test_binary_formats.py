from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_values import values

from anytasktune.errors import DataError
from anytasktune.tables import read_rows


def test_parquet_keeps_types_and_nulls(tmp_path: Path) -> None:
    rows = [{"label": "001", "n": 1.0, "ok": True}, {"label": None, "n": None, "ok": False}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    table = read_rows(tmp_path / "a.parquet")
    assert values(table) == rows
    assert table.columns == ("label", "n", "ok")
    assert table.encoding is None


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_a_file_that_is_not_what_its_suffix_says_is_a_data_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"neither")
    with pytest.raises(DataError, match=name):
        read_rows(tmp_path / name)


def test_xlsx_reads_the_named_sheet_and_notes_the_others(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "train"
    book.active.append(["t"])
    book.active.append(["a"])
    page = book.create_sheet("test")
    page.append(["t"])
    page.append(["b"])
    book.save(tmp_path / "a.xlsx")
    table = read_rows(tmp_path / "a.xlsx")
    assert values(table) == [{"t": "a"}]
    assert "'test'" in table.notes[0]
    assert values(read_rows(tmp_path / "a.xlsx", sheet="test")) == [{"t": "b"}]
    with pytest.raises(DataError, match="did you mean test"):
        read_rows(tmp_path / "a.xlsx", sheet="tests")


def test_xlsx_reads_every_cell_of_a_sheet_that_states_a_wrong_size(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["t", "l"])
    book.active.append(["a", "b"])
    book.save(tmp_path / "right.xlsx")
    page = "xl/worksheets/sheet1.xml"
    with (
        zipfile.ZipFile(tmp_path / "right.xlsx") as right,
        zipfile.ZipFile(tmp_path / "a.xlsx", "w") as wrong,
    ):
        for name in right.namelist():
            content = right.read(name)
            assert name != page or b'"A1:B2"' in content
            wrong.writestr(name, content.replace(b'"A1:B2"', b'"A1:A1"') if name == page else content)
    assert values(read_rows(tmp_path / "a.xlsx")) == [{"t": "a", "l": "b"}]
