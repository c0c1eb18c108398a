"""SkillSpan's two layers, LexEval 6-1 with its official rule."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest, Example
from anytasktune.prompts import answer_text
from anytasktune.splits import build
from anytasktune.subtask import SubTask
from anytasktune.tables import Table, column, read_rows
from anytasktune_hr import discrimination_multiple_choice, knowledge_extraction, skill_extraction, skillspan
from anytasktune_hr.discrimination_multiple_choice import QUESTIONS, gold_letters, letters_of, pinned

OPTIONS = discrimination_multiple_choice.SUBTASK


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize(
    ("task", "without", "spans"),
    [(skill_extraction.SUBTASK, 2985, 1091), (knowledge_extraction.SUBTASK, 3057, 1174)],
    ids=["skill", "knowledge"],
)
def test_skillspan_keeps_test_and_takes_out_of_train_what_stands_there(task: SubTask, without: int, spans: int) -> None:
    data = build(task)
    test = data.splits["test"]
    assert data.report.counts == {"train": 3707, "validation": 2451, "test": 3569}
    assert sum(not row.targets for row in test) == without
    assert sum(len(row.targets) for row in test) == spans
    assert {row.slices["source"] for row in test} == {"tech", "house"}
    assert len({row.group for row in test}) == 65
    published = {row.input for row in data.all if row.split == "train"}
    assert sum(row.input in published for row in test) >= 812
    assert not {row.input for row in test} & {row.input for row in data.splits["train"]}
    assert [row.id for row in data.report.bad_rows][:2] == ["train:3358", "dev:257"]
    assert not any(row.id.startswith("test") for row in data.report.bad_rows)


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("task", [skill_extraction.SUBTASK, knowledge_extraction.SUBTASK], ids=["skill", "knowledge"])
def test_every_span_of_skillspan_stands_in_its_sentence_is_read_back_and_worth_1(
    task: SubTask,
) -> None:
    rows = list(task.build(DataRequest()))
    assert all(target.partition(": ")[2] in row.input for row in rows for target in row.targets)
    for row in rows:
        assert task.metric.grade(row, answer_text(task.card, row, "en")).score == 1.0, row.id


@pytest.mark.parametrize(
    ("tokens", "tags", "found"),
    [
        ("use Git and R ;", "B I O B I", ["use Git", "R"]),
        ("C++; Java;", "B B", ["C++", "Java"]),
        ("plan talk", "I O", ["plan"]),
        ("plan . talk", "O B I", [". talk"]),
        ("a . b", "O B O", []),
    ],
)
def test_spans_are_put_together_from_tags(tokens: str, tags: str, found: list[str]) -> None:
    assert skillspan.spans(tokens.split(), tags.split()) == found


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("AC", "AC"),
        ("A、C", "AC"),
        ("A; C", "AC"),
        ("A和C。", "AC"),
        ("CA", "CA"),
        ("A: 只要男性\nC: 问何时生育", "AC"),
        ("AC 解析：B 和 D 合法", "AC"),
        ("AAC", ""),
        ("ac", ""),
        ("ABE", "ABE"),
        ("都不对", ""),
    ],
)
def test_letters_are_read_by_the_official_rule(answer: str, letters: str) -> None:
    assert letters_of(answer) == letters
    row = Example(id="t:0", input="x", targets=("A", "C"))
    grade = OPTIONS.metric.grade(row, answer)
    assert grade.score == float(letters == "AC")
    assert grade.status == ("read" if letters else "unreadable")


@pytest.mark.parametrize(
    ("published", "gold"),
    [
        ("AD", "AD"),
        ("选项BCD", "BCD"),
        ("bd", "BD"),
        ("C（可能累犯）", "C"),
        ("ABD（B是善意的歧视）", "ABD"),
        ("无", ""),
    ],
)
def test_golds_are_their_letters(published: str, gold: str) -> None:
    assert "".join(gold_letters(published)) == gold


@pytest.mark.usefixtures("mirror")
def test_the_official_score_of_the_recorded_answers_and_ours_with_all_golds_read() -> None:
    rows = list(OPTIONS.build(DataRequest()))
    published = column(read_rows(pinned(QUESTIONS).fetch()), "answer")
    answers = dict(OPTIONS.recorded["Qwen-7B-chat"](DataRequest()))
    assert list(answers) == [row.id for row in rows]
    grades = [OPTIONS.metric.grade(row, answers[row.id]) for row in rows]
    official = [letters_of(answers[row.id] or "") == gold for row, gold in zip(rows, published, strict=True)]
    assert sum(official) == 221
    assert sum("".join(row.targets) != gold for row, gold in zip(rows, published, strict=True)) == 45
    assert OPTIONS.metric.summarise(grades)["accuracy"] == pytest.approx(0.228)
    assert Counter(row.slices["employment"] for row in rows) == {"no": 874, "yes": 126}


@pytest.mark.usefixtures("mirror")
def test_questions_about_discrimination_are_shared_out_and_golds_win() -> None:
    data = build(OPTIONS)
    assert data.report.counts == {"train": 604, "validation": 93, "test": 280}
    for row in data.all:
        assert OPTIONS.metric.grade(row, answer_text(OPTIONS.card, row, "zh")).score == 1.0, row.id


@pytest.mark.usefixtures("mirror")
def test_a_recorded_answer_to_another_question_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = discrimination_multiple_choice.column, []

    def first_turned(table: Table, name: str) -> list[Any]:
        calls.append(name)
        return real(table, name)[:: -1 if len(calls) == 1 else 1]

    monkeypatch.setattr(discrimination_multiple_choice, "column", first_turned)
    with pytest.raises(DataError, match="is to another question"):
        list(OPTIONS.recorded["Qwen-7B-chat"](DataRequest()))
