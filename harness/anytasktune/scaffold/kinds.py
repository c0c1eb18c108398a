"""Which kind of answer a column of targets holds, and how one is read out of a cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anytasktune.errors import DataError
from anytasktune.examples import Kind
from anytasktune.row_checks import is_number
from anytasktune.scaffold.columns import AMOUNT_NAMES, CLASS_NAMES, plain
from anytasktune.scaffold.spans import is_span, is_typed, spans_of, typed_parts
from anytasktune.scaffold.values import is_empty, is_structure, shown, structure, structures, text_of

_SEPARATORS: Final = (";", "；", "|", "、", "\n", ",", "，")
_SHORT: Final = 80
_FEW_NUMERALS: Final = 20

Reader = Callable[[Any, str], tuple[str, ...]]
"""From a cell and its row's input to the targets; raises ValueError where there are none to be had."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The kind of all targets, why it is that, and how each is read."""

    kind: Kind
    why: str
    read: Reader


def targets_of(values: Sequence[Any], inputs: Sequence[str], name: str, kind: Kind | None) -> Targets:
    """The kind of a column of targets.

    Args:
        values: as they stand in the file.
        inputs: of the same rows.
        name: the column's.
        kind: where the author named it: then only the way to read is looked for.

    Raises:
        DataError: every target is empty, all are the same, or they hold what has no kind.
    """
    filled = [(value, text) for value, text in zip(values, inputs, strict=True) if not is_empty(value)]
    if not filled:
        raise DataError(f"The column {name!r} is empty in every row.", fix="--target COLUMN")
    column = [value for value, _ in filled]
    found = structures(column)
    if kind is not None:
        return Targets(kind=kind, why="as asked for", read=_reader(kind, column, found))
    if found is not None:
        return _of_lists(found, name)
    if any(map(is_structure, column)):
        mixed = Counter(type(value).__name__ for value in column)
        raise DataError(
            f"The column {name!r} holds several types of value.",
            evidence=[f"{type_}: {count}" for type_, count in mixed.most_common()],
            fix="make them one type, or name another column: --target COLUMN",
        )
    return _of_texts([text_of(value) for value in column], [text for _, text in filled], name)


def _reader(kind: Kind, column: Sequence[Any], found: list[Any] | None) -> Reader:
    if kind == "extract":
        return spans_of
    if kind == "labels":
        return _read_list if found is not None else _split_at(_separator([str(value) for value in column]))
    return _references(found is not None) if kind == "text" else _one(found is not None)


# --- lists -----


def _of_lists(found: list[Any], name: str) -> Targets:
    if all(map(_is_by_type, found)):
        return Targets(kind="extract", why=f"{len(found)} objects of type → text", read=spans_of)
    items = [item for value in found for item in ([value] if isinstance(value, dict) else value)]
    if not items:
        raise DataError(f"Every list in the column {name!r} is empty.", fix="--target COLUMN")
    if all(map(is_span, items)):
        return Targets(kind="extract", why=f"{len(items)} spans with a type in {len(found)} rows", read=spans_of)
    if all(isinstance(item, str) and is_typed(item) for item in items):
        return Targets(kind="extract", why=f'{len(items)} of "type: text" in {len(found)} rows', read=spans_of)
    if any(is_structure(item) or item is None for item in items):
        strange = next(item for item in items if is_structure(item) or item is None)
        raise DataError(
            f"The lists in the column {name!r} hold what is no label, span or text.",
            evidence=[shown(strange, 80)],
            fix="spans have a type and a text (or start and end); labels and references are texts",
        )
    texts = [text_of(item) for item in items]
    if all(len(value) == 1 for value in found):
        alone = _of_texts(texts, None, name)
        return Targets(kind=alone.kind, why=f"lists of one; {alone.why}", read=_one(True))
    distinct = len(set(texts))
    if max(map(len, texts)) <= _SHORT and (distinct <= len(texts) / 2 or plain(name) in CLASS_NAMES):
        return Targets(
            kind="labels",
            why=f"lists of {distinct} distinct labels, {len(texts)} in {len(found)} rows",
            read=_read_list,
        )
    return Targets(kind="text", why=f"lists of references, {distinct} distinct of {len(texts)}", read=_references(True))


def _is_by_type(value: Any) -> bool:
    """An object of type → text, or type → texts."""
    if not isinstance(value, dict) or is_span(value):
        return False
    return all(
        isinstance(texts, str) or (isinstance(texts, list) and all(isinstance(text, str) for text in texts))
        for texts in value.values()
    )


# --- texts -----


