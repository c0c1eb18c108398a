"""``anytasktune verify``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anytasktune import exit_status
from anytasktune.cli import options

NAME = "verify"


def command(
    runs: Annotated[Path, typer.Argument(metavar="RUNS", help="Folder of runs, or of a published board.")],
    plugin: options.Plugin = None,
) -> int:
    """Recompute every figure from the samples and the data; exits 1 and names each one that differs."""
    from anytasktune import splits
    from anytasktune.verification import verify

    registry = options.registry(plugin)
    findings, checked = verify(runs, registry.subtasks, splits.build)
    for finding in findings:
        typer.echo(str(finding), err=True)
    typer.echo(f"{checked} runs checked, {len(findings)} differences")
    return exit_status.FAILED if findings else exit_status.OK
