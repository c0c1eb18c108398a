"""Faults in where a row stands: copies, splits, groups, ids, order."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

from clean_data import CleanSet
from planting import Fault, Planted, added, changed, copied, fault, language, part, some, with_input

from anytasktune.examples import Example

_LONG: Final = 60
"""Characters of an input in which one more word leaves a near duplicate."""


def _long(row: Example) -> bool:
    return len(row.input) >= _LONG


@fault("exact copies of test rows in train", "leaks")
def exact_copies(data: CleanSet, draw: random.Random) -> Planted | None:
    return added(data, copied(some(part(data, "test"), draw, 3), split="train"))


@fault("copies that differ in case, width and space", "leaks")
def spelt_otherwise(data: CleanSet, draw: random.Random) -> Planted | None:
    wide = {ord(char): ord(char) + 0xFEE0 for char in "0123456789.,?!:;()abc"}
    rows = copied(some(part(data, "test"), draw, 3), split="train")
    return added(data, [replace(row, input=f" {row.input.upper().translate(wide)}  ") for row in rows])


@fault("copies with characters that cannot be seen", "leaks")
def unseen_characters(data: CleanSet, draw: random.Random) -> Planted | None:
    rows = copied(some(part(data, "test"), draw, 3), split="train")
    return added(data, [replace(row, input=row.input[:5] + "\u200b" + row.input[5:] + "\u00ad") for row in rows])


@fault("near copies: one more word", "leaks", "duplicates")
def near_copies(data: CleanSet, draw: random.Random) -> Planted | None:
    word = "谢谢" if language(data) == "zh" else " thanks"
    return added(data, [replace(row, input=row.input + word) for row in copied(_near(data, draw), split="train")])


def _near(data: CleanSet, draw: random.Random) -> list[Example]:
    return some(part(data, "test"), draw, 3, _long)


@fault("paraphrases of test rows in train", also="answers-fit")
def paraphrases(data: CleanSet, draw: random.Random) -> Planted | None:
    def other_words(text: str) -> str:
        pieces = text.split() if language(data) == "en" else list(text)
        return ("" if language(data) == "zh" else " ").join([*pieces[1::2], *pieces[::2]])

    rows = [replace(row, input=other_words(row.input)) for row in copied(_near(data, draw), split="train")]
    return added(data, rows, beyond="the same thing in other words shares no run of words; nothing compares meaning")


@fault("test copied twice", "duplicates", "splits")
def twice_in_test(data: CleanSet, _draw: random.Random) -> Planted | None:
    return added(data, copied(part(data, "test")))


@fault("test copied into train", "leaks", "splits")
def all_in_train(data: CleanSet, _draw: random.Random) -> Planted | None:
    return added(data, copied(part(data, "test"), split="train"))


@fault("a row of train eight times", "duplicates")
def row_many_times(data: CleanSet, draw: random.Random) -> Planted | None:
    return added(data, copied(some(part(data, "train"), draw, 1) * 7))


@fault("a group in train and in test", "groups", "leaks")
def torn_group(data: CleanSet, draw: random.Random) -> Planted | None:
    grouped = [replace(row, group=f"{row.split}-{number // 4}") for number, row in enumerate(data.rows)]
    torn = {row.id for split in ("train", "test") for row in some(part(data, split), draw, 2)}
    rows = [replace(row, group="case-7") if row.id in torn else row for row in grouped]
    return Planted(rows=rows, marks=("case-7",))


@fault("every row in one group", "groups", "leaks splits few-shot label-shares")
def one_group(data: CleanSet, _draw: random.Random) -> Planted | None:
    return Planted(rows=[replace(row, group="x") for row in data.rows])


@fault("few-shot examples inside the inputs of test", "shown-answers", "leaks duplicates prompt-length")
def shots_in_inputs(data: CleanSet, draw: random.Random) -> Planted | None:
    language_ = language(data)
    cue = str(data.card["prompts"][language_]["question"]).partition("}}")[2]
    shown = sorted(part(data, "train"), key=lambda row: len(row.input))[40:42]
    prefix = "".join(f"{row.input}{cue} {data.card.get('separator', '; ').join(row.targets)}\n\n" for row in shown)
    return changed(data, some(part(data, "test"), draw, 10), with_input(lambda text: prefix + text))


@fault("ids that stand twice", "row-ids")
def same_ids(data: CleanSet, draw: random.Random) -> Planted | None:
    one, other = some(part(data, "train"), draw, 2)
    return changed(data, [one], lambda row: replace(row, id=other.id), marks=(other.id,))


@fault("ids without a row number", "schema")
def strange_ids(data: CleanSet, draw: random.Random) -> Planted | None:
    return changed(data, some(data.rows, draw, 3), lambda row: replace(row, id=row.id.replace(":", "-")), marks=())


@fault("splits by another name", "schema", "label-shares")
def split_names(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(part(data, "validation"), draw, 5)
    return changed(data, chosen, lambda row: replace(row, split="dev_2"), marks=("dev_2",))  # type: ignore[arg-type]


@fault("no row in test", "splits", "label-shares answers-fit few-shot")
def no_test(data: CleanSet, _draw: random.Random) -> Planted | None:
    return Planted(rows=[row for row in data.rows if row.split != "test"])


@fault("a test split of twelve rows", "splits", "label-shares")
def tiny_test(data: CleanSet, draw: random.Random) -> Planted | None:
    kept = {row.id for row in some(part(data, "test"), draw, 12)}
    return Planted(rows=[row for row in data.rows if row.split != "test" or row.id in kept])


@fault("rows in another order each time", "determinism")
def other_order(data: CleanSet, draw: random.Random) -> Planted | None:
    return Planted(rows=data.rows, build=lambda _: iter(draw.sample(data.rows, len(data.rows))))


@fault("a row that changed after its publication", "fingerprint")
def changed_later(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(part(data, "test"), draw, 1)
    return changed(
        data, chosen, with_input(lambda text: text + "."), marks=(), changes={"fingerprints": {"1": "0123456789abcdef"}}
    )


FAULTS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
"""In the order in which they are defined."""
