"""Do answers belong to their inputs? What a wrong join, a slid column or a torn field leaves behind.

Nothing here is certain: a sub-task may well be one in which words tell nothing. So this check notes and never fails.
"""

from __future__ import annotations

import random
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from anytasktune.conformance.findings import Outcome, noted, passed, shortened
from anytasktune.conformance.subject import Subject
from anytasktune.examples import SPLITS, Example, Split
from anytasktune.metrics.reading import fold
from anytasktune.metrics.tokenising import tokens
from anytasktune.near_duplicates import comparison_key

_FEWEST: Final = 50
"""Scored rows from which on an agreement that is no better than chance says something."""
_LEARNT: Final = 1500
_SCORED: Final = 300
_BEYOND_CHANCE: Final = 2.0
"""Standard errors."""
_SHUFFLES: Final = 5

_TELL_TALE: Final = 0.98
_ROWS_A_WORD: Final = 5

_MOSTLY: Final = 0.8
"""The share of rows whose spans stand in their inputs from which on the others are called odd."""

_WINDOW: Final = 20
_SLID_BY: Final = 0.1
_SLID_BEYOND: Final = 4.0

_SEPARATED: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:[,，]\d{3})+(?!\d)")
_NUMERAL: Final = re.compile(r"\d+(?:\.\d+)?")

_KINDS: Final = {"choice": "labels", "labels": "label sets"}


def answers_fit(subject: Subject) -> Outcome:
    """Answers have to do with their inputs: labels follow from words, spans stand in the text, texts share words.

    Of labels: a bag-of-words model that learns from train is right on test more often than by chance, and no first or
    last word of the input says the label by itself. Of spans: each stands in its input. Of free texts: they share more
    words with their own input than with others, and no run of rows fits the neighbour's input better; none is its
    input. Of numbers: none is a part of a number with thousands separators in its input.
    """
    kind = subject.card.kind
    looks = {"choice": _of_labels, "labels": _of_labels, "extract": _of_spans, "text": _of_texts, "number": _of_numbers}
    found = dict(looks[kind](subject))
    if not found:
        return passed("answers go with their inputs, as far as words tell")
    sentence = "; ".join(found)
    return noted(f"{sentence[0].upper()}{sentence[1:]}.", [line for lines in found.values() for line in lines])


_Found = Iterator[tuple[str, list[str]]]
"""A sentence, and the rows that show it."""


# --- labels -----


def _of_labels(subject: Subject) -> _Found:
    yield from _by_chance(subject)
    if subject.card.kind == "choice":
        yield from _told_by_a_word(subject)


def _by_chance(subject: Subject) -> _Found:
    """Splits in which a model that learnt from train does no better than with its answers shuffled."""
    from anytasktune.models.classical import classical_models

    train = subject.sample(subject.data.splits["train"], _LEARNT)
    if len({row.targets for row in train}) < 2:
        return
    model = list(classical_models(subject.card.kind).values())[1]()
    model.fit(train, (), subject.card, subject.task.metric)
    parts: list[tuple[Split, list[Example]]] = [
        ("test", subject.sample(subject.data.splits["test"], _SCORED)),
        ("validation", subject.sample(subject.data.splits["validation"], _SCORED)),
    ]
    for split, rows in parts:
        answers = model.answer(rows)
        if len(rows) < _FEWEST or len(set(answers)) < 2:
            continue
        own = [subject.grade(row, answer).score for row, answer in zip(rows, answers, strict=True)]
        others = [
            [subject.grade(row, answer).score for row, answer in zip(rows, mixed, strict=True)]
            for mixed in _shuffled(answers)
        ]
        if not _beyond_chance(own, others):
            by_chance = statistics.fmean(map(statistics.fmean, others))
            yield (
                f"a bag-of-words model that learnt {_KINDS[subject.card.kind]} from train scores "
                f"{statistics.fmean(own):.2f} on {len(rows)} rows of {split}, and {by_chance:.2f} by chance: labels "
                "went to other rows, or words do not tell them",
                [],
            )


