"""Rubrics and people's labels, as files that somebody wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from anytasktune.errors import DataError, RecordError, UsageError
from anytasktune.judging import TEXT, UNREADABLE_ALLOWED, read_rubric
from anytasktune.judging.human import read_labels
from anytasktune.judging.questions import JUDGEMENT_TOKENS, LONGEST, REFERENCES_SHOWN
from anytasktune.judging.record import (
    JUDGEMENT,
    JUDGEMENTS,
    JudgementRecord,
    Line,
    lines_bytes,
    read_judgement,
    read_lines,
    sha256_of,
)
from anytasktune.judging.rubric import built_in
from anytasktune.scoring import MISSING_ALLOWED

GOOD = """
criteria:
  - name: law named
    description: >-
      the article that
      applies is named
    points: 4
    name_zh: 法条
  - {name: brief, description: at most two sentences, points: 1}
"""


def rubric(folder: Path, text: str) -> Path:
    path = folder / "rubric.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rubric_is_read_and_its_hash_is_of_its_words(tmp_path: Path) -> None:
    found = read_rubric(rubric(tmp_path, GOOD))
    assert found.total == 5
    assert found.criteria[0].description == "the article that applies is named"
    assert found.criteria[0].told("zh") == ("法条", "the article that applies is named")
    assert found.hash() == read_rubric(rubric(tmp_path, GOOD)).hash()
    assert found.hash() != read_rubric(rubric(tmp_path, GOOD.replace("points: 4", "points: 3"))).hash()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "valid dictionary"),
        ("criteria: []\n", "criteria: List should have at least 1 item"),
        ("criteria:\n  - {name: a, description: b, points: 0}\n", "criteria.0.points"),
        ("criteria:\n  - {name: a, description: b, points: 2.5}\n", "criteria.0.points"),
        ("criteria:\n  - {name: a, description: b, points: true}\n", "criteria.0.points"),
        ("criteria:\n  - {name: a, descripton: b, points: 2}\n", "did you mean description"),
        ("criteria:\n  - {name: a, description: b, points: 1}\n  - {name: a, description: c, points: 1}\n", "twice"),
        ("criteria: [\n", "is not YAML"),
        ("criteria:\n  - {name: '', description: b, points: 2}\n", "criteria.0.name"),
    ],
)
def test_every_fault_of_a_rubric_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read_rubric(rubric(tmp_path, text))
    assert said in str(error.value)


def test_a_rubric_that_is_not_there_and_one_for_another_kind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_rubric(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="for free text, and demo/choice is a choice"):
        built_in("choice", "demo/choice")
    assert built_in("text", "demo/text").total == 10


def labels(folder: Path, *rows: object) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_labels_are_winners_or_points(tmp_path: Path) -> None:
    path = labels(tmp_path, {"id": "a", "label": "A"}, {"id": "b", "label": "tie"}, "", {"id": "c", "label": "B"})
    found = read_labels(path, way="pairwise", rubric=TEXT, ids={"a", "b", "c", "d"})
    assert found.winners == {"a": "first", "b": "tie", "c": "second"}
    points = read_labels(labels(tmp_path, {"id": "a", "label": 10}), way="rubric", rubric=TEXT, ids={"a"})
    assert (points.points, points.winners) == ({"a": 10}, {})
    assert len(points.sha256) == 64


@pytest.mark.parametrize(
    ("way", "rows", "said"),
    [
        ("pairwise", [{"id": "a", "label": "C"}], "'C' is no label"),
        ("pairwise", [{"id": "a", "label": 3}], "3 is no label"),
        ("rubric", [{"id": "a", "label": 11}], "a whole number from 0 to 10"),
        ("rubric", [{"id": "a", "label": True}], "True is no label"),
        ("rubric", [{"id": "a", "label": 2.5}], "2.5 is no label"),
        ("rubric", [{"id": "z", "label": 1}], "id 'z' is no row of the data"),
        ("rubric", [{"id": "a", "label": 1}, {"id": "a", "label": 2}], "labels.jsonl:2: id 'a' stands twice"),
        ("rubric", ["{"], "labels.jsonl:1: not JSON"),
        ("rubric", [{"id": "a"}], "needs a text id and a label"),
        ("rubric", [], "holds no label"),
    ],
)
def test_every_line_that_is_no_label_is_named(tmp_path: Path, way: str, rows: list[object], said: str) -> None:
    with pytest.raises(DataError) as error:
        read_labels(labels(tmp_path, *rows), way=way, rubric=TEXT, ids={"a"})  # type: ignore[arg-type]  # one of the two
    assert said in str(error.value)


def test_labels_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_labels(tmp_path / "none.jsonl", way="rubric", rubric=TEXT, ids=())
    (tmp_path / "gbk.jsonl").write_bytes('{"id": "a", "label": "好"}'.encode("gbk"))
    with pytest.raises(UsageError, match="not UTF-8"):
        read_labels(tmp_path / "gbk.jsonl", way="rubric", rubric=TEXT, ids=())


PAGE = (Path(__file__).parents[3] / "docs" / "judge.md").read_text(encoding="utf-8")


def test_the_page_shows_a_rubric_that_is_read_and_code_that_runs(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert read_rubric(rubric(tmp_path, shown)).criteria[0].told("zh") == ("法条", "写明了适用的法条")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "judge.md", "exec"), {})


def test_the_page_says_the_numbers_that_hold() -> None:
    words = " ".join(PAGE.split())
    assert f"its limit of {JUDGEMENT_TOKENS} tokens" in words
    assert f"more than {LONGEST:,} characters" in words
    assert f"more than {UNREADABLE_ALLOWED * 100:.0f} %" in words
    assert f"more than {MISSING_ALLOWED * 100:.0f} % of the rows have no answer" in words
    assert f"up to {['', '', '', 'three'][REFERENCES_SHOWN]} references" in words
    for criterion in TEXT.criteria:
        assert f"{criterion.name} {criterion.points}" in words


def test_lines_hold_whatever_a_judge_says(tmp_path: Path) -> None:
    said = "a\u2028b\u2029c\x85d\ud800e\nf\x00 中文"
    lines = [Line(judge="j", id="r", content_hash="h", status="unreadable", said=[said, None])]
    content = lines_bytes(lines)
    assert len(content.decode("utf-8", "surrogatepass").splitlines()) == 1
    assert "中文".encode() in content
    (tmp_path / JUDGEMENTS).write_bytes(content)
    record = JudgementRecord.model_construct(judgements_sha256=sha256_of(content))
    assert read_lines(tmp_path, record) == lines
    (tmp_path / JUDGEMENTS).write_bytes(content + b"\n")
    with pytest.raises(RecordError, match="changed after the record was written"):
        read_lines(tmp_path, record)
    with pytest.raises(RecordError, match="no judgement here"):
        read_judgement(tmp_path)
    (tmp_path / JUDGEMENT).write_text('{"schema_version": 2}', encoding="utf-8")
    with pytest.raises(RecordError, match="not a judgement of schema 1"):
        read_judgement(tmp_path)
