"""Does what was published with the sub-task hold: fingerprints, and the answers of other models?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from anytasktune import splits
from anytasktune.conformance.findings import Outcome, counted, failed, noted, passed, skipped, theirs
from anytasktune.conformance.subject import Subject
from anytasktune.examples import DataRequest
from anytasktune.scoring import MISSING_ALLOWED


def fingerprint(subject: Subject) -> Outcome:
    """The data of this version, and of its variants, are those whose fingerprints the card names."""
    card = subject.card
    wrong, absent = [], []
    for variant in ("", *card.variants):
        name = splits.version_name(card.version, variant)
        request = DataRequest(variant=variant)
        built = subject.data.fingerprint if not variant else subject.built(request).fingerprint
        if name not in card.fingerprints:
            absent.append(f'"{name}": {built}')
        elif card.fingerprints[name] != built:
            wrong.append(f"{name}: the card says {card.fingerprints[name]}, built now {built}")
    if wrong:
        return failed(
            f"The data changed without a new version ({counted(len(wrong), 'fingerprint')}).",
            [*wrong, "next: restore the data, or raise metadata.version and give the new fingerprints"],
        )
    if absent:
        return noted(
            "The card names no fingerprint for this version, so that changed data would go unnoticed.",
            [f"metadata.fingerprints: {{{', '.join(absent)}}}"],
        )
    return passed(f"the data are those of version {card.version}: {subject.data.fingerprint}")


def recorded(subject: Subject) -> Outcome:
    """Recorded answers belong to rows that exist, each to one, and cover the test split."""
    if not subject.task.recorded:
        return skipped("no answers of other models were published with it")
    faults: list[str] = []
    gaps: list[str] = []
    total = 0
    for variant in ("", *subject.card.variants):
        request = DataRequest(variant=variant)
        data = subject.data if not variant else subject.built(request)
        ids = {row.id for row in data.all}
        test = {row.id for row in data.splits["test"]}
        for model, answers_of in subject.task.recorded.items():
            name = f"{model}{f' on {variant}' if variant else ''}"
            with theirs(f"reading the recorded answers of {name}"):
                answers = list(answers_of(request))
            total += len(answers)
            faults += _faults(name, answers, ids)
            if faults:
                continue
            given = {id for id, answer in answers if answer is not None}
            lacking = len(test - given)
            if lacking > MISSING_ALLOWED * len(test):
                gaps.append(f"{name}: {lacking:,} of {len(test):,} test rows have no answer, so it gets no score")
    if faults:
        return failed("Recorded answers do not belong to the rows.", faults)
    if gaps:
        return noted("Recorded answers are missing.", gaps)
    return passed(
        f"{counted(total, 'recorded answer')} of {', '.join(subject.task.recorded)} belong to rows that exist"
    )


def _faults(name: str, answers: Sequence[object], ids: set[str]) -> list[str]:
    """What is wrong with one model's answers, a line each."""
    pairs = [item for item in answers if isinstance(item, tuple) and len(item) == 2]
    if len(pairs) < len(answers):
        return [f"{name}: yields {type(answers[0]).__name__}, not pairs of id and answer"]
    strange = [id for id, answer in pairs if not isinstance(id, str) or not isinstance(answer, str | None)]
    if strange:
        return [f"{name}: the answer to {strange[0]!r} is no text"]
    twice = [id for id, times in Counter(id for id, _ in pairs).items() if times > 1]
    unknown = [id for id, _ in pairs if id not in ids]
    lines = [f"{name}: {counted(len(unknown), 'id')} of no row: {', '.join(unknown[:5])}"] if unknown else []
    return lines + ([f"{name}: {counted(len(twice), 'id')} answered twice: {', '.join(twice[:5])}"] if twice else [])
