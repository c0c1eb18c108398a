"""A cell's value: its text, or the list or object that it is or spells."""

from __future__ import annotations

import ast
import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from anytasktune.tables import as_text


def is_empty(value: object) -> bool:
    """Not there, or nothing but white space and what cannot be seen; an empty list says that nothing holds."""
    if isinstance(value, str):
        return all(unicodedata.category(char)[0] in "ZC" for char in value)
    return value is None or value != value  # noqa: PLR0124  # NaN


def is_structure(value: object) -> bool:
    """A list or an object."""
    return isinstance(value, list | tuple | dict)


def text_of(value: object) -> str:
    """A value as text.

    Raises:
        ValueError: it is a list, an object or bytes.
    """
    if is_structure(value) or isinstance(value, bytes | bytearray):
        raise ValueError(f"it is a {type(value).__name__}, not text")
    return as_text(value) or ""


def structure(value: object) -> Any:
    """The list or object that a value is, or that its text spells in JSON or Python; None when it is neither."""
    if is_structure(value):
        return value
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(value.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if is_structure(found):
            return found
    return None


def structures(values: Sequence[object]) -> list[Any] | None:
    """The lists or objects of a whole column; None where a single filled value is neither."""
    found = [structure(value) for value in values if not is_empty(value)]
    return found if found and all(item is not None for item in found) else None


def shown(value: object, length: int = 40) -> str:
    """A value's beginning, quoted, in one line."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= length else text[:length] + "…")
