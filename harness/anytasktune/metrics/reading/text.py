"""A free text: all of the answer that is not reasoning or run-on."""

from __future__ import annotations

import re

from anytasktune.metrics.reading.answer import ANSWER_LINE, LINE_CUE, TURN, Reading, is_empty, spoken
from anytasktune.metrics.reading.normalising import is_blank


def read_text(answer: str) -> Reading:
    """The text, stripped, without reasoning and without a run-on.

    A cue such as ``Question:`` at the start of a line is a run-on only behind a blank line, or where an
    ``Answer:`` follows it: free texts use such headings too.
    """
    if is_empty(answer):
        return Reading(status="empty")
    text = spoken(answer)
    cuts = [m.start() for m in TURN.finditer(text)][:1]
    for cue in LINE_CUE.finditer(text):
        before = text[: cue.start()]
        if not is_blank(before) and (re.search(r"\n\s*\n\s*$", before) or ANSWER_LINE.search(text, cue.end())):
            cuts.append(cue.start())
    head = (text[: min(cuts)] if cuts else text).strip()
    if is_blank(head):
        return Reading(status="unreadable", run_on=bool(cuts))
    return Reading(status="read", value=(head,), run_on=bool(cuts))
