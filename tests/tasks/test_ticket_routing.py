from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from anytasktune.leaks import NearKeys, Placed
from anytasktune.near_duplicates import comparison_key
from anytasktune.splits import DataSet, build
from anytasktune_consumer.ticket_routing import SUBTASK, YAML

LABELS = tuple(label.id for label in SUBTASK.card.labels)

FOLDER = YAML.with_suffix("")


@pytest.fixture(scope="module")
def data() -> DataSet:
    return build(SUBTASK)


def written(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def test_counts_and_fingerprint_of_version_1(data: DataSet) -> None:
    counts = {split: len(rows) for split, rows in data.splits.items()}
    assert counts["train"] >= 320
    assert counts["validation"] >= 64
    assert counts["test"] >= 160
    assert data.fingerprint == SUBTASK.card.fingerprints["1"]
    assert not data.report.bad_rows


def test_half_of_every_split_is_chinese_and_every_queue_is_equally_frequent(data: DataSet) -> None:
    for rows in data.splits.values():
        languages = Counter(row.language for row in rows)
        assert languages["zh"] == languages["en"] == len(rows) / 2
        for language in ("en", "zh"):
            queues = Counter(row.targets[0] for row in rows if row.language == language)
            assert set(queues) == set(LABELS)
            assert max(queues.values()) - min(queues.values()) <= 2
        assert max(Counter(row.targets[0] for row in rows).values()) <= 0.15 * len(rows)


def test_nothing_of_one_split_stands_nearly_alike_in_another(data: DataSet) -> None:
    assert data.report.leaks_removed == 0
    assert data.report.conflicts == ()
    assert data.report.exact_duplicates == data.report.near_duplicates == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_test_row_bears_the_canary_and_no_row_a_model_sees_does(data: DataSet, language: str) -> None:
    canary = SUBTASK.card.source.canary
    assert canary
    assert all(row["canary"] == canary for row in written(f"test.{language}.jsonl"))
    assert not any(canary in row.input or "canary" in row.input for row in data.all)


def test_rows_have_the_slices_that_scores_are_broken_down_by(data: DataSet) -> None:
    hard = Counter(row.slices["hard"] for row in data.splits["test"])
    assert 0.2 <= hard["yes"] / len(data.splits["test"]) <= 0.5
    assert len({row.slices["register"] for row in data.splits["test"]}) >= 3


def test_the_opening_words_of_test_rows_vary(data: DataSet) -> None:
    """A template would show itself in openings that come again and again."""
    openings = Counter(row.input[:8].casefold() for row in data.splits["test"])
    assert max(openings.values()) <= 5


def test_near_duplicates_would_be_seen(data: DataSet) -> None:
    """The check above can fail: a test row with one word more is found."""
    row = data.splits["test"][0]
    keys = [comparison_key(row.input), comparison_key(row.input + " ok")]
    rows = [
        Placed(task="t", scope="t", split=split, example=row, key=key)  # type: ignore[arg-type]  # both are splits
        for split, key in zip(("train", "test"), keys, strict=True)
    ]
    assert NearKeys(rows).repeated() == 1


@pytest.mark.slow
def test_words_alone_do_not_solve_it(data: DataSet) -> None:
    """TF-IDF and logistic regression stay under 0.9, or the sub-task would show nothing."""
    from anytasktune.models.classical import classical_model

    model = classical_model("choice", "tfidf-logreg")
    model.fit(data.splits["train"], data.splits["validation"], SUBTASK.card, SUBTASK.metric)
    test = data.splits["test"]
    grades = [SUBTASK.metric.grade(row, answer) for row, answer in zip(test, model.answer(test), strict=True)]
    assert 0.2 < SUBTASK.metric.summarise(grades)["accuracy"] < 0.9


def test_the_rows_are_beside_the_yaml_and_nothing_else_is() -> None:
    names = sorted(path.name for path in Path(FOLDER).iterdir())
    assert names == sorted(
        f"{split}.{language}.jsonl" for split in ("train", "validation", "test") for language in ("en", "zh")
    )
