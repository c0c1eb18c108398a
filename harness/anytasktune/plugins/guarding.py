"""Another's code, run so that it can harm nobody: neither the other plugins nor what goes to standard output."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import TypeVar

from anytasktune.errors import AnyTaskTuneError, PluginError
from anytasktune.reports.inert import visible

Answer = TypeVar("Answer")

_LONGEST = 400
"""Characters of another's message that fit a sentence."""

_OUTPUT = threading.RLock()
"""Standard output is one for the process: who sends it elsewhere must be alone."""


def guarded(action: Callable[[], Answer], root: str) -> Answer:
    """What the action returns; what it prints goes to standard error. One action at a time.

    Args:
        action: runs a plugin's code.
        root: the plugin's top-level module, by which its lines are known in a traceback.

    Raises:
        PluginError: it raised anything at all, ``SystemExit`` too: what a plugin leaves with would pass for our status.
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        with _OUTPUT, _output_to_stderr():
            return action()
    except BaseException as error:
        if type(error) is KeyboardInterrupt:  # a subclass is the plugin's own
            raise
        raise PluginError(reason(error, root)) from error


def reason(error: BaseException, root: str = "") -> str:
    """What went wrong, where, and what to do next, in one line."""
    where, fix = _line_of(error, root), ""
    if isinstance(error, AnyTaskTuneError):
        what = "; ".join([error.problem.rstrip("."), *error.evidence[:3]])
        where, fix = error.where or where, error.fix
    else:
        what = f"{type(error).__name__}: {_message(error)}".removesuffix(": ")
        if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] == root:
            fix = "name a module that the distribution installs"
    sentence = what + (f" ({where})" if where else "")
    return one_line(sentence) + (f". Next: {one_line(fix)}" if fix else "")


def one_line(text: str) -> str:
    """Another's words on one line, without effect on a terminal, and not too many of them."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg  # its text repeats the place
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # another's __str__
        return "its message cannot be shown"


def _line_of(error: BaseException, root: str) -> str:
    """``file:line`` of the plugin's own line that the error came from; empty where there is none."""
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return f"{error.filename}:{error.lineno}"
    lines = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if root and str(frame.f_globals.get("__name__")).partition(".")[0] == root
    ]
    return lines[-1] if lines else ""


@contextmanager
def _output_to_stderr() -> Iterator[None]:
    """Whatever is printed, by Python or by a child process, goes to standard error: ``--json`` stays JSON."""
    with redirect_stdout(sys.stderr), ExitStack() as restore:
        with suppress(OSError):  # one of the two is closed
            kept = os.dup(1)
            restore.callback(os.close, kept)
            os.dup2(2, 1)
            restore.callback(os.dup2, kept, 1)
        yield
