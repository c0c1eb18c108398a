from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from table_values import values

from anytasktune.errors import DataError
from anytasktune.tables import read_rows, row_id

TORN = {
    "a.jsonl": ('{"t": 1}\n\n{"t": \n[3]\n{"t": 4}\n', [1, 2], [0, 3], "a.jsonl:3", '{"t":'),
    "a.csv": ("t,l\n1,a\n2\n3,b,c\n4,d\n", [1, 2], [0, 3], "a.csv:3", "'2'"),
    "b.csv": ('t,l\n1,a\n"2"x,b\n3,c\n', [1], [0, 2], "b.csv:3", '"2"x,b'),
    "a.json": ('[{"t": 1}, "two", {"t": 3}]', [1], [0, 2], "row 1", "two"),
}


@pytest.mark.parametrize("name", TORN)
def test_a_torn_row_fails_with_its_place_or_is_skipped_and_named(tmp_path: Path, name: str) -> None:
    text, skipped, kept, where, begins = TORN[name]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_rows(path)
    assert caught.value.where.endswith(where)
    assert begins in caught.value.evidence[0]
    table = read_rows(path, on_bad="skip")
    assert list(table.skipped) == skipped
    assert [row.number for row in table.rows] == kept
    assert [row_id("law/x", row) for row in table.rows] == [f"law/x:{number}" for number in kept]
    assert f"skipped {len(skipped)} torn rows" in table.notes[-1]


@pytest.mark.parametrize(
    "line", ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": "\\ud800"}', "[" * 100_000, '{"a": {"b": 1, "b": 2}}']
)
def test_json_that_python_would_let_through_is_torn(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 0}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"Row 1 of a\.jsonl is torn"):
        read_rows(tmp_path / "a.jsonl")


def test_an_unclosed_quote_is_never_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('t,l\n1,a\n"2,b\n3,c\n4,d\n', encoding="utf-8")
    with pytest.raises(DataError, match="never closed") as caught:
        read_rows(tmp_path / "a.csv", on_bad="skip")
    assert caught.value.where.endswith("a.csv:3")


def test_an_xlsx_cell_beyond_the_header_is_torn(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [["t", "l"], ["a"], [], ["b", "c", "d"]]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match=r"a\.xlsx:4"):
        read_rows(tmp_path / "a.xlsx")
    table = read_rows(tmp_path / "a.xlsx", on_bad="skip")
    assert values(table) == [{"t": "a", "l": ""}]
    assert table.skipped == (1,)
