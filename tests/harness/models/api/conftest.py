"""A double of a server, and the command line in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import stamina
from api_double import Behaviour, Command, Done, Double, Serve, answer
from demo_tasks import plugin, rows

from anytasktune.cli.main import main


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts doubles; they end with the test."""
    with ExitStack() as stack:

        def start(behaviour: Behaviour = lambda asked: answer()) -> Double:
            return stack.enter_context(Double(behaviour).running())

        yield start


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Tries again at once, as often as the spec says."""
    stamina.set_testing(True, attempts=100, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """``anytasktune WORDS…`` in this process, from the test's own folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS"):
        monkeypatch.setenv(name, "1")  # main sets them: put back afterwards
    monkeypatch.setenv("COLUMNS", "250")

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["anytasktune", *map(str, words)])
        status: object = 0
        try:
            main()
        except SystemExit as left:
            status = left.code or 0
        said = capsys.readouterr()
        assert isinstance(status, int), status
        return Done(status=status, out=said.out, err=said.err)

    return run


@pytest.fixture
def twenty(tmp_path: Path) -> Path:
    """A sub-task of 20 test rows: billing and refund in turn."""
    return plugin(tmp_path, "choice", rows("choice", train=2, validation=0, test=20))


@pytest.fixture
def evaluate(command: Command, twenty: Path) -> Command:
    """``evaluate`` of the twenty rows by a double: ``evaluate(double, "concurrency=1")``."""

    def run(double: Double | str, arguments: str = "", *words: object, kind: str = "openai-chat:m") -> Done:
        url = double if isinstance(double, str) else double.url
        spec = f"{kind},base_url={url}" + (f",{arguments}" if arguments else "")
        return command("evaluate", "demo/choice", "--plugin", twenty, "--model", spec, *words)

    return run
