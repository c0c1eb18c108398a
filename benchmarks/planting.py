"""What a planted fault is, and how one is put into a data set."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clean_data import CleanSet

from anytasktune.authoring import Metric
from anytasktune.examples import Example, Split
from anytasktune.subtask import Builder


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A data set with one fault in it.

    Args:
        rows: what the builder yields.
        marks: ids, labels or values; a finding counts only where it names one of them. Empty where there is no place.
        changes: keys of the card.
        metric: instead of the set's own.
        build: instead of a builder that yields ``rows``.
        file: name and bytes of the author's file, where the fault lies in the file and not in the rows.
        beyond: why nothing can catch it in this set; "" where something must.
    """

    rows: Sequence[Any] = ()
    marks: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    metric: Metric | None = None
    build: Builder | None = None
    file: tuple[str, bytes] | None = None
    beyond: str = ""


Plant = Callable[[CleanSet, random.Random], Planted | None]
"""Puts the fault in; None where the kind of answer, or the language, has no such fault."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of fault.

    Args:
        name: as the table shows it.
        plant: puts it into a set.
        promised: who must catch it: checks, or ``new`` for the warnings of ``anytasktune new --data``. Any of them
            counts; none is promised where the fault is one that only a person can see.
        also: checks that rightly speak up besides.
    """

    name: str
    plant: Plant
    promised: frozenset[str]
    also: frozenset[str]


def fault(name: str, promised: str = "", also: str = "") -> Callable[[Plant], Fault]:
    """Makes a fault of a function; the names of checks are set apart by spaces."""

    def made(plant: Plant) -> Fault:
        return Fault(name=name, plant=plant, promised=frozenset(promised.split()), also=frozenset(also.split()))

    return made


def part(data: CleanSet, split: Split) -> list[Example]:
    """The rows of a split, in order."""
    return [row for row in data.rows if row.split == split]


def some(
    rows: Sequence[Example], draw: random.Random, count: int, fit: Callable[[Example], bool] = lambda row: True
) -> list[Example]:
    """So many rows by lot, of those that fit.

    Raises:
        ValueError: there are not so many.
    """
    return draw.sample([row for row in rows if fit(row)], count)


def changed(data: CleanSet, chosen: Sequence[Example], change: Callable[[Example], Example], **more: Any) -> Planted:
    """The set with the chosen rows changed; they are what a finding must name."""
    ids = {row.id for row in chosen}
    rows = [change(row) if row.id in ids else row for row in data.rows]
    return Planted(**{"rows": rows, "marks": tuple(row.id for row in chosen), **more})


def copied(rows: Sequence[Example], **fields: Any) -> list[Example]:
    """The rows once more, under ids of their own."""
    return [replace(row, id=f"copy:{number}", **fields) for number, row in enumerate(rows)]


def added(data: CleanSet, rows: Sequence[Example], **more: Any) -> Planted:
    """The set with further rows."""
    return Planted(**{"rows": [*data.rows, *rows], "marks": tuple(row.id for row in rows), **more})


def with_input(change: Callable[[str], str]) -> Callable[[Example], Example]:
    """Changes a row's input."""
    return lambda row: replace(row, input=change(row.input))


def with_answers(change: Callable[[str], str]) -> Callable[[Example], Example]:
    """Changes each answer of a row; of a span its text."""

    def changed_row(row: Example) -> Example:
        return replace(row, targets=tuple(map(change, row.targets)))

    return changed_row


def span_text(change: Callable[[str], str]) -> Callable[[str], str]:
    """Changes the text of a span, not its type."""

    def changed_span(span: str) -> str:
        kind, colon, text = span.partition(": ")
        return f"{kind}{colon}{change(text)}"

    return changed_span


def language(data: CleanSet) -> str:
    """Of the set's inputs."""
    return str(data.card["languages"][0])
