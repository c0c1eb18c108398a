"""Every figure again, from the samples and the data as they can be had now."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from anytasktune.errors import AnyTaskTuneError, RecordError
from anytasktune.examples import DataRequest, Example
from anytasktune.leaderboard import SAME, DataKey, Run, make_board, regrade
from anytasktune.metrics.grading import Grade, Metric, counted
from anytasktune.records import RECORD, SAMPLES, RunRecord, Sample, find_runs, read_record, read_samples
from anytasktune.reports.json_board import as_dict
from anytasktune.scoring import counts_of, is_mean_of_rows, summarise
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask

BOARD = "board.json"

Build = Callable[[SubTask, DataRequest], DataSet]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure that is not what is stored, or something that could not be looked at.

    Args:
        run: the run's folder, or the board's file, relative to what was verified.
        figure: which one: ``score.value``, ``samples[law:3].score``, ``data_fingerprint``.
        stored, recomputed: both, as they are.
        kind: a ``difference`` fails the command, a ``remark`` is only said.
    """

    run: str
    figure: str
    stored: object
    recomputed: object
    kind: Literal["difference", "remark"] = "difference"

    def __str__(self) -> str:
        if self.kind == "remark":
            return f"{self.run}: {self.figure}: {self.recomputed}"
        return f"{self.run}: {self.figure}: stored {self.stored!r}, recomputed {self.recomputed!r}"


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What :func:`~anytasktune.leaderboard.make_board` takes, from a folder of runs."""

    runs: tuple[Run, ...]
    golds: Mapping[DataKey, Mapping[str, Example]]
    metrics: Mapping[str, Metric]


def gather(folder: Path, subtasks: Mapping[str, SubTask], build: Build) -> Gathered:
    """The runs below a folder with their samples and the data as they are built now.

    Recorded answers that a published sample withholds are fetched again. A sub-task that is not installed, or
    whose data cannot be had, is left out of ``golds``: the board then shows its runs without comparison.

    Raises:
        RecordError: there is no such folder, or a record or its samples cannot be read.
    """
    shelf = _Shelf(subtasks=subtasks, build=build)
    runs = []
    for path in find_runs(folder):
        record = read_record(path)
        samples = _with_answers(read_samples(path, record), shelf.recorded(record) or {})
        runs.append(Run(record=record, samples=samples, path=path.relative_to(folder).as_posix()))
    return shelf.gathered(runs)


def verify(folder: Path, registry_subtasks: Mapping[str, SubTask], build: Build) -> list[Finding]:
    """Recompute every run below a folder, and the board beside them (``board.json``) where there is one.

    Returns:
        What differs, and remarks on what could not be looked at; both in the order of the runs.

    Raises:
        RecordError: there is no such folder.
    """
    shelf = _Shelf(subtasks=registry_subtasks, build=build)
    findings: list[Finding] = []
    runs: list[Run] = []
    for path in find_runs(folder):
        name = path.relative_to(folder).as_posix()
        try:
            record = read_record(path)
            content = (path / SAMPLES).read_bytes()
            samples = read_samples(path)
        except (RecordError, OSError) as error:
            findings.append(Finding(run=name, figure=RECORD, stored="unreadable", recomputed=str(error)))
            continue
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != record.samples_sha256:
            findings.append(_differs(name, "samples_sha256", record.samples_sha256, sha256))
        findings += _verify_run(name, record, samples, shelf)
        samples = _with_answers(samples, shelf.recorded(record) or {})
        runs.append(Run(record=record, samples=samples, path=name))
    findings += _verify_board(folder, shelf.gathered(runs))
    return findings


def differences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that make the command fail."""
    return [finding for finding in findings if finding.kind == "difference"]


