"""Spans in the ways in which they are published, as ``type: text``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from anytasktune.scaffold.values import structure, text_of

_TYPES: Final = ("type", "label", "entity", "tag", "category", "entity_group", "class", "类型", "标签")
_TEXTS: Final = ("text", "value", "span", "word", "mention", "entity_text", "内容", "文本")
_STARTS: Final = ("start", "start_offset", "begin", "start_char")
_ENDS: Final = ("end", "end_offset", "stop", "end_char")
TYPED: Final = re.compile(r"\s*([^\s:：][^:：\n]{0,29})[:：]\s*(\S[^\n]*?)\s*")
_PIECES: Final = re.compile(r"[;；\n]+(?=[^:：;；\n]{1,30}[:：]|\s*$)")
NOTHING: Final = frozenset(["", "none", "null", "[]", "无", "没有", "-"])
"""How a cell says that no span (no label) holds, in lower case."""


def is_span(item: object) -> bool:
    """An object with a type and a text or offsets, or a triple of start, end, type."""
    if isinstance(item, Mapping):
        words = _first(item, _TEXTS) is not None
        offsets = _first(item, _STARTS) is not None and _first(item, _ENDS) is not None
        return _first(item, _TYPES) is not None and (words or offsets)
    return _is_triple(item)


def is_typed(text: str) -> bool:
    """One or more ``type: text``, set apart by semicolons or line breaks; or nothing, said in a word."""
    return text.strip().lower() in NOTHING or all(TYPED.fullmatch(piece) for piece in _pieces(text))


def typed_parts(text: str) -> list[tuple[str, str]]:
    """Type and text of each piece of an ``is_typed`` text."""
    if text.strip().lower() in NOTHING:
        return []
    found = [TYPED.fullmatch(piece) for piece in _pieces(text)]
    return [(match[1].strip(), match[2].strip()) for match in found if match is not None]


def spans_of(value: Any, text: str) -> tuple[str, ...]:
    """The spans of one row, each ``type: text``, as often as they stand there.

    Args:
        value: a list of spans, an object of type → texts, or a text of ``type: text``; "" and None: no span.
        text: the row's input, which offsets point into.

    Raises:
        ValueError: it is none of these, or offsets point outside of the input.
    """
    found = structure(value)
    if found is None:
        said = text_of(value)
        if not is_typed(said):
            raise ValueError("the target is not written type: text")
        return tuple(f"{kind}: {words}" for kind, words in typed_parts(said))
    if isinstance(found, Mapping) and not is_span(found):
        return tuple(
            f"{_type(kind)}: {words}"
            for kind, texts in found.items()
            for words in map(_words, texts if isinstance(texts, list | tuple) else [texts])
            if words
        )
    items = [found] if isinstance(found, Mapping) or _is_triple(found) else found
    return tuple(span for item in items for span in _spans(item, text))


def offsets_disagree(value: Any, text: str) -> bool:
    """Whether a span gives both its words and offsets, and these point at other words."""
    found = structure(value)
    for item in found if isinstance(found, list | tuple) else []:
        if isinstance(item, Mapping) and is_span(item):
            start, end, words = (_first(item, names) for names in (_STARTS, _ENDS, _TEXTS))
            whole = isinstance(start, int) and isinstance(end, int)
            if whole and words is not None and text[start:end] != str(words):
                return True
    return False


def _spans(item: object, text: str) -> Sequence[str]:
    if isinstance(item, Mapping) and is_span(item):
        kind, words = _first(item, _TYPES), _first(item, _TEXTS)
        if words is None:
            words = _cut(text, _first(item, _STARTS), _first(item, _ENDS))
        return [f"{_type(kind)}: {_words(words)}"]
    if isinstance(item, list | tuple) and _is_triple(item):
        return [f"{_type(item[2])}: {_cut(text, item[0], item[1])}"]
    if isinstance(item, str) and is_typed(item):
        return [f"{kind}: {words}" for kind, words in typed_parts(item)]
    raise ValueError(f"{str(item)[:40]!r} is no span with a type and a text")


def _cut(text: str, start: Any, end: Any) -> str:
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
        raise ValueError(f"a span goes from {start} to {end}, and the input has {len(text)} characters")
    return text[start:end]


def _type(kind: Any) -> str:
    if isinstance(kind, list | tuple) and len(kind) == 1:
        kind = kind[0]
    name = text_of(kind).strip()
    if not name or ":" in name or "\n" in name:
        raise ValueError(f"{name!r} cannot be the type of a span")
    return name


def _words(value: Any) -> str:
    return text_of(value).strip()


def _is_triple(item: object) -> bool:
    if not isinstance(item, list | tuple) or len(item) != 3:
        return False
    start, end, kind = item
    return isinstance(start, int) and isinstance(end, int) and isinstance(kind, str)


def _first(item: Mapping[Any, Any], names: Sequence[str]) -> Any:
    """The first of the names that the object has a value for; None where it has none."""
    return next((item[name] for name in names if item.get(name) is not None), None)


def _pieces(text: str) -> list[str]:
    return [piece for piece in _PIECES.split(text.strip()) if piece.strip()]
