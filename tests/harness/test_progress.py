from __future__ import annotations

import io

import pytest
from rich.console import Console

from anytasktune import progress
from anytasktune.progress import Reporter


def reporter(*, quiet: bool = False, terminal: bool = False) -> tuple[Reporter, io.StringIO]:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=200, color_system=None)
    return Reporter(quiet=quiet, console=console), screen


def test_a_line_is_said_letter_by_letter() -> None:
    told, screen = reporter()
    told.say("[bold]row[/] law/* :smile: 模型")
    assert screen.getvalue() == "[bold]row[/] law/* :smile: 模型\n"


def test_quiet_says_nothing() -> None:
    told, screen = reporter(quiet=True)
    told.say("x")
    with told.bar("answers") as bar:
        bar(1, 1, 5.0)
    with told.step("build"):
        pass
    assert screen.getvalue() == ""


def test_without_a_terminal_a_bar_is_a_line_at_its_beginning_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told, screen = reporter()
    with told.bar("answers") as bar:
        for done in range(1, 6):
            bar(done, 5, 40.0)
    assert screen.getvalue().splitlines() == ["answers", "  5 of 5, 40 tokens/s"]


def test_without_a_terminal_long_work_says_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    told, screen = reporter()
    with told.tuning("tune") as bar:
        for step in range(1, 5):
            now[0] += 15
            bar(step, 10, 1.25, 2.5 if step == 2 else None, 0.0)
    lines = screen.getvalue().splitlines()
    assert lines == [
        "tune",
        "  2 of 10, loss 1.2500, validation 2.5000, 240 s left",
        "  4 of 10, loss 1.2500, validation 2.5000, 120 s left",
    ]


def test_on_a_terminal_names_with_brackets_break_no_bar() -> None:
    told, screen = reporter(terminal=True)
    with told.bar("model [/] [x]") as bar:
        bar(1, 2, 0.0)
        bar(2, 2, 0.0)
    assert "model [/] [x]" in screen.getvalue()
    assert "2/2" in screen.getvalue()


def test_a_step_that_fails_lets_the_error_through() -> None:
    told, _ = reporter(terminal=True)
    with pytest.raises(ValueError, match="no"), told.step("build"):
        raise ValueError("no")
