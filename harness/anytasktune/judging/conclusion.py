"""What the judges said, written beside the runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from anytasktune.evaluation import command, commit
from anytasktune.judging.held_against import between_judges
from anytasktune.judging.job import Judged, Judging
from anytasktune.judging.judged import Compared, Graded
from anytasktune.judging.record import JudgedRun, JudgementRecord, Line, lines_bytes, sha256_of, write_judgement
from anytasktune.leaderboard.board import DataKey, Run
from anytasktune.records import run_id, slug

FOLDER = "judgements"


def finish(job: Judging, judged: Sequence[Judged]) -> tuple[Path, JudgementRecord]:
    """Write what the judges said, and how far they agree with each other; returns the folder and its record.

    Raises:
        RecordError: another judgement stands there and cannot be read.
    """
    named = _named(judged)
    lines = [line for name, one in named for line in _lines(job, name, one)]
    first = job.runs[0].record
    judges = [one.record for one in judged]
    identity = {
        "task": str(DataKey.of(first)),
        "runs": str([(run.record.run_id, run.record.samples_sha256) for run in job.runs]),
        "rubric": job.rubric.hash(),
        "judges": str([(j.model.spec, j.model.revision, j.prompt_hash, j.engine.dtype) for j in judges]),
        "limit": str(job.limit),
        "human": job.human.sha256 if job.human else "",
        "seed": str(job.seed),
    }
    record = JudgementRecord(
        judgement_id=run_id(identity),
        way=job.way,
        task=first.task.model_copy(update={"rows": len(job.samples), "limit": job.limit or first.task.limit}),
        runs=[_judged_run(run) for run in job.runs],
        metric=first.metric,
        rubric=job.rubric,
        rubric_hash=job.rubric.hash(),
        language=job.language,
        judges=judges,
        between_judges=between_judges([(name, one.rows) for name, one in named], job.rubric),
        human_sha256=job.human.sha256 if job.human else "",
        seed=job.seed,
        anytasktune=version("anytasktune"),
        commit=commit(),
        command=command(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        judgements_sha256=sha256_of(lines_bytes(lines)),
    )
    folder = folder_of(job, record)
    return folder, write_judgement(folder, record, lines)


def folder_of(job: Judging, record: JudgementRecord) -> Path:
    """Where a judgement lies; no record of a run is there, so no board takes it for one."""
    who = " vs ".join(f"{run.model} {run.protocol}" for run in record.runs)
    by = ", ".join(judge.model.label for judge in record.judges)
    return job.root / FOLDER / job.task.slug / f"{slug(f'{who} by {by}')}.{record.task.split}.{record.judgement_id}"


def _judged_run(run: Run) -> JudgedRun:
    record = run.record
    return JudgedRun(
        run_id=record.run_id,
        model=record.model.label,
        spec=record.model.spec,
        protocol=record.protocol.name,
        samples_sha256=record.samples_sha256,
    )


def _named(judged: Sequence[Judged]) -> list[tuple[str, Judged]]:
    """Each judge by its spec; two folders of one name are told apart by their weights."""
    specs = [one.record.model.spec for one in judged]
    return [
        (spec if specs.count(spec) == 1 else f"{spec} {one.record.model.revision}", one)
        for spec, one in zip(specs, judged, strict=True)
    ]


def _lines(job: Judging, name: str, judged: Judged) -> list[Line]:
    lines = []
    for row, samples in zip(judged.rows, job.samples, strict=True):
        lines.append(
            Line(
                judge=name,
                id=row.id,
                content_hash=samples[0].content_hash,
                status=row.status,
                points=[] if isinstance(row, Compared) else list(row.points),
                verdicts=list(row.verdicts) if isinstance(row, Compared) and row.status == "read" else [],
                winner=row.winner if isinstance(row, Compared) else None,
                cut=row.cut,
                shortened=row.shortened,
                said=_said(row),
            )
        )
    return lines


def _said(row: Graded | Compared) -> list[str | None]:
    if row.status in ("missing", "identical"):
        return []
    return list(row.said) if isinstance(row, Compared) else [row.said]
