"""The rows of the new package: read, shared out, and looked at for what an author should know of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from anytasktune.errors import DataError
from anytasktune.examples import SPLITS, Kind, Split
from anytasktune.metrics.reading import fold
from anytasktune.near_duplicates import comparison_key
from anytasktune.row_checks import is_number
from anytasktune.scaffold.values import shown
from anytasktune.splits import share_of

SHARES: Final[Mapping[Split, float]] = {"test": 0.3, "validation": 0.1, "train": 0.6}
"""Of rows without a published split."""

_ROWS_OF_A_GROUP: Final = 8


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the package.

    Args:
        place: where it stands in the author's file, in words.
        input, targets, split, group, language, slices: as ``Example`` has them.
    """

    place: str
    input: str
    targets: tuple[str, ...]
    split: Split | str = ""
    group: str = ""
    language: str = ""
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that an author should look at, and the rows or values that show it."""

    what: str
    evidence: tuple[str, ...] = ()


# --- spellings -----


def spellings_of(labels: Iterable[str]) -> list[list[tuple[str, int]]]:
    """Labels that differ in case, spaces or width only: each spelling with its count, the commonest first.

    A label with space around it is one too, even alone: no answer can be told to have that space.
    """
    groups: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for label, count in sorted(Counter(labels).items(), key=lambda item: (-item[1], item[0])):
        groups[fold(label)].append((label, count))
    return [group for group in groups.values() if len(group) > 1 or group[0][0] != group[0][0].strip()]


def labels_in(rows: Iterable[Row], kind: Kind) -> list[str]:
    """Every label as often as it stands: of spans, the types; of texts and numbers, none."""
    if kind in ("choice", "labels"):
        return [target for row in rows for target in row.targets]
    return [target.partition(": ")[0] for row in rows for target in row.targets] if kind == "extract" else []


def merged(rows: Sequence[Row], kind: Kind) -> tuple[list[Row], list[Finding]]:
    """The rows with every label in its commonest spelling, and what was changed."""
    into: dict[str, str] = {}
    findings = []
    for group in spellings_of(labels_in(rows, kind)):
        best = group[0][0].strip()
        into.update({label: best for label, _ in group})
        findings.append(Finding(what=f"merged into {best!r}", evidence=_counted(group)))
    if not into:
        return list(rows), []

    def one(target: str) -> str:
        if kind != "extract":
            return into.get(target, target)
        kind_of, _, words = target.partition(": ")
        return f"{into.get(kind_of, kind_of)}: {words}"

    changed = [replace(row, targets=tuple(map(one, row.targets))) for row in rows]
    if kind == "labels":
        changed = [replace(row, targets=tuple(dict.fromkeys(row.targets))) for row in changed]
    return changed, findings


def _counted(group: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(f"{label!r} × {count}" for label, count in group)


# --- splits -----


def shared_out(rows: Sequence[Row], salt: str) -> tuple[list[Row], str]:
    """Rows with a split, by the hash of their group or of what they say, and a sentence on how.

    A row that is added later never moves another one; only where so few rows leave a split empty are they taken in
    the hash's order instead.

    Raises:
        DataError: there are too few to have three splits.
    """
    keys = [row.group or comparison_key(row.input) for row in rows]
    places = {key: share_of(salt, key) for key in keys}
    if len(places) < len(SPLITS):
        what = "groups" if any(row.group for row in rows) else "different inputs"
        raise DataError(
            f"Too few {what}, {len(places)}: train, validation and test need one each.",
            evidence=[f"{row.place} {shown(row.input)}" for row in rows],
            fix="add rows",
        )
    split_of: dict[str, Split] = {}
    for key, place in places.items():
        in_test, in_validation = place < SHARES["test"], place < SHARES["test"] + SHARES["validation"]
        split_of[key] = "test" if in_test else "validation" if in_validation else "train"
    how = "60 % train, 10 % validation, 30 % test, by the hash of what a row says"
    if len(set(split_of.values())) < len(SPLITS):
        order = sorted(places, key=lambda key: places[key])
        test = max(1, round(SHARES["test"] * len(order)))
        validation = max(1, round(SHARES["validation"] * len(order)))
        bounds = test, test + validation
        split_of = {
            key: "test" if number < bounds[0] else "validation" if number < bounds[1] else "train"
            for number, key in enumerate(order)
        }
        how += "'s order, since they are so few"
    return [replace(row, split=split_of[key]) for row, key in zip(rows, keys, strict=True)], how


# --- findings -----


def findings_of(rows: Sequence[Row], kind: Kind, labels: Sequence[str]) -> list[Finding]:
    """What an author should look at before anything is tuned; nothing is mended."""
    found = [*_without_targets(rows, kind), *_spellings(rows, kind)]
    by_key: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_key[comparison_key(row.input)].append(row)
    groups = [group for group in by_key.values() if len(group) > 1]
    conflicts = [group for group in groups if len({tuple(sorted(Counter(row.targets).items())) for row in group}) > 1]
    alike = "alike but for case, width, spaces and punctuation"
    if groups:
        count = sum(len(group) - 1 for group in groups)
        what = f"inputs that stand more than once ({alike}): {len(groups)}, repeated by {count} later rows"
        found.append(Finding(what=what, evidence=tuple(_joined(" = ", [row.place for row in g]) for g in groups)))
    if conflicts and kind != "text":
        found.append(
            Finding(
                what=f"inputs with different targets: {len(conflicts)}",
                evidence=tuple(_joined(" / ", [f"{row.place} {_said(row)}" for row in group]) for group in conflicts),
            )
        )
    found += _leaks(groups)
    found += _coverage(rows, kind, labels)
    if kind == "extract":
        outside = [row for row in rows if any(span.partition(": ")[2] not in row.input for span in row.targets)]
        if outside:
            what = f"rows with a span that does not stand in their input: {len(outside)}"
            found.append(Finding(what=what, evidence=tuple(f"{row.place} {_said(row)}" for row in outside)))
    return found


def _without_targets(rows: Sequence[Row], kind: Kind) -> list[Finding]:
    nothing = {"labels": "label", "extract": "span"}.get(kind, "")
    without = [row.place for row in rows if not row.targets]
    what = f"rows whose target is empty, taken to say that no {nothing} holds: {len(without)} of {len(rows)}"
    return [Finding(what=what, evidence=tuple(without))] if without and nothing else []


def _joined(mark: str, places: Sequence[str]) -> str:
    """The rows of one group; of a large one, the first few."""
    more = len(places) - _ROWS_OF_A_GROUP
    return mark.join(places[:_ROWS_OF_A_GROUP]) + (f"{mark}{more} more" if more > 0 else "")


def _said(row: Row) -> str:
    return shown("; ".join(row.targets))


def _spellings(rows: Sequence[Row], kind: Kind) -> list[Finding]:
    labels = labels_in(rows, kind)
    groups = spellings_of(labels)
    if not groups:
        return []
    spelt, alone = len(set(labels)), len({fold(label) for label in labels})
    what = f"{spelt} spellings of {alone} labels, which a metric takes for {spelt} labels"
    if spelt == alone:
        what = "labels with space around them, which no answer can be told to have"
    what += " (mend the file, or --merge-spellings takes the commonest)"
    return [Finding(what=what, evidence=tuple(", ".join(_counted(group)) for group in groups))]


def _leaks(groups: Sequence[Sequence[Row]]) -> list[Finding]:
    """Rows of train that stand in a scored split too, and of validation that stand in test."""
    lost = []
    for group in groups:
        splits = {row.split for row in group}
        for row in group:
            above = {"train": {"validation", "test"}, "validation": {"test"}}.get(row.split, set()) & splits
            if above:
                lost.append(f"{row.place} of {row.split}, which stands in {' and '.join(sorted(above))}")
    what = f"rows that a build takes out of train or validation, since a scored row says the same: {len(lost)}"
    return [Finding(what=what, evidence=tuple(lost))] if lost else []


def _coverage(rows: Sequence[Row], kind: Kind, labels: Sequence[str]) -> list[Finding]:
    """Labels that a split lacks, and a class that most rows have."""
    if kind not in ("choice", "labels", "extract"):
        return []
    found = []
    for split, why in (("train", "so that nothing can be learnt of them"), ("test", "so that they are never scored")):
        there = set(labels_in([row for row in rows if row.split == split], kind))
        lacking = [label for label in labels if label not in there]
        if lacking:
            what = f"labels without a row in {split}, {why}: {len(lacking)} of {len(labels)}"
            found.append(Finding(what=what, evidence=tuple(map(repr, lacking))))
    if labels and all(map(is_number, labels)):
        what = "the labels are codes: give each its name on the card (en, zh), or no model knows what it means"
        found.append(Finding(what=what))
    if kind == "choice":
        label, count = Counter(labels_in(rows, kind)).most_common(1)[0]
        if count >= 0.7 * len(rows):
            share = 100 * count / len(rows)
            what = f"{share:.0f} % of the rows are {label!r}, and who always says so is right as often; see macro-f1"
            found.append(Finding(what=what))
    return found
