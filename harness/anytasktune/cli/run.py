"""``anytasktune run``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anytasktune.cli import options

if TYPE_CHECKING:
    from anytasktune.suite import Suite

NAME = "run"


def command(
    suite: Annotated[Path, typer.Argument(metavar="SUITE.yaml", help="Sub-tasks × models; see docs/suites.md.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    plugin: options.Plugin = None,
    output_path: Annotated[
        Path | None, typer.Option("--output_path", metavar="DIR", help="Folder of runs. Default: runs/NAME of the suite.")
    ] = None,
    batch_size: options.BatchSize = "auto",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
) -> None:
    """Run everything that a suite names, then print its board. Resumes: what is done is not done twice."""
    from anytasktune.suite import read_suite

    wanted = read_suite(suite)
    run_and_show(
        wanted,
        root=options.folder(output_path) if output_path else Path("runs") / wanted.name,
        plugin=plugin,
        dry_run=dry_run,
        batch_size=batch_size,
        device=device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
    )


def run_and_show(
    suite: Suite,
    *,
    root: Path,
    plugin: options.Plugin = None,
    dry_run: bool = False,
    batch_size: str = "auto",
    device: str = "auto",
    dtype: str = "auto",
    trust_remote_code: bool = False,
) -> None:
    """Run a suite and print its board, or its plan."""
    from anytasktune.cli.board import board_of
    from anytasktune.launchers.local import LocalLauncher
    from anytasktune.reports.formats import render
    from anytasktune.runs import Settings, plan, run_suite

    registry = options.registry(plugin)
    jobs = plan(suite, registry)
    if dry_run:
        for job in jobs:
            typer.echo(str(job))
        return
    settings = Settings(
        root=root,
        device=device,
        dtype=dtype,
        rows_at_once=options.rows_at_once(batch_size),
        trust_remote_code=trust_remote_code,
        limit=suite.limit,
        seed=suite.seed,
        language=suite.language,
    )
    workshop = options.workshop(registry, settings)
    folders = run_suite(suite, workshop, LocalLauncher())
    board = board_of(registry, folders, title=suite.title or suite.name, data=workshop.data)
    typer.echo(render(board, "terminal"), nl=False)
    workshop.reporter.say(f"records: {root / 'results'}; other formats: anytasktune board {root} --format markdown")
