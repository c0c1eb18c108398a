"""``anytasktune plugins``"""

from __future__ import annotations

from collections.abc import Mapping

import typer

from anytasktune import exit_status
from anytasktune.cli import options
from anytasktune.plugins import DISABLE, Found
from anytasktune.reports.inert import visible

NAME = "plugins"

OFFERED = {
    "subtasks": ("register_subtasks", "sub-tasks"),
    "models": ("register_models", "models"),
    "launchers": ("register_launchers", "launchers"),
    "report_formats": ("register_report_formats", "report formats"),
}
"""What plugins offer: its key in JSON, its hook, and what a person calls it."""


def command(plugin: options.Plugin = None, json: options.Json = False) -> int:
    """List plugins: where each is from, what it offers by name, and what failed and why."""
    registry = options.registry(plugin, quiet=True)
    names = registry.everything()
    rows = [
        {**_about(found), **{key: list(names[hook].get(found.name, ())) for key, (hook, _) in OFFERED.items()}}
        for found in registry.found
    ]
    if json:
        options.print_json(rows)
        return exit_status.OK
    for row in rows:
        for line in _lines(row):
            typer.echo(visible(line))
    return exit_status.OK


def _about(found: Found) -> dict[str, object]:
    return {
        "name": found.name,
        "version": found.version,
        "distribution": found.distribution,
        "from": found.source,
        "place": found.place,
        "hook_version": found.hook_version,
        "hooks": list(found.hooks),
        "run_finished": "run_finished" in found.hooks,
        "failure": found.failure,
        "note": found.note,
        "disabled": found.disabled,
    }


def _lines(row: Mapping[str, object]) -> list[str]:
    """A plugin as a person reads it: who it is, then a line for each thing to say of it."""
    brought = " ".join(str(row[key]) for key in ("distribution", "version") if row[key])
    told = {words: ", ".join(row[key]) for key, (_, words) in OFFERED.items()}  # type: ignore[arg-type]  # lists of text
    told["run_finished"] = "is told of every run" if row["run_finished"] else ""
    told["note"] = str(row["note"])
    told["disabled"] = f"by {DISABLE}" if row["disabled"] else ""
    told["failed"] = str(row["failure"])
    head = ", ".join(filter(None, (brought, f"{row['from']} {row['place']}")))
    return [f"{row['name']}: {head}", *(f"  {words:<15}{said}" for words, said in told.items() if said)]
