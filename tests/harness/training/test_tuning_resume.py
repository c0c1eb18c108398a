from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import ignore
from tune_in_child import STEPS, run


def kill_child_at(step: int, model_dir: Path, folder: Path) -> list[int]:
    """Starts a tuning process, kills it when it reports ``step``, and returns the steps that it reported."""
    command = [sys.executable, str(Path(__file__).with_name("tune_in_child.py")), str(model_dir), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    reported = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        for line in child.stdout:
            kind, number = line.split()
            if kind == "step":
                reported.append(int(number))
            if reported[-1] == step:
                os.kill(child.pid, signal.SIGKILL)
                break
        assert child.wait(timeout=60) == -signal.SIGKILL
    return reported


@pytest.mark.slow
def test_run_killed_twice_ends_as_an_undisturbed_one(small_model_dir: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    first = kill_child_at(5, small_model_dir, killed)
    second = kill_child_at(10, small_model_dir, killed)
    assert first == [0, 1, 2, 3, 4, 5]
    assert second == [3, 4, 5, 6, 7, 8, 9, 10], "goes on from the checkpoint after step 3, not from the start"
    assert not (killed / "adapter").exists()
    resumed = run(small_model_dir, killed, ignore)
    undisturbed = run(small_model_dir, tmp_path / "undisturbed", ignore)
    assert resumed.first_step == 9
    assert len(resumed.info.losses) == STEPS
    assert resumed.info.losses == pytest.approx(undisturbed.info.losses, abs=1e-5)
    assert resumed.validation_loss == pytest.approx(undisturbed.validation_loss, abs=1e-5)
    assert resumed.info.best_step == undisturbed.info.best_step
    assert resumed.info.tokens == undisturbed.info.tokens