def _shuffled(answers: Sequence[str]) -> Iterator[list[str]]:
    draw = random.Random(0)  # noqa: S311  # no secret
    for _ in range(_SHUFFLES):
        yield draw.sample(answers, len(answers))


def _beyond_chance(own: Sequence[float], others: Sequence[Sequence[float]]) -> bool:
    """The mean of ``own`` lies clearly above that of the others, row by row."""
    gains = [mine - statistics.fmean(theirs) for mine, theirs in zip(own, zip(*others, strict=True), strict=True)]
    error = statistics.stdev(gains) / len(gains) ** 0.5
    return bool(statistics.fmean(gains) > _BEYOND_CHANCE * error)


def _told_by_a_word(subject: Subject) -> _Found:
    """The first or the last word of the inputs is a code of the label."""
    rows = [(tokens(row.input), row.targets[0]) for row in subject.data.all]
    rows = [(words, label) for words, label in rows if words]
    labels = Counter(label for _, label in rows)
    if len(rows) < _FEWEST or len(labels) < 2:
        return
    most = labels.most_common(1)[0][1] / len(rows)
    for place, name in ((0, "first"), (-1, "last")):
        pairs = Counter((words[place], label) for words, label in rows)
        best: dict[str, tuple[int, str]] = {}
        for (word, label), times in pairs.items():
            best[word] = max(best.get(word, (0, "")), (times, label))
        right = sum(times for times, _ in best.values()) / len(rows)
        if right >= _TELL_TALE > most and len(rows) >= _ROWS_A_WORD * len(best):
            told = [f"{word!r} says {label!r}" for word, (_, label) in sorted(best.items())]
            yield f"the {name} word of the input alone says the label in {right:.0%} of the rows", told


# --- spans -----


def _of_spans(subject: Subject) -> _Found:
    """By split: rows with spans that are not copied from their inputs, where nearly all are; else, whether any are."""
    lone = False
    for split in SPLITS:
        rows = [row for row in subject.data.splits[split] if row.targets]
        inputs, spans = _packed(rows)
        own = [_standing(found, text) for found, text in zip(spans, inputs, strict=True)]
        strange = sum(share < 1 for share in own)
        if strange and strange <= (1 - _MOSTLY) * len(rows):
            sentence = f"spans of {strange} of {len(rows):,} rows of {split} do not stand in their inputs"
            yield f"{sentence}, as all others do", _lost(rows)
        elif strange and len(rows) >= _FEWEST:
            others = _by_others(spans, inputs, _standing)
            if not _beyond_chance(own, others):
                lone = True
                yield (
                    f"{statistics.fmean(own):.0%} of the spans of {split} stand in their inputs, and "
                    f"{statistics.fmean(map(statistics.fmean, others)):.0%} in another row's: they may have gone to "
                    "other rows, or are no words of the input",
                    [],
                )
    if not lone:
        for order in _orders(subject):
            rows = [row for row in order if row.targets]
            inputs, spans = _packed(rows)
            found = list(_slid(rows, spans, inputs, _standing))
            if found:
                yield found[0]
                return


def _packed(rows: Sequence[Example]) -> tuple[list[str], list[list[str]]]:
    """Inputs, and the texts of their spans, without case and space."""
    inputs = ["".join(fold(row.input).split()) for row in rows]
    return inputs, [["".join(fold(span.partition(": ")[2]).split()) for span in row.targets] for row in rows]


def _standing(spans: Sequence[str], text: str) -> float:
    return sum(span in text for span in spans) / len(spans)


def _lost(rows: Sequence[Example]) -> list[str]:
    """Each span that does not stand in its row's input."""
    return [
        f"{row.id}: {shortened(span)}"
        for row, text, packed in zip(rows, *_packed(rows), strict=True)
        for span, bare in zip(row.targets, packed, strict=True)
        if bare not in text
    ]


# --- texts -----


