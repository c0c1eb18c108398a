"""Field cases 18 and 19 at the first station: the file."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from scaffolded import as_csv, drafted, guess, loaded, texts, written

from anytasktune import splits
from anytasktune.errors import DataError, SourceError, UsageError

CODES = ["1", "01", "NA", "None"]
NUMERALS = ["001", "1.0", "1e3", "NA", "None", "true", "2024-03-01", "TRUE", "1"]


def codes(labels: list[str], times: int = 8) -> list[list[str]]:
    """Rows of text and label, each label so many times."""
    return [[text, labels[place % len(labels)]] for place, text in enumerate(texts(times * len(labels)))]


def as_xlsx(path: Path, rows: list[list[str]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell in book.active["B"]:
        cell.number_format = "@"
    book.save(path)
    return path


@pytest.mark.parametrize("labels", [CODES, NUMERALS], ids=["four-codes", "like-numerals"])
@pytest.mark.parametrize("write", [as_csv, as_xlsx], ids=["csv", "xlsx"])
def test_field_case_18_labels_stay_what_the_file_says(write: object, labels: list[str], tmp_path: Path) -> None:
    suffix = "csv" if write is as_csv else "xlsx"
    rows = [["text", "label"], *codes(labels)]
    path = write(tmp_path / f"mine.{suffix}", rows)  # type: ignore[operator]  # one of the two
    draft = drafted(path)
    assert draft.kind == "choice"
    task = loaded(written(draft, tmp_path / "out"))
    assert [label.id for label in task.card.labels] == sorted(labels)
    data = splits.build(task)
    assert sorted((row.input, *row.targets) for row in data.all) == sorted(map(tuple, rows[1:]))
    for row in data.all:
        assert task.metric.grade(row, row.targets[0]).score == 1
        wrong = [label for label in labels if label != row.targets[0]]
        assert [task.metric.grade(row, label).score for label in wrong] == [0] * len(wrong)


def mixed_rows() -> list[list[str]]:
    """Chinese, right-to-left and English inputs, some of several lines."""
    made = [["text", "label"]]
    for number in range(24):
        text = [
            f"第{number}条留言\n第二行，问{number * 31}",
            f"رسالة رقم {number * 31}",
            f'line one "{number}"\r\nline, two',
        ][number % 3]
        made.append([text, ["好", "bad"][number % 2]])
    return made


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8-sig", "UTF-8 byte-order mark"),
        ("utf-16", "UTF-16 little-endian byte-order mark"),
        ("utf-16-le", "read as utf-16-le"),
        ("utf-8", "utf-8"),
    ],
)
def test_field_case_19_all_rows_and_columns_are_found_and_the_encoding_is_said(
    encoding: str, said: str, tmp_path: Path
) -> None:
    rows = mixed_rows()
    draft = drafted(as_csv(tmp_path / "mine.csv", rows, encoding=encoding))
    assert said in " ".join(draft.notes)
    assert "lines end in CR LF" in " ".join(draft.notes)
    assert "16 rows hold line breaks inside a cell" in " ".join(draft.notes)
    assert "column 'text' (its name)" in guess(draft, "input")
    data = splits.build(loaded(written(draft, tmp_path / "out")))
    assert sorted((row.input, *row.targets) for row in data.all) == sorted(map(tuple, rows[1:]))


def test_field_case_19_gbk_is_recognised_and_said(tmp_path: Path) -> None:
    rows = [["文本", "标签"], *([f"这是第{n}条留言，\n请尽快回复我们", "投诉" if n % 2 else "咨询"] for n in range(20))]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows, encoding="gbk"))
    assert "read as gb18030 (GBK)" in " ".join(draft.notes)
    assert (draft.kind, list(draft.languages)) == ("choice", ["zh"])
    data = splits.build(loaded(written(draft, tmp_path / "out")))
    assert sorted((row.input, *row.targets) for row in data.all) == sorted(map(tuple, rows[1:]))


def test_another_delimiter_is_found_by_the_header_although_texts_hold_commas(tmp_path: Path) -> None:
    rows = [["text", "label"], *([f"{text}, then, more", label] for text, label in codes(["a", "b"]))]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows, delimiter=";"))
    assert "set apart by ';'" in " ".join(draft.notes)
    assert sorted((row.input, *row.targets) for row in draft.rows) == sorted(map(tuple, rows[1:]))


def test_a_first_line_that_is_a_row_is_not_taken_for_a_header(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "mine.csv", codes(["pos", "neg"]))
    with pytest.raises(DataError, match=r"has no header.*'pos' stands in 7 more rows"):
        drafted(path)


def test_what_cannot_be_read_is_told_with_the_way_out(tmp_path: Path) -> None:
    latin = as_csv(
        tmp_path / "latin.csv", [["text", "label"], ["caf\xe9 \xfcber na\xefve", "x"]] * 3, encoding="latin-1"
    )
    with pytest.raises(DataError, match="--encoding NAME"):
        drafted(latin)
    with pytest.raises(UsageError, match="did you mean utf-8"):
        drafted(latin, encoding="utf8x")
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"text": "a", "label": "b"}\n{"text": "cut off he', encoding="utf-8")
    with pytest.raises(DataError, match=r"(?s)Row 1 of torn\.jsonl is torn.*mend the file there"):
        drafted(torn)
    with pytest.raises(SourceError, match=r"did you mean torn\.jsonl"):
        drafted(tmp_path / "tron.jsonl")
    with pytest.raises(UsageError, match=r"\.csv, \.tsv"):
        drafted(tmp_path / "mine.txt")
    with pytest.raises(DataError, match="holds no row"):
        drafted(as_csv(tmp_path / "head.csv", [["text", "label"]]))
