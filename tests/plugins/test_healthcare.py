from __future__ import annotations

import itertools

import pytest

from anytasktune.splits import build
from anytasktune_healthcare.question_standardise import SUBTASK

pytestmark = pytest.mark.usefixtures("mirror")


def test_counts_and_fingerprint() -> None:
    data = build(SUBTASK)
    assert data.report.rows == len(data.all) == 1000
    assert data.report.counts == {"train": 599, "validation": 93, "test": 307}
    assert [(leak.split, leak.how) for leak in data.report.leaks] == [("validation", "near")]
    assert data.fingerprint == build(SUBTASK).fingerprint == SUBTASK.card.fingerprints["1"]


def test_the_reference_scores_1_and_another_rows_reference_less() -> None:
    rows = build(SUBTASK).splits["test"]
    right = [SUBTASK.metric.grade(row, row.targets[0]) for row in rows]
    wrong = [SUBTASK.metric.grade(row, other.targets[0]) for row, other in itertools.pairwise(rows)]
    assert SUBTASK.metric.summarise(right)["ROUGE-L"] == 1.0
    assert SUBTASK.metric.summarise(wrong)["ROUGE-L"] < 0.5