@dataclass(frozen=True, kw_only=True)
class _Shelf:
    """Data and recorded answers, each had once."""

    subtasks: Mapping[str, SubTask]
    build: Build
    _data: dict[tuple[str, str], DataSet | AnyTaskTuneError] = field(default_factory=dict)
    _recorded: dict[tuple[str, str, str], dict[str, str | None] | None] = field(default_factory=dict)

    def data(self, task: str, variant: str) -> DataSet | AnyTaskTuneError:
        """The data set as it is built now, or why it cannot be."""
        if (task, variant) not in self._data:
            try:
                self._data[task, variant] = self.build(self.subtasks[task], DataRequest(variant=variant))
            except AnyTaskTuneError as error:
                self._data[task, variant] = error
        return self._data[task, variant]

    def recorded(self, record: RunRecord) -> dict[str, str | None] | None:
        """The published answers of the record's model; None where there are none or they cannot be had."""
        subtask = self.subtasks.get(record.task.id)
        name = record.model.spec.removeprefix("recorded:")
        if subtask is None or name not in subtask.recorded:
            return None
        key = (subtask.id, name, record.task.variant)
        if key not in self._recorded:
            try:
                self._recorded[key] = dict(subtask.recorded[name](DataRequest(variant=record.task.variant)))
            except AnyTaskTuneError:
                self._recorded[key] = None
        return self._recorded[key]

    def gathered(self, runs: Sequence[Run]) -> Gathered:
        """The runs with the data that they are on."""
        golds: dict[DataKey, Mapping[str, Example]] = {}
        for task, variant in sorted({(run.record.task.id, run.record.task.variant) for run in runs}):
            data = self.data(task, variant) if task in self.subtasks else None
            if isinstance(data, DataSet):
                key = DataKey(task, data.version, variant, data.fingerprint)
                golds[key] = {example.id: example for example in data.all}
        tasks = {run.record.task.id for run in runs}
        metrics = {task: self.subtasks[task].metric for task in sorted(tasks) if task in self.subtasks}
        return Gathered(runs=tuple(runs), golds=golds, metrics=metrics)


def _with_answers(samples: Sequence[Sample], answers: Mapping[str, str | None]) -> list[Sample]:
    """Withheld answers put back from where they are published; all else as it is."""
    return [
        sample.model_copy(update={"answer": answers[sample.id]}) if sample.withheld and sample.id in answers else sample
        for sample in samples
    ]


# --- one run ---


def _differs(run: str, figure: str, stored: object, recomputed: object) -> Finding:
    return Finding(run=run, figure=figure, stored=stored, recomputed=recomputed)


def _remark(run: str, figure: str, text: str) -> Finding:
    return Finding(run=run, figure=figure, stored=None, recomputed=text, kind="remark")


def _verify_run(name: str, record: RunRecord, samples: Sequence[Sample], shelf: _Shelf) -> list[Finding]:
    task = record.task
    subtask = shelf.subtasks.get(task.id)
    if subtask is None:
        return [_differs(name, "task.id", task.id, "no such sub-task is registered")]
    data = shelf.data(task.id, task.variant)
    if isinstance(data, AnyTaskTuneError):
        return [_differs(name, "task.data_fingerprint", task.data_fingerprint, f"not built: {data.problem}")]
    findings = [
        _differs(name, figure, stored, now)
        for figure, stored, now in (
            ("task.version", task.version, data.version),
            ("task.data_fingerprint", task.data_fingerprint, data.fingerprint),
            ("metric", record.metric, subtask.metric.name),
            ("task.rows", task.rows, len(samples)),
        )
        if stored != now
    ]
    joined, examples = _verify_join(name, record, samples, data)
    findings += joined
    if examples is None or record.metric != subtask.metric.name:
        return findings
    withheld = any(sample.withheld for sample in samples)
    restored = _with_answers(samples, (shelf.recorded(record) or {}) if withheld else {})
    run = _Joined(name=name, record=record, samples=restored, examples=examples, metric=subtask.metric)
    return findings + _verify_grades(run)


def _verify_join(
    name: str, record: RunRecord, samples: Sequence[Sample], data: DataSet
) -> tuple[list[Finding], list[Example] | None]:
    """Ids and contents against the data; the examples in the samples' order, None where some are unknown."""
    split = record.task.split
    wanted = {example.id: example for example in (data.all if split == "all" else data.splits[split])}
    known = {example.id: example for example in data.all}
    findings = []
    ids = [sample.id for sample in samples]
    if len(set(ids)) != len(ids):
        twice = sorted(row for row, times in Counter(ids).items() if times > 1)
        findings.append(_differs(name, "samples.id", f"twice: {', '.join(twice[:10])}", "each once"))
    for sample in samples:
        example = known.get(sample.id)
        if example is None or sample.id not in wanted:
            findings.append(_differs(name, f"samples[{sample.id}]", sample.id, f"not a row of {split}"))
        elif example.content_hash() != sample.content_hash:
            figure = f"samples[{sample.id}].content_hash"
            findings.append(_differs(name, figure, sample.content_hash, example.content_hash()))
    answered = set(ids)
    absent = [row for row in wanted if row not in answered]
    if absent and record.task.limit is None:
        rows = f"{len(absent)} rows of {split} are not answered: {', '.join(absent[:3])}"
        findings.append(_differs(name, "samples", len(samples), rows))
    if any(sample.id not in known for sample in samples):
        return findings, None
    return findings, [known[sample.id] for sample in samples]


