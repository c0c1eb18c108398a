"""What a check says, and how another's exception becomes a sentence."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anytasktune.errors import AnyTaskTuneError

Status = Literal["pass", "fail", "note", "skipped"]
"""``note``: nothing that must be mended, but a person should know. ``skipped``: not run, and the message says why."""

EVIDENCE_KEPT = 100
"""Pieces of evidence that a finding carries; how many more there are is said."""

_OURS = Path(__file__).resolve().parents[1]
_STANDARD = Path(sysconfig.get_paths()["stdlib"]).resolve()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one check found.

    Args:
        status: see ``Status``.
        message: one or two sentences.
        evidence: row ids, labels, keys or values that show it.
    """

    status: Status
    message: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check of one sub-task.

    Args:
        task: the sub-task's id; the plugin's name where none could be loaded.
        check: the check's name.
        status, message, evidence: see ``Outcome``.
    """

    task: str
    check: str
    status: Status
    message: str
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.task}: {self.check}: {self.message}", *(f"  - {line}" for line in self.evidence)])


class Fault(Exception):  # noqa: N818  # what was found in another's code, not an error of ours
    """What a check could not get past: the check fails with this sentence and evidence."""

    def __init__(self, message: str, evidence: Iterable[object] = ()) -> None:
        self.message = message
        self.evidence = tuple(str(item) for item in evidence)
        super().__init__(message)


class NotRun(Exception):  # noqa: N818  # no fault of the plugin
    """Why a check cannot be run here."""


def passed(message: str) -> Outcome:
    """All is well."""
    return Outcome(status="pass", message=message)


def failed(message: str, evidence: Iterable[object] = ()) -> Outcome:
    """Something must be mended."""
    return Outcome(status="fail", message=message, evidence=_kept(evidence))


def noted(message: str, evidence: Iterable[object] = ()) -> Outcome:
    """Something to know."""
    return Outcome(status="note", message=message, evidence=_kept(evidence))


def skipped(reason: str) -> Outcome:
    """Not run."""
    return Outcome(status="skipped", message=f"not run, because {reason}")


def failed_or_noted(fails: bool, message: str, evidence: Iterable[object] = ()) -> Outcome:
    """A failure, or the same said as a note."""
    return failed(message, evidence) if fails else noted(message, evidence)


def of_error(error: AnyTaskTuneError) -> Fault:
    """An error of the core as a fault, without losing what it names."""
    where = [f"where: {error.where}"] if error.where else []
    fix = [f"next: {error.fix}"] if error.fix else []
    return Fault(error.problem, [*where, *error.evidence, *fix])


@contextmanager
def theirs(what: str) -> Iterator[None]:
    """Another's code runs inside: whatever it raises becomes a ``Fault`` that names it and its line.

    Args:
        what: a noun that ``raises`` can follow: "the builder".
    """
    try:
        yield
    except (Fault, NotRun):
        raise
    except AnyTaskTuneError as error:
        raise of_error(error) from error
    except (Exception, SystemExit) as error:
        raise Fault(f"{what[:1].upper()}{what[1:]} raises {described(error)}.") from error


def described(error: BaseException) -> str:
    """Kind, words and place of an exception, on one line."""
    words = " ".join(str(error).split())
    said = f"{type(error).__name__}: {words[:300]}{'…' if len(words) > 300 else ''}" if words else type(error).__name__
    place = place_of(error)
    return f"{said} ({place})" if place else said


def place_of(error: BaseException) -> str:
    """File and line in the plugin's own code that an exception came from; "" where there is none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_of_the_house(frame.filename)]
    if not frames:
        return ""
    folder = Path(frames[0].filename).parent  # what the plugin calls in turn (numpy, say) is not where to look
    last = [frame for frame in frames if Path(frame.filename).parent == folder][-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _is_of_the_house(file: str) -> bool:
    path = Path(file)
    standard = path.is_relative_to(_STANDARD) and "site-packages" not in path.parts
    return file.startswith("<") or standard or path.is_relative_to(_OURS)


def _kept(evidence: Iterable[object]) -> tuple[str, ...]:
    lines = [str(item) for item in evidence]
    more = len(lines) - EVIDENCE_KEPT
    return (*lines[:EVIDENCE_KEPT], f"… and {more} more") if more > 0 else tuple(lines)


def counted(number: int, one: str, many: str = "") -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def sampled(part: Sequence[object], whole: Sequence[object]) -> str:
    """How many rows were looked at: ``12 rows``, or ``200 of 2,480 rows``."""
    return counted(len(whole), "row") if len(part) == len(whole) else f"{len(part):,} of {len(whole):,} rows"


def shortened(text: str, length: int = 60) -> str:
    """A text as evidence shows it: quoted, its end left out where it is long."""
    return repr(text if len(text) <= length else text[: length - 1] + "…")
