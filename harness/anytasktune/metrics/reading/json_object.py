"""The JSON object of an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

from anytasktune.metrics.reading.answer import Reading, is_empty, spoken
from anytasktune.metrics.reading.normalising import is_blank
from anytasktune.metrics.reading.text import run_on_at


def read_json(answer: str) -> Reading:
    """The first JSON object of an answer, as it is written; code fences and words around it are passed over.

    It must be valid JSON (double quotes, no comment, no ``NaN``). An object within a broken or unfinished one is
    not taken for it. What follows the object is not read.
    """
    text = spoken(answer)
    cut = run_on_at(text)
    head = text[:cut]
    for start, end in _braced(head):
        if parsed_object(head[start:end]) is not None:
            more = cut is not None or not is_blank(head[end:])
            return Reading(status="read", value=(head[start:end],), run_on=more)
    return Reading(status="empty" if is_empty(answer) else "unreadable", run_on=cut is not None)


def parsed_object(text: str) -> dict[str, object] | None:
    """The JSON object, numbers as canonical numerals; ``None`` where the text is none."""
    try:
        value = json.loads(text, parse_int=numeral, parse_float=numeral, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def numeral(literal: str) -> str:
    """One writing for one number: ``1.0`` and ``1e0`` are ``1``."""
    try:
        sign, digits, exponent = Decimal(literal).as_tuple()
    except ArithmeticError:  # an exponent of twenty digits
        return literal
    if not isinstance(exponent, int):
        return literal
    kept = "".join(map(str, digits)).lstrip("0")
    stripped = kept.rstrip("0")
    if not stripped:
        return "0"
    exponent += len(kept) - len(stripped)
    minus = "-" if sign else ""
    if abs(exponent) > 40:
        return f"{minus}{stripped}e{exponent}"
    return minus + format(Decimal(f"{stripped}e{exponent}"), "f")


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _braced(text: str) -> Iterator[tuple[int, int]]:
    """Where braces open and close again, outermost pairs only; what is never closed yields nothing."""
    depth, start, quoted, escaped = 0, 0, False, False
    for place, character in enumerate(text):
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = depth > 0
        elif character == "{":
            start = start if depth else place
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if not depth:
                yield start, place + 1
