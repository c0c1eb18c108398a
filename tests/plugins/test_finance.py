from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace

import pytest

from anytasktune.examples import DataRequest, Example
from anytasktune.splits import build
from anytasktune_finance import fomc_stance
from anytasktune_finance.fomc_stance import SUBTASK, chatgpt, label_of, recorded_rows

pytestmark = pytest.mark.usefixtures("mirror")

VARIANTS = ("", "seed-78516", "seed-944601")


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_test_row_is_lost_and_train_holds_none_of_them(variant: str) -> None:
    data = build(SUBTASK, DataRequest(variant=variant))
    assert data.report.counts["test"] == 496
    assert data.report.rows == len(data.all) == 1984 + 496
    assert data.report.leaks_removed == 2480 - sum(data.report.counts.values())
    test = {row.input for row in data.splits["test"]}
    assert len(test & {row.input for row in data.all if row.split == "train"}) >= 16
    assert not test & {row.input for name in ("train", "validation") for row in data.splits[name]}  # type: ignore[index]


def test_counts_and_fingerprint_of_version_1() -> None:
    data = build(SUBTASK)
    assert data.report.counts == {"train": 1749, "validation": 197, "test": 496}
    assert Counter(leak.how for leak in data.report.leaks) == {"exact": 35, "near": 3}
    assert Counter(row.targets[0] for row in data.splits["test"]) == {
        "neutral": 245,
        "dovish": 129,
        "hawkish": 122,
    }
    assert data.fingerprint == build(SUBTASK).fingerprint == SUBTASK.card.fingerprints["1"]
    assert [row.targets[0] for row in data.fewshot[:4]] == ["dovish", "hawkish", "neutral", "dovish"]
    assert data.splits["test"][3].id == "test-5768:3"


def test_chatgpt_scores_as_published_on_the_published_labels() -> None:
    scores = []
    for variant in VARIANTS:
        examples = build(SUBTASK, DataRequest(variant=variant)).splits["test"]
        rows = recorded_rows(DataRequest(variant=variant))
        grades = [
            SUBTASK.metric.grade(
                replace(example, targets=(label_of(row.values["true_label"]),)), row.values["text_output"]
            )
            for example, row in zip(examples, rows, strict=True)
        ]
        assert all(grade.status == "read" for grade in grades)
        scores.append(SUBTASK.metric.summarise(grades)["weighted F1"])
    assert round(statistics.mean(scores), 4) == 0.5868
    assert round(statistics.pstdev(scores), 4) == 0.0131
    assert scores == pytest.approx([0.60168046, 0.56984123, 0.58873893], abs=1e-6)


@pytest.mark.parametrize(("variant", "missing"), [("", 0), ("seed-78516", 1), ("seed-944601", 2)])
def test_recorded_answers_are_given_by_id_and_those_to_another_sentence_are_missing(variant: str, missing: int) -> None:
    request = DataRequest(variant=variant)
    answers = dict(chatgpt(request))
    assert list(answers) == [row.id for row in build(SUBTASK, request).splits["test"]]
    assert list(answers.values()).count(None) == missing


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("NEUTRAL\nNeither hawkish nor dovish.", ("neutral",)),
        ("DOVISH - not HAWKISH, the sentence suggests easing", ("dovish",)),
        ("hawkish", ("hawkish",)),
        ("Stance: 鹰派", ("hawkish",)),
        ("It could be hawkish or dovish.", ()),
        ("", ()),
    ],
)
def test_answers_are_read_as_the_official_scorer_does_where_they_begin_with_a_label(
    answer: str, read: tuple[str, ...]
) -> None:
    example = Example(id="t:0", input="x", targets=("neutral",))
    assert fomc_stance.StanceF1().grade(example, answer).read == read
