"""A case and four statements → the right one (LawBench 3-6, judicial examination questions of JEC-QA).

    input    甲误将乙的手机当作自己的拿走，该行为如何定性?A:盗窃;B:侵占;C:不构成犯罪;D:抢夺。
             (takes another's phone by mistake: A theft, B embezzlement, C no crime, D snatching)
    target   C

Right is an answer that holds the gold letter and no other one of A to D. GPT-4's recorded answers come to the
published 0.486, Qwen-7B-chat's to 0.268. So an answer that discusses the other options is wrong, and
``Answer: C`` too, for its A.
"""

from __future__ import annotations

from collections.abc import Iterator

from anytasktune.examples import DataRequest, Example
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_law.scoring import OnlyOption, label_ids
from anytasktune_tasks import card_path

TASK = "3-6"


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 questions; ids are ``3-6:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, [asked.answer.removeprefix("正确答案:").removesuffix("。")])


SUBTASK: SubTask = SubTask(
    id="law/case-analysis",
    yaml=card_path("law/case_analysis"),
    build=build,
    metric=OnlyOption(lambda: label_ids(SUBTASK.card)),
    recipe=CHOICE,
    recorded=lawbench.recorded_answers(TASK),
)
