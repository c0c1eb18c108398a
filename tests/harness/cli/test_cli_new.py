"""``new`` from outside: a file in, a package out, and what other commands make of it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from commands import Att, Done

from anytasktune.examples import KINDS


def as_csv(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def messages(count: int) -> list[str]:
    words = "kettle lamp train river stone cloud violin paper harbour window".split()
    return [f"{words[n % 10]} {words[(n * 3 + 1) % 10]} message number {n * 17}" for n in range(count)]


def plugin_of(folder: Path) -> Path:
    (module,) = [path for path in folder.glob("src/*/*.py") if path.name != "__init__.py"]
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_builds_and_scores_its_own_answers_as_right(kind: str, att: Att, tmp_path: Path) -> None:
    done = att("new", f"demo/{kind}-x", "--kind", kind)
    assert (done.status, done.err) == (0, "")
    folder = tmp_path / f"{kind}-x"
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.relative_to(folder).as_posix() in done.out
    assert f"anytasktune check ./{kind}-x" in done.out
    (built,) = att("build", f"demo/{kind}-x", "--plugin", plugin_of(folder), "--json").json()
    assert (built["train"], built["validation"], built["test"], built["notes"]) == (24, 8, 12, [])
    rows = [json.loads(line) for line in next(folder.rglob("test.jsonl")).read_text(encoding="utf-8").splitlines()]
    answers = tmp_path / "answers.jsonl"
    with answers.open("w", encoding="utf-8") as stream:
        for number, row in enumerate(rows):
            target = row["target"]
            said = ("; ".join(target) or "none") if isinstance(target, list) else target
            stream.write(json.dumps({"id": f"test:{number}", "answer": said}) + "\n")
    scored = att("score", f"demo/{kind}-x", "--plugin", plugin_of(folder), "--answers", answers, "--json").json()
    assert (scored["score"], scored["n"]) == (1.0, 12)


def test_json_says_everything_that_the_screen_says(att: Att, tmp_path: Path) -> None:
    rows = [
        ["id", "text", "label"],
        *([str(n), text, ["spam", "Spam", "ham"][n % 3]] for n, text in enumerate(messages(30))),
    ]
    rows[4][1] = ""
    path = as_csv(tmp_path / "mine.csv", rows)
    said = att("new", "demo/mine", "--data", path, "--json").json()
    assert {key: said[key] for key in ("id", "kind", "package")} == {
        "id": "demo/mine",
        "kind": "choice",
        "package": "mine",
    }
    assert sum(said["rows"].values()) == 29
    assert [guess["what"] for guess in said["guesses"]] == ["input", "target", "not used", "kind", "split", "language"]
    assert all(guess["why"] for guess in said["guesses"])
    assert said["findings"][0] == {
        "what": "rows that are left out: 1 of 30",
        "evidence": ["row 3 (line 5): the input is empty"],
    }
    assert sorted(said["files"]) == sorted(
        path.relative_to("mine").as_posix() for path in Path("mine").rglob("*") if path.is_file()
    )
    screen = att("new", "demo/mine", "--data", path, "--out", "elsewhere").out
    for finding in said["findings"]:
        assert finding["what"] in screen
        assert all(line in screen for line in finding["evidence"])
    for guess in said["guesses"]:
        assert f"{guess['what']}: {guess['value']}" in screen


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo"], "written domain/name"),
        (["Demo/X"], "capital letter"),
        (["demo/我的"], "'我'"),
        (["demo/a b"], "white space"),
        (["demo/class"], "word of Python"),
        (["consumer/ticket-routing"], "registered already"),
        (["demo/x", "--kind", "choise"], "did you mean choice?"),
        (["demo/x", "--target", "label"], "no --data is given"),
        (["demo/x", "--merge-spellings"], "no --data is given"),
        (["demo/x", "--data", "gone.csv"], "no file gone.csv"),
        (["demo/x", "--data", "mine.csv", "--input", "txt"], "did you mean text?"),
        (["demo/x", "--data", "mine.csv", "--encoding", "utf9"], "did you mean utf-8"),
        (["demo/x", "--data", "mine.csv", "--out", "mine.csv"], "cannot be written"),
    ],
)
def test_a_request_that_cannot_be_met_is_a_sentence_and_writes_nothing(
    words: list[str], said: str, att: Att, tmp_path: Path
) -> None:
    as_csv(tmp_path / "mine.csv", [["text", "label"], *([text, "ab"[n % 2]] for n, text in enumerate(messages(20)))])
    done = att("new", *words)
    assert done.status in (1, 2)
    assert said in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_a_second_time_is_refused(att: Att, tmp_path: Path) -> None:
    assert att("new", "demo/x").status == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = att("new", "demo/x", "--kind", "number")
    assert (done.status, "nothing is overwritten" in done.err) == (2, True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_rows_say_has_no_effect_on_the_screen(att: Att, tmp_path: Path) -> None:
    rows = [["text", "label"], *([f"[red]\x1b[31m{text}[/] :smile:", "[b]x"] for text in messages(10))]
    rows += [[text, ""] for text in messages(2)]
    rows += [[f"{text} more", "y\u202e"] for text in messages(10)]
    done = att("new", "demo/x", "--data", as_csv(tmp_path / "mine.csv", rows))
    assert done.status == 0
    assert "\x1b[31m" not in done.out
    assert "\u202e" not in done.out


# --- field cases, by number ---


def scored(att: Att, plugin: Path, rows: dict[str, str], folder: Path) -> dict[str, Any]:
    answers = folder / "answers.jsonl"
    lines = [json.dumps({"id": id, "answer": answer}, ensure_ascii=False) for id, answer in rows.items()]
    answers.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = att("score", "demo/x", "--plugin", plugin, "--answers", answers, "--split", "all", "--json").json()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_field_case_18_four_classes_from_the_file_to_the_score(suffix: str, att: Att, tmp_path: Path) -> None:
    labels = ["1", "01", "NA", "None"]
    rows = [["text", "label"], *([text, labels[n % 4]] for n, text in enumerate(messages(32)))]
    path = tmp_path / f"mine.{suffix}"
    if suffix == "csv":
        as_csv(path, rows)
    else:
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    said = att("new", "demo/x", "--data", path, "--json").json()
    assert said["labels"] == {"01": 8, "1": 8, "NA": 8, "None": 8}
    plugin = plugin_of(tmp_path / "x")
    assert sorted(att("show", "demo/x", "--plugin", plugin, "--json").json()["labels"]) == sorted(labels)
    assert att("build", "demo/x", "--plugin", plugin, "--json").json()[0]["notes"] == []
    data = {
        f"{file.stem}:{number}": json.loads(line)["target"]
        for file in tmp_path.rglob("data/*.jsonl")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines())
    }
    assert scored(att, plugin, data, tmp_path)["score"] == 1.0
    swapped = {id: {"1": "01", "01": "1", "NA": "None", "None": "NA"}[label] for id, label in data.items()}
    assert scored(att, plugin, swapped, tmp_path)["score"] == 0.0


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8-sig", "UTF-8 byte-order mark"),
        ("gbk", "gb18030 (GBK)"),
        ("utf-16", "UTF-16 little-endian byte-order mark"),
    ],
)
def test_field_case_19_mark_line_ends_and_broken_lines(encoding: str, said: str, att: Att, tmp_path: Path) -> None:
    texts = [f"第{n}条，\n请回复" if n % 2 else f'line {n * 31}, "quoted"\r\nand more' for n in range(24)]
    if encoding != "gbk":
        texts[5] = "رسالة طويلة، سطر\nوسطر آخر"
    rows = [["正文", "标签"], *([text, ["好", "坏"][n % 2]] for n, text in enumerate(texts))]
    done = att("new", "demo/x", "--data", as_csv(tmp_path / "mine.csv", rows, encoding))
    assert done.status == 0
    assert said in done.out
    assert "lines end in CR LF" in done.out
    assert "24 rows hold line breaks inside a cell" in done.out
    (built,) = att("build", "demo/x", "--plugin", plugin_of(tmp_path / "x"), "--json").json()
    assert built["train"] + built["validation"] + built["test"] + built["leaks_removed"] == 24
    files = [file.read_text(encoding="utf-8") for file in tmp_path.rglob("data/*.jsonl")]
    found = [json.loads(line)["input"] for text in files for line in text.splitlines()]
    assert sorted(found) == sorted(texts)


def test_field_case_22_five_spellings_of_three_classes(att: Att, tmp_path: Path) -> None:
    spelt = ["ham"] * 20 + ["spam"] * 9 + ["Spam"] * 4 + ["smishing"] * 6 + ["Smishing"] * 3
    rows = [["text", "label"], *map(list, zip(messages(len(spelt)), spelt, strict=True))]
    path = as_csv(tmp_path / "mine.csv", rows)
    done = att("new", "demo/x", "--kind", "choice", "--data", path)
    assert done.status == 0
    assert "5 spellings of 3 labels" in done.out
    assert "'spam' × 9, 'Spam' × 4" in done.out
    assert "'smishing' × 6, 'Smishing' × 3" in done.out
    (built,) = att("build", "demo/x", "--plugin", plugin_of(tmp_path / "x"), "--json").json()
    assert any("2 labels are spelt in several ways" in note for note in built["notes"])
    merged = att("new", "demo/x", "--data", path, "--out", "merged", "--merge-spellings", "--json").json()
    assert merged["labels"] == {"ham": 20, "smishing": 9, "spam": 13}


def test_field_case_23_repeated_and_conflicting_texts(att: Att, tmp_path: Path) -> None:
    texts = messages(60)
    rows = [[text, "ham" if n < 40 else "spam", "train"] for n, text in enumerate(texts)]
    for n in range(30):
        other = f" {texts[n].upper().replace('MESSAGE', 'Ｍessage')}  "
        rows.append([other, "spam" if n < 10 else "ham", "test"])
    done = att("new", "demo/x", "--data", as_csv(tmp_path / "mine.csv", [["text", "label", "split"], *rows]))
    assert "stand more than once (alike but for case, width, spaces and punctuation): 30" in done.out
    assert "inputs with different targets: 10" in done.out
    assert "row 0 (line 2) 'ham' / row 60 (line 62) 'spam'" in done.out
    assert "a scored row says the same: 30" in done.out
    (built,) = att("build", "demo/x", "--plugin", plugin_of(tmp_path / "x"), "--json").json()
    assert (built["leaks_removed"], built["test"]) == (30, 30)
    assert any("10 inputs stand with different answers" in note for note in built["notes"])


# --- installed ---


@pytest.mark.slow
def test_an_installed_package_is_in_the_list_of_sub_tasks(att: Att, child: Callable[..., Done], tmp_path: Path) -> None:
    assert att("new", "demo/mine").status == 0
    target = tmp_path / "installed"
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(tmp_path / "mine")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    paths = os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH", "")]))
    (listed,) = child("tasks", "demo/*", "--json", PYTHONPATH=paths).json()
    assert (listed["id"], listed["plugin"], listed["authored"]) == ("demo/mine", "demo-mine", True)
    (built,) = child("build", "demo/mine", "--json", PYTHONPATH=paths).json()
    assert (built["train"], built["validation"], built["test"]) == (24, 8, 12)
    again = child("new", "demo/mine", "--out", "again", PYTHONPATH=paths)
    assert (again.status, "registered already" in again.err) == (2, True)
