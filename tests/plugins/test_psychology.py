"""The public sub-tasks of psychology: their data, their splits, and the published figure of recorded predictions."""

from __future__ import annotations

import json
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from anytasktune.errors import DataError, SourceError
from anytasktune.examples import DataRequest, Example
from anytasktune.near_duplicates import comparison_key
from anytasktune.prompts import answer_text
from anytasktune.splits import DataSet, build
from anytasktune.subtask import SubTask
from anytasktune_psychology import exam_zh, stress_cause, tweet_emotion

TASKS = {module.SUBTASK.id: module.SUBTASK for module in (exam_zh, stress_cause, tweet_emotion)}
COUNTS = {
    "psychology/exam-zh": (8453, 941, 1097),
    "psychology/stress-cause": (5543, 615, 684),
    "psychology/tweet-emotion": (3256, 374, 1421),
}
PUBLISHED = {
    "psychology/exam-zh": 9855 + 1097,
    "psychology/stress-cause": 5547 + 616 + 684,
    "psychology/tweet-emotion": 3257 + 374 + 1421,
}
LEAKS = {"psychology/exam-zh": 461, "psychology/stress-cause": 5, "psychology/tweet-emotion": 1}
every_task = pytest.mark.parametrize("id", COUNTS)


@lru_cache(maxsize=3)
def built(id: str) -> DataSet:
    return build(TASKS[id])


def score(task: SubTask, rows: list[Example], answers: list[str]) -> float:
    grades = [task.metric.grade(row, answer) for row, answer in zip(rows, answers, strict=True)]
    return float(task.metric.summarise(grades)[task.metric.name])


@every_task
@pytest.mark.usefixtures("mirror")
def test_the_builder_yields_every_published_row_and_again_the_same(id: str) -> None:
    data = built(id)
    assert data.report.rows == len(data.all) == PUBLISHED[id]
    assert tuple(TASKS[id].build(DataRequest())) == data.all
    assert tuple(data.report.counts[split] for split in ("train", "validation", "test")) == COUNTS[id]
    assert data.fingerprint == TASKS[id].card.fingerprints["1"]


@every_task
@pytest.mark.usefixtures("mirror")
def test_test_stays_as_published_and_train_has_none_of_it(id: str) -> None:
    data = built(id)
    assert list(data.splits["test"]) == [row for row in data.all if row.split == "test"]
    keys = {split: {comparison_key(row.input) for row in rows} for split, rows in data.splits.items()}
    groups = {split: {row.group for row in rows} - {""} for split, rows in data.splits.items()}
    for found in (keys, groups):
        assert not found["train"] & (found["test"] | found["validation"])
        assert not found["validation"] & found["test"]
    assert data.report.leaks_removed == LEAKS[id]


@every_task
@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_golds_score_best_shuffled_ones_worse_and_empty_ones_worst(id: str, language: str) -> None:
    task, rows = TASKS[id], list(built(id).splits["test"])
    golds = [answer_text(task.card, row, language) for row in rows]
    turned = [*golds[7:], *golds[:7]]
    right, shuffled, empty = (score(task, rows, answers) for answers in (golds, turned, [""] * len(rows)))
    assert right == 1.0
    assert empty == 0.0 < shuffled < 0.6


@every_task
def test_without_the_data_the_error_says_what_to_fetch_and_where_to_put_it(
    id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ANYTASKTUNE_MIRROR", raising=False)
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path))
    monkeypatch.setattr("anytasktune.sources.PUBLIC_ADDRESS", "http://127.0.0.1:9")
    with pytest.raises(SourceError) as caught:
        build(TASKS[id])
    told = str(caught.value)
    assert "sha256 must be" in told
    assert "ANYTASKTUNE_MIRROR" in told


# --- tweet-emotion -----


@pytest.mark.usefixtures("mirror")
def test_the_tuned_robertas_predictions_score_as_published() -> None:
    task, rows = TASKS["psychology/tweet-emotion"], list(built("psychology/tweet-emotion").splits["test"])
    answers = dict(task.recorded["RoBERTa, tuned on tweets"](DataRequest()))
    assert set(answers) == {row.id for row in rows}
    assert task.metric.name == "macro F1"
    assert round(score(task, rows, [str(answers[row.id]) for row in rows]) * 100, 2) == 79.83


@pytest.mark.usefixtures("mirror")
def test_tweets_are_not_altered() -> None:
    first = built("psychology/tweet-emotion").splits["test"][0]
    assert first.input.endswith("&amp;makes it worse ")
    assert first.targets == ("sadness",)


# --- stress-cause -----


@pytest.mark.usefixtures("mirror")
def test_all_nine_causes_are_on_the_card_and_messages_are_bare() -> None:
    task = TASKS["psychology/stress-cause"]
    rows = built(task.id).all
    assert {row.targets[0] for row in rows} == {label.id for label in task.card.labels}
    assert rows[0].input == "my recent stress has come from school. i've been focusing on grades and homework."
    assert not any("Consider this post" in row.input for row in rows)


def test_a_row_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "SAD.csv"
    path.write_text("query,gpt-3.5-turbo\nWhat is it?,This post shows nothing.\n")

    class Other:
        def fetch(self) -> Path:
            return path

    monkeypatch.setattr(stress_cause, "pinned", lambda split: Other())
    with pytest.raises(DataError, match="Row 0 of SAD's train is not a question"):
        list(stress_cause.build(DataRequest()))


