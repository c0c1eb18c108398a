"""The contract of a launcher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from anytasktune.suite import ModelEntry


@dataclass(frozen=True, kw_only=True)
class Job:
    """One model entry of a suite on one sub-task: everything that one worker does without asking another.

    Args:
        task_id, variant: which rows.
        entry: the model, how it is asked, how it is tuned.
        seed: the tuning seed; None without tuning.
    """

    task_id: str
    variant: str
    entry: ModelEntry
    seed: int | None = None

    def __str__(self) -> str:
        variant = f" ({self.variant})" if self.variant else ""
        tuned = f", adapter seed {self.seed}" if self.seed is not None else ""
        return f"{self.task_id}{variant} × {self.entry.model}{tuned}"


class Launcher(Protocol):
    """Runs jobs; each is independent, and each is skipped quickly when its records are there."""

    @property
    def name(self) -> str:
        """What ``--launcher`` calls it."""
        ...

    def launch(self, jobs: Sequence[Job], work: Callable[[Job], list[Path]]) -> list[Path]:
        """Do ``work`` for each job; returns the run folders of all jobs, in the order of the jobs.

        An exception of one job is raised after the others were tried.
        """
        ...
