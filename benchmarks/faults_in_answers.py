"""Faults in the answers: golds that went to other rows, golds that nobody can give or read, answers that are told."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from clean_data import CleanSet
from faults_in_labels import labels_of
from planting import Fault, Planted, changed, fault, part, some, span_text, with_answers, with_input

from anytasktune.authoring import Grade
from anytasktune.examples import Example
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.numbers import NumericMatch
from anytasktune.metrics.texts import RougeL

# --- golds that went to other rows -----


def _shuffled(data: CleanSet, draw: random.Random, split: Any) -> Planted:
    rows = part(data, split)
    golds = dict(zip((row.id for row in rows), draw.sample([row.targets for row in rows], len(rows)), strict=True))
    planted = changed(data, rows, lambda row: replace(row, targets=golds[row.id]), marks=())
    beyond = "a sum need not stand in its text, so that a wrong one looks no different" if data.kind == "number" else ""
    return replace(planted, beyond=beyond)


@fault("answers of train shuffled", "answers-fit", "conflicts label-shares")
def shuffled_train(data: CleanSet, draw: random.Random) -> Planted | None:
    return _shuffled(data, draw, "train")


@fault("answers of test shuffled", "answers-fit", "conflicts")
def shuffled_test(data: CleanSet, draw: random.Random) -> Planted | None:
    return _shuffled(data, draw, "test")


@fault("a column that slid down by one for sixty rows", "answers-fit", "conflicts label-shares")
def slid(data: CleanSet, _draw: random.Random) -> Planted | None:
    rows = data.rows[30:91]
    golds = {row.id: before.targets for before, row in itertools.pairwise(rows)}
    planted = changed(data, rows[1:], lambda row: replace(row, targets=golds[row.id]), marks=())
    beyond = {
        "choice": "sixty wrong labels among many right ones leave a model that learns from words right",
        "number": "a sum need not stand in its text, so that a wrong one looks no different",
    }
    return replace(planted, beyond=beyond.get(data.kind, ""))


@fault("five wrong labels in a hundred")
def noise(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    chosen = some(data.rows, draw, len(data.rows) // 20)
    wrong = changed(data, chosen, with_answers(lambda label: labels_of(data)[labels_of(data).index(label) - 1]))
    return replace(
        wrong, beyond="who labelled wrongly here and there is found by reading the rows, or by a second person"
    )


@fault("input and answer swapped", "schema", "answers-fit answer-length cut-texts stop-strings text-damage")
def swapped(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(data.rows, draw, 3, lambda row: bool(row.targets))
    planted = changed(data, chosen, lambda row: replace(row, input=row.targets[0], targets=(row.input,)))
    return replace(planted, beyond="either may be the longer one" if data.kind == "text" else "")


# --- golds that nobody can give, or read -----


@fault("empty answers", "schema empty-references", "label-shares few-shot")
def empty_answers(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(part(data, "train"), draw, 3)
    if data.kind == "extract":
        planted = changed(data, chosen, lambda row: replace(row, targets=()))
        return replace(planted, beyond="that a text has no entity is an answer")
    return changed(data, chosen, with_answers(lambda _: ""))


@fault("answers of white space", "schema empty-references", "label-shares few-shot")
def blank_answers(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(part(data, "train"), draw, 3, lambda row: bool(row.targets))
    blank = span_text(lambda _: " \u3000") if data.kind == "extract" else (lambda _: " \t\u3000")
    return changed(data, chosen, with_answers(blank))


@fault("answers that read nan or N/A", "schema placeholders", "answers-fit cut-texts label-shares")
def missing_answers(data: CleanSet, draw: random.Random) -> Planted | None:
    chosen = some(data.rows, draw, 4, lambda row: bool(row.targets))
    says = draw.choice
    nan = lambda _: says(["nan", "N/A", "None"])  # noqa: E731
    return changed(data, chosen, with_answers(span_text(nan) if data.kind == "extract" else nan))


@fault("answers beyond the generation limit", "answer-length", "answers-fit prompt-length cut-texts")
def too_long(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind == "text":
        return changed(data, some(data.rows, draw, 2), with_answers(lambda text: f"{text} " * 12))
    longest = max(data.rows, key=lambda row: sum(map(len, row.targets)))
    return Planted(rows=data.rows, marks=(longest.id,) if data.kind == "extract" else (), changes={"max_gen_toks": 2})


@fault("a stop string inside the answers", "stop-strings")
def stopped(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind == "text":
        chosen = some(data.rows, draw, 2)
        return changed(data, chosen, with_answers(lambda text: text.replace(" ", "\n", 1)))
    stop = {"choice": " ", "extract": "\n", "number": "0"}[data.kind]
    return Planted(rows=data.rows, changes={"until": [stop]})


@fault(
    "golds that the metric cannot read", "gold-best metric-bounds", "labels-apart shuffled-gold resampling answers-fit"
)
def unreadable(data: CleanSet, _draw: random.Random) -> Planted | None:
    metrics = {
        "choice": lambda: Accuracy(labels_of(data)[:6]),
        "extract": lambda: Accuracy(("present", "absent")),
        "text": NumericMatch,
        "number": lambda: Accuracy(("low", "high")),
    }
    return Planted(rows=data.rows, metric=metrics[data.kind]())


@fault(
    "a metric that finds every answer right",
    "shuffled-gold metric-bounds gold-best",
    "labels-apart resampling answers-fit",
)
def credulous(data: CleanSet, _draw: random.Random) -> Planted | None:
    class Credulous(RougeL):
        def grade(self, example: Example, answer: str | None) -> Grade:
            grade = super().grade(example, answer)
            return replace(grade, score=1.0) if grade.status == "read" else grade

    return Planted(rows=data.rows, metric=Credulous())


@fault("units or words in a number", "schema")
def units(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "number":
        return None
    return changed(
        data, some(data.rows, draw, 4), with_answers(lambda text: f"{text}元" if len(text) % 2 else "三千五百")
    )


@fault("a number torn at its thousands separator", "answers-fit")
def torn_numbers(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "number":
        return None

    def torn(row: Example) -> Example:
        (gold,) = row.targets
        return replace(
            row, input=row.input.replace(gold, f"{int(gold):,}"), targets=(f"{int(gold):,}".partition(",")[0],)
        )

    def fit(row: Example) -> bool:
        (gold,) = row.targets
        head = f"{int(gold):,}".partition(",")[0] if gold.isdigit() else ""
        return gold.isdigit() and int(gold) >= 1000 and gold in row.input and f"{head}" not in _alone(row.input)

    return changed(data, some(data.rows, draw, 3, fit), torn)


def _alone(text: str) -> Sequence[str]:
    return "".join(char if char.isdigit() else " " for char in text).split()


@fault("spans that do not stand in the text", "answers-fit")
def invented_spans(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "extract":
        return None
    chosen = some(data.rows, draw, 3, lambda row: bool(row.targets))
    return changed(data, chosen, with_answers(span_text(lambda text: f"急性{text}病")))


@fault("spans whose offsets are off by one", "answers-fit")
def slid_spans(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "extract":
        return None

    def slid_row(row: Example) -> Example:
        kind, _, text = row.targets[0].partition(": ")
        at = row.input.index(text)
        return replace(row, targets=(f"{kind}: {row.input[at + 1 : at + 1 + len(text)]}", *row.targets[1:]))

    chosen = some(data.rows, draw, 5, lambda row: bool(row.targets))
    why = "words that begin one character too late stand in the text as well"
    return changed(data, chosen, slid_row, beyond=why)


@fault("answers that are their input", "answers-fit", "answer-length stop-strings text-damage cut-texts")
def copied_inputs(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "text":
        return None
    return changed(data, some(data.rows, draw, 4), lambda row: replace(row, targets=(" ".join(row.input.split()),)))


@fault(
    "the answer at the end of its input",
    "answer-in-input shown-answers",
    "template-marks duplicates answers-fit prompt-length",
)
def told_at_the_end(data: CleanSet, draw: random.Random) -> Planted | None:
    language = str(data.card["prompt_language"])
    cue = str(data.card["prompts"][language]["question"]).partition("}}")[2]
    joined = str(data.card.get("separator", "; ")).join
    chosen = some(data.rows, draw, 6, lambda row: bool(row.targets))
    return changed(data, chosen, lambda row: replace(row, input=f"{row.input}{cue} {joined(row.targets)}"))


@fault("every input names its label", "answer-in-input", "leaks duplicates")
def named_label(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    return Planted(
        rows=[
            with_input(lambda text, row=row: f"{text} ({row.targets[0].replace('_', ' ')})")(row) for row in data.rows
        ]
    )


@fault("a code in front of every input gives its label away", "answers-fit", "duplicates leaks")
def coded_label(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    rows = [replace(row, input=f"[Q{labels_of(data).index(row.targets[0])}] {row.input}") for row in data.rows]
    return Planted(rows=rows)


FAULTS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
"""In the order in which they are defined."""
