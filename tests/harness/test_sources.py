"""Where rows come from: pins, mirrors, cache, readers, encodings. Field cases 18 and 19."""

from __future__ import annotations

import csv
import datetime
import hashlib
import http.server
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anytasktune import sources
from anytasktune.errors import DataError, SourceError
from anytasktune.sources import (
    HubDataset,
    PinnedFile,
    Table,
    as_text,
    column,
    column_name,
    read_rows,
    read_text,
)

CONTENT = b'{"text": "one"}\n'
COMMIT = "a" * 40


def pin(path: str = "data/my rows.jsonl", content: bytes = CONTENT, **changed: str) -> PinnedFile:
    fields = {"owner": "owner", "repo": "repo", "commit": COMMIT, "path": path}
    return PinnedFile(**(fields | {"sha256": hashlib.sha256(content).hexdigest()} | changed))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no mirror, and a public address that nobody answers."""
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ANYTASKTUNE_MIRROR", raising=False)
    monkeypatch.setattr(sources, "PUBLIC_ADDRESS", "http://127.0.0.1:9")
    return tmp_path / "cache"


@pytest.fixture
def public_address(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder served over HTTP in place of the public address."""
    folder = tmp_path / "public"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setattr(sources, "PUBLIC_ADDRESS", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def put(root: Path, wanted: PinnedFile, content: bytes) -> Path:
    path = root / wanted.mirror_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(path: Path, wanted: PinnedFile, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(wanted.mirror_path, content)
    return path


def values(table: Table) -> list[dict[str, Any]]:
    return [dict(row.values) for row in table.rows]


# --- pins -----


@pytest.mark.parametrize(
    "changed",
    [
        {"commit": "main"},
        {"commit": "A" * 40},
        {"sha256": "0" * 63},
        {"path": "../x"},
        {"path": "/etc/passwd"},
        {"path": "a//b"},
        {"path": "a\\b"},
        {"owner": "a/b"},
        {"repo": ".."},
    ],
)
def test_a_malformed_pin_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SourceError):
        pin(**changed)


def test_the_public_address_is_percent_encoded() -> None:
    wanted = pin(path="tasks/No-Solicit Of#1/测试.tsv")
    assert wanted.url == (
        f"https://raw.githubusercontent.com/owner/repo/{COMMIT}/tasks/No-Solicit%20Of%231/%E6%B5%8B%E8%AF%95.tsv"
    )


def test_the_cache_has_a_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANYTASKTUNE_CACHE", raising=False)
    assert sources.cache_folder().name == "anytasktune"


def test_folder_and_zip_mirror_give_the_same_bytes(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    in_folder = put(tmp_path / "mirror", wanted, CONTENT)
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(tmp_path / "mirror"))
    assert wanted.fetch() == in_folder
    assert not cache.exists()
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(zipped(tmp_path / "mirror.zip", wanted, CONTENT)))
    out_of_zip = wanted.fetch()
    assert out_of_zip == wanted.cache_path
    assert out_of_zip.read_bytes() == in_folder.read_bytes()
    assert [path.name for path in out_of_zip.parent.iterdir()] == [out_of_zip.name]


def test_a_zip_mirror_heals_a_wrong_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    wanted.cache_path.parent.mkdir(parents=True)
    wanted.cache_path.write_bytes(b"wrong")
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(zipped(tmp_path / "mirror.zip", wanted, CONTENT)))
    assert wanted.fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_wrong_file_in_the_mirror_is_named_and_never_cached(
    kind: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    mirror = tmp_path / f"mirror.{kind}"
    if kind == "folder":
        put(mirror, wanted, b"changed")
    else:
        zipped(mirror, wanted, b"changed")
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(mirror))
    with pytest.raises(SourceError) as caught:
        wanted.fetch()
    message = str(caught.value)
    assert wanted.mirror_path in message
    assert wanted.sha256 in message
    assert hashlib.sha256(b"changed").hexdigest() in message
    assert str(mirror) in message
    assert not wanted.cache_path.exists()


