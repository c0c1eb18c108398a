"""``anytasktune check``"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from anytasktune import exit_status
from anytasktune.cli import options

if TYPE_CHECKING:
    from anytasktune.conformance.findings import Finding

NAME = "check"

EVIDENCE: Final = 10
"""Lines of evidence that are printed; ``--json`` has more."""

_WIDTH: Final = 16
"""Of the longest name of a check."""

_COLOURS: Final = {"pass": "green", "fail": "bold red", "note": "yellow", "skipped": "dim"}


def command(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK…|PATH…",
            help="Sub-tasks by id or glob, a plugin's FILE.py, or the folder of a package, installed or not.",
        ),
    ],
    plugin: options.Plugin = None,
    json: options.Json = False,
) -> int:
    """Check that a sub-task is fit for use: card, data, leaks, metric, prompts, recipe, stock lm-eval.

    Every check runs; one that needs what failed is not run and says so. Exits 1 when a check failed.
    """
    from anytasktune.conformance.kit import examine
    from anytasktune.progress import Reporter

    reporter = Reporter()
    findings: list[Finding] = []
    for examination in examine(what, lambda: options.registry(plugin), reporter.say):
        with reporter.step(f"check {examination.name}"):
            found = examination.findings()
        findings += found
        if not json:
            _print(found)
    if json:
        options.print_json([asdict(finding) for finding in findings])
    else:
        _print_end(findings)
    return exit_status.FAILED if any(finding.status == "fail" for finding in findings) else exit_status.OK


def _print(findings: Sequence[Finding]) -> None:
    """One sub-task's findings, a line each, evidence below it; last what was not run, by its reason."""
    from rich.console import Console
    from rich.markup import escape

    from anytasktune.reports.inert import visible

    console = Console(emoji=False, highlight=False)

    def line(status: str, rest: str) -> None:
        console.print(f"[{_COLOURS[status]}]{status:<7}[/]  {escape(visible(rest))}", soft_wrap=True)

    console.print(f"[bold]{escape(visible(findings[0].task))}[/]")
    unrun: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status == "skipped":
            unrun.setdefault(finding.message, []).append(finding.check)
            continue
        line(finding.status, f"{finding.check:<{_WIDTH}}  {finding.message}")
        shown = [f"- {piece}" for piece in finding.evidence[:EVIDENCE]]
        if len(finding.evidence) > EVIDENCE:
            shown.append(f"… and {len(finding.evidence) - EVIDENCE} more; --json shows them")
        for piece in shown:
            console.print(f"{'':<{_WIDTH + 11}}{escape(visible(piece))}", soft_wrap=True)
    for reason, checks in unrun.items():
        line("skipped", f"{', '.join(checks)}: {reason}")


def _print_end(findings: Sequence[Finding]) -> None:
    """What came of it, in a sentence for each sub-task."""
    for task in dict.fromkeys(finding.task for finding in findings):
        own = [finding for finding in findings if finding.task == task]
        times = Counter(finding.status for finding in own)
        parts = [f"{times['pass']} of {len(own)} checks passed"]
        parts += [f"{times['note']} with a note"] if times["note"] else []
        parts += [f"{times['skipped']} not run"] if times["skipped"] else []
        failures = [finding.check for finding in own if finding.status == "fail"]
        parts += [f"{len(failures)} failed: {', '.join(failures)}"] if failures else []
        typer.echo(f"{task}: {', '.join(parts)}.")
