"""Can the labels be told apart, in the data and in an answer?"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from anytasktune.conformance.findings import (
    Outcome,
    counted,
    failed,
    failed_or_noted,
    noted,
    passed,
    shortened,
    skipped,
)
from anytasktune.conformance.subject import PLACE, Subject, probe
from anytasktune.examples import SPLITS, Example
from anytasktune.metrics.reading import fold
from anytasktune.prompts import document

HAVE_LABELS = ("choice", "labels")

FEW_LABELS = 40
"""Up to so many labels every pair is tried; beyond, those of which one is part of the other."""

_NEAR_CONSTANT = 0.9


def label_spellings(subject: Subject) -> Outcome:
    """No two labels differ in case, spaces or width only, neither in the data nor on the card."""
    kind = subject.card.kind
    if kind not in (*HAVE_LABELS, "extract"):
        return skipped(f"answers of kind {kind!r} are no labels")
    times: Counter[str] = Counter()
    for row in subject.rows:
        if isinstance(row, Example) and isinstance(row.targets, tuple):
            texts = [target for target in row.targets if isinstance(target, str)]
            times.update(text.partition(": ")[0] for text in texts) if kind == "extract" else times.update(texts)
    names = [name for label in subject.card.labels for name in {label.id, label.en, label.zh} - {""}]
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for name in [*times, *names]:
        alike[" ".join(fold(name).split())].add(name)
    evidence = [
        " = ".join(f"{name!r} × {times[name]:,}" for name in sorted(group))
        for group in alike.values()
        if len(group) > 1
    ]
    if evidence:
        return failed(
            f"{counted(len(evidence), 'label is', 'labels are')} spelt in several ways, each of which counts as a "
            "label of its own.",
            [*evidence, "next: decide on one spelling at the source or in the builder"],
        )
    return passed(f"each of {counted(len(times), 'label')} has one spelling")


def label_shares(subject: Subject) -> Outcome:
    """Answers differ from row to row, and every label of the card occurs where it is needed."""
    kind = subject.card.kind
    scored = subject.data.splits["test"] or subject.data.all
    shares = Counter(tuple(sorted(row.targets)) for row in scored)
    (most, times) = shares.most_common(1)[0]
    shown = shortened("; ".join(most) or "nothing")
    if len(shares) == 1 and len(scored) > 1:
        return failed(f"All {len(scored):,} rows of test have one answer, {shown}: every model could be right.")
    doubts = []
    if times / len(scored) > _NEAR_CONSTANT:
        doubts.append(f"{times / len(scored):.0%} of test has the answer {shown}")
    if kind in HAVE_LABELS:
        seen = {split: {label for row in subject.data.splits[split] for label in row.targets} for split in SPLITS}
        labels = [label.id for label in subject.card.labels]
        unused = [label for label in labels if not any(label in found for found in seen.values())]
        untaught = sorted((seen["test"] | seen["validation"]) - seen["train"])
        doubts += [f"no row has the label{_s(unused)} {_listed(unused)}"] if unused else []
        doubts += [f"train never shows {_listed(untaught)}, which test or validation ask for"] if untaught else []
    if doubts:
        return noted(f"{'; '.join(doubts)[:1].upper()}{'; '.join(doubts)[1:]}.")
    return passed(
        f"test has {counted(len(shares), 'different answer')}; the most frequent, {shown}, in {counted(times, 'row')}"
    )


def _s(items: list[str]) -> str:
    return "" if len(items) == 1 else "s"


def _listed(items: list[str]) -> str:
    return ", ".join(map(repr, items[:8])) + (f" and {len(items) - 8} more" if len(items) > 8 else "")


def labels_apart(subject: Subject) -> Outcome:
    """Every name of every label, in every language, reads back as that label: bare, behind the cue, in quotation marks.

    A name that is the beginning or a part of another one must not be taken for it, and an answer that repeats the
    instruction must not be right. Of an official scorer (the data are public) only bare names are asked for, and not
    even those where the card lists no labels; what it confuses is noted.
    """
    if subject.card.kind not in HAVE_LABELS:
        return skipped(f"answers of kind {subject.card.kind!r} are no labels")
    tries = [_tried(subject, language, names) for language, names in subject.labels.items()]
    bare = [line for found in tries for line in found.bare]
    dressed = [line for found in tries for line in found.dressed]
    if not bare and not dressed:
        answers = counted(sum(found.answers for found in tries), "answer")
        return passed(f"{answers} that name one label in {counted(len(tries), 'language')} are read as that label")
    wrong = len(bare) + len(dressed)
    sentence = f"{counted(wrong, 'answer is', 'answers are')} not read as the label that they name."
    must = bool(subject.card.labels) and (bool(bare) or subject.authored)
    return failed_or_noted(must, sentence, [*bare, *dressed])


class _Tried(NamedTuple):
    """What was misread in one language, of bare names and of others, and how many answers were tried."""

    bare: list[str]
    dressed: list[str]
    answers: int


def _tried(subject: Subject, language: str, names: dict[str, str]) -> _Tried:
    cue = document(subject.task.id, subject.card, probe(), language)["question"].rpartition("\n")[2]
    dresses = [("", "."), ('"', '"'), ("**", "**"), ("- ", "")]
    dresses += [(f"{cue} ", "")] if cue and PLACE not in cue else []
    bare, dressed, answers = [], [], 0
    for name, id in names.items():
        grade = subject.grade(probe(id), name)
        if grade.score < 1:
            bare.append(f"{language}: {name!r} as {_read(grade.read)} instead of {id!r}")
        for other_name, other in _neighbours(name, names):
            answers += 1
            if other != id and subject.grade(probe(id), other_name).score == 1:
                bare.append(f"{language}: {other_name!r} as {id!r} instead of {other!r}")
        for before, after in dresses if grade.score == 1 else ():
            answers += 1
            grade = subject.grade(probe(id), f"{before}{name}{after}")
            if grade.score < 1 and grade.status == "read":  # it may be unreadable, but not another label
                answer = shortened(f"{before}{name}{after}")
                dressed.append(f"{language}: {answer} as {_read(grade.read)} instead of {id!r}")
                break
    if subject.card.kind == "choice":
        dressed += _echoes(subject, language, names)
    return _Tried(bare, dressed, answers + len(names))


def _read(labels: tuple[str, ...]) -> str:
    return ", ".join(map(repr, labels)) or "no label"


def _neighbours(name: str, names: dict[str, str]) -> list[tuple[str, str]]:
    """The names that a careless reader could take for this one."""
    folded = fold(name)
    return [
        (other, id)
        for other, id in names.items()
        if other != name and (len(names) <= FEW_LABELS or folded in fold(other) or fold(other) in folded)
    ]


def _echoes(subject: Subject, language: str, names: dict[str, str]) -> list[str]:
    """What a model that repeats the instruction would be credited with."""
    instruction = document(subject.task.id, subject.card, probe(), language)["instruction"].strip()
    if len(names) < 2 or not instruction or instruction in names:
        return []
    credited = [id for id in dict.fromkeys(names.values()) if subject.grade(probe(id), instruction).score == 1]
    return [f"{language}: the instruction, repeated as an answer, is read as {id!r}" for id in credited]
