from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from made_runs import board_of, built, make_run, right_on, rows, subtask, usual_runs
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from anytasktune.errors import UsageError
from anytasktune.leaderboard import Board
from anytasktune.reports import inert, terminal
from anytasktune.reports.formats import FORMATS, ReportFormat, render

HOSTILE = [
    "<script>alert(1)</script>",
    "</td><img src=x onerror=alert(1)>",
    "a|b",
    "a\\|b",
    "two\nlines\r\nof it",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "\x9b31mred",
    "right\u202eto\u2066left\u200f",
    "zero\u200bwidth\ufeff",
    "[bold red]markup[/] :smile: [link=http://x.example]x[/link]",
    "[text](javascript:alert(1)) ![i](http://x.example/i.png) http://x.example www.x.example",
    "`code` *it* __bold__ ~~gone~~ $x$ &amp; &lt;",
    '=HYPERLINK("http://x.example")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "# title",
    "- item",
    "模型 一",
    "x" * 300,
    "line\u2028separator",
    "001",
]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    task = subtask(tmp_path_factory.mktemp("card"), rows(100, slices=True))
    data = built(task)
    runs = [
        *usual_runs(task, data),
        make_run(task, data, "mumbler", "general", ["no idea"] * 30 + right_on(data.splits["test"], [])[30:]),
        make_run(task, data, "flaky", "general", [None] * 50 + ["ham"] * 50),
        make_run(task, data, "hasty", "general", ["ham"] * 10, limit=10),
    ]
    return board_of(task, data, runs, command="anytasktune board runs --format terminal")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Board:
    task = subtask(tmp_path_factory.mktemp("card"), rows(10))
    data = built(task)
    runs = [
        make_run(task, data, label, "general", ["ham"] * 10, created=f"2026-01-{n + 1:02d}", command=label)
        for n, label in enumerate(HOSTILE)
    ]
    runs.append(make_run(task, data, HOSTILE[0], "adapter", ["spam"] * 10, seed=1, base=HOSTILE[2]))
    runs.append(make_run(task, data, HOSTILE[2], "base", ["ham"] * 10, protocol="likelihood"))
    return board_of(task, data, runs, command=HOSTILE[5])


def unseen(text: str) -> set[str]:
    return {char for char in text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


# --- the terminal ---


def test_name_protocol_and_score_of_every_kind_of_row_stand_in_one_line(board: Board) -> None:
    lines = render(board, "terminal").splitlines()
    for word in ("majority", "tfidf-logreg", "zero-shot", "few-shot", "likelihood", "adapter"):
        assert any(word in line and re.search(r"[01]\.[0-9]{3} \[", line) for line in lines), word


def test_the_terminal_shows_every_row_with_its_figures_as_computed(board: Board) -> None:
    text = render(board, "terminal")
    for row in board.rows:
        score = row.record.score
        if score.value is not None:
            assert f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]" in text
    (line,) = [line for line in text.splitlines() if re.search(r"tfidf-logreg +0", line)]
    assert line.split() == ["3", "tfidf-logreg", "0.700", "[0.604,", "0.781]", "100", "+0.100", "better"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_terminal_report_fits_its_width_and_holds_no_escape_sequence(board: Board, width: int) -> None:
    text = terminal.render(board, width=width)
    assert max(cell_len(line) for line in text.splitlines()) <= max(80, width)
    assert not unseen(text)


def test_footnotes_claims_and_command_follow_the_rows(board: Board) -> None:
    text = " ".join(render(board, "terminal").split())
    assert "* mumbler (zero-shot): of 100 rows 30 unreadable" in text
    assert "50 of 100 answers are missing" in text
    assert "10 rows, accuracy, limited to 10 rows" in text
    order = [text.index(part) for part in ("tfidf-logreg", "* mumbler", "beats its base", "Made by: anytasktune board")]
    assert order == sorted(order)


def test_a_console_with_colour_gets_the_same_words(board: Board) -> None:
    file = io.StringIO()
    terminal.show(board, Console(file=file, force_terminal=True, width=80, color_system="truecolor"))
    coloured = file.getvalue()
    assert "\x1b[1m" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert plain.split() == render(board, "terminal").split()


def test_long_names_keep_their_protocol_beside_the_score_and_stand_whole_below(board: Board) -> None:
    lines = render(board, "terminal").splitlines()
    (place,) = [n for n, line in enumerate(lines) if "adapter zero-shot" in line]
    assert "0.850" in lines[place]
    assert "SmolLM2-135M-Instruct-routing" in lines[place + 1]


@pytest.mark.parametrize(
    "label",
    ["smol adapter", "SmolLM2-135M-Instruct adapter", "SmolLM2-135M-Instruct adapter, seed 1", "m" * 60],
)
@pytest.mark.parametrize("protocol", ["zero-shot", "few-shot", "likelihood"])
def test_an_adapter_is_called_adapter_once_in_the_line_of_its_score(tmp_path: Path, label: str, protocol: str) -> None:
    task = subtask(tmp_path, rows(10))
    run = make_run(task, built(task), label, "adapter", ["ham"] * 10, seed=1, protocol=protocol)
    board = board_of(task, built(task), [run])
    (line,) = [line for line in render(board, "terminal").splitlines() if " 0.500 [" in line]
    assert line.count("adapter") == 1
    assert protocol in line
    cell = next(line for line in render(board, "markdown").splitlines() if "| 0.500 |" in line)
    assert cell.split("|")[2].count("adapter") == 1


def test_hostile_names_do_nothing_in_a_terminal(hostile: Board) -> None:
    text = render(hostile, "terminal")
    assert not unseen(text)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    for shown in (
        "\\x1b[31mred",
        "right\\u202eto\\u2066left\\u200f",
        "[bold red]markup[/] :smile:",
        "模型 一",
    ):
        assert shown in " ".join(text.split()), shown


# --- Markdown ---


def test_field_case_47_markdown_tables_keep_their_columns_and_names_are_inert(hostile: Board) -> None:
    text = render(hostile, "markdown")
    assert not unseen(text)
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text)
    assert not re.search(r"<(script|img|a|em|code|s|del|h3)\b", html)
    cells = [re.findall(r"<t[dh]", line) for line in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)]
    assert {len(found) for found in cells} == {9, 11}
    for label in HOSTILE[:4]:
        escaped = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        assert f"<td>{escaped} " in html, label


