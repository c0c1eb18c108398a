"""``anytasktune run``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anytasktune.cli import options
from anytasktune.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from anytasktune.launchers.base import Launcher
    from anytasktune.plugins import Registry
    from anytasktune.suite import Suite

NAME = "run"


def command(
    suite: Annotated[Path, typer.Argument(metavar="SUITE.yaml", help="Sub-tasks × models; see docs/suites.md.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    plugin: options.Plugin = None,
    output_path: Annotated[
        Path | None,
        typer.Option("--output_path", metavar="DIR", help="Folder of runs. Default: runs/NAME of the suite."),
    ] = None,
    batch_size: options.BatchSize = "auto",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
    launcher: Annotated[str, typer.Option("--launcher", help="local, or a plugin's.")] = "local",
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
        launcher=launcher,
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
    launcher: str = "local",
) -> None:
    """Run a suite and print its board, or its plan."""
    from anytasktune import splits
    from anytasktune.evaluation import command as command_line
    from anytasktune.leaderboard import make_board
    from anytasktune.reports.formats import render
    from anytasktune.runs import Settings, plan, run_suite
    from anytasktune.verification import gather

    registry = options.registry(plugin)
    chosen = _launcher(registry, launcher)
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
    folders = run_suite(suite, workshop, chosen)
    gathered = gather(root / "results", registry.subtasks, splits.build)
    wanted = {folder.relative_to(root / "results").as_posix() for folder in folders}
    runs = [run for run in gathered.runs if run.path in wanted]
    board = make_board(runs, gathered.golds, gathered.metrics, command=command_line())
    typer.echo(render(board, "terminal"), nl=False)
    workshop.reporter.say(f"records: {root / 'results'}; other formats: anytasktune board {root} --format markdown")


def _launcher(registry: Registry, name: str) -> Launcher:
    known = {launcher.name: launcher for launcher in registry.launchers}
    if name not in known:
        raise UsageError(f"There is no launcher {name!r}.", fix=did_you_mean(name, known))
    return known[name]
