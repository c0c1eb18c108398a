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
            AnyTaskTuneError: one or more jobs failed, every one of them named, once all were tried.
            Exception: the first bug that a job ran into, with its traceback, once all were tried.
        """
        folders: list[Path] = []
        failures: list[tuple[Job, Exception]] = []
        for job in jobs:
            try:
                folders += work(job)
            except Exception as error:  # noqa: BLE001  # a model of another's must not keep the other jobs from running
                failures.append((job, error))
        bugs = [error for _, error in failures if not isinstance(error, AnyTaskTuneError)]
        named = [f"{job}: {getattr(error, 'problem', repr(error))}" for job, error in failures]
        if bugs:
            bugs[0].add_note(f"{len(failures)} of {len(jobs)} jobs failed:\n" + "\n".join(named))
            raise bugs[0]
        if len(failures) == 1:
            raise failures[0][1]
        if failures:
            raise ModelError(
                f"{len(failures)} of {len(jobs)} jobs failed.",
                evidence=named,
                fix="mend them and give the same command again: what is done is not done twice",
            )
        return folders
