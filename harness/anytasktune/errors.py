"""Every error that a person may see, as one tree; the command line shows them without a traceback.

A bug (any other exception) keeps its traceback.

    AnyTaskTuneError
    ├── UsageError            the request itself is wrong: unknown name, option, combination
    ├── PluginError           a plugin failed to load, or offers something invalid
    ├── CardError             a sub-task's YAML is invalid
    ├── SuiteError            a suite file is invalid
    ├── SourceError           a file or data set cannot be had, or is not the one that was pinned
    ├── DataError             rows are malformed, duplicated, in conflict, or changed without a new version
    ├── PromptError           a prompt cannot be rendered, or does not fit the model
    ├── ModelError            a model cannot be loaded or cannot answer
    ├── TrainingError         tuning cannot start or must stop
    ├── AdapterError          an adapter does nothing, or belongs to another prompt or base
    └── RecordError           a record is missing, incomplete, changed or not comparable
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from anytasktune import exit_status


class AnyTaskTuneError(Exception):
    """What happened, where, the evidence, and what to do next.

    Args:
        problem: one sentence that names the thing concerned.
        where: ``file:line``, row, plugin or command that it happened in.
        evidence: ids or values that show it; at most ten are printed.
        fix: what to do next.
    """

    exit_status: int = exit_status.FAILED

    def __init__(self, problem: str, *, where: str = "", evidence: Iterable[object] = (), fix: str = "") -> None:
        self.problem = problem
        self.where = where
        self.evidence = tuple(str(item) for item in evidence)
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.problem]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines += [f"  - {item}" for item in self.evidence[:10]]
        if len(self.evidence) > 10:
            lines.append(f"  … and {len(self.evidence) - 10} more")
        if self.fix:
            lines.append(f"  next: {self.fix}")
        return "\n".join(lines)


class UsageError(AnyTaskTuneError):
    """The request itself is wrong."""

    exit_status = exit_status.USAGE


class PluginError(AnyTaskTuneError):
    """A plugin failed to load, or offers something invalid."""


class CardError(AnyTaskTuneError):
    """A sub-task's YAML is invalid."""


class SuiteError(AnyTaskTuneError):
    """A suite file is invalid."""

    exit_status = exit_status.USAGE


class SourceError(AnyTaskTuneError):
    """A file or data set cannot be had, or is not the one that was pinned."""


class DataError(AnyTaskTuneError):
    """Rows are malformed, duplicated, in conflict, or changed without a new version."""


class PromptError(AnyTaskTuneError):
    """A prompt cannot be rendered, or does not fit the model."""


class ModelError(AnyTaskTuneError):
    """A model cannot be loaded or cannot answer."""


class TrainingError(AnyTaskTuneError):
    """Tuning cannot start or must stop."""


class AdapterError(AnyTaskTuneError):
    """An adapter does nothing, or belongs to another prompt or base."""


class RecordError(AnyTaskTuneError):
    """A record is missing, incomplete, changed or not comparable."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known names, or lists them all when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    return "known: " + (", ".join(names) if names else "none")
