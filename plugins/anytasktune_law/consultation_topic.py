"""A layperson's legal question → its field of law (LawBench 2-4, after CrimeKgAssitant).

    input    老板拖欠三个月工资，辞职了还能要回来吗？     (wages three months overdue: can I still claim them?)
    target   劳动纠纷                                     (labour dispute)

Right is an answer that names the gold field and no other one of the twenty. GPT-4's recorded answers come to
the published 0.440, Qwen-7B-chat's to 0.350.
"""

from __future__ import annotations

from collections.abc import Iterator

from anytasktune.examples import DataRequest, Example
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_law.scoring import OnlyOption, english_names, label_ids
from anytasktune_tasks import card_path

TASK = "2-4"


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 questions, 25 a field; ids are ``2-4:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, [asked.answer])


SUBTASK: SubTask = SubTask(
    id="law/consultation-topic",
    yaml=card_path("law/consultation_topic"),
    build=build,
    metric=OnlyOption(lambda: label_ids(SUBTASK.card), lambda: english_names(SUBTASK.card)),
    recipe=CHOICE,
    recorded=lawbench.recorded_answers(TASK),
)