def test_a_wrong_file_in_the_cache_is_named_and_moved_aside(cache: Path, public_address: Path) -> None:
    wanted = pin()
    put(public_address, wanted, CONTENT)
    wanted.cache_path.parent.mkdir(parents=True)
    wanted.cache_path.write_bytes(b"wrong")
    with pytest.raises(SourceError, match="sha256 differs") as caught:
        wanted.fetch()
    assert hashlib.sha256(b"wrong").hexdigest() in str(caught.value)
    assert not wanted.cache_path.exists()
    assert wanted.fetch().read_bytes() == CONTENT


def test_a_file_comes_from_the_public_address_once(public_address: Path) -> None:
    wanted = pin()
    served = put(public_address, wanted, CONTENT)
    assert wanted.fetch().read_bytes() == CONTENT
    served.unlink()
    assert wanted.fetch().read_bytes() == CONTENT
    assert [path.name for path in wanted.cache_path.parent.iterdir()] == [wanted.cache_path.name]


def test_a_changed_pin_never_gets_the_old_file(public_address: Path) -> None:
    put(public_address, pin(), CONTENT)
    pin().fetch()
    put(public_address, pin(), b"new")
    assert pin(content=b"new").fetch().read_bytes() == b"new"


def test_a_wrong_public_file_is_refused_and_leaves_nothing(public_address: Path) -> None:
    wanted = pin()
    put(public_address, wanted, b"moved on")
    with pytest.raises(SourceError, match="sha256 differs") as caught:
        wanted.fetch()
    assert wanted.url in str(caught.value)
    assert list(wanted.cache_path.parent.iterdir()) == []


def test_a_file_that_cannot_be_had_says_what_to_fetch_and_where_to_put_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(SourceError) as caught:
        wanted.fetch()
    assert wanted.url in caught.value.fix
    assert str(wanted.cache_path) in caught.value.fix
    assert wanted.mirror_path in caught.value.fix
    wanted.cache_path.write_bytes(CONTENT)  # doing what it says helps
    assert wanted.fetch().read_bytes() == CONTENT


def test_a_missing_public_file_is_a_source_error(public_address: Path) -> None:
    with pytest.raises(SourceError, match="404"):
        pin().fetch()


def test_a_mirror_that_does_not_exist_or_is_no_zip_is_an_error(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(tmp_path / "none"))
    with pytest.raises(SourceError, match="does not exist"):
        pin().fetch()
    (tmp_path / "none").write_bytes(b"no zip")
    with pytest.raises(SourceError, match="zip"):
        pin().fetch()


def test_a_cache_that_cannot_be_written_is_a_source_error(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "file"))
    with pytest.raises(SourceError, match="ANYTASKTUNE_CACHE"):
        pin().fetch()


# --- the real mirror -----

