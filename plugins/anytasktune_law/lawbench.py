"""LawBench (Fei et al. 2023): twenty Chinese legal tasks of 500 questions each, and models' recorded answers.

Ids are ``<task>:<row>`` (``3-3:17``). LawBench publishes test rows only; ours are shared out by the
hash of the case's facts, so that the sub-tasks that ask about one case put it into one split.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest, Example
from anytasktune.near_duplicates import comparison_key
from anytasktune.sources import PinnedFile
from anytasktune.subtask import RecordedAnswers
from anytasktune.tables import column, read_rows
from anytasktune_law.lawbench_pins import COMMIT, SHA256

GPT_4: Final = "GPT4"
QWEN_7B_CHAT: Final = "qwen-7b-chat-hf"

_FACTS: Final = re.compile(r"\s*(?:(?:事实|句子|文书)[:：])?(?P<facts>.*?)(?:(?:罪名|法条)[:：].*)?", re.DOTALL)


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
    if path not in SHA256:
        raise DataError(f"LawBench's {path} is not pinned.", fix="add its sha256 to anytasktune_law.lawbench_pins")
    return PinnedFile(
        owner="open-compass",
        repo="LawBench",
        commit=COMMIT,
        path=path,
        sha256=SHA256[path],
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


def example(asked: Question, targets: Sequence[str]) -> Example:
    """The question as an example; the rows that ask about one case are one group."""
    return Example(
        id=asked.id,
        input=asked.question,
        targets=tuple(targets),
        group=case_group(asked.question),
        language="zh",
    )


def recorded_answers(task: str) -> dict[str, RecordedAnswers]:
    """The recorded answers to a task, by the model's name."""
    return {"GPT-4": recorded(task, GPT_4), "Qwen-7B-chat": recorded(task, QWEN_7B_CHAT)}


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
    """One name for the text asked about, however a task heads it and goes on after it."""
    found = _FACTS.fullmatch(question)
    facts = comparison_key(found["facts"] if found else question)
    return "facts-" + hashlib.sha256(facts.encode()).hexdigest()[:16]
