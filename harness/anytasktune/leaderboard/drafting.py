"""Which runs a board shows, and which of them belong together; what is kept out is named with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from anytasktune.errors import RecordError
from anytasktune.examples import Example
from anytasktune.leaderboard.board import Comparison, DataKey, Golds, Run, protocol_words
from anytasktune.metrics.grading import Grade, Metric, counted
from anytasktune.records import RunRecord, Sample

SAME = 1e-9
"""Two scores that differ by no more are one score, summed in another order."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is at hand besides the runs."""

    golds: Golds
    metrics: Mapping[str, Metric]
    published: bool


class SectionKey(NamedTuple):
    """What runs must have in common to be compared."""

    data: DataKey
    split: str
    metric: str
    limit: int | None
    ids: tuple[str, ...]


def section_key(run: Run) -> SectionKey:
    """The section that a run belongs to."""
    record = run.record
    ids = tuple(sorted(sample.id for sample in run.samples))
    return SectionKey(DataKey.of(record), record.task.split, record.metric, record.task.limit, ids)


def section_order(key: SectionKey) -> tuple[object, ...]:
    """By sub-task; whole runs before limited ones."""
    return (key.data, key.split, key.metric, -(key.limit or math.inf), -len(key.ids), key.ids)


def run_order(run: Run) -> tuple[str, ...]:
    """Newest last."""
    return (run.record.created, run.record.run_id, run.path)


def _where(record: RunRecord) -> str:
    task = record.task
    variant = f", {task.variant}" if task.variant else ""
    return f"{task.id} version {task.version}{variant}, {task.split}"


def _who(record: RunRecord) -> str:
    return f"{record.model.label} ({protocol_words(record.protocol)})"


def admitted(runs: Sequence[Run], known: Known, notes: list[str]) -> list[Run]:
    """The runs that the board shows; each one that is kept out is named with the reason."""
    kept = []
    newest: dict[tuple[str, str, str], int] = {}
    current: dict[tuple[str, str, str], set[str]] = {}
    for run in runs:
        task = run.record.task
        column = (task.id, task.variant, task.split)
        newest[column] = max(task.version, newest.get(column, 0))
    for data in known.golds:
        current.setdefault((data.task, data.variant, str(data.version)), set()).add(data.fingerprint)
    for run in sorted(runs, key=run_order):
        task = run.record.task
        metric = known.metrics.get(task.id)
        latest = newest[task.id, task.variant, task.split]
        built = current.get((task.id, task.variant, str(task.version)))
        reason = ""
        if task.version < latest:
            reason = f"data version {task.version}, the others have version {latest}"
        elif built and task.data_fingerprint not in built:
            reason = f"its data ({task.data_fingerprint[:12]}) are not those that are built now"
        elif metric is not None and metric.name != run.record.metric:
            reason = f"it was scored by {run.record.metric}, the sub-task is scored by {metric.name}"
        elif known.published and task.limit is not None:
            reason = f"limited to {task.limit} rows"
        if reason:
            notes.append(f"Kept out: {_who(run.record)} on {_where(run.record)}: {reason}.")
        else:
            kept.append(run)
    return kept