def test_markdown_holds_claims_notes_footnotes_and_where_figures_come_from(board: Board) -> None:
    text = render(board, "markdown")
    assert "| 3 | tfidf-logreg direct | 0.700 | [0.604, 0.781] | 100 | +0.100 better |" in text
    assert "mumbler (zero-shot): of 100 rows 30 unreadable" in text
    assert "beats its base at its best" in text
    assert board.rows[0].record.task.data_fingerprint in text
    assert "Made by: anytasktune board runs" in text


def test_field_case_45_markdown_shows_a_gap_as_a_gap_and_no_mean(tmp_path: Path) -> None:
    from anytasktune.leaderboard import DataKey, make_board

    tasks = [subtask(tmp_path, rows(20), id=f"demo/{name}") for name in ("easy", "hard")]
    sets = [built(task) for task in tasks]
    runs = [make_run(task, data, "A", "general", ["ham"] * 20) for task, data in zip(tasks, sets, strict=True)]
    runs.append(make_run(tasks[0], sets[0], "B", "general", right_on(sets[0].splits["test"], range(20))))
    golds = {
        DataKey(task.id, 1, "", data.fingerprint): {e.id: e for e in data.all}
        for task, data in zip(tasks, sets, strict=True)
    }
    text = render(make_board(runs, golds, {task.id: task.metric for task in tasks}), "markdown")
    assert "| A zero-shot | 0.500 | 0.500 |" in text
    assert "| B zero-shot | 1.000 | - |" in text
    assert "Gap: B was not run on demo/hard" in text


# --- CSV ---


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_one_line_a_row_in_full_precision_and_empty_where_undefined(board: Board) -> None:
    text = render(board, "csv")
    assert text.count("\n") == len(board.rows) + 1
    for row, line in zip(board.rows, read_csv(text), strict=True):
        score = row.record.score
        assert line["label"] == row.label
        assert [line["score"], line["low"]] == ["" if v is None else repr(v) for v in (score.value, score.low)]
        assert line["rank"] == ("" if row.rank is None else str(row.rank))
        assert line["p_holm"] == (repr(row.versus_base.p_holm) if row.versus_base else "")
    assert "nan" not in text.lower()


def test_csv_guards_against_formulas_and_keeps_numbers_and_labels_as_they_are(hostile: Board) -> None:
    lines = read_csv(render(hostile, "csv"))
    assert len(lines) == len(hostile.rows)
    for line in lines:
        for column, cell in line.items():
            harmless = cell[:1] not in tuple("=+-@\t\r") or re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell)
            assert harmless, (column, cell)
            assert not unseen(cell)
    labels = {line["label"] for line in lines}
    assert {"'-2+3", "'@SUM(A1)", "001", "模型 一", "a|b", "a\\|b"} <= labels


