"""From a model's words to an answer: a label, a set of labels, a number, spans, a text.

What every reader does first. Reasoning inside ``<think>`` is dropped. What follows a run-on cue (a new
``Question:``, ``Text:``, ``输入：``, the next turn's special token) is never read. Text is compared after
NFKC and case folding, without zero-width characters. Nothing but space and punctuation is ``empty``.

How one label is read, in this order; the first step that settles it wins:

1. The whole answer is a surface of a label.
2. The first paragraph, or its first line, is one. Lines that merely list the labels are unreadable.
3. What stands behind ``final answer``, ``answer:``, ``答案`` and the like names exactly one label, and no later one of
   the same word in its line names another.
4. The answer opens with a label that a full stop, colon, dash or bracket closes.
5. The first paragraph that names any label names exactly one.

A label is *named* where it stands as a word (in scripts without spaces: anywhere), outside of a longer label,
and is not rejected in its clause ("not a merger", "rather than a merger", "不是合并", "A错误"). Bare numerals
and single letters count only where no other surface is named. Several labels, or none: ``unreadable``.

How a number is read is told at ``read_number``.
"""

from __future__ import annotations

from anytasktune.metrics.reading.answer import Reading
from anytasktune.metrics.reading.json_object import parsed_object, read_json
from anytasktune.metrics.reading.labels import label_surfaces, read_label, read_labels
from anytasktune.metrics.reading.normalising import fold, is_blank, is_unspaced, normalise
from anytasktune.metrics.reading.numbers import read_number
from anytasktune.metrics.reading.spans import read_spans
from anytasktune.metrics.reading.text import read_text

__all__ = [
    "Reading",
    "fold",
    "is_blank",
    "is_unspaced",
    "label_surfaces",
    "normalise",
    "parsed_object",
    "read_json",
    "read_label",
    "read_labels",
    "read_number",
    "read_spans",
    "read_text",
]
