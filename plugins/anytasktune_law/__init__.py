"""Sub-tasks of law."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_law import charge_prediction


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    return [charge_prediction.SUBTASK]
