"""A board to be committed: records and samples beside it, without a word of other people's data.

A committed sample holds id, content hash, our model's answer and grade. Inputs and golds are never in a sample;
answers that third parties recorded are withheld, and ``verify`` fetches them again from where they are published; so
are answers of ours that quote an input, of which what was read stays.
"""

from __future__ import annotations

import hashlib
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from anytasktune import splits
from anytasktune.errors import RecordError
from anytasktune.examples import DataRequest, Example
from anytasktune.records import (
    RunRecord,
    Sample,
    find_runs,
    read_record,
    read_samples,
    samples_bytes,
    write_run,
    write_whole,
)

if TYPE_CHECKING:
    from anytasktune.plugins import Registry
    from anytasktune.subtask import SubTask

QUOTED = 30
"""Characters in a row that an answer of ours may not share with an input of others."""

REPORTS = {"markdown": "board.md", "csv": "board.csv", "json": "board.json"}


def publish(registry: Registry, results: Path, out: Path, *, opponent: str | None = None) -> list[Path]:
    """Write records, samples and the board of the runs below ``results``; returns what was written.

    Raises:
        RecordError: a run has a limit, was not on the test split, or answers are missing beyond what has a score.
    """
    from anytasktune.evaluation import command
    from anytasktune.leaderboard import make_board
    from anytasktune.reports.formats import render
    from anytasktune.verification import gather

    folders = list(find_runs(results))
    for folder in folders:
        _require_publishable(folder, read_record(folder))
    copies = []
    examples: dict[tuple[str, str], dict[str, Example]] = {}
    for folder in folders:
        record = read_record(folder)
        task = registry.subtasks[record.task.id]
        rows = examples.setdefault((task.id, record.task.variant), {})
        if not rows:
            data = splits.build(task, DataRequest(variant=record.task.variant))
            rows.update((example.id, example) for example in data.all)
        samples = [_public(sample, record, task, rows[sample.id]) for sample in read_samples(folder, record)]
        model = record.model.model_copy(update={"chosen": {}}) if task.card.kind == "text" else record.model
        sha256 = hashlib.sha256(samples_bytes(samples)).hexdigest()
        public = record.model_copy(update={"model": model, "samples_sha256": sha256})
        copies.append(out / "runs" / record.task.id.replace("/", "_") / folder.name)
        write_run(copies[-1], public, samples)
    gathered = gather(out, registry.subtasks, splits.build)
    board = make_board(
        gathered.runs, gathered.golds, gathered.metrics, opponent=opponent, published=True, command=command()
    )
    written = []
    for format_, name in REPORTS.items():
        write_whole(out / name, render(board, format_).encode("utf-8", "backslashreplace"))
        written.append(out / name)
    return written + copies


def _require_publishable(folder: Path, record: RunRecord) -> None:
    faults = []
    if record.task.limit is not None:
        faults.append(f"it was limited to {record.task.limit} rows")
    if record.task.split != "test":
        faults.append(f"it answers the {record.task.split} split")
    if record.score.value is None:
        faults.append(f"it has no score: {record.score.reason}")
    if faults:
        raise RecordError("A run cannot enter a published board.", where=str(folder), evidence=faults)


def _public(sample: Sample, record: RunRecord, task: SubTask, example: Example) -> Sample:
    name = record.model.spec.removeprefix("recorded:")
    theirs = record.model.spec.startswith("recorded:") and name in task.recorded
    # a classical model's free text is a row of the data: the input itself, or another row's answer
    copied = (
        record.model.family == "classical" and task.card.kind in ("text", "extract") and not task.card.source.authored
    )
    if theirs or copied:
        return sample.model_copy(update={"answer": None, "read": [], "withheld": sample.answer is not None})
    if not task.card.source.authored and _quotes(sample.answer or "", example.input):
        return sample.model_copy(update={"answer": None, "withheld": True})
    return sample


def _quotes(answer: str, text: str) -> bool:
    """Whether an answer repeats a stretch of the input."""
    match = SequenceMatcher(None, answer, text, autojunk=False).find_longest_match()
    return match.size >= QUOTED