# --- exam-zh -----


def row_of(**changes: Any) -> dict[str, Any]:
    options = {"A": "甲", "B": "乙", "C": "丙", "D": "丁", "E": ""}
    return {
        "question": "问",
        "question_type": "multi",
        "kind": "knowledge",
        "answer": "ABD",
        "options": options,
        **changes,
    }


def test_a_question_shows_how_many_answers_it_has_and_the_options_that_are_there() -> None:
    made = exam_zh.example("train/x:0", "train", row_of())
    assert made.input == "多选题：问\nA. 甲\nB. 乙\nC. 丙\nD. 丁"
    assert made.targets == ("A", "B", "D")
    assert made.slices == {"answers": "multiple", "part": "knowledge"}
    assert exam_zh.example("train/x:0", "train", row_of(question_type="single", answer="B")).input.startswith(
        "单选题："
    )


@pytest.mark.parametrize("answer", ["A,C", "A、C", "AC", "C,A", "A,C,"])
def test_golds_are_read_however_their_letters_are_set_apart(answer: str) -> None:
    assert exam_zh.example("train/x:0", "train", row_of(answer=answer)).targets == ("A", "C")


def test_an_option_that_stands_behind_the_answer_is_put_back() -> None:
    options = {"A": "甲", "B": "乙", "C": "丙", "D": "", "E": ""}
    made = exam_zh.example("train/x:0", "train", row_of(answer="D、ABC理论", options=options))
    assert made.targets == ("D",)
    assert made.input.endswith("\nD. ABC理论")


@pytest.mark.usefixtures("mirror")
def test_no_test_question_lacks_its_right_option_and_none_was_mended() -> None:
    with zipfile.ZipFile(exam_zh.SOURCE.fetch()) as archive:
        published = {
            f"{name.removesuffix('.json')}:{number}": row
            for name in archive.namelist()
            if name.startswith("dev/") and name.endswith(".json")
            for number, row in enumerate(json.loads(archive.read(name)))
        }
    rows = built("psychology/exam-zh").splits["test"]
    assert {row.id for row in rows} == set(published)
    for row in rows:
        told = published[row.id]
        assert "".join(row.targets) == told["answer"]
        assert told["question"] in row.input
        assert all(f"\n{letter}. {told['options'][letter]}" in row.input for letter in row.targets)


def test_questions_about_one_case_are_one_group() -> None:
    case = "一般资料：求助者，女性，38岁，事业单位职工。案例介绍：大专学历，工作能力强，一年前没有评上副处级，很伤心。"
    names = {
        exam_zh.case_of(text)
        for text in (
            f"案例三：{case}目标是()。",
            f"案例三（12）{case}方法有()。",
            f"案例五{case}",
            f"【案例一】:\n{case}",
        )
    }
    assert len(names) == 1
    assert exam_zh.case_of(case.replace("38", "39")) not in names
    assert exam_zh.example("train/x:0", "train", row_of(question=case, kind="analyse")).group in names
    assert exam_zh.example("train/x:0", "train", row_of(question=case)).group == ""


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("ABD", "ABD"),
        ("A、B、D", "ABD"),
        ("A, B, D", "ABD"),
        ("DBA", "ABD"),
        ("ＡＢＤ", "ABD"),
        ("答案：ABD。因为C不对", "ABD"),
        ("正确选项为A、B和D", "ABD"),
        ("The answers are A, B and D.", "ABD"),
        ("故选ABD", "ABD"),
        ("A. 甲\nB. 乙\nD. 丁", "ABD"),
        ("ABD\n解析：C项错误", "ABD"),
        ("ABCD", "ABCD"),
        ("B", "B"),
        ("DABC理论", "ABCD"),
        ("banana Dab", ""),
        ("都不对", ""),
    ],
)
def test_letters_of_a_question_with_several_answers(answer: str, letters: str) -> None:
    assert exam_zh.letters_of(answer, several=True) == tuple(letters)


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("C", "C"),
        ("C. 丙", "C"),
        ("答案：C。理由：A项不对", "C"),
        ("故选C", "C"),
        ("正确答案是（Ｃ）", "C"),
        ("A、B错误，C正确", "C"),
        ("Answer: C", "C"),
        ("BC", "BC"),
        ("C或D", ""),
        ("不知道", ""),
    ],
)
def test_letters_of_a_question_with_one_answer(answer: str, letters: str) -> None:
    assert exam_zh.letters_of(answer, several=False) == tuple(letters)


def test_right_are_all_right_letters_and_no_other() -> None:
    row = exam_zh.example("dev/x:0", "test", row_of())
    metric = TASKS["psychology/exam-zh"].metric
    scores = {answer: metric.grade(row, answer).score for answer in ("ABD", "D、B、A", "AB", "ABCD", "C", "", "不知道")}
    assert [answer for answer, value in scores.items() if value == 1] == ["ABD", "D、B、A"]
    assert set(scores.values()) == {0, 1}
    statuses = [metric.grade(row, answer).status for answer in ("ABD", "", "不知道", None)]
    assert statuses == ["read", "empty", "unreadable", "missing"]


def test_a_long_answer_is_read_soon() -> None:
    for answer in ("答案" + " " * 100_000 + "x", "A" * 100_000, "A、" * 50_000, "answer " * 50_000):
        exam_zh.letters_of(answer, several=True)