def _of_texts(subject: Subject) -> _Found:
    copied = [row.id for row in subject.data.all if comparison_key(row.input) == comparison_key(row.targets[0])]
    if copied:
        yield f"{len(copied)} of {len(subject.data.all):,} answers are their input", copied
    lone = False
    for split in SPLITS:
        rows = subject.sample(subject.data.splits[split], _LEARNT)
        inputs, answers = _words(rows)
        own = [_shared(answer, text) for answer, text in zip(answers, inputs, strict=True)]
        others = _by_others(answers, inputs, _shared)
        if len(rows) >= _FEWEST and any(map(any, others)) and not _beyond_chance(own, others):
            lone = True
            yield (
                f"answers of {split} share {statistics.fmean(own):.0%} of their words with their own input, and "
                f"{statistics.fmean(map(statistics.fmean, others)):.0%} with another row's: they may have gone to "
                "other rows, or be made of other words by their nature",
                [],
            )
    if not lone:
        for order in _orders(subject):
            inputs, answers = _words(order)
            found = list(_slid(order, answers, inputs, _shared))
            if found:
                yield found[0]
                return


def _words(rows: Sequence[Example]) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    """The words of inputs and answers."""
    return [frozenset(tokens(row.input)) for row in rows], [frozenset(tokens(row.targets[0])) for row in rows]


def _shared(answer: frozenset[str], text: frozenset[str]) -> float:
    return len(answer & text) / len(answer) if answer else 0.0


# --- rows that were moved -----

_Answer = TypeVar("_Answer")
_Text = TypeVar("_Text")


def _by_others(
    answers: Sequence[_Answer], inputs: Sequence[_Text], share: Callable[[_Answer, _Text], float]
) -> list[list[float]]:
    """How well each answer fits the input of a row further on, for some distances."""
    steps = [len(answers) * part // (_SHUFFLES + 2) for part in range(1, _SHUFFLES + 1)]
    turned = [[*inputs[step:], *inputs[:step]] for step in steps]
    return [[share(answer, text) for answer, text in zip(answers, texts, strict=True)] for texts in turned]


def _orders(subject: Subject) -> list[list[Example]]:
    """The published rows in their order: all, and those of each split, since a file may hold either."""
    rows = list(subject.data.all)
    return [rows, *([row for row in rows if row.split == split] for split in SPLITS)]


def _slid(
    rows: Sequence[Example],
    answers: Sequence[_Answer],
    inputs: Sequence[_Text],
    share: Callable[[_Answer, _Text], float],
) -> _Found:
    """Runs of rows whose answers fit the input of the row before or after much better than their own."""
    for step, where in ((-1, "before"), (1, "after")):
        places = range(max(0, -step), len(rows) - max(0, step))
        gains = [share(answers[at], inputs[at + step]) - share(answers[at], inputs[at]) for at in places]
        starts = [start for start in range(len(gains) - _WINDOW + 1) if _is_slid(gains[start : start + _WINDOW])]
        if starts and 2 * len(starts) < len(gains):  # everywhere: a dialogue whose turns are rows
            first, last = rows[places[starts[0]]].id, rows[places[starts[-1] + _WINDOW - 1]].id
            yield (
                f"from {first} to {last}, answers fit the input of the row {where} better than their own: a column "
                "may have slid",
                [first, last],
            )


def _is_slid(gains: Sequence[float]) -> bool:
    mean = statistics.fmean(gains)
    return bool(mean > _SLID_BY and mean > _SLID_BEYOND * statistics.stdev(gains) / len(gains) ** 0.5)


# --- numbers -----


def _of_numbers(subject: Subject) -> _Found:
    torn = []
    for row in subject.data.all:
        pieces = {piece for whole in _SEPARATED.findall(row.input) for piece in re.split("[,，]", whole)}
        alone = _NUMERAL.findall(_SEPARATED.sub(" ", row.input))
        gold = row.targets[0].strip()
        if gold in pieces and gold not in alone:
            torn.append(f"{row.id}: {gold}")
    if torn:
        yield f"{len(torn)} answers are a part of a number with thousands separators in their input", torn
