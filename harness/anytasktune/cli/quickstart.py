"""``anytasktune quickstart``"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from anytasktune.cli import options

NAME = "quickstart"


def command(
    output_path: Annotated[
        Path, typer.Option("--output_path", metavar="DIR", help="Folder for runs and the adapter.")
    ] = Path("runs/quickstart"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    device: options.Device = "auto",
) -> None:
    """The main job, nothing to configure: tune a 135M model on a sub-task and compare it on one board."""
    from anytasktune.cli.run import run_and_show
    from anytasktune.suite import read_suite

    with as_file(files("anytasktune_tasks") / "quickstart" / "suite.yaml") as path:
        suite = read_suite(path)
    run_and_show(suite, root=options.folder(output_path), dry_run=dry_run, device=device)
