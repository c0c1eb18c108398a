"""A sentence of a divorce judgment → the points of dispute that it touches (LawBench 2-3, after AI Studio).

    input    句子:婚后生育一女，现随被告生活，双方购有住房一套。   (a daughter, living with the defendant; a flat)
    target   婚后有子女;有夫妻共同财产                             (children after marriage; joint property)

The official scorer looks for the twenty points anywhere in the answer. GPT-4's recorded answers come to the
published 0.69785, Qwen-7B-chat's to 0.31417. One label is misspelt as published (婚后分局 for 婚后分居).
"""

from __future__ import annotations

from collections.abc import Iterator

from anytasktune.examples import DataRequest, Example
from anytasktune.recipes import LABELS
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_law.scoring import SubstringF1, english_names, label_ids
from anytasktune_tasks import card_path

TASK = "2-3"


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 sentences; ids are ``2-3:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, points_of(asked.answer))


def points_of(answer: str) -> list[str]:
    """The points in a published gold: ``类别:婚后有子女、支付抚养费。`` → two of them."""
    return answer.removeprefix("类别:").removesuffix("。").split("、")


SUBTASK: SubTask = SubTask(
    id="law/marital-disputes",
    yaml=card_path("law/marital_disputes"),
    build=build,
    metric=SubstringF1(lambda: label_ids(SUBTASK.card), lambda: english_names(SUBTASK.card)),
    recipe=LABELS,
    recorded=lawbench.recorded_answers(TASK),
)
