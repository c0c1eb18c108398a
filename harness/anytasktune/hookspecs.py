"""The hooks. Each returns what the plugin offers and touches nothing; docs/hooks.md has an example of each."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from anytasktune.launchers.base import Launcher
    from anytasktune.models.kinds import ModelKind
    from anytasktune.records import RunRecord
    from anytasktune.reports.formats import ReportFormat
    from anytasktune.subtask import SubTask

PROJECT = "anytasktune"
VERSION = 1
"""Of the hooks: raised when a hook comes, goes or changes. A plugin says which it was written for by an attribute
``ANYTASKTUNE_HOOKS = 1``; one that says nothing is taken to be written for this one."""
OLDEST = 1
"""The oldest version whose plugins still work."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_subtasks() -> list[SubTask]:  # type: ignore[empty-body]  # a specification has no body
    """The sub-tasks that this plugin brings."""


@hookspec
def register_models() -> list[ModelKind]:  # type: ignore[empty-body]  # a specification has no body
    """Kinds of model, each with the prefix or names it answers to on the command line."""


@hookspec
def register_launchers() -> list[Launcher]:  # type: ignore[empty-body]  # a specification has no body
    """Ways to run the jobs of a suite (this machine, many machines)."""


@hookspec
def register_report_formats() -> list[ReportFormat]:  # type: ignore[empty-body]  # a specification has no body
    """Formats that a board can be written in."""


@hookspec
def run_finished(record: RunRecord) -> None:
    """Called once for each run whose record was just written."""


def specified() -> dict[str, tuple[str, ...]]:
    """Every hook with the names of its arguments, in the order of this file."""
    marked = {name: member for name, member in globals().items() if hasattr(member, f"{PROJECT}_spec")}
    return {name: tuple(inspect.signature(member).parameters) for name, member in marked.items()}
