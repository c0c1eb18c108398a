from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from commands import Att
from demo_tasks import plugin, rows

from anytasktune.examples import Example


def answers(folder: Path, given: Mapping[str, str | None], name: str = "answers.jsonl") -> Path:
    path = folder / name
    lines = [json.dumps({"id": id, "answer": answer}, ensure_ascii=False) for id, answer in given.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_score_prints_what_was_agreed(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "choice")
    given = {"test:0": "billing", "test:1": "退款", "test:2": "", "test:3": "no idea"}
    done = att("score", "demo/choice", "--plugin", path, "--answers", answers(tmp_path, given), "--json")
    result = done.json()
    assert done.status == 0
    assert (result["score"], result["n"], result["metric"]) == (0.5, 4, "accuracy")
    assert (result["empty"], result["unreadable"], result["missing"]) == (1, 1, 0)
    assert result["low"] < 0.5 < result["high"]
    assert {value: part["n"] for value, part in result["slices"]["language"].items()} == {"en": 2, "zh": 2}
    text = att("score", "demo/choice", "--plugin", path, "--answers", answers(tmp_path, given))
    assert "accuracy 0.5000" in text.out
    assert "empty: 1 of 4" in text.out


def test_all_splits_can_be_scored_and_an_unknown_one_is_refused(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "number")
    given = answers(tmp_path, {row.id: row.targets[0] for row in rows("number")})
    for split, n in {"test": 4, "validation": 2, "train": 6, "all": 12}.items():
        result = att("score", "demo/number", "--plugin", path, "--split", split, "--answers", given, "--json").json()
        assert (result["score"], result["n"], result["split"]) == (1.0, n, split)
    done = att("score", "demo/number", "--plugin", path, "--split", "tets", "--answers", given)
    assert (done.status, "did you mean test?" in done.err) == (2, True)


@pytest.mark.parametrize("absent", [1, 30, 100])
@pytest.mark.parametrize("how", ["null", "no line"])
def test_field_case_43_missing_answers_are_shown_beside_n_and_too_many_leave_no_score(
    att: Att, tmp_path: Path, absent: int, how: str
) -> None:
    found = rows("choice", train=2, validation=0, test=100)
    path = plugin(tmp_path, "choice", found)
    given: dict[str, str | None] = {row.id: row.targets[0] for row in found if row.split == "test"}
    for id in list(given)[:absent]:
        given[id] = None
    if how == "no line":
        given = {id: answer for id, answer in given.items() if answer is not None} or {"train:0": "billing"}
    done = att("score", "demo/choice", "--plugin", path, "--answers", answers(tmp_path, given), "--json")
    result = done.json()
    assert (result["missing"], result["n"]) == (absent, 100 - absent)
    if absent == 1:
        assert (done.status, result["score"]) == (0, 1.0)
    else:
        assert (done.status, result["score"], result["low"]) == (1, None, None)
        assert f"{absent} of 100 answers are missing" in result["reason"]
    text = att("score", "demo/choice", "--plugin", path, "--answers", answers(tmp_path, given))
    assert f"missing: {absent} of 100" in text.out
    assert text.status == done.status


FRAUD = [
    {"id": "fraud", "zh": "欺诈"},
    {"id": "credit fraud", "zh": "信用卡欺诈"},
    {"id": "not fraud", "zh": "不是欺诈"},
]


@pytest.mark.parametrize(
    ("gold", "answer", "score", "unreadable"),
    [
        ("credit fraud", "This is credit fraud.", 1.0, 0),
        ("fraud", "This is credit fraud.", 0.0, 0),
        ("not fraud", "not fraud", 1.0, 0),
        ("fraud", "not fraud", 0.0, 0),
        ("credit fraud", "信用卡欺诈", 1.0, 0),
        ("fraud", "It could be fraud or credit fraud.", 0.0, 1),
        ("fraud", "Labels: fraud, credit fraud, not fraud", 0.0, 1),
        ("credit fraud", "This is not credit fraud, it is fraud.", 0.0, None),
        ("fraud", "The labels are fraud; credit fraud; not fraud. I cannot decide.", 0.0, 1),
    ],
)
def test_field_case_28_the_longest_label_wins_and_several_or_rejected_ones_are_never_right(
    att: Att, tmp_path: Path, gold: str, answer: str, score: float, unreadable: int | None
) -> None:
    found = [Example(id="test:0", input="who paid?", targets=(gold,), split="test", language="en")]
    path = plugin(tmp_path, "choice", found, labels=FRAUD)
    result = att(
        "score", "demo/choice", "--plugin", path, "--answers", answers(tmp_path, {"test:0": answer}), "--json"
    ).json()
    assert (result["score"], result["n"]) == (score, 1)
    assert unreadable is None or result["unreadable"] == unreadable


CLASSES = ("1", "01", "NA", "None", "1.0", "1e3", "true", "2024-01-02")
READS_TABLE = """

def _from_table(request):
    from anytasktune.tables import read_rows
    for row in read_rows(HERE.parent / "%s").rows:
        yield Example(id=f"t:{row.number}", input=row.values["text"], targets=(row.values["label"],),
                      split=row.values["split"], language="en")


from dataclasses import replace
SUBTASK = replace(SUBTASK, build=_from_table)
"""


def table(folder: Path, suffix: str) -> Path:
    """Every class ten times over train and test, as text in a table."""
    lines: Sequence[tuple[str, str, str]] = [
        (f"case {number} of {name}", name, "test" if number < 5 else "train")
        for name in CLASSES
        for number in range(10)
    ]
    path = folder / f"table.{suffix}"
    if suffix == "csv":
        text = io.StringIO()
        csv.writer(text).writerows([("text", "label", "split"), *lines])
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
    else:
        import openpyxl

        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for line in [("text", "label", "split"), *lines]:
            page.append(line)
        for cells in page.iter_rows():
            for cell in cells:
                cell.number_format = "@"
        book.save(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_field_case_18_labels_that_look_like_numbers_stay_text_from_file_to_board(
    att: Att, tmp_path: Path, suffix: str
) -> None:
    table(tmp_path, suffix)
    path = plugin(
        tmp_path,
        "choice",
        more=READS_TABLE % f"table.{suffix}",
        labels=[{"id": name} for name in CLASSES],
        languages=["en"],
    )
    built = att("build", "demo/choice", "--plugin", path, "--json").json()[0]
    assert (built["train"], built["test"], built["leaks_removed"]) == (40, 40, 0)
    golds = [name for name in CLASSES for _ in range(5)]
    ids = [f"t:{10 * c + n}" for c in range(len(CLASSES)) for n in range(5)]
    right = dict(zip(ids, golds, strict=True))
    given = answers(tmp_path, right)
    assert att("score", "demo/choice", "--plugin", path, "--answers", given, "--json").json()["score"] == 1.0
    confused = answers(
        tmp_path,
        {id: {"1": "01", "NA": "None", "1.0": "1"}.get(gold, gold) for id, gold in right.items()},
        "confused.jsonl",
    )
    result = att("score", "demo/choice", "--plugin", path, "--answers", confused, "--json").json()
    assert result["score"] == pytest.approx(5 / 8)
    assert att("evaluate", "demo/choice", "--plugin", path, "--model", f"recorded:{given}").status == 0
    board = att("board", "runs", "--plugin", path, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(board.out))
    assert (float(row["score"]), row["n"]) == (1.0, "40")
    record = next((tmp_path / "runs").rglob("samples.jsonl")).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["read"] for line in record] == [[gold] for gold in golds]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '{"id": "test:0", "answer": "x"}\n{"id": "test:0", "answer": "y"}\n',
            "answers.jsonl:2: id 'test:0' stands twice",
        ),
        ('{"id": "test:0", "answ', "answers.jsonl:1: not JSON"),
        ('{"id": "test:0"}', "answers.jsonl:1: needs a text id and an answer"),
        ('{"id": 0, "answer": "x"}', "needs a text id"),
        ('{"id": "test:0", "answer": 7}', "the answer is a int"),
        ('{"id": "gone:0", "answer": "x"}', "gone:0"),
        ("", "4 of 4 answers are missing"),
    ],
)
def test_an_answers_file_that_is_not_one_is_refused_by_line(att: Att, tmp_path: Path, content: str, said: str) -> None:
    path = plugin(tmp_path, "choice")
    (tmp_path / "answers.jsonl").write_text(content, encoding="utf-8")
    done = att("score", "demo/choice", "--plugin", path, "--answers", tmp_path / "answers.jsonl")
    assert done.status == 1
    assert said in done.err + done.out


