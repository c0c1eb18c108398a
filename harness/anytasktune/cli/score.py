"""``anytasktune score``"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anytasktune import exit_status
from anytasktune.cli import options
from anytasktune.errors import DataError

if TYPE_CHECKING:
    from anytasktune.metrics.grading import Grade
    from anytasktune.scoring import Scored
    from anytasktune.splits import DataSet

NAME = "score"


def command(
    task: options.Task,
    answers: Annotated[
        Path, typer.Option("--answers", metavar="FILE.jsonl", help='Recorded answers, {"id": …, "answer": …} a line.')
    ],
    split: options.SplitName = "test",
    plugin: options.Plugin = None,
    variant: options.Variant = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first rows.")] = None,
    json: options.Json = False,
) -> int:
    """Score answers that were recorded elsewhere. An empty answer counts as wrong; null, or no line, is missing."""
    from anytasktune import scoring, splits
    from anytasktune.evaluation import slices_of
    from anytasktune.examples import DataRequest
    from anytasktune.metrics.grading import missing
    from anytasktune.models.direct import read_answers

    subtask = options.one_task(options.registry(plugin), task)
    data = splits.build(subtask, DataRequest(variant=variant))
    given = read_answers(answers)
    _refuse_strangers(data, given, answers)
    name = options.split(split)
    examples = (data.all if name == "all" else data.splits[name])[:limit]
    wanted = [(example, given.get(example.id)) for example in examples]
    grades = [missing(e) if answer is None else subtask.metric.grade(e, answer) for e, answer in wanted]
    scored = scoring.summarise(
        subtask.metric,
        grades,
        clusters=[example.group or example.id for example in examples],
        slices=[slices_of(example) for example in examples],
    )
    result = {"task": subtask.id, "split": name, "variant": variant, "metric": subtask.metric.name}
    result |= _figures(scored, grades) | {"fingerprint": data.fingerprint}
    status_of_command = exit_status.OK if result["score"] is not None else exit_status.FAILED
    for alarm in scoring.alarms(scored.counts, len(grades)):
        typer.echo(f"WARNING: {alarm}", err=True)
    if json:
        options.print_json(result)
        return status_of_command
    value = f"{result['score']:.4f}" if result["score"] is not None else f"no score ({result['reason']})"
    interval = f" [{result['low']:.4f}, {result['high']:.4f}]" if result["low"] is not None else ""
    typer.echo(f"{subtask.id} {name}: {subtask.metric.name} {value}{interval}, n = {result['n']}")
    for count in ("missing", "empty", "unreadable", "run_on", "skipped"):
        if result[count]:
            typer.echo(f"  {count.replace('_', ' ')}: {result[count]} of {len(grades)}")
    return status_of_command


def _figures(scored: Scored, grades: Sequence[Grade]) -> dict[str, Any]:
    from anytasktune.records import finite

    status = [grade.status for grade in grades]
    return {
        "score": scored.score.value,
        "low": scored.score.low,
        "high": scored.score.high,
        "interval": scored.score.method,
        "reason": scored.score.reason,
        "n": scored.score.n,
        "missing": status.count("missing"),
        "empty": status.count("empty"),
        "unreadable": status.count("unreadable"),
        "run_on": sum(grade.run_on for grade in grades),
        "skipped": sum(grade.skip for grade in grades),
        "scores": {key: finite(value) for key, value in scored.scores.items()},
        "slices": {
            key: {value: s.model_dump() for value, s in values.items()} for key, values in scored.slices.items()
        },
    }


def _refuse_strangers(data: DataSet, given: dict[str, str | None], path: Path) -> None:
    strangers = sorted(given.keys() - {example.id for example in data.all})
    if strangers:
        raise DataError(
            f"{len(strangers)} of {len(given)} ids in {path.name} are not rows of {data.id}.",
            where=str(path),
            evidence=strangers,
            fix=f"its ids look like: {', '.join(example.id for example in data.all[:3])}",
        )