@dataclass(frozen=True, kw_only=True)
class _Joined:
    """A run with its rows; published answers are put back where they could be had."""

    name: str
    record: RunRecord
    samples: Sequence[Sample]
    examples: Sequence[Example]
    metric: Metric

    @property
    def unseen(self) -> int:
        """How many answers are withheld and could not be had."""
        return sum(s.withheld and s.answer is None and s.status != "missing" for s in self.samples)

    @property
    def unread(self) -> bool:
        """Whether a withheld answer does not even say what was read from it."""
        return any(s.withheld and s.answer is None and s.status == "read" and not s.read for s in self.samples)


def _verify_grades(run: _Joined) -> list[Finding]:
    findings: list[Finding] = []
    if run.unseen:
        text = f"{run.unseen} answers are withheld and could not be fetched: their stored grades are taken"
        findings.append(_remark(run.name, "samples", text))
    grades = [regrade(run.metric, *pair) for pair in zip(run.examples, run.samples, strict=True)]
    for sample, grade in zip(run.samples, grades, strict=True):
        findings += _verify_grade(run.name, sample, grade)
    stored, again = run.record.counts.model_dump(), counts_of(run.samples).model_dump()
    findings += [_differs(run.name, *difference) for difference in _compare("counts", stored, again)]
    if run.unread and not is_mean_of_rows(run.metric, counted(grades)):
        text = f"{run.metric.name} cannot be had from stored grades, being no mean of rows: not recomputed"
        return [*findings, _remark(run.name, "score", text)]
    return findings + _verify_scores(run, grades)


def _verify_scores(run: _Joined, grades: Sequence[Grade]) -> list[Finding]:
    scored = summarise(
        run.metric,
        grades,
        clusters=[example.group or example.id for example in run.examples],
        slices=[sample.slices for sample in run.samples],
        seed=run.record.seed,
    )
    again: dict[str, Any] = {
        "score": scored.score.model_dump(),
        "scores": scored.scores,
        "slices": {
            name: {value: part.model_dump() for value, part in parts.items()} for name, parts in scored.slices.items()
        },
    }
    stored = run.record.model_dump(include=set(again))
    return [_differs(run.name, *difference) for difference in _compare("", stored, again)]


def _verify_grade(name: str, sample: Sample, grade: Grade) -> list[Finding]:
    pairs: list[tuple[str, object, object]] = [
        ("score", sample.score, grade.score),
        ("status", sample.status, grade.status),
        ("skip", sample.skip, grade.skip),
        ("run_on", sample.run_on, grade.run_on),
    ]
    if not sample.withheld:
        pairs.append(("read", sample.read, list(grade.read)))
    return [
        _differs(name, *difference)
        for figure, stored, again in pairs
        for difference in _compare(f"samples[{sample.id}].{figure}", stored, again)
    ]


# --- the board beside the runs ---


def _verify_board(folder: Path, gathered: Gathered) -> Iterator[Finding]:
    path = folder / BOARD
    if not path.exists():
        return
    try:
        stored = json.loads(path.read_bytes())
        board = make_board(
            gathered.runs,
            gathered.golds,
            gathered.metrics,
            opponent=stored["opponent"],
            published=stored["published"],
            command=stored["command"],
        )
    except (ValueError, TypeError, KeyError) as error:
        yield _differs(BOARD, "document", f"not a board: {error!r}", "a board of the runs beside it")
        return
    except AnyTaskTuneError as error:
        yield _differs(BOARD, "document", "a board", f"cannot be made again: {error.problem}")
        return
    for difference in _compare("", stored, as_dict(board)):
        if not difference[0].endswith(".record"):  # where the runs lie is no figure
            yield _differs(BOARD, *difference)


def _compare(figure: str, stored: object, again: object) -> Iterator[tuple[str, object, object]]:
    """Leaves that differ, by path; numbers may differ by rounding."""
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        for key in [*stored, *(key for key in again if key not in stored)]:
            absent = "absent"
            path = f"{figure}.{key}" if figure else str(key)
            yield from _compare(path, stored.get(key, absent), again.get(key, absent))
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for index, (one, other) in enumerate(zip(stored, again, strict=True)):
            yield from _compare(f"{figure}[{index}]", one, other)
    elif not _equal(stored, again):
        yield figure, stored, again


def _equal(stored: object, again: object) -> bool:
    numbers = (int, float)
    flags = isinstance(stored, bool) or isinstance(again, bool)
    if isinstance(stored, numbers) and isinstance(again, numbers) and not flags:
        return abs(stored - again) <= SAME * max(1.0, abs(stored))
    return type(stored) is type(again) and stored == again