def _of_texts(texts: Sequence[str], inputs: Sequence[str] | None, name: str) -> Targets:
    distinct, longest = len(set(texts)), max(map(len, texts))
    if distinct == 1 and len(texts) > 1:
        raise DataError(
            f"The column {name!r} says {shown(texts[0])} in every row: there is nothing to tell apart.",
            fix="--target COLUMN",
        )
    if inputs is not None and (why := _spans_in(texts, inputs)):
        return Targets(kind="extract", why=why, read=spans_of)
    if inputs is not None and (separator := _separator(texts)):
        labels = {part for text in texts for part in _parts(text, separator)}
        several = sum(len(_parts(text, separator)) > 1 for text in texts)
        return Targets(
            kind="labels",
            why=f"{several} of {len(texts)} hold several of {len(labels)} labels, set apart by {separator!r}",
            read=_split_at(separator),
        )
    classes = plain(name) in CLASS_NAMES
    if all(map(is_number, texts)):
        return _of_numerals(texts, classes, name)
    twice = distinct <= len(texts) / 2 or (classes and distinct <= 0.8 * len(texts) and longest <= _SHORT / 2)
    if twice and longest <= _SHORT and not any("\n" in text for text in texts):
        why = f"{distinct} distinct values of at most {longest} characters in {len(texts)} rows"
        return Targets(kind="choice", why=why, read=_one(False))
    why = f"{distinct} distinct values of up to {longest} characters in {len(texts)} rows"
    return Targets(kind="text", why=why, read=_references(False))


def _of_numerals(texts: Sequence[str], classes: bool, name: str) -> Targets:
    """Amounts, or codes of classes: told by the name, by zeros in front, then by how few there are."""
    distinct = len(set(texts))
    repeated = distinct <= len(texts) / 2
    padded = any(len(text) > 1 and text[0] == "0" and text[1].isdigit() for text in texts)
    few = distinct <= _FEW_NUMERALS and len(texts) >= 5 * distinct
    said = f"{distinct} distinct numerals in {len(texts)} rows"
    if plain(name) not in AMOUNT_NAMES and repeated and (classes or padded or few):
        because = "the column's name" if classes else "zeros in front" if padded else "so few"
        why = f"{said}, taken for classes because of {because}; --kind number if they are amounts"
        return Targets(kind="choice", why=why.replace("because of so few", "since they are so few"), read=_one(False))
    return Targets(kind="number", why=said, read=_one(False))


def _spans_in(texts: Sequence[str], inputs: Sequence[str]) -> str:
    """Why the texts are spans: ``type: text``, few types, and most texts stand in their row's input; else ""."""
    if sum(map(is_typed, texts)) < 0.95 * len(texts):
        return ""
    spans = [(kind, words, text) for said, text in zip(texts, inputs, strict=True) for kind, words in typed_parts(said)]
    types = {kind for kind, _, _ in spans}
    inside = sum(words in text for _, words, text in spans)
    if not spans or len(types) > len(spans) / 2 or inside < 0.8 * len(spans):
        return ""
    return f'{len(spans)} of "type: text", {len(types)} types, {inside} of the texts stand in the input'


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _separator(texts: Sequence[str]) -> str:
    """What sets labels apart in one cell; "" where nothing does.

    Pieces must be short, come again, and come again in other company: in ``Health, Fitness`` they always
    stand together, so that it is one label with a comma.
    """
    for separator in _SEPARATORS:
        rows = [_parts(text, separator) for text in texts]
        several = [parts for parts in rows if len(parts) > 1]
        if len(several) < max(2, 0.02 * len(rows)):
            continue
        pieces = [part for parts in rows for part in parts]
        company: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
        for parts in rows:
            for part in parts:
                company[part].add(tuple(sorted(parts)))
        mixed = {part for parts in several for part in parts}
        if (
            max(map(len, pieces)) <= _SHORT / 2
            and len(pieces) >= 2 * len(set(pieces))
            and sum(len(company[part]) > 1 for part in mixed) >= len(mixed) / 2
        ):
            return separator
    return ""


# --- reading one cell -----


def _one(lists: bool) -> Reader:
    """One target; where the column holds ``lists``, of lists of one."""

    def read(value: Any, _text: str) -> tuple[str, ...]:
        found = structure(value) if lists else None
        if isinstance(found, list | tuple):
            if len(found) != 1:
                raise ValueError(f"the target is a list of {len(found)}, one is needed")
            value = found[0]
        return (_filled(value),)

    return read


def _references(lists: bool) -> Reader:
    """One reference or, where the column holds ``lists``, several."""

    def read(value: Any, _text: str) -> tuple[str, ...]:
        found = structure(value) if lists else None
        if not isinstance(found, list | tuple):
            return (_filled(value),)
        texts = tuple(text_of(item) for item in found if not is_empty(item))
        if not texts:
            raise ValueError("the target is empty")
        return texts

    return read


def _read_list(value: Any, _text: str) -> tuple[str, ...]:
    found = structure(value)
    if isinstance(found, list | tuple):
        return tuple(_filled(item) for item in found)
    return () if is_empty(value) else (text_of(value),)


def _split_at(separator: str) -> Reader:
    """The labels of one cell; an empty cell is no label."""

    def read(value: Any, _text: str) -> tuple[str, ...]:
        if is_empty(value):
            return ()
        return tuple(_parts(text_of(value), separator)) if separator else (text_of(value),)

    return read


def _filled(value: Any) -> str:
    if is_empty(value):
        raise ValueError("the target is empty")
    return text_of(value)
