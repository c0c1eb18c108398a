"""Sub-tasks of consumer services."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_consumer import dialogue_acts, intent_with_out_of_scope, ticket_routing


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    return [module.SUBTASK for module in (dialogue_acts, intent_with_out_of_scope, ticket_routing)]
