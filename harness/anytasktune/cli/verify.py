"""``anytasktune verify``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anytasktune import exit_status
from anytasktune.cli import options
from anytasktune.errors import UsageError

NAME = "verify"


def command(
    runs: Annotated[Path, typer.Argument(metavar="RUNS", help="Folder of runs, or of a published board.")],
    plugin: options.Plugin = None,
) -> int:
    """Recompute every figure from the samples and the data; exits 1 and names each one that differs."""
    from anytasktune import splits
    from anytasktune.records import find_runs
    from anytasktune.verification import differences, verify

    registry = options.registry(plugin)
    checked = len(list(find_runs(runs)))
    findings = verify(runs, registry.subtasks, splits.build)
    for finding in findings:
        typer.echo(str(finding), err=True)
    wrong = differences(findings)
    typer.echo(f"{checked} runs checked, {len(wrong)} differences")
    if not checked:
        raise UsageError(f"There are no finished runs in {str(runs)!r}.", fix="anytasktune run SUITE.yaml")
    return exit_status.FAILED if wrong else exit_status.OK
