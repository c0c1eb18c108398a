"""Sub-tasks of human resources."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_hr import discrimination_multiple_choice, knowledge_extraction, skill_extraction


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    modules = (discrimination_multiple_choice, knowledge_extraction, skill_extraction)
    return [module.SUBTASK for module in modules]
