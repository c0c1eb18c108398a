"""From published rows to a data set: checked, split, free of leaks, and with a fingerprint.

*Test stays as published.* What stands in test (or validation) and in train is taken out of train, what
stands in test and in validation out of validation; ``all`` keeps every row. Rows without a published split
are shared out by the hash of what they say, so that a new row never moves an old one. Nothing is cached: a
build reads the source.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from anytasktune.card import Card
from anytasktune.errors import DataError, UsageError, did_you_mean
from anytasktune.examples import SPLITS, DataRequest, Example, Split
from anytasktune.leaks import Leak, NearKeys, Placed, find_leaks, own_leaks
from anytasktune.near_duplicates import comparison_key
from anytasktune.row_checks import BadRow, Checked, check_rows
from anytasktune.subtask import SubTask


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build found.

    Args:
        rows: published rows, bad ones included.
        counts: rows in each split.
        bad_rows: rows that could not be used, each with its reason; empty unless the card says to skip them.
        exact_duplicates: rows whose comparison key an earlier row has.
        near_duplicates: distinct keys that nearly equal an earlier one.
        leaks: what train and validation lost, one entry a row.
        conflicts: ids of rows with one input and different answers (not for free text, where both may hold).
        empty_inputs, empty_targets, label_spellings, labels_outside_card: as ``row_checks.Checked`` has them.
    """

    rows: int
    counts: Mapping[Split, int]
    bad_rows: tuple[BadRow, ...]
    exact_duplicates: int
    near_duplicates: int
    leaks: tuple[Leak, ...]
    conflicts: tuple[tuple[str, ...], ...]
    empty_inputs: tuple[str, ...]
    empty_targets: tuple[str, ...]
    label_spellings: tuple[tuple[tuple[str, int], ...], ...]
    labels_outside_card: Mapping[str, int]

    @property
    def leaks_removed(self) -> int:
        """How many rows train and validation lost."""
        return len(self.leaks)

    @property
    def skipped(self) -> int:
        """How many bad rows were left out."""
        return len(self.bad_rows)

    def notes(self) -> list[str]:
        """A sentence for each thing that a person should look at; none where all is well."""
        how = Counter(leak.how for leak in self.leaks)
        spellings = [
            ", ".join(f"{spelling!r} × {count}" for spelling, count in group) for group in self.label_spellings
        ]
        named = {
            f"{len(self.bad_rows)} bad rows were skipped": self.bad_rows,
            f"{len(self.conflicts)} inputs stand with different answers": [" / ".join(ids) for ids in self.conflicts],
            f"{len(self.empty_inputs)} inputs are empty": self.empty_inputs,
            f"{len(self.empty_targets)} answers are empty": self.empty_targets,
            f"{len(spellings)} labels are spelt in several ways": spellings,
            f"{len(self.labels_outside_card)} labels are not in the card": [
                f"{label!r} × {count}" for label, count in self.labels_outside_card.items()
            ],
        }
        lines = []
        if self.leaks:
            parts = ", ".join(f"{count} {kind}" for kind, count in sorted(how.items()))
            lines.append(
                f"{len(self.leaks)} rows left train or validation because a scored row gives them away ({parts})"
            )
        if self.exact_duplicates or self.near_duplicates:
            lines.append(
                f"{self.exact_duplicates} exact and {self.near_duplicates} near duplicates among the published rows"
            )
        for sentence, rows in named.items():
            if rows:
                shown = "; ".join(str(row) for row in list(rows)[:5])
                lines.append(f"{sentence}: {shown}{'; …' if len(rows) > 5 else ''}")
        return lines


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A sub-task's rows, ready to tune on and to be scored.

    Args:
        id: of the sub-task.
        version: of its card.
        variant, source: as they were asked for.
        group_scope: data sets of one scope mean the same thing by one group.
        fingerprint: sixteen hex digits over version, variant, ids, splits, inputs, targets and groups.
        splits: rows by split, in published order; every split has an entry.
        all: every published row in published order, duplicates and removed ones too (but no row that is bad).
        fewshot: train in the order in which few-shot examples are taken from it.
        report: what the build found.
    """

    id: str
    version: int
    variant: str
    source: str
    group_scope: str
    fingerprint: str
    splits: Mapping[Split, tuple[Example, ...]]
    all: tuple[Example, ...]
    fewshot: tuple[Example, ...]
    report: BuildReport


def build(subtask: SubTask, request: DataRequest = DataRequest()) -> DataSet:  # noqa: B008  # frozen
    """Read the source and make the data set.

    Raises:
        UsageError: the card has no such variant.
        DataError: bad rows (unless the card says to skip them), no rows, no way to split them, or data that
            changed under an unchanged version.
        SourceError: from the builder, when its files cannot be had.
    """
    card = subtask.card
    if request.variant and request.variant not in card.variants:
        raise UsageError(
            f"{subtask.id} has no data variant {request.variant!r}.",
            fix=did_you_mean(request.variant, card.variants),
        )
    checked = _checked(subtask, request)
    keys = {row.id: comparison_key(row.input) for row in checked.rows}
    assigned = _assign(checked.rows, keys, card)
    scope = card.splits.salt or card.id
    rows = [
        Placed(task=card.id, scope=scope, split=assigned[row.id], example=row, key=keys[row.id]) for row in checked.rows
    ]
    near = NearKeys(rows)
    leaks = own_leaks(rows, near)
    lost = {leak.id for leak in leaks}
    splits = {
        split: tuple(row.example for row in rows if row.split == split and row.example.id not in lost)
        for split in SPLITS
    }
    dataset = DataSet(
        id=card.id,
        version=card.version,
        variant=request.variant,
        source=request.source,
        group_scope=scope,
        fingerprint=fingerprint_of(checked.rows, splits, card.version, request.variant),
        splits=splits,
        all=checked.rows,
        fewshot=fewshot_order(splits["train"], card),
        report=_report(checked, splits, rows, near, leaks, free_text=card.kind == "text"),
    )
    _compare_with_card(dataset, card)
    return dataset


def union_leaks(trained_on: Sequence[DataSet], tested_on: Sequence[DataSet]) -> tuple[Leak, ...]:
    """Train rows to drop when one adapter learns several sub-tasks: what any of them scores or picks by.

    Every pair of data sets is looked at, a data set with itself too, by key, group and near duplicate. Groups
    count where two data sets share their ``group_scope``.
    """
    train = [row for dataset in trained_on for row in _rows_of(dataset, ("train",))]
    scored = [row for dataset in tested_on for row in _rows_of(dataset, ("test", "validation"))]
    return find_leaks(train, scored, NearKeys([*scored, *train]))


def _rows_of(dataset: DataSet, names: Sequence[Split]) -> list[Placed]:
    return [
        Placed(
            task=dataset.id,
            scope=dataset.group_scope,
            split=name,
            example=example,
            key=comparison_key(example.input),
        )
        for name in names
        for example in dataset.splits[name]
    ]


# --- reading and checking -----


def _checked(subtask: SubTask, request: DataRequest) -> Checked:
    checked = check_rows(subtask.build(request), subtask.card)
    if checked.bad and subtask.card.splits.on_bad_row == "fail":
        spelt = [
            "one label, spelt in several ways: " + ", ".join(f"{label!r} ({times})" for label, times in group)
            for group in checked.label_spellings
        ]
        raise DataError(
            f"{len(checked.bad)} of {len(checked.bad) + len(checked.rows)} rows of {subtask.id} are bad.",
            where=f"dataset builder of {subtask.id}",
            evidence=[*spelt, *checked.bad],
            fix="mend them at the source or in the builder; splits.on_bad_row: skip leaves them out",
        )
    if not checked.rows:
        raise DataError(f"The dataset builder of {subtask.id} yields no usable row.", evidence=checked.bad)
    return checked


# --- splitting -----


def share_of(salt: str, key: str) -> float:
    """A number in [0, 1) that depends on nothing but salt and key: sha256, its first 64 bits."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _assign(rows: Sequence[Example], keys: Mapping[str, str], card: Card) -> dict[str, Split]:
    """The split of every row, by id: the published one, else by the hash of its group or key."""
    shares = card.splits.shares
    unplaced = [row.id for row in rows if not row.split]
    if unplaced and shares is None:
        raise DataError(
            f"{len(unplaced)} rows of {card.id} have no split, and the card shares none out.",
            evidence=unplaced,
            fix="give metadata.splits.shares, or let the builder say the published split",
        )
    salt = card.splits.salt or card.id
    carve = 0.0 if any(row.split == "validation" for row in rows) else card.splits.validation_from_train
    assigned: dict[str, Split] = {}
    for row in rows:
        key = row.group or keys[row.id]
        if not row.split:
            assigned[row.id] = _by_share(share_of(salt, key), shares or {})
        elif row.split == "train" and carve and share_of(f"{salt}\0validation", key) < carve:
            assigned[row.id] = "validation"
        else:
            assigned[row.id] = row.split
    return assigned


