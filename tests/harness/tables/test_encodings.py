from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
from table_values import values

from anytasktune.errors import DataError
from anytasktune.tables import column_name, read_rows, read_text

FIELDS = [
    ["text", "label"],
    ["مرحبا بالعالم، كيف الحال؟", "عربي"],
    ["被告人张三盗窃现金，\n一审判处有期徒刑三年。", "盗窃"],
    ['he said "no",\r\nthen left', "en"],
    ["שלום עולם\u200f", "עברית"],
    ["当事人双方在一九九九年签订合同，对履行期限没有约定。", "合同"],
    ["line\u2028separator", "ls"],
]


def field_bytes(encoding: str) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(FIELDS)
    return stream.getvalue().encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "mark", "found", "said"),
    [
        ("utf-8-sig", b"", "utf-8-sig", "UTF-8 byte-order mark"),
        ("utf-8", b"", "utf-8", ""),
        ("gb18030", b"", "gb18030", "no byte-order mark"),
        ("gb18030", "\ufeff".encode("gb18030"), "gb18030", "GB18030 byte-order mark"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le", "UTF-16 little-endian byte-order mark"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be", "UTF-16 big-endian byte-order mark"),
        ("utf-16-le", b"", "utf-16-le", "no byte-order mark"),
        ("utf-16-be", b"", "utf-16-be", "no byte-order mark"),
        ("utf-32-le", b"\xff\xfe\0\0", "utf-32-le", "UTF-32 little-endian byte-order mark"),
    ],
)
def test_field_case_19_marks_line_ends_and_encodings_tear_nothing(
    tmp_path: Path, encoding: str, mark: bytes, found: str, said: str
) -> None:
    (tmp_path / "a.csv").write_bytes(mark + field_bytes(encoding))
    table = read_rows(tmp_path / "a.csv")
    assert [[row.values["text"], row.values["label"]] for row in table.rows] == FIELDS[1:]
    assert [row.line for row in table.rows] == [2, 3, 5, 7, 8, 9]
    assert column_name(table, "text") == "text"
    assert table.encoding == found
    assert said in " ".join(table.notes)
    assert bool(table.notes) == bool(said)


def test_field_case_19_the_same_in_gbk(tmp_path: Path) -> None:
    chinese = [row for row in FIELDS if row[1] in ("label", "盗窃", "en", "合同")]
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(chinese)
    (tmp_path / "a.csv").write_bytes(stream.getvalue().encode("gbk"))
    table = read_rows(tmp_path / "a.csv")
    assert [[row.values["text"], row.values["label"]] for row in table.rows] == chinese[1:]
    assert table.encoding == "gb18030"
    assert "GBK" in table.notes[0]


def test_field_case_19_the_same_in_xlsx_and_tsv(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in FIELDS:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with (tmp_path / "a.tsv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter="\t").writerows(FIELDS)
    for name in ("a.xlsx", "a.tsv"):
        table = read_rows(tmp_path / name)
        assert [[row.values["text"], row.values["label"]] for row in table.rows] == FIELDS[1:]


def test_field_case_19_a_marked_json_lines_file_keeps_its_first_column(tmp_path: Path) -> None:
    rows = [dict(zip(FIELDS[0], row, strict=True)) for row in FIELDS[1:]]
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\r\n\r\n"
    (tmp_path / "a.jsonl").write_bytes(text.encode("utf-8-sig"))
    assert values(read_rows(tmp_path / "a.jsonl")) == rows


WESTERN = "label,text\nspam,Café à Zürich\nham,naïve façade\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (WESTERN, "cp1252"),
        ("a,b\nпривет мир,как дела\nэто текст,на русском\n", "cp1251"),
        ("標籤,文字\n垃圾,這是一個測試的句子我們都在這裡\n", "big5"),
        ("라벨,본문\n스팸,이것은 시험 문장입니다 한국어 데이터 파일을 읽는 시험입니다\n", "euc_kr"),
        ("ラベル,本文\n迷惑,これはテストの文章です。\n", "euc_jp"),
        ("ラベル,本文\n迷惑,これはテストの文章です。\n", "shift_jis"),
    ],
)
def test_other_encodings_are_refused_until_named(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match="encoding"):
        read_rows(path)
    assert read_text(path, encoding=encoding).text == text
    assert read_rows(path, encoding=encoding).encoding == encoding


def test_a_broken_byte_in_utf8_is_named_and_not_taken_for_another_encoding(tmp_path: Path) -> None:
    data = field_bytes("utf-8")
    place = data.index("盗窃".encode())
    (tmp_path / "a.csv").write_bytes(data[:place] + b"\xff" + data[place:])
    with pytest.raises(DataError, match="not valid utf-8") as caught:
        read_rows(tmp_path / "a.csv")
    assert caught.value.where.endswith("a.csv:3")


def test_a_wrong_or_unknown_encoding_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(WESTERN.encode("cp1252"))
    with pytest.raises(DataError, match=r"a\.csv:2"):
        read_rows(tmp_path / "a.csv", encoding="utf-8")
    with pytest.raises(DataError, match="no encoding"):
        read_rows(tmp_path / "a.csv", encoding="utf-9")
