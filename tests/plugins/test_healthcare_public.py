"""The public sub-tasks of healthcare: their data, their splits, and the published figures of recorded answers."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from anytasktune.errors import DataError, SourceError
from anytasktune.examples import DataRequest, Example
from anytasktune.near_duplicates import comparison_key
from anytasktune.prompts import answer_text
from anytasktune.splits import DataSet, build
from anytasktune.subtask import SubTask
from anytasktune.tables import read_text
from anytasktune_healthcare import (
    chinese_blue,
    medical_entities_zh,
    question_match_zh,
    research_answer,
    trial_criterion_zh,
)

TASKS = {
    module.SUBTASK.id: module.SUBTASK
    for module in (medical_entities_zh, question_match_zh, trial_criterion_zh, research_answer)
}
COUNTS = {
    "healthcare/medical-entities-zh": (1666, 173, 215),
    "healthcare/question-match-zh": (15809, 1773, 1935),
    "healthcare/trial-criterion-zh": (14291, 1521, 1800),
    "healthcare/research-answer": (453, 47, 500),
}
PUBLISHED = {
    "healthcare/medical-entities-zh": 1673 + 175 + 215,
    "healthcare/question-match-zh": 16071 + 1793 + 1935,
    "healthcare/trial-criterion-zh": 14610 + 1550 + 1800,
    "healthcare/research-answer": 1000,
}
LEAKS = {
    "healthcare/medical-entities-zh": 9,
    "healthcare/question-match-zh": 282,
    "healthcare/trial-criterion-zh": 348,
    "healthcare/research-answer": 0,
}
every_task = pytest.mark.parametrize("id", COUNTS)


@lru_cache(maxsize=4)
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
    published = [row for row in data.all if row.split == "test"]
    assert list(data.splits["test"]) == published
    keys = {split: {comparison_key(row.input) for row in rows} for split, rows in data.splits.items()}
    assert not keys["train"] & (keys["test"] | keys["validation"])
    assert not keys["validation"] & keys["test"]
    assert data.report.leaks_removed == LEAKS[id]


@every_task
@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_golds_score_best_shuffled_ones_worse_and_empty_ones_worst(id: str, language: str) -> None:
    task, rows = TASKS[id], list(built(id).splits["test"])
    golds = [answer_text(task.card, row, language) for row in rows]
    right, shuffled, empty = (
        score(task, rows, answers) for answers in (golds, [*golds[7:], *golds[:7]], [""] * len(rows))
    )
    assert right == 1.0
    assert empty == 0.0 < shuffled < 0.6


@pytest.mark.usefixtures("mirror")
def test_the_human_answers_to_pubmedqa_score_as_published() -> None:
    task, rows = TASKS["healthcare/research-answer"], list(built("healthcare/research-answer").splits["test"])
    answers = dict(task.recorded["human, reasoning-required"](DataRequest()))
    scores = task.metric.summarise([task.metric.grade(row, answers[row.id]) for row in rows])
    assert task.metric.name == "accuracy"
    assert scores["accuracy"] == 0.780
    assert round(scores["macro F1"] * 100, 2) == 72.19


@pytest.mark.usefixtures("mirror")
def test_pubmedqas_test_rows_are_those_of_its_ground_truth_and_hold_no_conclusion() -> None:
    truth = json.loads(read_text(research_answer.pinned("data/test_ground_truth.json").fetch()).text)
    articles = json.loads(read_text(research_answer.pinned("data/ori_pqal.json").fetch()).text)
    by_question = {article["QUESTION"]: key for key, article in articles.items()}
    rows = built("healthcare/research-answer").splits["test"]
    found = {by_question[row.input.rpartition("\nQuestion: ")[2]]: row for row in rows}
    assert {key: row.targets[0] for key, row in found.items()} == truth
    assert not any(articles[key]["LONG_ANSWER"] in row.input for key, row in found.items())


@pytest.mark.usefixtures("mirror")
def test_two_pubmedqa_files_that_disagree_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    truth = json.loads(read_text(research_answer.pinned("data/test_ground_truth.json").fetch()).text)
    article = next(iter(truth))
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**truth, article: "maybe" if truth[article] != "maybe" else "no"}))
    real = research_answer.pinned

    class Changed:
        def fetch(self) -> Path:
            return other

    monkeypatch.setattr(research_answer, "pinned", lambda path: Changed() if "truth" in path else real(path))
    with pytest.raises(DataError, match=f"different answers to the question of article {article}"):
        list(research_answer.build(DataRequest()))


def test_tags_become_entities() -> None:
    def tagged(text: str, *tags: str) -> list[tuple[str, str]]:
        return list(zip(text, tags, strict=True))

    assert medical_entities_zh.entities(tagged("胃痛吃药", "B_body", "B_symptom", "O", "B_drug")) == [
        ("body", "胃"),
        ("symptom", "痛"),
        ("drug", "药"),
    ]
    assert medical_entities_zh.entities(tagged("感冒感冒", "B_disease", "I_disease", "B_disease", "I_disease")) == [
        ("disease", "感冒"),
        ("disease", "感冒"),
    ]
    assert medical_entities_zh.entities(tagged("头疼", "I_body", "I_symptom")) == [("body", "头"), ("symptom", "疼")]


@pytest.mark.usefixtures("mirror")
def test_every_entity_stands_in_its_text_in_order() -> None:
    task = TASKS["healthcare/medical-entities-zh"]
    kinds = set()
    for row in built(task.id).all:
        place = 0
        for target in row.targets:
            kind, _, text = target.partition(": ")
            kinds.add(kind)
            place = row.input.index(text, place) + len(text)
    assert kinds == {label.id for label in task.card.labels}
    assert len(kinds) == 11


@pytest.mark.usefixtures("mirror")
def test_every_topic_is_on_the_card_and_criteria_keep_their_spaces() -> None:
    task = TASKS["healthcare/trial-criterion-zh"]
    rows = built(task.id).all
    assert {row.targets[0] for row in rows} == {label.id for label in task.card.labels}
    assert len(task.card.labels) == 44
    assert rows[0].input == " 12）艾滋病病毒感染者；"


@pytest.mark.usefixtures("mirror")
def test_macro_f1_of_the_golds_of_topics_is_what_the_module_says() -> None:
    task = TASKS["healthcare/trial-criterion-zh"]
    rows = built(task.id).splits["test"]
    scores = task.metric.summarise([task.metric.grade(row, row.targets[0]) for row in rows])
    assert scores["macro F1"] == pytest.approx(39 / 44)


@pytest.mark.usefixtures("mirror")
def test_pairs_are_the_published_questions_under_two_markers() -> None:
    line = chinese_blue.lines("cMedQQ", "test")[0].split("\t")
    row = built("healthcare/question-match-zh").splits["test"][0]
    assert row.input.split("\n") == [f"问题一：{line[1]}", f"问题二：{line[2]}"]
    assert row.targets == ({"1": "same", "0": "different"}[line[0]],)


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
