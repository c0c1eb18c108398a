"""The command line, called as a person calls it: in this process, or in a child where imports and pipes matter."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Att, Done


@pytest.fixture
def att(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Att:
    """``anytasktune WORDS…`` in this process, from the test's own folder."""
    from anytasktune.cli.main import main

    monkeypatch.chdir(tmp_path)
    for name in ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS"):
        monkeypatch.setenv(name, "1")  # main sets them: put back afterwards
    monkeypatch.setenv("COLUMNS", "250")

    def run(*words: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["anytasktune", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
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
def child(tmp_path: Path) -> Callable[..., Done]:
    """``python -m anytasktune WORDS…`` in a child process, from the test's own folder."""

    def run(*words: object, python: tuple[str, ...] = (), timeout: float = 120, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, *python, "-m", "anytasktune", *map(str, words)],
            env={**os.environ, **environment},
            cwd=tmp_path,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return Done(status=done.returncode, out=out, err=err)

    return run