def _by_share(place: float, shares: Mapping[Split, float]) -> Split:
    """Test from the bottom up, so that test keeps its rows when train and validation are shared out anew."""
    if place < shares.get("test", 0.0):
        return "test"
    return "validation" if place < shares.get("test", 0.0) + shares.get("validation", 0.0) else "train"


# --- few-shot order -----


def fewshot_order(train: Sequence[Example], card: Card) -> tuple[Example, ...]:
    """Train as few-shot examples are taken from it: classes and languages in turn, each by content hash.

    The first n, for any n, hold as many classes and languages as n allows, and are the same on every machine.
    """
    ranked = sorted(train, key=lambda row: (row.content_hash(), row.id))

    def by_language(rows: Sequence[Example], first: int) -> list[Example]:
        return _in_turn(rows, card.languages[first:] + card.languages[:first], lambda row: row.language)

    if card.kind != "choice":
        return tuple(by_language(ranked, 0))
    labels = [label.id for label in card.labels]
    of_class = {label: [row for row in ranked if row.targets[0] == label] for label in labels}
    # Each class begins with another language; otherwise the first of all classes would be in one.
    turned = [
        row for place, label in enumerate(labels) for row in by_language(of_class[label], place % len(card.languages))
    ]
    return tuple(_in_turn(turned, labels, lambda row: row.targets[0]))


