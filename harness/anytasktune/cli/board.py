"""``anytasktune board``"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anytasktune.cli import options
from anytasktune.errors import UsageError

if TYPE_CHECKING:
    from anytasktune.leaderboard import Board
    from anytasktune.plugins import Registry
    from anytasktune.splits import DataSet
    from anytasktune.subtask import SubTask

NAME = "board"


def command(
    runs: Annotated[Path, typer.Argument(metavar="RUNS", help="Folder of runs, as run, evaluate and quickstart write it.")],
    format_: Annotated[str, typer.Option("--format", help="terminal, markdown, csv or json, or a plugin's.")] = "terminal",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of the screen.")] = None,
    opponent: Annotated[
        str | None, typer.Option("--opponent", help="Hold adapters against this one model; every general model when left out.")
    ] = None,
    publish: Annotated[
        Path | None,
        typer.Option("--publish", metavar="DIR", help="Write a board to be committed: records, samples without others' answers, board.md, board.json."),
    ] = None,
    plugin: options.Plugin = None,
) -> None:
    """Put runs on one board: scores with intervals, paired verdicts, ranks, claims."""
    from anytasktune.records import write_whole
    from anytasktune.reports.formats import render

    registry = options.registry(plugin)
    folders = result_folders(runs)
    if publish is not None:
        from anytasktune.publishing import publish as publish_board

        for path in publish_board(registry, folders, options.folder(publish), opponent=opponent):
            typer.echo(str(path))
        return
    board = board_of(registry, folders, opponent=opponent)
    text = render(board, format_, extra=registry.offers("register_report_formats"))
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_whole(out, text.encode("utf-8", "backslashreplace"))
        typer.echo(str(out))


def result_folders(runs: Path) -> list[Path]:
    """The finished runs that a board shows: those under ``results`` where a suite keeps its trials beside them.

    Raises:
        UsageError: there are none.
        RecordError: there is no such folder.
    """
    from anytasktune.records import find_runs

    folders = list(find_runs(runs / "results" if (runs / "results").is_dir() else runs))
    if not folders:
        raise UsageError(f"There are no finished runs in {str(runs)!r}.", fix="anytasktune run SUITE.yaml")
    return folders


def board_of(
    registry: Registry,
    folders: Sequence[Path],
    *,
    opponent: str | None = None,
    title: str = "",
    data: Callable[[SubTask, str], DataSet] | None = None,
    published: bool = False,
) -> Board:
    """The board of some runs; their data are built again, so that golds stand beside answers."""
    from anytasktune import splits
    from anytasktune.evaluation import command as command_line
    from anytasktune.examples import DataRequest
    from anytasktune.leaderboard import DataKey, Run, make_board
    from anytasktune.records import read_record, read_samples

    build = data or (lambda task, variant: splits.build(task, DataRequest(variant=variant)))
    found = []
    for folder in sorted(set(folders)):
        record = read_record(folder)
        found.append(Run(record=record, samples=read_samples(folder, record), path=folder.name))
    golds = {}
    for task_id, variant in sorted({(run.record.task.id, run.record.task.variant) for run in found}):
        if task_id in registry.subtasks:
            built = build(registry.subtasks[task_id], variant)
            key = DataKey(task_id, built.version, variant, built.fingerprint)
            golds[key] = {example.id: example for example in built.all}
    return make_board(
        found,
        golds,
        {id: task.metric for id, task in registry.subtasks.items()},
        opponent=opponent,
        published=published,
        command=command_line(),
    )