LAWBENCH = {"owner": "open-compass", "repo": "LawBench", "commit": "e30981bb3ff54c41571f222e0b23e92d27375388"}
FOMC = {
    "owner": "gtfintechlab",
    "repo": "fomc-hawkish-dovish",
    "commit": "98646987452b326507479cf641571b33814bb73f",
}
MEQSUM = {"owner": "abachaa", "repo": "MeQSum", "commit": "51e36cf65c12602333b6fdc3ae8ecf10430529f7"}
_SPLITS = "training_data/test-and-training"
PUBLISHED: dict[str, tuple[dict[str, str], str, str, int]] = {
    "lawbench 3-3": (
        LAWBENCH,
        "data/zero_shot/3-3.json",
        "64378a7d7c3548cbe336d989f50a1301ba531ef53fc97b4dd879fda7e6fec755",
        500,
    ),
    "lawbench 3-3 gpt-4": (
        LAWBENCH,
        "predictions/zero_shot/GPT4/3-3.json",
        "2570ca7a2dbd897662a8f6d696547d32a029a7b17613e62ac2876b38e6dbd1d3",
        500,
    ),
    "fomc train 5768": (
        FOMC,
        f"{_SPLITS}/training_data/lab-manual-split-combine-train-5768.xlsx",
        "a4157414bf60cdcedec07d2ab9a7d253214b991ab9f9e03300c00056f5a2032c",
        1984,
    ),
    "fomc test 5768": (
        FOMC,
        f"{_SPLITS}/test_data/lab-manual-split-combine-test-5768.xlsx",
        "d8a54d486bec780f0409b8d7f19c566a3b85ceb6560a15e5016feb3c565f615b",
        496,
    ),
    "fomc chatgpt 5768": (
        FOMC,
        "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_5768.csv",
        "af18836a0aa6d55496d9e7bb7a4867c4562180bd6c28d2c8bb44f56edf3e6e5d",
        496,
    ),
    "fomc train 78516": (
        FOMC,
        f"{_SPLITS}/training_data/lab-manual-split-combine-train-78516.xlsx",
        "77a6f9d745cf1bafe37d5c1d8c86744ebaf185abe428e71e88ba718fc4b35f0f",
        1984,
    ),
    "fomc test 78516": (
        FOMC,
        f"{_SPLITS}/test_data/lab-manual-split-combine-test-78516.xlsx",
        "09ded8a25b1d841177f96049ef8e5fb3567e048d135418b282a6e3c5a621a7f8",
        496,
    ),
    "fomc chatgpt 78516": (
        FOMC,
        "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_78516.csv",
        "85ef13aa2d93e4769f7b5b610561374a1583046a1735b2edede6726c1ad1c883",
        496,
    ),
    "fomc train 944601": (
        FOMC,
        f"{_SPLITS}/training_data/lab-manual-split-combine-train-944601.xlsx",
        "51c269c2eaef7fb4aff0cd3c4a262530f47633d77c169079767d6d873d173f55",
        1984,
    ),
    "fomc test 944601": (
        FOMC,
        f"{_SPLITS}/test_data/lab-manual-split-combine-test-944601.xlsx",
        "a2a0f65df2542660b30cb3a3a5b2e3fec88201465bcca3de2f16593c12eea76f",
        496,
    ),
    "fomc chatgpt 944601": (
        FOMC,
        "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_944601.csv",
        "55a29e96a287112ff87b4115ad55474d6a99b7b000d1dbcc9c9129f99fd13f08",
        496,
    ),
    "meqsum": (
        MEQSUM,
        "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
        "abedd939d5014306ca576522416bf69103e85dc8fcf1668a4099e8b84a39eeea",
        1000,
    ),
}


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_have_their_row_counts_from_folder_and_zip(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, path, sha256, count = PUBLISHED[name]
    wanted = PinnedFile(**repository, path=path, sha256=sha256)
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "PUBLIC_ADDRESS", "http://127.0.0.1:9")
    first = wanted.fetch()
    content = first.read_bytes()
    # The mirror at hand is a folder or a zip; build the other kind of it.
    if Path(os.environ["ANYTASKTUNE_MIRROR"]).is_dir():
        other = zipped(tmp_path / "other.zip", wanted, content)
    else:
        other = tmp_path / "other"
        put(other, wanted, content)
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(other))
    second = wanted.fetch()
    assert second != first
    assert second.read_bytes() == content
    table = read_rows(second)
    assert len(table.rows) == count
    assert [row.number for row in table.rows] == list(range(count))
    assert table.skipped == ()


@pytest.mark.usefixtures("mirror")
def test_recorded_answers_are_keyed_by_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    answers_repo, answers_path, answers_sha256, _ = PUBLISHED["lawbench 3-3 gpt-4"]
    table = read_rows(PinnedFile(**answers_repo, path=answers_path, sha256=answers_sha256).fetch())
    assert [row.key for row in table.rows] == [str(number) for number in range(500)]
    assert {"prediction", "refr"} <= set(table.columns)


