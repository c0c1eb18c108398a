"""How checks are run, and their face for test suites."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from demo_tasks import plugin, rows, subtask

from anytasktune.conformance.findings import passed
from anytasktune.conformance.kit import CHECKS, Check, Examination, examine_object
from anytasktune.testing import assert_conforms

COPIED = replace(rows("choice")[-1], id="train:99", split="train")


def test_there_are_enough_checks_each_told_in_a_sentence() -> None:
    assert len(CHECKS) >= 30
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert re.fullmatch(r"[A-Z`].{15,118}\.", check.about), check.name


def test_a_check_needs_only_what_comes_before_it() -> None:
    before: set[str] = set()
    for check in CHECKS:
        assert set(check.needs) <= before, check.name
        before.add(check.name)


def test_what_needs_a_failed_check_says_so_and_the_others_run(tmp_path: Path) -> None:
    task = replace(subtask(tmp_path, "choice"), yaml=tmp_path / "gone.yaml")
    examination = examine_object(task)
    assert examination.finding("card").status == "fail"
    assert examination.finding("leaks").message == "not run, because card failed"
    assert examination.finding("stock-lm-eval").message == "not run, because yaml was not run"
    assert examination.finding("row-ids").status == "pass"


def test_a_check_that_breaks_off_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anytasktune.conformance import kit

    broken = Check(name="broken", run=lambda subject: passed(str(1 / 0)), needs=())
    monkeypatch.setattr(kit, "CHECKS", (broken,))
    found = examine_object(subtask(tmp_path, "choice")).finding("broken")
    assert (found.status, found.message[:43]) == ("fail", "The check broke off: ZeroDivisionError: div")


def test_a_check_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anytasktune.conformance import kit

    calls: list[int] = []
    counting = Check(name="counting", run=lambda subject: (calls.append(1), passed("x"))[1], needs=())
    monkeypatch.setattr(kit, "CHECKS", (counting, replace(counting, name="next", needs=("counting",))))
    examination = examine_object(subtask(tmp_path, "choice"))
    assert [finding.check for finding in examination.findings()] == ["counting", "next"]
    assert examination.finding("counting") is examination.finding("counting")
    assert len(calls) == 2


def test_an_object_that_a_plugin_registers_is_asked_in_a_fresh_process_too(tmp_path: Path) -> None:
    from anytasktune_consumer.ticket_routing import SUBTASK

    assert examine_object(SUBTASK).finding("light-import").status == "pass"
    unknown: Examination = examine_object(subtask(tmp_path, "choice"))
    assert unknown.finding("light-import").status == "skipped"
    assert "no plugin registers this very object" in unknown.finding("light-import").message


def test_a_field_of_another_type_is_named(tmp_path: Path) -> None:
    from anytasktune.metrics.choice import Accuracy

    task = replace(subtask(tmp_path, "choice"), metric=Accuracy, yaml="card.yaml")  # type: ignore[arg-type]
    found = examine_object(task).finding("registration")
    assert found.status == "fail"
    assert "yaml is not a pathlib.Path" in found.evidence
    assert any(line.startswith("metric is not an object") for line in found.evidence)


def test_a_sound_sub_task_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anytasktune.conformance import kit

    monkeypatch.setattr(kit, "CHECKS", CHECKS[:20])  # the others are tried from the command line
    assert_conforms(plugin(tmp_path, "choice"))
    assert_conforms("consumer/*")


@pytest.mark.usefixtures("small_model_dir")
def test_what_does_not_conform_is_an_assertion_error_with_every_sentence(tmp_path: Path) -> None:
    task = subtask(tmp_path, "choice", [*rows("choice"), COPIED], until=["\n", "ill"])
    with pytest.raises(AssertionError) as caught:
        assert_conforms(task)
    said = str(caught.value)
    assert "demo/choice: leaks: 1 row leaks from a scored split" in said
    assert "  - train train:99 is test test:3" in said
    assert "demo/choice: stop-strings: A stop string cuts" in said


# --- pytest's plugin -----

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``python -m pytest WORDS…`` in the test's own folder."""

    def pytest_in_child(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), *words],
            env={**os.environ, "COLUMNS": "150"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return pytest_in_child


def test_pytest_has_a_test_for_each_check(run: Run, tmp_path: Path) -> None:
    plugin(tmp_path, "choice")
    done = run("--anytasktune-task", "choice_plugin.py", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout
    for check in CHECKS:
        assert f"anytasktune::demo/choice::{check.name}\n" in done.stdout


def test_a_failed_check_is_a_failed_test_with_its_sentence_and_no_traceback(run: Run, tmp_path: Path) -> None:
    plugin(tmp_path, "choice", [*rows("choice"), COPIED])
    done = run("--anytasktune-task", "choice_plugin.py", "-k", "leaks or groups or splits or recorded")
    assert done.returncode == 1
    assert "1 failed, 2 passed, 1 skipped" in done.stdout
    assert "demo/choice: leaks: 1 row leaks" in done.stdout
    assert "  - train train:99 is test test:3" in done.stdout
    assert "Traceback" not in done.stdout
    assert "testing.py" not in done.stdout


def test_a_plugin_that_cannot_be_loaded_fails_one_test(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import gone_module\n", encoding="utf-8")
    done = run("--anytasktune-task", "x.py")
    assert f"1 failed, {len(CHECKS) - 1} skipped" in done.stdout
    assert "No module named 'gone_module' (x.py:1)" in done.stdout


def test_a_sub_task_that_does_not_exist_is_a_usage_error(run: Run) -> None:
    done = run("--anytasktune-task", "consumer/ticket-rooting")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "did you mean consumer/ticket-routing?" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_other_peoples_test_runs_import_next_to_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n"
        "def test_theirs():\n"
        "    ours = sorted(m for m in sys.modules if m.partition('.')[0] == 'anytasktune')\n"
        "    assert ours == ['anytasktune', 'anytasktune.testing']\n"
        "    assert not {'torch', 'numpy', 'pydantic', 'yaml'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    done = run("-W", "error")
    assert done.returncode == 0, done.stdout
