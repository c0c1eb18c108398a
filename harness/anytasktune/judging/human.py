"""People's own judgements of rows, to hold a judge against."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from anytasktune.errors import DataError, UsageError
from anytasktune.judging.judged import Winner
from anytasktune.judging.record import Way, sha256_of
from anytasktune.judging.rubric import Rubric

_WINNERS: dict[str, Winner] = {"A": "first", "B": "second", "TIE": "tie"}


@dataclass(frozen=True, kw_only=True)
class HumanLabels:
    """By row id: a whole number of points, or whom a person prefers.

    ``sha256`` is that of the file.
    """

    points: dict[str, int]
    winners: dict[str, Winner]
    sha256: str


def read_labels(path: Path, *, way: Way, rubric: Rubric, ids: Collection[str]) -> HumanLabels:
    """Labels from JSON lines ``{"id": …, "label": …}``.

    A label is ``A`` (the first run's answer is better), ``B`` or ``TIE`` for pairs, and otherwise the points of all
    criteria together.

    Args:
        path: the file.
        way: what is judged.
        rubric: whose points they are.
        ids: every row of the data.

    Raises:
        UsageError: the file cannot be read.
        DataError: a line is no label, an id stands twice or is no row of the data, or there is no label at all.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"The labels {path.name!r} cannot be read: {error.strerror}.", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8: {error}", where=str(path)) from None
    found: dict[str, str | int] = {}
    faults = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        fault, id, label = _label(line, way, rubric.total)
        if not fault and id in found:
            fault = f"id {id!r} stands twice"
        if not fault and id not in ids:
            fault = f"id {id!r} is no row of the data"
        if fault:
            faults.append(f"{path.name}:{number}: {fault}")
        else:
            found[id] = label
    if faults or not found:
        wanted = "A, B or TIE" if way == "pairwise" else f"a whole number from 0 to {rubric.total}"
        raise DataError(
            f"{path.name} holds {len(faults)} lines that are no labels." if faults else f"{path.name} holds no label.",
            where=str(path),
            evidence=faults,
            fix=f'write one {{"id": "…", "label": …}} a line; a label is {wanted}',
        )
    return HumanLabels(
        points={id: label for id, label in found.items() if isinstance(label, int)},
        winners={id: _WINNERS[label] for id, label in found.items() if isinstance(label, str)},
        sha256=sha256_of(content),
    )


def _label(line: str, way: Way, total: int) -> tuple[str, str, str | int]:
    """What is wrong with a line, its id and its label."""
    try:
        row = json.loads(line)
    except ValueError:
        return f"not JSON: {line[:60]!r}", "", ""
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or "label" not in row:
        return "needs a text id and a label", "", ""
    label = row["label"]
    if way == "pairwise":
        if isinstance(label, str) and label.strip().upper() in _WINNERS:
            return "", row["id"], label.strip().upper()
    elif isinstance(label, int) and not isinstance(label, bool) and 0 <= label <= total:
        return "", row["id"], label
    return f"{label!r} is no label", "", ""