def _in_turn(rows: Sequence[Example], order: Sequence[str], property_of: Callable[[Example], str]) -> list[Example]:
    """One row of each value in turn, values in the given order, rows of one value in theirs."""
    queues: dict[str, deque[Example]] = {value: deque() for value in order}
    for row in rows:
        queues.setdefault(property_of(row), deque()).append(row)
    turned: list[Example] = []
    while len(turned) < len(rows):
        turned += [queue.popleft() for queue in queues.values() if queue]
    return turned


# --- fingerprint and report -----


def fingerprint_of(
    rows: Iterable[Example], splits: Mapping[Split, Iterable[Example]], version: int, variant: str
) -> str:
    """Sixteen hex digits over what is tuned and scored on; the order of rows does not matter."""
    split_of = {row.id: split for split, members in splits.items() for row in members}
    digest = hashlib.sha256(json.dumps([version, variant]).encode())
    for row in sorted(rows, key=lambda row: row.id):
        content = [row.id, split_of.get(row.id, ""), row.input, list(row.targets), row.group]
        digest.update(json.dumps(content).encode() + b"\n")
    return digest.hexdigest()[:16]


def version_name(version: int, variant: str = "", source: str = "") -> str:
    """The key of a data set in the card's ``fingerprints``: ``1``, ``1/seed-7``, ``1+other-source``."""
    return f"{version}" + (f"/{variant}" if variant else "") + (f"+{source}" if source else "")


def _compare_with_card(dataset: DataSet, card: Card) -> None:
    name = version_name(dataset.version, dataset.variant, dataset.source)
    expected = card.fingerprints.get(name)
    if expected is None or expected == dataset.fingerprint:
        return
    raise DataError(
        f"The data of {dataset.id} changed without a new version.",
        where=f"metadata.fingerprints[{name!r}] of its card",
        evidence=[
            f"published as version {name}: {expected}",
            f"built now: {dataset.fingerprint}, {dataset.report.rows} rows, "
            + ", ".join(f"{split} {count}" for split, count in dataset.report.counts.items()),
        ],
        fix="restore the source and the builder, or raise metadata.version and give the new fingerprint",
    )


def _report(
    checked: Checked,
    splits: Mapping[Split, Sequence[Example]],
    rows: Sequence[Placed],
    near: NearKeys,
    leaks: tuple[Leak, ...],
    *,
    free_text: bool,
) -> BuildReport:
    return BuildReport(
        rows=len(checked.rows) + len(checked.bad),
        counts={split: len(members) for split, members in splits.items()},
        bad_rows=checked.bad,
        exact_duplicates=len(rows) - len(near.keys),
        near_duplicates=near.repeated(),
        leaks=leaks,
        conflicts=() if free_text else _conflicts(rows),
        empty_inputs=checked.empty_inputs,
        empty_targets=checked.empty_targets,
        label_spellings=checked.label_spellings,
        labels_outside_card=checked.labels_outside_card,
    )


def _conflicts(rows: Sequence[Placed]) -> tuple[tuple[str, ...], ...]:
    alike: defaultdict[str, list[Example]] = defaultdict(list)
    for row in rows:
        alike[row.key].append(row.example)
    return tuple(
        tuple(row.id for row in group)
        for group in alike.values()
        if len({tuple(sorted(Counter(row.targets).items())) for row in group}) > 1
    )
