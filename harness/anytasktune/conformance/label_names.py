"""Do the labels' names look right: no slip of the pen beside the label that was meant, each name in its language?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from anytasktune.conformance.findings import Outcome, counted, noted, passed, skipped
from anytasktune.conformance.labels import HAVE_LABELS
from anytasktune.conformance.subject import Subject
from anytasktune.examples import Example
from anytasktune.metrics.reading import fold

_ONE_SLIP: Final = 5
"""Characters of a label from which on one letter may be a slip; two from twice as many on."""
_RARE: Final = 0.1
"""A slip has at most this share of the rows of the label that was meant."""

_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


def label_names(subject: Subject) -> Outcome:
    """No rare label is a slip of the pen for a common one, and no label's names are in each other's language."""
    kind = subject.card.kind
    if kind not in (*HAVE_LABELS, "extract"):
        return skipped(f"answers of kind {kind!r} are no labels")
    evidence = [*_slips(_counts(subject)), *_swapped(subject)]
    if evidence:
        return noted(f"{counted(len(evidence), 'label name looks', 'label names look')} mistaken.", evidence)
    return passed("no label looks like another one that was misspelt, and each name is in its language")


def _counts(subject: Subject) -> Counter[str]:
    """Rows of every label, or type of span, that stands in the data, usable row or not."""
    targets = [
        target
        for row in subject.rows
        if isinstance(row, Example) and isinstance(row.targets, tuple)
        for target in row.targets
        if isinstance(target, str)
    ]
    if subject.card.kind == "extract":
        return Counter(kind for kind, colon, _ in (target.partition(": ") for target in targets) if colon)
    return Counter(targets)


def _slips(counts: Counter[str]) -> Iterator[str]:
    from rapidfuzz.distance import OSA

    for label, times in sorted(counts.items()):
        for other, others in sorted(counts.items()):
            if times > _RARE * others:
                continue
            one, two = fold(label), fold(other)
            allowed = min(len(one), len(two)) // _ONE_SLIP
            if _HAN.search(one):  # 以危险方法… and 过失以危险方法… are two crimes
                allowed = min(allowed, 1)
            apart = OSA.distance(one, two, score_cutoff=2)
            if 0 < apart <= min(allowed, 2) and _digits(one) == _digits(two):
                yield f"{label!r} × {times:,} for {other!r} × {others:,}"


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _swapped(subject: Subject) -> Iterator[str]:
    for label in subject.card.labels:
        if label.en and label.zh and _HAN.search(label.en) and not _HAN.search(label.zh):
            yield f"{label.id!r} is called {label.en!r} in English and {label.zh!r} in Chinese"
        elif label.en and _HAN.search(label.en):
            yield f"{label.id!r} is called {label.en!r} in English"