@pytest.mark.parametrize("number", ["-0.05", "+3", "-1e-5", "-.5"])
def test_a_plain_number_is_no_formula(number: str) -> None:
    assert inert.csv_cell(number) == number


def test_field_case_18_labels_that_look_like_numbers_stay_text_in_csv(tmp_path: Path) -> None:
    task = subtask(tmp_path, rows(10))
    data = built(task)
    names = ["1", "01", "NA", "None", "1e3", "true", "2026-01-02"]
    board = board_of(task, data, [make_run(task, data, name, "general", ["ham"] * 10) for name in names])
    text = render(board, "csv")
    assert all(f'"{name}"' in text for name in names)
    assert sorted(line["label"] for line in read_csv(text)) == sorted(names)


# --- JSON ---


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def test_field_case_44_json_is_strict_and_holds_null_with_a_reason(board: Board) -> None:
    document = strict(render(board, "json"))
    assert document["schema_version"] == 1
    (flaky,) = [row for s in document["sections"] for row in s["rows"] if row["label"] == "flaky"]
    assert flaky["score"] is None
    assert flaky["reason"] == "50 of 100 answers are missing"


def test_json_figures_are_those_of_the_board_to_the_last_bit(board: Board) -> None:
    document = strict(render(board, "json"))
    written = [row for section in document["sections"] for row in section["rows"]]
    for row, found in zip(board.rows, written, strict=True):
        score = row.record.score
        assert [found["score"], found["low"], found["high"], found["n"]] == [
            score.value,
            score.low,
            score.high,
            score.n,
        ]
        assert (found["versus_base"] or {}).get("p") == (row.versus_base.p if row.versus_base else None)
        assert found["counts"] == row.record.counts.model_dump()
    assert [claim["sentences"] for claim in document["claims"]] == [list(c.sentences) for c in board.claims]


def test_every_key_of_the_json_is_documented(board: Board) -> None:
    from anytasktune.reports import json_board

    document = strict(render(board, "json"))
    section = document["sections"][0]
    done = section["comparisons"][0]
    keys = {*document, *section, *section["rows"][0], *done, *document["claims"][0]}
    assert [key for key in sorted(keys) if f"``{key}``" not in str(json_board.__doc__)] == []


def test_hostile_names_come_back_from_json_as_they_were(hostile: Board) -> None:
    text = render(hostile, "json")
    assert not unseen(text)
    text.encode()
    written = [row["label"] for section in strict(text)["sections"] for row in section["rows"]]
    assert written == [row.label for row in hostile.rows]


# --- the registry ---


def test_every_format_is_the_same_for_the_same_board(board: Board) -> None:
    for name in FORMATS:
        assert render(board, name) == render(board, name)
        assert render(board, name).endswith("\n")


def test_an_empty_board_is_a_document_in_every_format() -> None:
    for name in FORMATS:
        assert render(Board(sections=(), claims=(), notes=()), name).strip()


def test_a_format_of_a_plugin_stands_beside_ours_and_an_unknown_one_gets_a_suggestion(board: Board) -> None:
    mine = ReportFormat(name="mine", suffix=".x", render=lambda board: f"{len(board.rows)} rows\n")
    assert render(board, "mine", {**FORMATS, "mine": mine}) == f"{len(board.rows)} rows\n"
    with pytest.raises(UsageError, match="did you mean markdown"):
        render(board, "markdwon")


def test_listing_formats_imports_nothing_heavy() -> None:
    code = (
        "import sys, anytasktune.reports.formats;"
        "print(sorted({'torch', 'scipy', 'numpy', 'rich.console', 'lm_eval'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# --- text made harmless ---


def test_visible_keeps_letters_of_every_script_and_writes_the_rest_as_escapes() -> None:
    assert inert.visible("模型 é ‘x’ ไทย عربي") == "模型 é ‘x’ ไทย عربي"
    assert inert.visible("a\nb\tc\x1b\u202e\U000e0041\ud800") == r"a\nb\tc\x1b\u202e\U000e0041\ud800"


@pytest.mark.parametrize("text", [*HOSTILE, "lone \ud800 surrogate"])
def test_markdown_shows_hostile_text_letter_by_letter(text: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(f"x {inert.markdown(text)} x")
    assert re.findall(r"<(?!/?p>)", html) == []
    import html as entities

    assert entities.unescape(html) == f"<p>x {inert.visible(text)} x</p>\n"
