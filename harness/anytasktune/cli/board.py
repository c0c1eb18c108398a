"""``anytasktune board``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anytasktune.cli import options
from anytasktune.errors import UsageError

NAME = "board"


def command(
    runs: Annotated[
        Path, typer.Argument(metavar="RUNS", help="Folder of runs, as run, evaluate and quickstart write it.")
    ],
    format_: Annotated[
        str, typer.Option("--format", help="terminal, markdown, csv or json, or a plugin's.")
    ] = "terminal",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of the screen.")
    ] = None,
    opponent: Annotated[
        str | None,
        typer.Option("--opponent", help="Hold adapters against this one model; every general model when left out."),
    ] = None,
    publish: Annotated[
        Path | None,
        typer.Option(
            "--publish",
            metavar="DIR",
            help="Write a board to be committed: records, samples without others' answers, board.md, board.json.",
        ),
    ] = None,
    plugin: options.Plugin = None,
) -> None:
    """Put runs on one board: scores with intervals, paired verdicts, ranks, claims."""
    from anytasktune import splits
    from anytasktune.evaluation import command as command_line
    from anytasktune.leaderboard import make_board
    from anytasktune.publishing import publish as publish_board
    from anytasktune.records import write_whole
    from anytasktune.reports.formats import FORMATS, render
    from anytasktune.verification import gather

    registry = options.registry(plugin)
    gathered = gather(results_of(runs), registry.subtasks, splits.build)
    if not gathered.runs:
        raise UsageError(f"There are no finished runs in {str(runs)!r}.", fix="anytasktune run SUITE.yaml")
    if publish is not None:
        for path in publish_board(registry, results_of(runs), options.folder(publish), opponent=opponent):
            typer.echo(str(path))
        return
    board = make_board(gathered.runs, gathered.golds, gathered.metrics, opponent=opponent, command=command_line())
    known = {**FORMATS, **{report.name: report for report in registry.report_formats}}
    text = render(board, format_, known)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_whole(out, text.encode("utf-8", "backslashreplace"))
        typer.echo(str(out))


def results_of(runs: Path) -> Path:
    """The folder of the runs that a board shows: ``results`` where a suite keeps its trials beside it."""
    return runs / "results" if (runs / "results").is_dir() else runs
