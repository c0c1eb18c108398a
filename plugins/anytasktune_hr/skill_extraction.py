"""A sentence of a job advertisement → the skills that it asks for (SkillSpan, Zhang et al. 2022).

    input    You will plan the rounds and talk to customers on the phone .
    target   skill: plan the rounds ⏎ skill: talk to customers on the phone

Skill is what a person is to be able to do, attitudes included. How rows are made is told by
``anytasktune_hr.skillspan``. Scored is span F1 over all rows, as published, but by text instead of position.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics import named
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_hr import skillspan
from anytasktune_tasks import card_path

YAML: Final = card_path("hr/skill_extraction")


def build(_request: DataRequest) -> Iterator[Example]:
    """All sentences with their skill spans."""
    return skillspan.examples("skill")


SUBTASK = SubTask(
    id="hr/skill-extraction",
    yaml=YAML,
    build=build,
    metric=named("span-f1", YAML),
    recipe=EXTRACT,
)
