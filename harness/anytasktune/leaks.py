"""Rows that are tuned on and give away a row that is scored: the same text, nearly so, the same case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from anytasktune.examples import SPLITS, Example, Split
from anytasktune.near_duplicates import NearIndex

How = Literal["exact", "group", "near"]


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A row of train or validation that gives away a row that is scored.

    Args:
        task, split, id: the row that is to go.
        of_task, of_split, of: the row that it gives away.
        how: ``exact``: the same text but for case, width, spaces and punctuation; ``group``: the same case,
            author or document; ``near``: nearly the same text.
    """

    task: str
    split: Split
    id: str
    of_task: str
    of_split: Split
    of: str
    how: How


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An example with its place.

    Args:
        task: the sub-task's id.
        scope: rows of one scope mean the same thing by one group.
        split: the split that it was given.
        example: the row itself.
        key: its input's comparison key.
    """

    task: str
    scope: str
    split: Split
    example: Example
    key: str

    @property
    def group(self) -> tuple[str, str] | None:
        """What it shares with the other rows of its group; None where it stands alone."""
        return (self.scope, self.example.group) if self.example.group else None


class NearKeys:
    """Near duplicates among rows: one index over their distinct keys."""

    def __init__(self, rows: Sequence[Placed]) -> None:
        self.keys = list(dict.fromkeys(row.key for row in rows))
        self._place = {key: place for place, key in enumerate(self.keys)}
        self._index = NearIndex(self.keys)

    def matches(self, rows: Iterable[Placed], references: Iterable[Placed]) -> dict[str, str]:
        """By key: the first reference's key that nearly equals it."""
        found = self._index.matches(self._places(rows), self._places(references))
        return {self.keys[row]: self.keys[reference] for row, reference in found.items()}

    def repeated(self) -> int:
        """How many keys nearly equal an earlier one."""
        return len(self._index.earlier(range(len(self.keys))))

    def _places(self, rows: Iterable[Placed]) -> list[int]:
        return list(dict.fromkeys(self._place[row.key] for row in rows))


def own_leaks(rows: Sequence[Placed], near: NearKeys) -> tuple[Leak, ...]:
    """Of one data set: validation against test, then train against test and validation."""
    parts = {split: [row for row in rows if row.split == split] for split in SPLITS}
    of_validation = find_leaks(parts["validation"], parts["test"], near)
    return of_validation + find_leaks(parts["train"], parts["test"] + parts["validation"], near)


def find_leaks(rows: Sequence[Placed], scored: Sequence[Placed], near: NearKeys) -> tuple[Leak, ...]:
    """One entry for each of ``rows`` that gives away one of ``scored``, in order, naming the first of those.

    ``near`` is over both.
    """
    by_key: dict[str, Placed] = {}
    by_group: dict[tuple[str, str], Placed] = {}
    for row in scored:
        by_key.setdefault(row.key, row)
        if row.group is not None:
            by_group.setdefault(row.group, row)

    def same(row: Placed) -> tuple[How, Placed] | None:
        if row.key in by_key:
            return "exact", by_key[row.key]
        if row.group is not None and row.group in by_group:
            return "group", by_group[row.group]
        return None

    alike = near.matches((row for row in rows if same(row) is None), scored)
    leaks = []
    for row in rows:
        found = same(row) or (("near", by_key[alike[row.key]]) if row.key in alike else None)
        if found is not None:
            leaks.append(_leak(row, *found))
    return tuple(leaks)


def _leak(row: Placed, how: How, of: Placed) -> Leak:
    return Leak(
        task=row.task,
        split=row.split,
        id=row.example.id,
        of_task=of.task,
        of_split=of.split,
        of=of.example.id,
        how=how,
    )
