"""The facts of a criminal case → the charges (LawBench 3-3, after CAIL 2018).

    input    事实:公诉机关指控，被告人甲某深夜翻墙进入乙某家中，拿走现金两千元。
    target   盗窃;非法侵入住宅

The official scorer looks for the names of charges anywhere in the answer, so that the form in which the
benchmark has them written (``[罪名]盗窃<eoa>``) and the plain one that is asked for here score alike.
GPT-4's recorded answers come to the published 0.41987, Qwen-7B-chat's to 0.40670. Under this rule the
golds themselves score 0.932: who charges 合同诈骗 has charged 诈骗 as well, and thirteen charges are not
looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from anytasktune.examples import DataRequest, Example
from anytasktune.recipes import LABELS
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_law.scoring import UNCOUNTED_CHARGES, SubstringF1
from anytasktune_tasks import card_path

TASK = "3-3"


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 questions; ids are ``3-3:<row>``."""
    for asked in lawbench.questions(TASK):
        yield lawbench.example(asked, charges_of(asked.answer))


def charges_of(answer: str) -> tuple[str, ...]:
    """The charges in a published gold: ``罪名:盗窃;诈骗`` → ``("盗窃", "诈骗")``."""
    return tuple(answer.removeprefix("罪名:").split(";"))


@lru_cache(maxsize=1)
def options() -> tuple[str, ...]:
    """The 189 charges that the official scorer looks for, sorted."""
    charges = {charge for asked in lawbench.questions(TASK) for charge in charges_of(asked.answer)}
    return tuple(sorted(charges - UNCOUNTED_CHARGES))


SUBTASK = SubTask(
    id="law/charge-prediction",
    yaml=card_path("law/charge_prediction"),
    build=build,
    metric=SubstringF1(options),
    recipe=LABELS,
    recorded=lawbench.recorded_answers(TASK),
)
