"""Sub-tasks of healthcare."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_healthcare import question_standardise


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    return [question_standardise.SUBTASK]
