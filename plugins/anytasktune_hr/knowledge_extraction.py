"""A sentence of a job advertisement → the knowledge that it asks for (SkillSpan, Zhang et al. 2022).

    input    You have a degree in physics and have worked with Python .
    target   knowledge: degree in physics ⏎ knowledge: Python

Knowledge is what a person is to know: subjects, tools, languages, degrees. How rows are made is told by
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

YAML: Final = card_path("hr/knowledge_extraction")


def build(_request: DataRequest) -> Iterator[Example]:
    """All sentences with their knowledge spans."""
    return skillspan.examples("knowledge")


SUBTASK = SubTask(
    id="hr/knowledge-extraction",
    yaml=YAML,
    build=build,
    metric=named("span-f1", YAML),
    recipe=EXTRACT,
)