@pytest.mark.usefixtures("mirror")
def test_fomc_labels_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    repository, path, sha256, _ = PUBLISHED["fomc test 5768"]
    table = read_rows(PinnedFile(**repository, path=path, sha256=sha256).fetch())
    assert table.columns == ("index", "sentence", "year", "label", "orig_index")
    assert set(column(table, "label")) == {"0", "1", "2"}


# --- field case 18: labels that look like numbers -----

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
        csv.writer(stream).writerows(
            [["text", "label"], *[[f"t{n}", label] for n, label in enumerate(LABELS)]]
        )
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


# --- field case 19: marks, line ends, encodings -----

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


# --- encodings that must be named -----

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


# --- torn rows -----

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
    assert [sources.row_id("law/x", row) for row in table.rows] == [f"law/x:{number}" for number in kept]
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


# --- the formats -----


def test_json_takes_a_list_an_object_of_objects_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1.0, "b": null}, {"a": true, "c": "001"}]', encoding="utf-8")
    table = read_rows(path)
    assert table.columns == ("a", "b", "c")
    assert values(table) == [{"a": 1.0, "b": None}, {"a": True, "c": "001"}]
    assert column(table, "c") == [None, "001"]
    path.write_text('{"7": {"a": 1}, "3": {"a": 2}}', encoding="utf-8")
    assert [(row.number, row.key) for row in read_rows(path).rows] == [(0, "7"), (1, "3")]
    path.write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    table = read_rows(path)
    assert values(table) == [{"a": 1}, {"a": 2}]
    assert "JSON Lines" in table.notes[0]


@pytest.mark.parametrize(
    "text", ['{"data": [{"a": 1}]}', '"x"', '[{"a": 1}', "", '{"0": {"a": 1}, "0": {"a": 2}}']
)
def test_json_that_holds_no_rows_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json"):
        read_rows(tmp_path / "a.json")


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


# --- hub data sets and start-up -----


@pytest.mark.parametrize(
    "changed", [{"revision": "main"}, {"revision": "a" * 39}, {"name": "owner"}, {"name": "../x"}]
)
def test_a_hub_data_set_without_a_pinned_revision_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(SourceError):
        HubDataset(**({"name": "owner/name", "revision": COMMIT, "split": "train"} | changed))


def test_a_hub_data_set_is_asked_for_at_its_revision_and_shows_class_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    stored = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    asked: list[Any] = []

    def load_dataset(*args: Any, **named: Any) -> Any:
        asked.append((args, named))
        return stored

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.chdir(tmp_path)
    table = HubDataset(name="owner/name", revision=COMMIT, config="zh", split="test").read()
    assert asked == [(("owner/name", "zh"), {"split": "test", "revision": COMMIT})]
    assert column(table, "label") == ["yes", "no", None]
    assert [row.number for row in table.rows] == [0, 1, 2]
    (tmp_path / "owner" / "name").mkdir(parents=True)
    with pytest.raises(SourceError, match="hides"):
        HubDataset(name="owner/name", revision=COMMIT, split="test").read()


def run_python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_a_hub_data_set_without_a_network_is_a_clear_error(tmp_path: Path) -> None:
    code = f"""
from anytasktune.errors import SourceError
from anytasktune.sources import HubDataset
try:
    HubDataset(name="owner/none-such", revision="{COMMIT}", split="train").read()
except SourceError as error:
    print(error)
"""
    said = run_python(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert "owner/none-such" in said
    assert f"https://huggingface.co/datasets/owner/none-such/tree/{COMMIT}" in said
    assert "HF_HOME" in said


def test_importing_sources_loads_no_heavy_library() -> None:
    heavy = "pooch openpyxl pyarrow datasets charset_normalizer requests pandas numpy torch"
    code = f"import sys, anytasktune.sources; print([m for m in '{heavy}'.split() if m in sys.modules])"
    assert run_python(code).strip() == "[]"
