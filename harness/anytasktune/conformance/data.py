"""Is what the builder yields fit to tune on and to be scored?"""

from __future__ import annotations

from collections import Counter, defaultdict

from anytasktune.conformance.findings import (
    Outcome,
    counted,
    failed,
    failed_or_noted,
    noted,
    passed,
    skipped,
)
from anytasktune.conformance.fresh import digest_of
from anytasktune.conformance.subject import Subject
from anytasktune.examples import SPLITS, Example
from anytasktune.metrics.reading import is_blank
from anytasktune.near_duplicates import comparison_key
from anytasktune.prompts import showable

FEW_TEST_ROWS = 50
"""Below this many, the interval of a score is so wide that few models differ."""

_SAME_ID = "its id is that of row"  # how ``row_checks`` begins that reason


def builder(subject: Subject) -> Outcome:
    """The builder runs through and yields rows."""
    rows = subject.rows
    if not rows:
        return failed("The builder yields no row.")
    return passed(f"the builder yields {counted(len(rows), 'row')}")


def determinism(subject: Subject) -> Outcome:
    """The builder yields the same rows in the same order: again in this process, and in a fresh one elsewhere.

    The fresh process runs in another folder and with another seed of Python's hashing, so that a path that leads
    nowhere from there, and an order that comes from a set, are found.
    """
    first = [digest_of(row) for row in subject.rows]
    again = [digest_of(row) for row in subject.build()]
    if again != first:
        return failed("The builder yields other rows when it runs a second time.", _difference(subject, first, again))
    fresh = subject.fresh
    if fresh["rows_error"]:
        return failed(
            f"In a fresh process that was started in another folder, the builder raises {fresh['rows_error']}.",
            ["next: find files by Path(__file__), never by the working folder"],
        )
    if fresh["rows"] != first:
        same = sorted(fresh["rows"]) == sorted(first)
        how = "the same rows in another order" if same else "other rows"
        return failed(f"In a fresh process the builder yields {how}.", _difference(subject, first, fresh["rows"]))
    return passed("three builds, one of them in a fresh process, yield the same rows in the same order")


def _difference(subject: Subject, first: list[str], other: list[str]) -> list[str]:
    place = next((i for i, (a, b) in enumerate(zip(first, other, strict=False)) if a != b), min(len(first), len(other)))
    row = subject.rows[place] if place < len(subject.rows) else None
    lines = [f"{len(first):,} rows at first, {len(other):,} then"] if len(first) != len(other) else []
    return [*lines, f"first difference: row {place} ({getattr(row, 'id', 'no id')})"]


def schema(subject: Subject) -> Outcome:
    """Every row is an Example with an id, an input and targets that fit the card's kind."""
    bad = []
    for row in subject.checked.bad:
        reasons = [reason for reason in row.reason.split("; ") if not reason.startswith(_SAME_ID)]
        if reasons:
            bad.append(f"{row.id or 'no id'} (row {row.number}): {'; '.join(reasons)}")
    if not bad:
        return passed("every row has what its kind needs")
    rows = counted(len(bad), "row")
    if subject.card.splits.on_bad_row == "skip":
        return noted(f"{rows} cannot be used and will be left out, as the card says.", bad)
    return failed(f"{rows} cannot be used.", bad)


