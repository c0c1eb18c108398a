"""A third party's plugin that uses every hook: a sub-task, a model, a launcher, a report format, a log of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anytasktune.hookspecs import hookimpl
from anytasktune.models.kinds import ModelKind
from anytasktune.reports.formats import ReportFormat
from anytasktune_museum import latex, patterns, run_log, second_try, visitor_note

if TYPE_CHECKING:
    from anytasktune.launchers.base import Launcher
    from anytasktune.records import RunRecord
    from anytasktune.subtask import SubTask

ANYTASKTUNE_HOOKS = 1
"""The version of the hooks that this was written for."""


@hookimpl
def register_subtasks() -> list[SubTask]:
    """``museum/visitor-note``."""
    return [visitor_note.SUBTASK]


@hookimpl
def register_models() -> list[ModelKind]:
    """``--model patterns:FILE.yaml``."""
    summary = "patterns:FILE.yaml, regular expressions by label, written by hand"
    return [ModelKind(name="patterns:", summary=summary, open=patterns.open_patterns, kinds=("choice",))]


@hookimpl
def register_launchers() -> list[Launcher]:
    """``run --launcher second-try``."""
    return [second_try.SecondTry()]


@hookimpl
def register_report_formats() -> list[ReportFormat]:
    """``board --format latex``."""
    return [ReportFormat(name="latex", suffix=".tex", render=latex.render)]


@hookimpl
def run_finished(record: RunRecord) -> None:
    """A line in the file that ``MUSEUM_RUN_LOG`` names."""
    run_log.append(record)
