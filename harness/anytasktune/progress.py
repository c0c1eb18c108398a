"""Progress on long work: bars on a terminal, one plain line a step elsewhere. Everything goes to standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Bar = Callable[[int, int, float], None]
"""Told ``(done, total, rate)``."""

TuningBar = Callable[[int, int, float | None, float | None, float], None]
"""Told ``(step, steps, loss or None, validation loss or None, tokens per second)``."""

QUIET_SECONDS = 20.0
"""Where there is no terminal, a line at most this often."""


class Reporter:
    """Tells a person what is going on.

    Args:
        quiet: say nothing at all but warnings.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._quiet = quiet
        self._console = console or Console(stderr=True)

    def say(self, line: str) -> None:
        """One line."""
        if not self._quiet:
            self._console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def warn(self, line: str) -> None:
        """One line that is said even where all else is quiet."""
        self._console.print(
            f"WARNING: {line}", markup=False, emoji=False, highlight=False, soft_wrap=True, style="bold red"
        )

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step without a measure of its progress; said when it took more than a second."""
        started = time.monotonic()
        if self._console.is_terminal and not self._quiet:
            with self._console.status(escape(what)):
                yield
        else:
            yield
        seconds = time.monotonic() - started
        if seconds > 1:
            self.say(f"{what}: {seconds:.0f} s")

    @contextmanager
    def bar(self, what: str) -> Iterator[Bar]:
        """A bar of requests."""
        with self._progress(what, "{task.fields[note]}") as update:
            yield lambda done, total, rate: update(done, total, f"{rate:.0f} tokens/s" if rate else "")

    @contextmanager
    def tuning(self, what: str) -> Iterator[TuningBar]:
        """A bar of optimiser steps with losses."""
        with self._progress(what, "{task.fields[note]}") as update:
            best: list[float] = []

            def told(step: int, steps: int, loss: float | None, validation: float | None, rate: float) -> None:
                if validation is not None:
                    best.append(validation)
                parts = [f"loss {loss:.4f}" if loss is not None else "", f"validation {best[-1]:.4f}" if best else ""]
                parts.append(f"{rate:.0f} tokens/s" if rate else "")
                update(step, steps, ", ".join(part for part in parts if part))

            yield told

    @contextmanager
    def _progress(self, what: str, note: str) -> Iterator[Callable[[int, int, str], None]]:
        if self._quiet or not self._console.is_terminal:
            yield self._lines(what)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn(note),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=False) as progress:
            task = progress.add_task(escape(what), total=None, note="")
            yield lambda done, total, text: progress.update(task, completed=done, total=total, note=text)

    def _lines(self, what: str) -> Callable[[int, int, str], None]:
        started = last = time.monotonic()
        first: list[int] = []
        self.say(what)

        def update(done: int, total: int, text: str) -> None:
            nonlocal last
            now = time.monotonic()
            first.append(done) if not first else None
            if now - last >= QUIET_SECONDS or done == total:
                last = now
                gone = done - first[0]
                left = f", {(now - started) / gone * (total - done):.0f} s left" if gone and done < total else ""
                self.say(f"  {done} of {total}{', ' if text else ''}{text}{left}")

        return update
