"""Faults in the labels: their spelling, their shares, their names."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from clean_data import CleanSet
from planting import Fault, Planted, added, changed, copied, fault, part, some, with_answers

from anytasktune.examples import Example


def labels_of(data: CleanSet) -> list[str]:
    return [label["id"] for label in data.card.get("labels", [])]


def _relabelled(data: CleanSet, old: str, new: str) -> Callable[[Example], Example]:
    """Gives a label, or a type of span, another name."""
    kind = data.kind
    return with_answers(
        lambda text: (
            new + text[len(old) :] if text == old or (kind == "extract" and text.startswith(f"{old}: ")) else text
        )
    )


def _has(label: str) -> Callable[[Example], bool]:
    return lambda row: any(text == label or text.startswith(f"{label}: ") for text in row.targets)


def _common(data: CleanSet) -> str:
    """A label that many rows have, long enough to be misspelt."""
    return max(labels_of(data), key=lambda label: (len(label) > 6) * sum(map(_has(label), data.rows)))


def _slip(label: str) -> str:
    return label[:2] + label[3:]


@fault("a label misspelt", "schema", "label-names answers-fit")
def label_typo(data: CleanSet, draw: random.Random) -> Planted | None:
    if not labels_of(data):
        return None
    label = _common(data)
    chosen = some(part(data, "train"), draw, 2, _has(label))
    return changed(data, chosen, _relabelled(data, label, _slip(label)))


@fault("a misspelt label that the card lists too", "label-names", "label-shares")
def listed_typo(data: CleanSet, draw: random.Random) -> Planted | None:
    if not labels_of(data):
        return None
    label = _common(data)
    chosen = some(part(data, "train"), draw, 2, _has(label))
    labels = [*data.card["labels"], {"id": _slip(label)}]
    return changed(
        data, chosen, _relabelled(data, label, _slip(label)), marks=(_slip(label),), changes={"labels": labels}
    )


@fault(
    "one class in several spellings, all on the card",
    "label-spellings",
    "label-shares labels-apart label-names card gold-best metric-bounds",
)
def listed_spellings(data: CleanSet, draw: random.Random) -> Planted | None:
    if not labels_of(data):
        return None
    label = _common(data)
    chosen = some(data.rows, draw, 8, _has(label))
    labels = [*data.card["labels"], {"id": label.upper()}]
    return changed(
        data, chosen, _relabelled(data, label, label.upper()), marks=(label.upper(),), changes={"labels": labels}
    )


@fault("one class in several spellings, one on the card", "schema label-spellings", "label-shares")
def spellings(data: CleanSet, draw: random.Random) -> Planted | None:
    if not labels_of(data):
        return None
    label = _common(data)
    chosen = some(data.rows, draw, 8, _has(label))
    return changed(data, chosen, _relabelled(data, label, label.title()), marks=(label.title(),))


@fault("space around a label", "schema label-spellings", "label-shares")
def space_around(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    return changed(data, some(data.rows, draw, 5), with_answers(lambda label: f"{label} "))


@fault("labels that are not on the card", "schema", "label-shares")
def outside(data: CleanSet, draw: random.Random) -> Planted | None:
    if not labels_of(data):
        return None
    chosen = some(data.rows, draw, 5, lambda row: bool(row.targets))
    tail = (lambda text: text.partition(": ")[2]) if data.kind == "extract" else (lambda text: "")
    return changed(data, chosen, with_answers(lambda text: "miscellany" + (f": {tail(text)}" if tail(text) else "")))


@fault("numbers of the labels instead of their names", "schema", "label-shares")
def label_numbers(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    return changed(data, some(data.rows, draw, 10), with_answers(lambda label: str(labels_of(data).index(label))))


@fault("equal inputs with different labels", "conflicts", "duplicates answers-fit")
def conflicting(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind == "text":
        return Planted(
            **vars(added(data, copied(some(part(data, "train"), draw, 2), targets=("What is it?",))))
            | {"beyond": "two texts may both be right answers to one input"}
        )
    chosen = some(part(data, "train"), draw, 2, lambda row: data.kind != "extract" or len(row.targets) > 1)
    other = {"choice": lambda row: (next(label for label in labels_of(data) if label not in row.targets),)}
    change = other.get(data.kind, lambda row: row.targets[:-1] if data.kind == "extract" else (row.targets[0] + "1",))
    return added(data, [replace(row, targets=change(row)) for row in copied(chosen)])


@fault("one answer to all of test", "label-shares", "answers-fit conflicts gold-best foreign-words cut-texts")
def constant(data: CleanSet, _draw: random.Random) -> Planted | None:
    answer = next(row.targets for row in data.rows if row.targets)
    return changed(data, part(data, "test"), lambda row: replace(row, targets=answer), marks=())


@fault("one answer to 95 % of test", "label-shares", "answers-fit conflicts")
def nearly_constant(data: CleanSet, draw: random.Random) -> Planted | None:
    answer = next(row.targets for row in data.rows if row.targets)
    test = part(data, "test")
    chosen = some(test, draw, round(0.95 * len(test)))
    return changed(data, chosen, lambda row: replace(row, targets=answer), marks=())


@fault("a label that train never shows", "label-shares")
def untaught(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    label = labels_of(data)[3]
    rows = [row for row in data.rows if row.split != "train" or row.targets != (label,)]
    return Planted(rows=rows, marks=(label,))


@fault("a label that only test has", "label-shares")
def only_in_test(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    label = labels_of(data)[5]
    rows = [row for row in data.rows if row.split == "test" or row.targets != (label,)]
    return Planted(rows=rows, marks=(label,))


@fault("a label of the card that no row has", "label-shares")
def unused(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    return Planted(rows=data.rows, marks=("mortgage",), changes={"labels": [*data.card["labels"], {"id": "mortgage"}]})


@fault("English and Chinese names of the labels swapped", "label-names", "prompts answer-length labels-apart")
def swapped_languages(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    labels = [{**label, "en": label["zh"], "zh": label.get("en", label["id"])} for label in data.card["labels"]]
    return Planted(rows=data.rows, marks=(labels_of(data)[0],), changes={"labels": labels})


@fault("Chinese names of two labels swapped")
def swapped_names(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    labels = [dict(label) for label in data.card["labels"]]
    labels[0]["zh"], labels[1]["zh"] = labels[1]["zh"], labels[0]["zh"]
    return Planted(rows=data.rows, changes={"labels": labels}, beyond="nothing here translates")


FAULTS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
"""In the order in which they are defined."""