def newest_runs(runs: Iterable[Run], notes: list[str]) -> list[Run]:
    """One run for each model and protocol of a section: the newest."""
    kept: list[Run] = []
    taken: dict[tuple[object, ...], Run] = {}
    for run in sorted(runs, key=run_order, reverse=True):
        model, protocol, section = run.record.model, run.record.protocol, section_key(run)
        same = (
            section,
            *(model.spec, model.label, model.revision, model.adapter_hash, model.recipe_hash, model.seed),
            *(protocol.name, protocol.method, protocol.shots, protocol.language),
            *(protocol.chat_template, protocol.prompt_hash),
        )
        newer = taken.get(same) or taken.get((section, run.record.run_id))
        if newer is None:
            kept.append(run)
            taken[same] = taken[section, run.record.run_id] = run
            continue
        notes.append(
            f"Kept out: an older run of {_who(run.record)} on {_where(run.record)}: "
            f"made {run.record.created}, the newest was made {newer.record.created}."
        )
    return kept


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run that will be a row; ``grades`` in the order of sorted ids, None where it cannot be compared."""

    run: Run
    label: str
    protocol: str
    grades: Sequence[Grade] | None
    reason: str

    @property
    def id(self) -> str:
        """The run id."""
        return self.run.record.run_id

    @property
    def record(self) -> RunRecord:
        """The run's record."""
        return self.run.record

    @property
    def name(self) -> str:
        """Model and protocol, for sentences."""
        return f"{self.label} ({self.protocol})"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A section before anything was compared; entries best first."""

    key: SectionKey
    entries: tuple[Entry, ...]
    metric: Metric | None
    groups: Sequence[str]
    compared: dict[tuple[str, str], Comparison] = field(default_factory=dict)

    def of_family(self, *families: str) -> list[Entry]:
        """Entries of these families that have a score, best first."""
        return [e for e in self.entries if e.record.model.family in families and e.record.score.value is not None]


def draft_of(key: SectionKey, runs: Sequence[Run], known: Known, notes: list[str]) -> Draft:
    """The section of these runs; notes name those that cannot be compared.

    Raises:
        RecordError: one of them cannot be compared and the board is to be published.
    """
    metric, examples = known.metrics.get(key.data.task), known.golds.get(key.data)
    entries = []
    for run, label in zip(runs, _labels(runs), strict=True):
        grades, reason = _grades(run, examples, metric)
        if reason and known.published:
            raise RecordError(f"The run of {_who(run.record)} cannot be published: {reason}.", where=run.path)
        if reason:
            notes.append(f"Not compared: {_who(run.record)} on {_where(run.record)}: {reason}.")
        protocol = protocol_words(run.record.protocol)
        entries.append(Entry(run=run, label=label, protocol=protocol, grades=grades, reason=reason))
    entries.sort(key=_entry_order)
    groups = [examples[id_].group if examples and id_ in examples else "" for id_ in key.ids]
    return Draft(key=key, entries=tuple(entries), metric=metric, groups=groups)


def _entry_order(entry: Entry) -> tuple[float, str, str, str]:
    """Best first, no score last, ties by name."""
    value = entry.record.score.value
    return (math.inf if value is None else -value, entry.label, entry.protocol, entry.id)


def _labels(runs: Sequence[Run]) -> list[str]:
    """The models' labels; namesakes under one protocol get behind them what tells them apart."""
    shown = [run.record.model.label for run in runs]
    for describe in _DIFFERENCES:
        same: dict[tuple[str, str], list[int]] = {}
        for position, run in enumerate(runs):
            same.setdefault((shown[position], protocol_words(run.record.protocol)), []).append(position)
        for positions in same.values():
            words = {position: describe(runs[position].record) for position in positions}
            if len(set(words.values())) > 1:
                for position, word in words.items():
                    shown[position] = f"{shown[position]}, {word}"
    return shown


_DIFFERENCES: tuple[Callable[[RunRecord], str], ...] = (
    lambda record: "no seed" if record.model.seed is None else f"seed {record.model.seed}",
    lambda record: record.protocol.language,
    lambda record: "chat template" if record.protocol.chat_template else "no chat template",
    lambda record: f"revision {record.model.revision[:8]}",
    lambda record: f"prompt {record.protocol.prompt_hash[:8]}",
    lambda record: f"run {record.run_id[:8]}",
)


def _grades(
    run: Run, examples: Mapping[str, Example] | None, metric: Metric | None
) -> tuple[Sequence[Grade] | None, str]:
    """The run's grades, made again from its answers, in the order of sorted ids; or why that cannot be."""
    if examples is None or metric is None:
        return None, "its data or its sub-task are not at hand"
    grades = []
    for sample in sorted(run.samples, key=lambda sample: sample.id):
        example = examples.get(sample.id)
        if example is None or example.content_hash() != sample.content_hash:
            return None, f"row {sample.id} is not a row of its data"
        grades.append(regrade(metric, example, sample))
    stored = run.record.score.value
    if stored is None:
        return None, ""
    again = metric.summarise(counted(grades))[metric.name]
    if not abs(again - stored) <= SAME:
        return None, f"its samples come to {again:.6f}, its record says {stored:.6f}; see anytasktune verify"
    return grades, ""


def regrade(metric: Metric, example: Example, sample: Sample) -> Grade:
    """The grade of the stored answer; of a withheld answer, the grade that was stored."""
    if sample.withheld and sample.answer is None and sample.status != "missing":
        return sample.grade(example.targets)
    return metric.grade(example, sample.answer)


def note_other_rows(drafts: Sequence[Draft], notes: list[str]) -> None:
    """Runs that answered other rows of the same data than the first section of it."""
    seen: dict[tuple[object, ...], Draft] = {}
    for draft in drafts:
        key = draft.key
        place = (key.data, key.split, key.metric)
        first = seen.setdefault(place, draft)
        if first is not draft:
            names = ", ".join(entry.name for entry in draft.entries)
            notes.append(
                f"Not compared with the others on {_where(draft.entries[0].record)}: {names} answered "
                f"{len(key.ids)} rows that are not the {len(first.key.ids)} of the others."
            )


def note_gaps(drafts: Sequence[Draft], notes: list[str]) -> None:
    """Models that are not on every sub-task: no mean over what they happen to have. Adapters have but one."""
    tasks = sorted({draft.key.data.task for draft in drafts})
    present: dict[str, set[str]] = {}
    for draft in drafts:
        for entry in draft.entries:
            if entry.record.model.family != "adapter":
                present.setdefault(entry.record.model.label, set()).add(draft.key.data.task)
    for label, there in sorted(present.items()):
        if absent := [task for task in tasks if task not in there]:
            notes.append(f"Gap: {label} was not run on {', '.join(absent)}. No mean over sub-tasks is taken.")
