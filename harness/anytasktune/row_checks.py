"""What a published row must be before it is split: every fault named by row, none mended in silence."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from anytasktune.card import Card
from anytasktune.examples import SPLITS, Example
from anytasktune.metrics.reading import is_blank

_ID: Final = re.compile(r"\S+:\d+")
_NUMBER: Final = re.compile(r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row that cannot be used.

    Args:
        number: zero-based, in the order in which the builder yields.
        id: its id, or "" where it has none.
        reason: what is wrong with it.
    """

    number: int
    id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.id or 'no id'} (row {self.number}): {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The outcome of :func:`check_rows`.

    Args:
        rows: those without a fault, in order.
        bad: the others.
        empty_inputs: ids of bad rows whose input says nothing.
        empty_targets: ids of rows with a target of nothing but space or punctuation. For free text these are
            good rows: an empty answer is right for an empty reference.
        label_spellings: labels that differ in case, spaces or width only, each spelling with its count.
        labels_outside_card: labels that the card does not know, with their counts.
    """

    rows: tuple[Example, ...]
    bad: tuple[BadRow, ...]
    empty_inputs: tuple[str, ...]
    empty_targets: tuple[str, ...]
    label_spellings: tuple[tuple[tuple[str, int], ...], ...]
    labels_outside_card: dict[str, int]


def check_rows(rows: Iterable[object], card: Card) -> Checked:
    """Look at every row; nothing is changed and nothing raised."""
    seen: dict[str, int] = {}
    good: list[Example] = []
    bad: list[BadRow] = []
    empty_inputs: list[str] = []
    empty_targets: list[str] = []
    labels: Counter[str] = Counter()
    known = [label.id for label in card.labels]
    for number, row in enumerate(rows):
        malformed = _malformed(row)
        if malformed or not isinstance(row, Example):
            bad.append(BadRow(number=number, id=str(getattr(row, "id", "") or ""), reason=malformed))
            continue
        if _is_empty(row.input):
            empty_inputs.append(row.id)
        if any(is_blank(target) for target in row.targets):
            empty_targets.append(row.id)
        if card.kind in ("choice", "labels"):
            labels.update(row.targets)
        reasons = [*_faults(row, card), *_target_faults(row, card, known)]
        if row.id in seen:
            reasons.append(f"its id is that of row {seen[row.id]}")
        seen.setdefault(row.id, number)
        if reasons:
            bad.append(BadRow(number=number, id=row.id, reason="; ".join(reasons)))
        else:
            good.append(row)
    return Checked(
        rows=tuple(good),
        bad=tuple(bad),
        empty_inputs=tuple(empty_inputs),
        empty_targets=tuple(empty_targets),
        label_spellings=_spellings(labels),
        labels_outside_card={label: n for label, n in sorted(labels.items()) if known and label not in known},
    )


def _is_empty(text: str) -> bool:
    """Nothing but white space, control and zero-width characters; a question mark alone may be an input."""
    return all(unicodedata.category(char)[0] in "ZC" for char in text)


def _malformed(row: object) -> str:
    """What keeps a row from being looked at at all; "" when nothing does."""
    if not isinstance(row, Example):
        return f"the builder yields {type(row).__name__}, not Example"
    if not isinstance(row.input, str):
        return f"input is {type(row.input).__name__}, not text"
    if not isinstance(row.targets, tuple):
        return f"targets is {type(row.targets).__name__}, not a tuple of texts"
    strange = [type(target).__name__ for target in row.targets if not isinstance(target, str)]
    return f"a target is {strange[0]}, not text" if strange else ""


def _faults(row: Example, card: Card) -> list[str]:
    faults = []
    if not _ID.fullmatch(row.id):
        faults.append("its id is not <prefix>:<row>")
    if _is_empty(row.input):
        faults.append("the input is empty")
    if any(_SURROGATE.search(text) for text in (row.input, row.group, *row.targets)):
        faults.append("it holds half of a surrogate pair, which is no Unicode text")
    if row.split and row.split not in SPLITS:
        faults.append(f"split {row.split!r} is none of {', '.join(SPLITS)}")
    if row.language and row.language not in card.languages:
        faults.append(f"language {row.language!r} is not on the card")
    return faults


def _target_faults(row: Example, card: Card, known: Sequence[str]) -> list[str]:
    targets = row.targets
    if card.kind in ("choice", "number") and len(targets) != 1:
        return [f"a {card.kind} has one target, not {len(targets)}"]
    if card.kind in ("choice", "labels"):
        return _label_faults(targets, known)
    if card.kind == "extract":
        return _span_faults(targets, known)
    if card.kind == "number":
        return [] if is_number(targets[0]) else [f"target {targets[0]!r} is not a number"]
    return [] if targets else ["it has no reference"]


def _label_faults(labels: Sequence[str], known: Sequence[str]) -> list[str]:
    faults = [f"label {label!r} stands twice" for label, times in Counter(labels).items() if times > 1]
    for label in labels:
        if not label.strip():
            faults.append("a label is empty")
        elif known and label not in known:
            alike = [name for name in known if _folded(name) == _folded(label)]
            hint = f"; {alike[0]!r} differs in case, spaces or width only" if alike else ""
            faults.append(f"label {label!r} is not on the card{hint}")
    return faults


def _span_faults(spans: Iterable[str], known: Sequence[str]) -> list[str]:
    faults = []
    for span in spans:
        kind, colon, text = span.partition(": ")
        if not colon or not kind.strip() or not text.strip():
            faults.append(f"span {span!r} is not written <type>: <text>")
        elif known and kind not in known:
            faults.append(f"span type {kind!r} is not on the card")
    return faults


def is_number(text: str) -> bool:
    """One numeral: sign, thousands separators, decimals and exponent are allowed, units are not."""
    bare = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    return _NUMBER.fullmatch(bare) is not None


def _folded(label: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def _spellings(labels: Counter[str]) -> tuple[tuple[tuple[str, int], ...], ...]:
    groups: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for label, times in sorted(labels.items()):
        groups[_folded(label)].append((label, times))
    return tuple(tuple(group) for _, group in sorted(groups.items()) if len(group) > 1)
