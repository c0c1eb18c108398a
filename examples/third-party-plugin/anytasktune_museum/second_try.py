"""A launcher for models that answer through a network: what failed is tried once more, after everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from anytasktune.launchers.base import Job
from anytasktune.launchers.local import LocalLauncher


@dataclass(frozen=True, kw_only=True)
class SecondTry:
    """Jobs one after the other; those that failed again at the end, when a busy service may have recovered.

    What a job was answered before it failed is kept, so a second try asks for the rest only.
    """

    name: str = "second-try"

    def launch(self, jobs: Sequence[Job], work: Callable[[Job], list[Path]]) -> list[Path]:
        """Do the work for each job; returns the run folders in the order of the jobs.

        Raises:
            Exception: jobs failed twice; see ``LocalLauncher``.
        """
        done: dict[int, list[Path]] = {}
        for job in jobs:
            with suppress(Exception):  # whatever it is, the second try raises it again
                done[id(job)] = work(job)
        return LocalLauncher().launch(jobs, lambda job: done[id(job)] if id(job) in done else work(job))
