"""LawBench (Fei et al. 2023): twenty Chinese legal tasks of 500 questions each, and models' recorded answers.

Ids are ``<task>:<row>`` (``3-3:17``). LawBench publishes test rows only; ours are shared out by the
hash of the case's facts, so that the sub-tasks that ask about one case put it into one split.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest
from anytasktune.near_duplicates import comparison_key
from anytasktune.sources import PinnedFile
from anytasktune.subtask import RecordedAnswers
from anytasktune.tables import column, read_rows

GPT_4: Final = "GPT4"
QWEN_7B_CHAT: Final = "qwen-7b-chat-hf"

_SHA256: Final = {
    "data/zero_shot/3-3.json": "64378a7d7c3548cbe336d989f50a1301ba531ef53fc97b4dd879fda7e6fec755",
    "predictions/zero_shot/GPT4/3-3.json": "2570ca7a2dbd897662a8f6d696547d32a029a7b17613e62ac2876b38e6dbd1d3",
    "predictions/zero_shot/qwen-7b-chat-hf/3-3.json": (
        "9f67a43571d584bcf93078bfb51563da145ae42590d119dd68a0f4eef5714919"
    ),
    "predictions/zero_shot/results.csv": "6aea6771312d81cef0d32f997df1846556472f1e18c4ad0d1bd400e40c5a2cf6",
}
_FACTS: Final = re.compile(r"\s*(?:事实[:：])?(?P<facts>.*?)(?:(?:罪名|法条)[:：].*)?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One published question.

    Args:
        id: ``<task>:<row>``.
        question: the text asked about.
        answer: the gold, in the task's own form (``罪名:盗窃;诈骗``).
    """

    id: str
    question: str
    answer: str


def pinned(path: str) -> PinnedFile:
    """A file of the repository.

    Raises:
        DataError: it is not pinned here.
    """
    if path not in _SHA256:
        raise DataError(f"LawBench's {path} is not pinned.", fix="add its sha256 to anytasktune_law.lawbench")
    return PinnedFile(
        owner="open-compass",
        repo="LawBench",
        commit="e30981bb3ff54c41571f222e0b23e92d27375388",
        path=path,
        sha256=_SHA256[path],
    )


def questions(task: str) -> list[Question]:
    """All questions of a task (``3-3``), in published order."""
    table = read_rows(pinned(f"data/zero_shot/{task}.json").fetch())
    return [
        Question(id=f"{task}:{number}", question=question, answer=answer)
        for number, (question, answer) in enumerate(
            zip(column(table, "question"), column(table, "answer"), strict=True)
        )
    ]


def recorded(task: str, model: str) -> RecordedAnswers:
    """A model's zero-shot answers to a task whose recorded answers are aligned with its questions by row."""

    def answers(_request: DataRequest) -> Iterator[tuple[str, str | None]]:
        table = read_rows(pinned(f"predictions/zero_shot/{model}/{task}.json").fetch())
        golds, predictions = column(table, "refr"), column(table, "prediction")
        for asked, gold, prediction in zip(questions(task), golds, predictions, strict=True):
            if gold != asked.answer:
                raise DataError(f"{model}'s recorded answer to {asked.id} belongs to another question.")
            yield asked.id, prediction

    return answers


def case_group(question: str) -> str:
    """One name for the facts of a case, however a task's question goes on after them."""
    found = _FACTS.fullmatch(question)
    facts = comparison_key(found["facts"] if found else question)
    return "facts-" + hashlib.sha256(facts.encode()).hexdigest()[:16]