@pytest.mark.parametrize("count", [1, 2])
def test_field_case_44_one_row_has_valid_json_and_an_interval_or_a_reason(att: Att, tmp_path: Path, count: int) -> None:
    found = rows("choice", train=0, validation=0, test=count)
    path = plugin(tmp_path, "choice", found)
    right = answers(tmp_path, {row.id: row.targets[0] for row in found})
    result = att("score", "demo/choice", "--plugin", path, "--answers", right, "--json").json()
    assert (result["score"], result["n"]) == (1.0, count)
    assert result["low"] is not None or result["reason"]


def test_field_case_46_models_of_awkward_names_leave_a_record_each(att: Att, tmp_path: Path) -> None:
    found = rows("choice")
    path = plugin(tmp_path, "choice", found)
    given = {row.id: row.targets[0] for row in found if row.split == "test"}
    (tmp_path / "m").mkdir()
    files = [answers(tmp_path, given, f"{name}.jsonl") for name in ("m:1", "m_1", "m/1", "模型 一", "m" * 240)]
    for file in files:
        done = att("evaluate", "demo/choice", "--plugin", path, "--model", f"recorded:{file}")
        assert done.status == 0, done.err
    records = [json.loads(file.read_text(encoding="utf-8")) for file in (tmp_path / "runs").rglob("record.json")]
    assert sorted(record["model"]["label"] for record in records) == sorted(file.stem for file in files)
    assert all(len(part.encode()) < 200 for file in (tmp_path / "runs").rglob("*") for part in file.parts)
    board = att("board", "runs", "--plugin", path, "--format", "csv").out
    assert sorted(row["label"] for row in csv.DictReader(io.StringIO(board))) == sorted(file.stem for file in files)
