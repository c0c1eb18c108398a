"""``anytasktune judge``"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anytasktune import exit_status
from anytasktune.cli import options
from anytasktune.errors import RecordError, UsageError
from anytasktune.reports.inert import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anytasktune.examples import DataRequest
    from anytasktune.judging.agreement import Agreement
    from anytasktune.judging.job import Judging
    from anytasktune.judging.record import JudgementRecord, JudgeRecord
    from anytasktune.leaderboard import Run
    from anytasktune.plugins import Registry
    from anytasktune.runs import Workshop
    from anytasktune.splits import DataSet
    from anytasktune.subtask import SubTask
    from anytasktune.verification import Build

NAME = "judge"


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of one run, as evaluate and run print it.")],
    judge: Annotated[
        list[str],
        typer.Option("--judge", metavar="MODEL", help="Who judges; see `anytasktune models`. May be repeated."),
    ],
    other_run: Annotated[
        Path | None,
        typer.Argument(metavar="OTHER_RUN", help="A second run of the same rows: the answers are compared."),
    ] = None,
    rubric: Annotated[
        Path | None,
        typer.Option("--rubric", metavar="FILE.yaml", help="Criteria and points; a built-in one for free text."),
    ] = None,
    human: Annotated[
        Path | None,
        typer.Option("--human", metavar="FILE.jsonl", help='People\'s labels, {"id": …, "label": …} a line.'),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first rows.")] = None,
    plugin: options.Plugin = None,
    output_path: Annotated[
        Path | None,
        typer.Option(
            "--output_path", "--out-dir", metavar="DIR", help="Folder that gets `judgements`. Default: the run's own."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 0,
    batch_size: options.BatchSize = "auto",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
    json: options.Json = False,
) -> int:
    """Let a model judge a run's answers on a rubric, or compare two runs. What cannot be read is no score."""
    from anytasktune.judging.conclusion import finish
    from anytasktune.judging.job import judge_by, root_of
    from anytasktune.runs import Settings

    if len(set(judge)) != len(judge):
        raise UsageError("A judge is named twice.", evidence=judge, fix="name each --judge once")
    folders = [_one_run(folder) for folder in (run, other_run) if folder is not None]
    registry = options.registry(plugin)
    settings = Settings(
        root=options.folder(output_path) if output_path is not None else root_of(folders[0]),
        device=device,
        dtype=dtype,
        rows_at_once=options.rows_at_once(batch_size),
        trust_remote_code=trust_remote_code,
        seed=seed,
    )
    workshop = options.workshop(registry, settings)
    for spec in judge:
        workshop.kind(spec)  # a name that nobody knows is told before rows are built and models opened
    job = _job(registry, workshop, folders, rubric, human, limit)
    judged = []
    for spec in judge:
        model = workshop.open(spec, job.task, job.data, language=job.language)
        with workshop.reporter.bar(f"{model.record.label} judges {job.task.id}") as bar:
            judged.append(judge_by(job, model, bar))
    folder, record = finish(job, judged)
    lost = any(one.summary.score.value is None for one in record.judges)
    if json:
        options.print_json({"folder": str(folder), **record.model_dump()})
    else:
        for line in _told(record):
            typer.echo(visible(line))
        typer.echo(f"  {folder}")
    return exit_status.FAILED if lost else exit_status.OK


def _job(
    registry: Registry,
    workshop: Workshop,
    folders: list[Path],
    rubric: Path | None,
    human: Path | None,
    limit: int | None,
) -> Judging:
    """What is to be judged; everything that can be wrong with it is found before a model is opened."""
    from anytasktune.judging.human import read_labels
    from anytasktune.judging.job import Judging
    from anytasktune.judging.rubric import built_in, read_rubric
    from anytasktune.records import read_record

    first = read_record(folders[0]).task
    task = options.one_task(registry, first.id)
    chosen = read_rubric(rubric) if rubric is not None else built_in(task.card.kind, task.id)
    data = workshop.data(task, first.variant)

    def build(wanted: SubTask, request: DataRequest) -> DataSet:
        return workshop.data(wanted, request.variant)

    labels = None
    if human is not None:
        ids = {example.id for example in data.all}
        labels = read_labels(human, way="pairwise" if len(folders) > 1 else "rubric", rubric=chosen, ids=ids)
    job = Judging(
        task=task,
        data=data,
        runs=tuple(_run(folder, registry, build) for folder in folders),
        rubric=chosen,
        root=workshop.settings.root,
        limit=limit,
        human=labels,
        seed=workshop.settings.seed,
    )
    job.materials()
    return job


