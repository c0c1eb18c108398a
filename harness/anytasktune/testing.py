"""The conformance kit in a test suite: ``assert_conforms``, and ``pytest --anytasktune-task TASK``.

This module is a plugin of pytest wherever anytasktune is installed: it adds one option, and imports nothing but pytest
until the option is used or ``assert_conforms`` is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from anytasktune.conformance.kit import Examination
    from anytasktune.subtask import SubTask

OPTION = "--anytasktune-task"


def assert_conforms(task: SubTask | str | Path) -> None:
    """Run every check of ``anytasktune check`` on a sub-task.

    Args:
        task: a sub-task; or an id or glob of registered ones; or the path of a plugin's file or its package's folder.

    Raises:
        AssertionError: checks failed; holds the sentence of each, with its evidence.
        UsageError: nothing has that name, or lies there.
    """
    findings = [finding for examination in _examinations(task) for finding in examination.findings()]
    failures = [str(finding) for finding in findings if finding.status == "fail"]
    if failures:
        raise AssertionError("\n".join(failures))


def _examinations(task: SubTask | str | Path) -> Iterator[Examination]:
    from anytasktune.conformance.kit import examine, examine_object

    if isinstance(task, str):
        yield from examine([task])
    elif isinstance(task, Path):
        yield from examine([str(task.absolute())])
    else:
        yield examine_object(task)


# --- the plugin of pytest -----


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option."""
    parser.getgroup("anytasktune").addoption(
        OPTION,
        action="append",
        default=[],
        metavar="TASK",
        help="Run the conformance checks of a sub-task, a test each: its id or glob, its plugin's FILE.py, or the "
        "folder of its package. May be repeated.",
    )


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among these tests too
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test for each check of each sub-task that the option names, behind all others."""
    named: list[str] = config.getoption(OPTION)
    if not named:
        return
    from anytasktune.conformance.kit import CHECKS, examine
    from anytasktune.errors import AnyTaskTuneError

    try:
        examinations = list(examine(named))
    except AnyTaskTuneError as error:
        raise pytest.UsageError(str(error)) from error
    for examination in examinations:
        parent = _Checks.from_parent(session, name=examination.name, nodeid=f"anytasktune::{examination.name}")
        items += [_Check.from_parent(parent, name=check.name, examination=examination) for check in CHECKS]


class ChecksFailed(Exception):  # noqa: N818  # as pytest words it
    """A check failed; its words are the finding's."""


class _Checks(pytest.Collector):
    """The checks of one sub-task; they are made when the option is read, so that there is nothing to collect."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        return []


class _Check(pytest.Item):
    """One check of one sub-task."""

    def __init__(self, *, examination: Examination, **node: object) -> None:
        super().__init__(**node)  # type: ignore[arg-type]  # what pytest gives its nodes
        self._examination = examination

    def runtest(self) -> None:
        finding = self._examination.finding(self.name)
        if finding.status == "skipped":
            pytest.skip(finding.message)
        if finding.status == "fail":
            raise ChecksFailed(str(finding))
        if finding.status == "note":
            self.add_report_section("call", "note", str(finding))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, ChecksFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self._examination.name}: {self.name}"
