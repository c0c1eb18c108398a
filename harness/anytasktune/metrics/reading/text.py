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
    cut = run_on_at(text)
    head = text[:cut].strip()
    if is_blank(head):
        return Reading(status="unreadable", run_on=cut is not None)
    return Reading(status="read", value=(head,), run_on=cut is not None)


def run_on_at(text: str) -> int | None:
    """Where a run-on begins; ``None`` where there is none. See :func:`read_text` for what counts as one."""
    turn = TURN.search(text)
    cuts = [turn.start()] if turn else []
    opening = next((place for place, character in enumerate(text) if not is_blank(character)), len(text))
    last_answer = max((m.start() for m in ANSWER_LINE.finditer(text)), default=-1)
    for cue in LINE_CUE.finditer(text, opening):
        behind_blank_line = re.search(r"\n[^\S\n]*\n\s*$", text[max(opening, cue.start() - 100) : cue.start()])
        if cue.start() > opening and (behind_blank_line or last_answer >= cue.end()):
            return min([*cuts, cue.start()])
    return min(cuts, default=None)
