"""Does the metric keep its contract on any answer, and does the right answer win?"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from anytasktune.conformance.findings import (
    Fault,
    Outcome,
    counted,
    described,
    failed,
    failed_or_noted,
    passed,
    sampled,
    shortened,
    skipped,
    theirs,
)
from anytasktune.conformance.hostile import BLANKS, hostile_answers
from anytasktune.conformance.subject import Subject
from anytasktune.conformance.time_limit import OutOfTime, at_most
from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, Status, bounds_of
from anytasktune.metrics.reading import is_blank

SAMPLE: Final = 200
"""Rows that a metric is tried on."""

HOSTILE_ROWS: Final = 4
SLOW: Final = 5.0
"""Seconds of computing that one grade may take."""

TOLERANCE: Final = 1e-6

_CEILING: Final = 0.8
"""An official scorer may give its own golds less than 1; below this much, golds and rule do not belong together."""


def metric_bounds(subject: Subject) -> Outcome:
    """Each grade lies in [0, 1] with a known status, and each primary score within the metric's bounds.

    Tried: right answers, other rows' right answers, the input itself, nothing, and no answer at all. The same answer
    gets the same grade twice. A right answer's primary score is a number.
    """
    metric = subject.task.metric
    with theirs("the metric's bounds"):
        low, high = bounds_of(metric)
    rows = subject.sample(subject.data.all, SAMPLE)
    batches = _ordinary_answers(subject, rows)
    faults: list[str] = []
    for what, answers in batches.items():
        grades = [subject.grade(row, answer) for row, answer in zip(rows, answers, strict=True)]
        for row, answer, grade in zip(rows, answers, grades, strict=True):
            if fault := _grade_fault(grade, answer):
                faults.append(f"{row.id}, {what}: {fault}")
        if faults:
            continue
        if fault := _summary_fault(subject, grades, low, high, may_be_nothing=answers[0] is None):
            faults.append(f"{sampled(rows, subject.data.all)}, {what}: {fault}")
    unsteady = [row.id for row in rows[:20] if subject.grade(row, "banana") != subject.grade(row, "banana")]
    faults += [f"{id}: the same answer gets another grade the second time" for id in unsteady]
    if faults:
        return failed(f"The metric leaves its bounds ({counted(len(faults), 'time')}): {faults[0]}.", faults[1:])
    spread = f"[{low:g}, {high:g}]"
    return passed(f"on {sampled(rows, subject.data.all)} every grade lies in [0, 1] and {metric.name} in {spread}")


def _ordinary_answers(subject: Subject, rows: Sequence[Example]) -> dict[str, list[str | None]]:
    language = subject.card.prompt_language
    golds = [subject.gold(row, language) for row in rows]
    return {
        "the right answer": list(golds),
        "another row's right answer": [*golds[1:], *golds[:1]],
        "the input as answer": [row.input for row in rows],
        "an empty answer": [""] * len(rows),
        "no answer": [None] * len(rows),
    }


def _grade_fault(grade: object, answer: str | None) -> str:
    """What is wrong with one grade; "" when nothing is."""
    if not isinstance(grade, Grade):
        return f"grade returns {type(grade).__name__}, not Grade"
    score, status = grade.score, grade.status
    if not isinstance(score, int | float) or isinstance(score, bool):
        return f"its score is {type(score).__name__}, not a number"
    said = "no answer" if answer is None else "an answer"
    faults = {
        f"its score is {score}, which is not in [0, 1]": not 0 <= score <= 1,  # NaN is neither
        f"its status is {status!r}, not one of {', '.join(get_args(Status))}": status not in get_args(Status),
        f"its status is {status!r} for {said}": (answer is None) != (status == "missing"),
        f"its status is {status!r} and its score {score}": status != "read" and score > 0,
        "what was read is not a tuple of texts": not all(isinstance(text, str) for text in (*grade.read, *grade.gold)),
    }
    return next((sentence for sentence, holds in faults.items() if holds), "")


def _summary_fault(subject: Subject, grades: Sequence[Grade], low: float, high: float, *, may_be_nothing: bool) -> str:
    name = subject.task.metric.name
    with theirs("the metric's summarise"):
        scores = subject.task.metric.summarise(grades)
    if not isinstance(scores, Mapping):
        return f"summarise returns {type(scores).__name__}, not scores by name"
    if name not in scores:
        return f"summarise does not give {name!r}, only {', '.join(map(repr, scores)) or 'nothing'}"
    value = scores[name]
    if not isinstance(value, int | float):
        return f"{name} is {type(value).__name__}, not a number"
    if math.isnan(value):
        return "" if may_be_nothing or all(grade.skip for grade in grades) else f"{name} is NaN"
    if not low - TOLERANCE <= value <= high + TOLERANCE:
        return f"{name} is {value}, which is not in [{low:g}, {high:g}]"
    return ""


def gold_best(subject: Subject) -> Outcome:
    """The right answer of a row, in every language of a prompt, scores 1, and nothing scores above it.

    An official scorer may give its own golds less than 1; where the data are public, that is noted as the ceiling, as
    long as no other answer beats them.
    """
    rows = subject.sample(subject.data.all, SAMPLE)
    ceilings: dict[str, float] = {}
    below: dict[str, str] = {}
    beaten: list[str] = []
    others = list(dict.fromkeys(subject.gold(row, subject.card.prompt_language) for row in rows))[:12]
    for language in subject.card.prompts:
        grades = []
        for row in rows:
            best = subject.grade(row, subject.gold(row, language))
            grades.append(best)
            if best.skip:
                continue
            if best.score < 1 - TOLERANCE:
                below.setdefault(row.id, f"{row.id}: {shortened(subject.gold(row, language))} scores {best.score:.3g}")
            rivals = [*others, "", row.input] if language == subject.card.prompt_language else []
            beaten += [
                f"{row.id}: {shortened(rival)} beats it" for rival in rivals if _beats(subject, row, rival, best)
            ]
            beaten += _poor_references(subject, row)
        ceilings[language] = subject.summary(grades)
    lowest = min(ceilings.values())
    sentence = f"{subject.task.metric.name} of the right answers is {lowest:.4g} on {sampled(rows, subject.data.all)}"
    if beaten:
        return failed("Another answer scores above the right one.", dict.fromkeys(beaten))
    if below:
        return failed_or_noted(
            subject.authored or not lowest >= _CEILING,
            f"{sentence}: {counted(len(below), 'right answer scores', 'right answers score')} below 1.",
            below.values(),
        )
    return passed(sentence)


def _beats(subject: Subject, row: Example, rival: str, best: Grade) -> bool:
    return subject.grade(row, rival).score > best.score + TOLERANCE


def _poor_references(subject: Subject, row: Example) -> list[str]:
    """Further references of a free text that do not score 1 themselves."""
    if subject.card.kind != "text" or subject.grade(row, row.targets[0]).score < 1 - TOLERANCE:
        return []
    usable = [reference for reference in row.targets[1:] if not is_blank(reference)]
    return [
        f"{row.id}: its own reference {shortened(text)} scores less"
        for text in usable
        if subject.grade(row, text).score < 1 - TOLERANCE
    ]


def shuffled_gold(subject: Subject) -> Outcome:
    """Right answers given to the wrong rows score below the right ones."""
    rows = subject.sample(subject.data.all, SAMPLE)
    language = subject.card.prompt_language
    golds = [subject.gold(row, language) for row in rows]
    if len(set(golds)) < 2:
        return skipped("all right answers are the same")
    shift = max(range(1, len(rows)), key=lambda by: sum(a != b for a, b in zip(golds, _turned(golds, by), strict=True)))
    right = subject.summary([subject.grade(row, gold) for row, gold in zip(rows, golds, strict=True)])
    wrong = subject.summary([subject.grade(row, gold) for row, gold in zip(rows, _turned(golds, shift), strict=True)])
    said = f"{subject.task.metric.name} is {right:.4g} for right answers and {wrong:.4g} when rows swap them"
    if not wrong < right:
        return failed(f"{said[0].upper()}{said[1:]}: the metric does not see the difference.")
    return passed(said)


def _turned(answers: Sequence[str], by: int) -> list[str]:
    return [*answers[by:], *answers[:by]]


def odd_answers(subject: Subject) -> Outcome:
    """Empty, huge, foreign and hostile answers are graded without an exception, soon, and never as right."""
    rows = subject.sample(subject.data.all, HOSTILE_ROWS)
    labels = [name for names in subject.labels.values() for name in names][:200]
    odd = hostile_answers(labels or ["person: Ann", "place: Rome"])
    faults: list[str] = []
    grades: list[Grade] = []
    for what, answer in {**{f"a blank answer {text!r}": text for text in BLANKS}, **odd}.items():
        for row in rows:
            grade, fault = _graded_in_time(subject, row, answer)
            fault = fault or _credit_fault(subject, row, what, grade)
            if fault:
                faults.append(f"{what} to {row.id}: {fault}")
                break
            if grade is not None:
                grades.append(grade)
    if faults:
        return failed(f"The metric cannot take {counted(len(faults), 'odd answer')}.", faults)
    value = subject.summary(grades)
    if math.isnan(value):
        return failed(
            f"{subject.task.metric.name} over odd answers is NaN: rows that cannot be read must count as wrong."
        )
    return passed(f"{counted(len(odd) + len(BLANKS), 'odd answer')} are graded, none as right without being so")


def _graded_in_time(subject: Subject, row: Example, answer: str) -> tuple[Grade | None, str]:
    """The grade, or what is wrong with it."""
    try:
        with at_most(SLOW):
            grade: object = subject.task.metric.grade(row, answer)
    except OutOfTime:
        return None, f"grade has not ended after {SLOW:.0f} s, for {len(answer):,} characters"
    except (Exception, SystemExit) as error:  # noqa: BLE001  # another's code
        return None, f"grade raises {described(error)}"
    fault = _grade_fault(grade, answer)
    return (grade, "") if isinstance(grade, Grade) and not fault else (None, fault)


def _credit_fault(subject: Subject, row: Example, what: str, grade: Grade | None) -> str:
    """An answer that says nothing, or everything, is credited."""
    if grade is None or grade.score == 0:
        return ""
    nothing_is_right = not row.targets or all(is_blank(target) for target in row.targets)
    if what.startswith("a blank answer") and not nothing_is_right:
        return f"it scores {grade.score:.3g}"
    listed = what.startswith("all labels") and subject.card.kind == "choice"
    return f"it is read as {', '.join(grade.read)} and scores {grade.score:.3g}" if listed else ""


def resampling(subject: Subject) -> Outcome:
    """``resampled`` gives what ``summarise`` gives on the same rows: intervals rest on the one, scores on the other."""
    import numpy

    metric = subject.task.metric
    rows = subject.sample(subject.data.all, SAMPLE)
    golds = [subject.gold(row, subject.card.prompt_language) for row in rows]
    answers = [gold if place % 3 else golds[place - 1] for place, gold in enumerate(golds)]
    given = [subject.grade(row, answer) for row, answer in zip(rows, answers, strict=True)]
    grades = [grade for grade in given if not grade.skip]
    if not grades:
        return skipped("the metric skips every row")
    draw = random.Random(0)  # noqa: S311  # no secret
    lines = [list(range(len(grades))), *([draw.randrange(len(grades)) for _ in grades] for _ in range(3))]
    with theirs("the metric's resampled"):
        scores = metric.resampled(grades, numpy.array(lines, dtype=numpy.intp))
        found = numpy.asarray(scores, dtype=float)
    if found.shape != (len(lines),):
        raise Fault(f"The metric's resampled returns an array of shape {found.shape} for {len(lines)} resamples.")
    wanted = [subject.summary([grades[place] for place in line]) for line in lines]
    apart = [
        f"resampled {float(a):.6g}, summarise {b:.6g}"
        for a, b in zip(found, wanted, strict=True)
        if not (abs(float(a) - b) <= TOLERANCE or (math.isnan(a) and math.isnan(b)))
    ]
    if apart:
        return failed("The metric's resampled and its summarise give different scores on the same rows.", apart)
    return passed(f"resampled and summarise agree on {len(lines)} draws of {counted(len(grades), 'row')}")
