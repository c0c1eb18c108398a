"""Another's code for so many seconds of computing time, and no more."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """Not an Exception, so that another's ``except Exception`` does not swallow it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends what runs inside when it has computed that long; waiting does not count.

    Only where there are such timers, and in the main thread; elsewhere without a limit.

    Raises:
        OutOfTime: the time is up.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise OutOfTime

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