def row_ids(subject: Subject) -> Outcome:
    """No id stands twice."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(subject.rows):
        if isinstance(row, Example):
            places[str(row.id)].append(number)
    twice = {id: numbers for id, numbers in places.items() if len(numbers) > 1}
    if twice:
        evidence = [f"{id}: rows {', '.join(map(str, numbers))}" for id, numbers in twice.items()]
        return failed(f"{counted(len(twice), 'id stands', 'ids stand')} at more than one row.", evidence)
    return passed(f"all {len(places):,} ids differ")


def split_sizes(subject: Subject) -> Outcome:
    """Train, validation and test have rows, and enough of them."""
    counts = subject.data.report.counts
    said = ", ".join(f"{split} {counts[split]:,}" for split in SPLITS)
    empty = [split for split in SPLITS if not counts[split]]
    if empty:
        return failed(
            f"There is no row in {' and '.join(empty)}.",
            [said, "next: give rows a split in the builder, or metadata.splits.shares in the card"],
        )
    doubts = []
    if counts["test"] < FEW_TEST_ROWS:
        half = 196 * (0.25 / counts["test"]) ** 0.5
        doubts.append(f"test has {counts['test']} rows: an accuracy of 50 % is known to ± {half:.0f} points only")
    if counts["train"] < counts["test"]:
        doubts.append("train is smaller than test")
    shown = len(showable(subject.data.fewshot))
    if shown < subject.card.shots:
        doubts.append(f"the card shows {subject.card.shots} few-shot examples, and train has {shown} to show")
    return noted(f"{said}; {'; '.join(doubts)}.") if doubts else passed(said)


def leaks(subject: Subject) -> Outcome:
    """No row of train or validation gives away a row that is scored, being the same text or nearly so.

    A build takes such rows out of train by itself. What that means depends on where the rows come from. Rows that
    were written for the sub-task (``source.authored`` in the card) stand in the split that their author gave them: a
    test row that also stands in train is a mistake, and the check fails. Rows that others published are left as they
    are, and so are rows that the core itself shared out: there the check notes how many are taken out.
    """
    published = {row.id: row.split for row in subject.data.all}
    found = [leak for leak in subject.data.report.leaks if leak.how != "group"]
    if not found:
        return passed("no row of train or validation repeats a row that is scored")
    mistakes = [
        leak
        for leak in found
        if published[leak.id] and published[leak.of] and published[leak.id] != published[leak.of] and subject.authored
    ]
    told = mistakes or found
    how = Counter(leak.how for leak in told)
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(how.items()))
    evidence = [
        f"{leak.split} {leak.id} {'is' if leak.how == 'exact' else 'is nearly'} {leak.of_split} {leak.of}"
        for leak in told
    ]
    if mistakes:
        return failed(
            f"{counted(len(told), 'row leaks', 'rows leak')} from a scored split into one that is learnt ({parts}).",
            evidence,
        )
    return noted(f"{counted(len(told), 'leak')} will be taken out of train and validation ({parts}).", evidence)


def groups(subject: Subject) -> Outcome:
    """Rows of one group (one case, one author) stand in one split; the rule of ``leaks`` says when one must."""
    members: defaultdict[str, list[Example]] = defaultdict(list)
    for row in subject.data.all:
        if row.group:
            members[row.group].append(row)
    if not members:
        return passed("no row has a group")
    rows = sum(map(len, members.values()))
    if len(members) == 1 and rows > 1:
        return failed(f"All {rows:,} rows that have a group have the same one: {next(iter(members))!r}.")
    torn = {group: {row.split for row in rows if row.split} for group, rows in members.items()}
    evidence = [
        f"group {group!r} in {' and '.join(s for s in SPLITS if s in found)}: "
        + ", ".join(row.id for row in members[group][:6])
        for group, found in torn.items()
        if len(found) > 1
    ]
    if evidence:
        sentence = f"{counted(len(evidence), 'group stands', 'groups stand')} in more than one split"
        tail = "." if subject.authored else ", and will be taken out of train and validation."
        return failed_or_noted(subject.authored, sentence + tail, evidence)
    return passed(f"each of {counted(len(members), 'group')} stands in one split")


def duplicates(subject: Subject) -> Outcome:
    """Rows that say the same within one split are counted and named."""
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in subject.data.all:
        alike[row.split, comparison_key(row.input)].append(row.id)
    same = [ids for ids in alike.values() if len(ids) > 1]
    near = subject.data.report.near_duplicates
    if not same and not near:
        return passed("no input stands twice")
    found = [f"{counted(len(same), 'input stands', 'inputs stand')} more than once within a split"] if same else []
    found += [f"there {'is' if near == 1 else 'are'} {counted(near, 'near duplicate')} in all"] if near else []
    sentence = "; ".join(found)
    return noted(f"{sentence[0].upper()}{sentence[1:]}.", [" = ".join(ids) for ids in same])


def conflicts(subject: Subject) -> Outcome:
    """Equal inputs have equal answers; the rule of ``leaks`` says whether conflicting ones are a failure."""
    if subject.card.kind == "text":
        return skipped("two texts may both be right answers to one input")
    found = subject.data.report.conflicts
    if not found:
        return passed("equal inputs have equal answers")
    targets = {row.id: row.targets for row in subject.data.all}
    evidence = [" / ".join(f"{id} ({'; '.join(targets[id]) or 'nothing'})" for id in ids) for ids in found]
    return failed_or_noted(
        subject.authored,
        f"{counted(len(found), 'input stands', 'inputs stand')} with different answers.",
        evidence,
    )


def empty_references(subject: Subject) -> Outcome:
    """References of nothing but space or punctuation are named; tuning cannot learn an empty answer."""
    if subject.card.kind != "text":
        return skipped("only free text has references")
    blank = [row for row in subject.data.all if any(is_blank(target) for target in row.targets)]
    if not blank:
        return passed("every reference says something")
    learnt = {row.id for split in ("train", "validation") for row in subject.data.splits[split]}
    unlearnable = [row.id for row in blank if row.id in learnt and not row.targets[0].strip()]
    if unlearnable:
        return failed(
            f"{counted(len(unlearnable), 'row')} of train or validation {'has' if len(unlearnable) == 1 else 'have'} "
            "an empty answer, and tuning refuses them.",
            unlearnable,
        )
    return noted(
        f"{counted(len(blank), 'row has', 'rows have')} a reference of nothing but space or punctuation: it counts "
        "only where no other is usable, and then an empty answer is the right one.",
        [row.id for row in blank],
    )
