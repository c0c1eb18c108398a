"""A judgment's account of the crimes → the whole sum of money involved, in yuan (LawBench 3-7, after LAIC 2021).

    input    文书:经审理查明，被告人甲某两次盗窃乙某财物，分别价值人民币1500元、700元。  (two thefts: 1,500 and 700)
    target   2200

Right is an answer in which any number equals the gold. ``1.5万`` is read as 1.5 and ``1,500`` as 1 and 500, as
the official scorer does. GPT-4's recorded answers come to the published 0.776, Qwen-7B-chat's to 0.420.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, MeanOfRows, Status, missing
from anytasktune.metrics.reading import is_blank
from anytasktune.recipes import NUMBER
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_tasks import card_path

TASK = "3-7"


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 judgments; ids are ``3-7:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, [amount_of(asked.answer)])


def amount_of(answer: str) -> str:
    """The sum in a published gold: ``上文涉及到的犯罪金额:8500.0元。`` → ``8500``."""
    return answer.removeprefix("上文涉及到的犯罪金额:").removesuffix("元。").removesuffix(".0")


class AnyNumber(MeanOfRows):
    """Share of answers in which the gold stands among the numbers; one without a number is unreadable."""

    name = "accuracy"

    def grade(self, example: Example, answer: str | None) -> Grade:
        """1 when a number of the answer equals the gold."""
        if answer is None:
            return missing(example)
        read = tuple(re.findall(r"\d+\.?\d*", answer))
        if not read:
            status: Status = "empty" if is_blank(answer) else "unreadable"
            return Grade(score=0.0, status=status, gold=example.targets)
        right = float(example.targets[0]) in map(float, read)
        return Grade(score=float(right), status="read", read=read, gold=example.targets)


SUBTASK = SubTask(
    id="law/crime-amount",
    yaml=card_path("law/crime_amount"),
    build=build,
    metric=AnyNumber(),
    recipe=NUMBER.but(max_length=2048),  # a sum needs all of its parts: the middle must not go
    recorded=lawbench.recorded_answers(TASK),
)
