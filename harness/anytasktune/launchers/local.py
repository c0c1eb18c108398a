"""Runs jobs on this machine, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anytasktune.errors import AnyTaskTuneError, ModelError
from anytasktune.launchers.base import Job


@dataclass(frozen=True, kw_only=True)
class LocalLauncher:
    """The launcher that is always there."""

    name: str = "local"

    def launch(self, jobs: Sequence[Job], work: Callable[[Job], list[Path]]) -> list[Path]:
        """One job after the other; a job that fails does not keep the others from running.

        Raises:
            AnyTaskTuneError: the first failure, naming every job that failed, once all were tried.
        """
        folders: list[Path] = []
        failures: list[tuple[Job, AnyTaskTuneError]] = []
        for job in jobs:
            try:
                folders += work(job)
            except AnyTaskTuneError as error:
                failures.append((job, error))
        if len(failures) == 1:
            raise failures[0][1]
        if failures:
            raise ModelError(
                f"{len(failures)} of {len(jobs)} jobs failed.",
                evidence=[f"{job}: {error.problem}" for job, error in failures],
                fix="mend them and give the same command again: what is done is not done twice",
            )
        return folders
