"""An evaluation that is killed goes on where it was, and ends with the figures of one that was not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from anytasktune.records import read_record, read_samples

ROWS = 24
BATCH = 4
"""Rows at once in the child: what a killed process may lose."""


def child(model: Path, root: Path, method: str) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("evaluate_in_child.py")
    command = [sys.executable, str(script), str(model), str(root), method, str(ROWS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run_until(process: subprocess.Popen[str], done: int | None) -> tuple[list[int], str]:
    """Requests done after each batch, and the run's folder; the process is killed once ``done`` were."""
    seen: list[int] = []
    assert process.stdout is not None
    with process:  # closes its pipe and waits for it
        for line in process.stdout:
            words = line.split(maxsplit=1)
            if words[0] == "folder":
                return seen, words[1].strip()
            seen.append(int(words[0]))
            if done is not None and seen[-1] >= done:
                process.kill()
                return seen, ""
    raise AssertionError(f"the child ended with {process.returncode} after {seen}")


@pytest.mark.slow
@pytest.mark.parametrize(("method", "requests_a_row"), [("generate", 1), ("likelihood", 8)])
def test_killed_twice_and_resumed_asks_again_at_most_one_batch(
    small_model_dir: Path, tmp_path: Path, method: str, requests_a_row: int
) -> None:
    undisturbed, whole = run_until(child(small_model_dir, tmp_path / "whole" / "results", method), None)
    batch = BATCH * requests_a_row
    computed = 0
    reached = 0
    folder = ""
    for stop in (undisturbed[-1] // 4, undisturbed[-1] // 2, None):
        seen, folder = run_until(child(small_model_dir, tmp_path / "killed" / "results", method), stop)
        started_at = seen[0] - batch
        assert started_at >= reached - batch, "answers that were there were asked for again"
        computed += seen[-1] - max(started_at, 0)
        reached = seen[-1]
    assert computed <= undisturbed[-1] + 2 * batch
    one, other = Path(whole), Path(folder)
    assert read_record(one).score == read_record(other).score
    assert read_samples(one) == read_samples(other)
