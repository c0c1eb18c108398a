from __future__ import annotations

from pathlib import Path

import pytest

from anytasktune.errors import DataError, ModelError
from anytasktune.launchers.base import Job
from anytasktune.launchers.local import LocalLauncher
from anytasktune.suite import ModelEntry


def jobs(*names: str) -> list[Job]:
    return [Job(task_id="demo/x", variant="", entry=ModelEntry(model=name)) for name in names]


def work(job: Job) -> list[Path]:
    if job.entry.model == "torn":
        raise DataError("The rows are torn.")
    if job.entry.model == "bug":
        raise ZeroDivisionError("a bug")
    if job.entry.model == "stop":
        raise KeyboardInterrupt
    return [Path(job.entry.model)]


def test_folders_come_in_the_order_of_the_jobs() -> None:
    assert LocalLauncher().launch(jobs("b", "a"), work) == [Path("b"), Path("a")]


@pytest.mark.parametrize("failing", ["torn", "bug"])
def test_a_job_that_fails_does_not_keep_the_others_from_running(failing: str) -> None:
    done: list[str] = []

    def noted(job: Job) -> list[Path]:
        folders = work(job)
        done.append(job.entry.model)
        return folders

    with pytest.raises((DataError, ZeroDivisionError)):
        LocalLauncher().launch(jobs("a", failing, "b"), noted)
    assert done == ["a", "b"]


def test_one_failure_is_raised_as_it_is_and_several_are_named_together() -> None:
    with pytest.raises(DataError, match="The rows are torn"):
        LocalLauncher().launch(jobs("torn", "a"), work)
    with pytest.raises(ModelError, match="2 of 3 jobs failed") as refused:
        LocalLauncher().launch(jobs("torn", "a", "torn"), work)
    assert refused.value.evidence == ("demo/x × torn: The rows are torn.",) * 2


def test_a_bug_stays_a_bug_and_names_the_other_failures() -> None:
    with pytest.raises(ZeroDivisionError, match="a bug") as raised:
        LocalLauncher().launch(jobs("torn", "bug"), work)
    assert any("demo/x × torn: The rows are torn." in note for note in raised.value.__notes__)


def test_ctrl_c_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        LocalLauncher().launch(jobs("stop", "a"), work)


def test_a_job_tells_what_it_is() -> None:
    entry = ModelEntry(model="m", tune={})
    assert str(Job(task_id="demo/x", variant="", entry=entry)) == "demo/x × m"
    assert str(Job(task_id="demo/x", variant="v", entry=entry, seed=3)) == "demo/x (v) × m, adapter seed 3"
