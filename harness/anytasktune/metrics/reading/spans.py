"""The spans of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from anytasktune.metrics.reading.answer import (
    LINE_CUE,
    TURN,
    Reading,
    after_cue,
    is_empty,
    says_nothing,
    spoken,
)
from anytasktune.metrics.reading.normalising import fold, is_blank

_BULLET = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,3}[.)、](?!\d)|\[?\d{1,3}\])\s*")


def read_spans(answer: str, names: Mapping[str, str] | None = None) -> Reading:
    """The spans of an answer: ``type: text``, one a line or set apart by ``;``; ``none``, ``无``: no span.

    ``value`` holds one ``type: text`` a span, in the answer's order, repeated where the answer repeats it. A
    type becomes the id that ``names`` has for it; an unknown one stays and counts as wrong. Lines without a
    colon are prose and are passed over; when all are, the answer is unreadable.
    """
    if is_empty(answer):
        return Reading(status="empty")
    text = spoken(answer)
    turn = TURN.search(text)
    cuts = [turn.start()] if turn else []
    types = {fold(written): label for written, label in (names or {}).items()}
    cuts += [m.start() for m in LINE_CUE.finditer(text) if fold(m.group()).strip("#*[] :") not in types]
    head = text[: min(cuts)] if cuts else text
    spans = [span for line in head.splitlines() for span in _spans_of_line(line, types)]
    if spans or says_nothing(after_cue(fold(head))):
        return Reading(status="read", value=tuple(spans), run_on=bool(cuts))
    return Reading(status="unreadable", run_on=bool(cuts))


def _spans_of_line(line: str, types: Mapping[str, str]) -> Iterator[str]:
    cue = re.match(r"(?i)\s*(?:answer|output|entities|答案|输出|实体|回答)\s*[:：]\s*", line)
    if cue and cue.group().strip(" :：").casefold() not in types:
        line = line[cue.end() :]
    for piece in re.split(r"[;；](?=[^;；:：]{1,40}[:：])", line):
        kind, colon, text = _BULLET.sub("", piece).replace("：", ":", 1).partition(":")
        text = text.strip().strip(";；").strip()
        if colon and text and kind.strip() and not is_blank(text):
            key = fold(kind.strip(" *_`\"'"))
            yield f"{types.get(key, key)}: {text}"
