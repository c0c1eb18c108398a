from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from table_values import values

from anytasktune.tables import column, read_rows

LABELS = [
    "1",
    "01",
    "NA",
    "None",
    "001",
    "1.0",
    "1e3",
    "true",
    "TRUE",
    "2024-03-01",
    "03/01/24",
    "nan",
    "",
    "1,000",
]


def labels_as_csv(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text", "label"], *[[f"t{n}", label] for n, label in enumerate(LABELS)]])
    return path


def labels_as_xlsx(path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in [["text", "label"], *[[f"t{n}", label] for n, label in enumerate(LABELS)]]:
        book.active.append(row)
    for cell in book.active["B"]:
        cell.number_format = "@"
    book.save(path)
    return path


def test_field_case_18_labels_that_look_like_numbers_stay_text_in_csv(tmp_path: Path) -> None:
    assert column(read_rows(labels_as_csv(tmp_path / "a.csv")), "label") == LABELS


def test_field_case_18_labels_that_look_like_numbers_stay_text_in_xlsx(tmp_path: Path) -> None:
    assert column(read_rows(labels_as_xlsx(tmp_path / "a.xlsx")), "label") == LABELS


def test_field_case_18_four_classes_stay_four_from_csv_xlsx_and_back(tmp_path: Path) -> None:
    from_csv = read_rows(labels_as_csv(tmp_path / "a.csv"))
    from_xlsx = read_rows(labels_as_xlsx(tmp_path / "a.xlsx"))
    assert values(from_csv) == values(from_xlsx)
    again = tmp_path / "again.csv"
    with again.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([from_xlsx.columns, *[row.values.values() for row in from_xlsx.rows]])
    assert values(read_rows(again)) == values(from_csv)
    assert len(set(column(from_csv, "label")[:4])) == 4


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (1, "General", "1"),
        (1, "00", "01"),
        (1, "000", "001"),
        (1, "00#", "001"),
        (1, "@", "1"),
        (0, "#", ""),
        (-7, "000", "-007"),
        (1.0, "0.0", "1.0"),
        (1.25, "0.0", "1.3"),
        (1.5, "0.0##", "1.5"),
        (1000, "0.00E+00", "1.00E+03"),
        (1234567, "#,##0", "1,234,567"),
        (12, "#,##0", "12"),
        (0.5, "0%", "50%"),
        (7, '"ID-"000', "ID-007"),
        (0.1 + 0.2, "General", "0.3"),
        (12345678901234, "General", "12345678901234"),
        (True, "General", "TRUE"),
        (datetime.date(2024, 3, 1), "yyyy-mm-dd", "2024-03-01"),
        (datetime.datetime(2024, 3, 1, 10, 30), "yyyy-mm-dd hh:mm", "2024-03-01 10:30:00"),
        ("=1+1", "General", ""),  # never computed by a spreadsheet, so no value was saved
        ("#N/A", "General", "#N/A"),
        ("line\r\nbreak", "General", "line\r\nbreak"),
    ],
)
def test_field_case_18_an_xlsx_cell_reads_as_a_spreadsheet_shows_it(
    tmp_path: Path, value: Any, number_format: str, shown: str
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    book.active.append(["t", value])
    book.active["B2"].number_format = number_format
    book.save(tmp_path / "a.xlsx")
    table = read_rows(tmp_path / "a.xlsx")
    assert column(table, "label") == [shown]
    assert table.notes == ()


def test_a_number_format_that_is_not_followed_is_noted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["label"])
    book.active.append([0.5])
    book.active["A2"].number_format = "# ?/?"
    book.save(tmp_path / "a.xlsx")
    table = read_rows(tmp_path / "a.xlsx")
    assert column(table, "label") == ["0.5"]
    assert "'# ?/?'" in table.notes[0]
