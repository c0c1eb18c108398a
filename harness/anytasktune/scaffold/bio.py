"""Tokens with a tag each (BIO, IOB, BIOES, plain types), as text and spans."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from anytasktune.scaffold.scripts import has_han
from anytasktune.scaffold.values import structure

_TAG: Final = re.compile(r"(?:(?P<place>[BIESLUM])[-_])?(?P<type>.+)")
_CLOSERS: Final = frozenset(".,;:!?%)]}'’”")
_OPENERS: Final = frozenset("([{‘“")


def texts_in(value: object) -> list[str] | None:
    """The texts of a list of nothing else; None for everything else."""
    found = structure(value)
    return list(found) if isinstance(found, list | tuple) and all(isinstance(item, str) for item in found) else None


def are_tags(tokens: Sequence[Any], tags: Sequence[Any]) -> bool:
    """One column tags the other: lists of equal length in every row, ``O`` and ``B-`` or ``I`` among the tags."""
    seen: set[str] = set()
    for row, marks in zip(map(texts_in, tokens), map(texts_in, tags), strict=True):
        if row is None or marks is None or len(row) != len(marks):
            return False
        seen.update(marks)
    return "O" in seen and any(re.fullmatch(r"[BIESLUM](?:[-_].+)?", tag) for tag in seen)


def tagged(tokens: Sequence[str], tags: Sequence[str], default: str) -> tuple[str, list[dict[str, str]]]:
    """The tokens as one text, and its spans.

    Args:
        tokens: words, or characters of a script without spaces.
        tags: one a token; a bare ``B`` or ``I`` is of the ``default`` type.
        default: the column's name.
    """
    starts, text = [], ""
    for before, token in pairwise(["", *tokens]):
        text += _between(before, token)
        starts.append(len(text))
        text += token
    spans: list[tuple[str, int, int]] = []
    inside = ""
    for start, token, tag in zip(starts, tokens, tags, strict=True):
        place, kind = _parts(tag, default)
        if kind and kind == inside and place not in ("B", "S", "U"):
            spans[-1] = (kind, spans[-1][1], start + len(token))
        elif kind:
            spans.append((kind, start, start + len(token)))
        inside = "" if place in ("E", "S", "L", "U") else kind
    return text, [{"type": kind, "text": text[start:end]} for kind, start, end in spans]


def _parts(tag: str, default: str) -> tuple[str, str]:
    if tag in ("O", ""):
        return "", ""
    if tag in ("B", "I", "E", "S", "L", "U", "M"):
        return tag, default
    match = _TAG.fullmatch(tag)
    return (match["place"] or "", match["type"]) if match else ("", tag)


def _between(before: str, token: str) -> str:
    """A space, but not beside Chinese, before a closing mark or after an opening one."""
    joined = not before or has_han(before[-1:]) or has_han(token[:1])
    return "" if joined or token[:1] in _CLOSERS or before[-1:] in _OPENERS else " "
