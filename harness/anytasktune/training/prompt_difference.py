"""The words that an adapter was tuned with beside those that are asked now, line by line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile, zip_longest
from operator import eq

from anytasktune.prompts import ANSWER, INPUT

WIDTH = 100
"""Characters of a line; of longer ones what stands around the first difference is shown."""

BEFORE = 30
"""Characters before that difference."""

EQUAL = 20
"""Equal lines in a row that are shown whole; of more, the first and the last."""

LINES = 40
"""Lines of a rendering, at most."""


def both(tuned: str, asked: str) -> tuple[str, str]:
    """Two ``prompts.prompt_words`` as blocks of quoted lines; what differs is marked with ``!``."""
    one, other = _lines(tuned), _lines(asked)
    left: list[str] = []
    right: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            left += _equal(one[a:b])
            right += _equal(other[c:d])
            continue
        for was, now in zip_longest(one[a:b], other[c:d]):
            start = len(list(takewhile(bool, map(eq, was or "", now or ""))))
            left += [f"! {_shown(was, start)}"] if was is not None else []
            right += [f"! {_shown(now, start)}"] if now is not None else []
    return _block(left), _block(right)


def alone(words: str) -> str:
    """One ``prompts.prompt_words`` as a block of quoted lines, none of them marked."""
    return _block([f"  {_shown(line)}" for line in _lines(words)])


def _lines(words: str) -> list[str]:
    try:
        prompt, answer, separator, delimiter, *labels = json.loads(words)
    except (ValueError, TypeError):  # changed by hand
        return words.splitlines(keepends=True)
    around = [f"an answer: {answer}", f"between labels: {separator}", f"before the answer: {delimiter}"]
    lines = [*str(prompt).splitlines(keepends=True), *around, *(f"label: {label}" for label in labels)]
    return [line.replace(INPUT, "{{ input }}").replace(ANSWER, "{{ answer }}") for line in lines]


def _equal(lines: Sequence[str]) -> list[str]:
    if len(lines) <= EQUAL:
        return [f"  {_shown(line)}" for line in lines]
    return [f"  {_shown(lines[0])}", f"  … {len(lines) - 2} lines that are the same", f"  {_shown(lines[-1])}"]


def _shown(line: str, start: int = 0) -> str:
    if len(line) <= WIDTH:
        return repr(line)
    head = max(0, min(start - BEFORE, len(line) - WIDTH))
    return f"{'…' if head else ''}{line[head : head + WIDTH]!r}{'…' if head + WIDTH < len(line) else ''}"


def _block(lines: Sequence[str]) -> str:
    more = len(lines) - LINES
    shown = [*lines[:LINES], f"  … {more} more lines"] if more > 0 else lines
    return "".join(f"\n      {line}" for line in shown)
