"""A research question and the abstract of its paper → yes, no or maybe (PubMedQA, Jin et al. 2019).

    input    BACKGROUND: Statins lower cholesterol. … ⏎ RESULTS: Mortality fell from 9 % to 6 %. ⏎
             Question: Do statins lower mortality after a stroke?
    target   yes

The abstract stands without its conclusion, which would give the answer away. Test are the 500 questions of the
publisher's ``test_ground_truth.json``; of its 500 others, which it shares out into ten folds for training and
validation, a tenth is validation by content hash.

The recorded human answers are those of the annotator who saw what a model sees (the setting "reasoning-required"):
on test accuracy 0.780 and macro F1 0.7219, as published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest, Example
from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import RawRow, read_rows, read_text, row_id
from anytasktune_tasks import card_path

YAML: Final = card_path("healthcare/research_answer")
COMMIT: Final = "1cbae8e92f72f20c8d3747cbb3bf5bc53554d997"
SHA256: Final = {
    "data/ori_pqal.json": "8b3276be8942ebbd77f3ddcda12c1749bf0e490045a736fd8438ee40cf37a41d",
    "data/test_ground_truth.json": "939fe566f09017d13b1ca64d2ddfee0bc2374b366048152997669cccedc44d51",
}


def build(_request: DataRequest) -> Iterator[Example]:
    """All 1,000 questions that experts labelled; ids are ``pqal:<row>``.

    Raises:
        DataError: the two files disagree about an answer.
    """
    test: dict[str, str] = json.loads(read_text(pinned("data/test_ground_truth.json").fetch()).text)
    for row in _rows():
        article, answer = str(row.key), row.values["final_decision"]
        if test.get(article, answer) != answer:
            raise DataError(f"PubMedQA's two files give different answers to the question of article {article}.")
        yield Example(
            id=row_id("pqal", row),
            input=asked(row.values),
            targets=(answer,),
            split="test" if article in test else "train",
            language="en",
        )


def asked(values: Any) -> str:
    """The abstract, a section a line under its published heading, then the question."""
    sections = zip(values["LABELS"], values["CONTEXTS"], strict=True)
    return "\n".join([*(f"{heading}: {text}" for heading, text in sections), f"Question: {values['QUESTION']}"])


def human(_request: DataRequest) -> Iterator[tuple[str, str]]:
    """The answer of the annotator who did not see the conclusion, to every question."""
    for row in _rows():
        yield row_id("pqal", row), row.values["reasoning_required_pred"]


def pinned(path: str) -> PinnedFile:
    """A file of the repository."""
    return PinnedFile(owner="pubmedqa", repo="pubmedqa", commit=COMMIT, path=path, sha256=SHA256[path])


def _rows() -> tuple[RawRow, ...]:
    return read_rows(pinned("data/ori_pqal.json").fetch()).rows


SUBTASK = SubTask(
    id="healthcare/research-answer",
    yaml=YAML,
    build=build,
    metric=named("accuracy", YAML),
    recipe=CHOICE,
    recorded={"human, reasoning-required": human},
)