def _one_run(folder: Path) -> Path:
    """The folder of one run.

    Raises:
        RecordError: it does not exist, or holds several runs or none.
    """
    from anytasktune.records import RECORD, find_runs

    if (folder / RECORD).is_file():
        return folder
    runs = list(find_runs(folder))
    if len(runs) == 1:
        return runs[0]
    raise RecordError(
        f"{folder.name!r} holds {len(runs)} runs; one is judged, or two are compared.",
        where=str(folder),
        evidence=runs,
        fix="name the folder of a run" if runs else "anytasktune evaluate TASK --model MODEL",
    )


def _run(folder: Path, registry: Registry, build: Build) -> Run:
    """A run with its answers; those that a publisher recorded are fetched again where they are withheld."""
    from anytasktune.verification import gather

    (found,) = gather(folder, registry.subtasks, build).runs
    return replace(found, path=str(folder))


def _told(record: JudgementRecord) -> Iterator[str]:
    task = record.task
    limited = f", limited to {task.limit} rows" if task.limit is not None else ""
    yield f"{task.id} {task.split}: {task.rows} rows, {record.way}, rubric {record.rubric_hash}{limited}"
    for name, run in zip("AB", record.runs, strict=False):
        yield f"  {name} = {run.model}, {run.protocol}" if len(record.runs) > 1 else f"  {run.model}, {run.protocol}"
    for one in record.judges:
        yield from _judge_told(one, record)
    for agreement in record.between_judges:
        yield f"  {_agreement_told(agreement)}"


def _judge_told(one: JudgeRecord, record: JudgementRecord) -> Iterator[str]:
    summary, counts = one.summary, one.summary.counts
    score = summary.score
    what = f"mean grade of {summary.out_of:.0f}" if record.way == "rubric" else "win rate of B over A, ties half"
    interval = f" [{score.low:.4f}, {score.high:.4f}]" if score.low is not None and score.high is not None else ""
    if score.value is None:
        yield f"judge {one.model.label}: no score: {score.reason}"
        if counts.unreadable:
            yield "  next: read what it said in judgements.jsonl, or take a judge that keeps to the form"
    else:
        yield f"judge {one.model.label}: {what} {score.value:.4f}{interval}, n = {score.n}"
    if record.way == "pairwise" and score.value is not None:
        yield f"  B won {summary.won}, tied {summary.tied}, lost {summary.lost}"
    for name, mean in summary.criteria.items():
        points = next(criterion.points for criterion in record.rubric.criteria if criterion.name == name)
        yield f"  {name}: {mean:.2f} of {points}"
    for count, told in (
        (counts.missing, "have no answer to judge"),
        (counts.unanswered, "got no judgement back"),
        (counts.unreadable, "got a judgement that could not be read: no score, not 0"),
        (counts.identical, "hold the same answer twice: ties, not asked about"),
        (counts.inconsistent, "got two judgements that contradict each other when the places were swapped: ties"),
        (counts.cut, "hold an answer that lost its middle"),
        (counts.shortened, "hold a task or reference that lost its middle"),
    ):
        if count:
            yield f"  {count} of {counts.rows} rows {told}"
    if counts.inconsistent:
        yield f"  of these, {summary.shown_first} for whatever stood first, {summary.shown_second} for the second"
    if counts.hit_limit:
        yield f"  {counts.hit_limit} judgements ran into their limit of tokens"
    if one.own_answers:
        yield "  it judges answers of its own: judges favour those"
    for agreement in summary.agreement:
        yield f"  agreement with {_agreement_told(agreement)}"


def _agreement_told(found: Agreement) -> str:
    value = f"{found.value:.4f}" if found.value is not None else f"not defined ({found.reason})"
    alike = f", the same on {found.same:.1%}" if found.same is not None else ""
    return f"{found.other}: {found.measure} {value}{alike}, n = {found.n}"
