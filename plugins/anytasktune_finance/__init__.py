"""Sub-tasks of finance."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_finance import fomc_stance


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    return [fomc_stance.SUBTASK]
