"""What a judge decided, read strictly: the last line of what it said, in the form that it was told, or nothing."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from anytasktune.judging.rubric import Rubric
from anytasktune.metrics.reading.answer import spoken

Verdict = Literal["A", "B", "TIE"]
"""Which of two answers, by the place where it was shown."""

_VERDICT = re.compile(r"VERDICT ?: ?(A|B|TIE)", re.IGNORECASE)
_SCORE = re.compile(r"SCORE ?: ?([0-9]{1,3}(?: ?[,、] ?[0-9]{1,3})*)", re.IGNORECASE)
_NAMES: dict[str, Verdict] = {"A": "A", "B": "B", "TIE": "TIE"}


def read_verdict(said: str) -> Verdict | None:
    """``VERDICT: A``, ``VERDICT: B`` or ``VERDICT: TIE`` on the last line; None for anything else.

    Full-width letters, bold print and a full stop are passed over. Two lines that say different things are none, and so
    is what a judge said before it had ended its reasoning.
    """
    found = _last_line(said, _VERDICT)
    return None if found is None else _NAMES[found.upper()]


def read_points(said: str, rubric: Rubric) -> tuple[int, ...] | None:
    """``SCORE: 4, 2, 1`` on the last line: a whole number a criterion, none above its points; else None."""
    found = _last_line(said, _SCORE)
    if found is None:
        return None
    points = tuple(int(number) for number in re.split(r"[,、]", found))
    if len(points) != len(rubric.criteria):
        return None
    fit = all(given <= criterion.points for given, criterion in zip(points, rubric.criteria, strict=True))
    return points if fit else None


def _last_line(said: str, form: re.Pattern[str]) -> str | None:
    """What the last line says in that form; None where it does not, or where an earlier line says something else."""
    lines = [_plain(line) for line in re.split(r"[\r\n]+", spoken(said)) if line.strip()]
    if not lines or not form.fullmatch(lines[-1]):
        return None
    found = [re.sub(r"\s", "", match.group(1)).upper() for line in lines if (match := form.fullmatch(line))]
    return found[-1] if len(set(found)) == 1 else None


def _plain(line: str) -> str:
    normal = unicodedata.normalize("NFKC", line)
    return re.sub(r"[*_`]", "", normal).strip().rstrip(".。").rstrip()
