"""The number that an answer gives."""

from __future__ import annotations

import re
from bisect import bisect_left

from anytasktune.metrics.reading.answer import (
    ANSWER,
    FINAL,
    Reading,
    clause,
    head_of,
    is_empty,
    paragraphs_of,
    spoken,
    stops_of,
)
from anytasktune.metrics.reading.numerals import Number, number_text, numbers_in, superscripts

_IS = re.compile(
    r"(?:\b(?:is|are|equals|equal to|totals?)\b|是|为|共计?|合计|=)"
    r"(?: (?:about|approximately|around|roughly|a total of))? ?[*({\[约]*",
    re.IGNORECASE,
)


def read_number(answer: str) -> Reading:
    """The number that an answer gives, as a canonical decimal numeral (``9500``, ``-3.14``).

    Which one: the first paragraph's only number where it opens it; else the first behind ``final answer``,
    ``answer``, ``答案`` and the like; else, in the first paragraph with numbers, the one it opens with, the
    first behind ``is``, ``是``, ``=``, or the first.

    What a number is: digits of any script; thousands set apart by comma, ``{,}``, apostrophe, underscore or space; a
    decimal comma where it cannot be one of thousands; ``1e3``, ``2×10^5``; ``3½``, ``3/4``; ``1.5 million``,
    ``5k``, ``1.5M``, ``2bn``; ``1.5万``, ``三百二十``, ``一万五``. A percent sign, ``百分之``, a unit and a currency
    are dropped: ``60%`` reads as 60. English number words are not read. Times, dates, version numbers and digits
    inside a word (``Q3``) are no numbers. One Chinese digit alone counts as the whole answer, behind a cue or
    before a measure word.
    """
    if is_empty(answer):
        return Reading(status="empty")
    head, cut = head_of(spoken(superscripts(answer)))
    text = number_text(head)
    paragraphs = paragraphs_of(text)
    numbers = list(numbers_in(text))
    if not numbers:
        return Reading(status="unreadable", run_on=cut)
    start, end = next(span for span in paragraphs if numbers[0].start < span[1])
    chosen = _chosen_number(text, numbers, start, end)
    return Reading(status="read", value=(chosen.value,), run_on=cut or end < paragraphs[-1][1])


def _chosen_number(text: str, numbers: list[Number], start: int, end: int) -> Number:
    """``start``, ``end``: the first paragraph with numbers."""
    inside = numbers[: bisect_left([n.start for n in numbers], end)]
    first = inside[0]
    unit = r"(?:[^\w]|us|usd|rmb|cny|minus|negative|负|约|共)*"
    opens = re.fullmatch(unit, text[start : first.start], re.IGNORECASE)
    if opens and len(inside) == 1:
        return first
    behind_cue = _number_behind_cue(text, numbers)
    if behind_cue is not None:
        return behind_cue
    sum_follows = re.compile(r" ?[-+*×÷/=]").match(text, first.end)
    if opens and not sum_follows and not first.single_han:
        return first
    plain = [n for n in inside if not n.single_han] or inside
    starts = [n.start for n in plain]
    for cue in _IS.finditer(text, start, end):
        place = bisect_left(starts, cue.end())
        if place < len(plain) and re.fullmatch(r"\W{0,4}", text[cue.end() : starts[place]]):
            return plain[place]
    return plain[0]


def _number_behind_cue(text: str, numbers: list[Number]) -> Number | None:
    """The first number behind "answer" in its sentence; of a sum there, what follows the "="."""
    starts = [n.start for n in numbers]
    stops = stops_of(text)
    for pattern in (FINAL, ANSWER):
        for cue in pattern.finditer(text):
            _, end = clause(text, cue.end(), stops)
            behind = numbers[bisect_left(starts, cue.end()) : bisect_left(starts, end)]
            if behind:
                equals = [n for n in behind if text[max(0, n.start - 8) : n.start].rstrip("$ ").endswith("=")]
                return (equals or behind)[0]
    return None
