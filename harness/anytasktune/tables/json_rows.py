"""Rows in JSON Lines, and in JSON as a list or an object of objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from anytasktune.errors import DataError
from anytasktune.tables.collecting import OnBad, RowCollector, beginning
from anytasktune.tables.table import BOM, Table
from anytasktune.tables.text import DecodedText


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
        raise ValueError(f"the key {twice[0]!r} stands twice in one object")
    return values


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# json.loads would keep the last of two equal keys and drop rows without a word, and would let NaN through.
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)


def _parse_json(text: str) -> Any:
    """Raises ValueError (JSONDecodeError has the place) for all that is not strict JSON of encodable text."""
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half of a surrogate pair") from error
    return value


def read_json_lines(path: Path, decoded: DecodedText, on_bad: OnBad) -> Table:
    """One object a line; blank lines are no rows."""
    rows = RowCollector(path, on_bad)
    # Only \n ends a line: str.splitlines would also cut at U+2028 and U+0085 inside strings.
    for line, content in enumerate(decoded.text.split("\n"), start=1):
        text = content.strip(" \t\r" + BOM)
        if not text:
            continue
        try:
            value = _parse_json(text)
        except ValueError as error:
            rows.torn(f"not JSON ({error})", text, line=line)
            continue
        if isinstance(value, dict):
            rows.add(value, line=line)
        else:
            rows.torn(f"a JSON {type(value).__name__}, not an object", text, line=line)
    return rows.table(None, decoded.encoding, decoded.notes)


def read_json(path: Path, decoded: DecodedText, on_bad: OnBad) -> Table:
    """A list of objects, or one object of key → object; JSON Lines under the wrong suffix are read and noted."""
    try:
        document = _parse_json(decoded.text)
    except ValueError as error:
        place = error if isinstance(error, json.JSONDecodeError) else None
        if place is not None and place.msg == "Extra data" and _first_line_is_object(decoded.text):
            note = "JSON Lines in a file named .json"
            return read_json_lines(path, replace(decoded, notes=(*decoded.notes, note)), on_bad)
        begin = decoded.text[place.pos - 20 if place and place.pos > 20 else 0 :]
        raise DataError(
            f"{path.name} is not JSON: {error}.",
            where=f"{path}:{place.lineno if place else 1}",
            evidence=[f"near {beginning(begin)}"],
        ) from error
    items: Iterable[tuple[str | None, Any]]
    if isinstance(document, list):
        items = ((None, item) for item in document)
    elif isinstance(document, dict) and all(isinstance(item, dict) for item in document.values()):
        items = document.items()
    else:
        kind = "an object whose values are not all objects" if isinstance(document, dict) else "a single value"
        raise DataError(
            f"{path.name} holds {kind}; rows are a list of objects, or an object of key → object.",
            where=str(path),
            evidence=[f"begins {beginning(decoded.text)}"],
            fix="let the dataset builder use read_text and json; a file of one object a line is .jsonl.",
        )
    rows = RowCollector(path, on_bad)
    for key, item in items:
        if isinstance(item, dict):
            rows.add(item, line=None, key=key)
        else:
            rows.torn(
                f"a JSON {type(item).__name__}, not an object",
                json.dumps(item, ensure_ascii=False),
                line=None,
            )
    return rows.table(None, decoded.encoding, decoded.notes)


def _first_line_is_object(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    try:
        return isinstance(_parse_json(first), dict)
    except ValueError:
        return False
