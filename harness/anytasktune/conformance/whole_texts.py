"""Are texts whole, or were they cut off on the way?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from anytasktune.conformance.findings import Outcome, counted, noted, passed, shortened
from anytasktune.conformance.subject import Subject

_CLOSED: Final = re.compile("[.!?。！？…;；)）\\]】\"'”’」』》]\\s*$")
_FEWEST: Final = 50
"""Texts below which nothing is said about how they end, or how long they are."""
_LIKE_THE_OTHERS: Final = 0.95
"""The share of answers that end in a closing mark from which on the others are called odd."""
_PILE: Final = 0.01
_FEWEST_IN_PILE: Final = 5
_NOT_ALL: Final = 0.95
"""The share of texts of one length beyond which that is simply how long they are."""
_BELOW: Final = 5
"""The lengths just below the greatest, among which a pile stands out."""

_MEASURES: Final[Mapping[str, tuple[Callable[[str], int], int]]] = {
    "characters": (len, 20),
    "bytes": (lambda text: len(text.encode("utf-8", "replace")), 60),
    "words": (lambda text: len(text.split()), 50),
}
"""What a column or a script counts, and the least limit that is believed."""


def cut_texts(subject: Subject) -> Outcome:
    """Texts do not all end at one greatest length, and free-text answers end as nearly all of them do."""
    rows = subject.data.all
    fields = {"inputs": {row.id: row.input for row in rows}}
    if subject.card.kind == "text":
        fields["answers"] = {row.id: row.targets[0] for row in rows}
    found: dict[str, list[str]] = {}
    for what, texts in fields.items():
        found |= _piled_up(what, texts)
    found |= _unclosed(fields.get("answers", {}))
    if not found:
        return passed(f"{' and '.join(fields)} are not cut off at one length")
    evidence = [line for lines in found.values() for line in lines]
    sentence = "; ".join(found)
    return noted(f"{sentence[0].upper()}{sentence[1:]}.", evidence)


def _piled_up(what: str, texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Far more different texts of the greatest length than of those just below it, as a cut leaves them."""
    different = {text: id for id, text in texts.items()}
    if len(different) < _FEWEST:
        return {}
    for unit, (measure, least) in _MEASURES.items():
        lengths = {text: measure(text) for text in different}
        counts = Counter(lengths.values())
        longest = max(counts)
        below = sum(counts[longest - step] for step in range(1, _BELOW + 1))
        piled = counts[longest]
        if (
            longest >= least
            and piled <= _NOT_ALL * len(different)
            and piled >= max(_FEWEST_IN_PILE, _PILE * len(different))
            and piled > max(below, _FEWEST_IN_PILE - 1)
        ):
            ids = [different[text] for text, length in lengths.items() if length == longest]
            return {f"{piled} {what} have {longest:,} {unit}, and none has more: they look cut off": ids}
    return {}


def _unclosed(answers: Mapping[str, str]) -> dict[str, list[str]]:
    odd = [id for id, text in answers.items() if text.strip() and not _CLOSED.search(text)]
    if not odd or len(answers) < _FEWEST or len(odd) > (1 - _LIKE_THE_OTHERS) * len(answers):
        return {}
    lines = [f"{id} ends in {shortened(answers[id][-30:])}" for id in odd]
    return {f"{counted(len(odd), 'answer ends', 'answers end')} without the closing mark that all others have": lines}
