"""``anytasktune plugins``"""

from __future__ import annotations

from dataclasses import asdict

from anytasktune import exit_status
from anytasktune.cli import options

NAME = "plugins"


def command(plugin: options.Plugin = None, json: options.Json = False) -> int:
    """List plugins: what each offers, and what failed to load and why."""
    registry = options.registry(plugin)
    offered: dict[str, list[str]] = {}
    for task in registry.subtasks.values():
        offered.setdefault(task.origin, []).append(task.id)
    _ = registry.model_kinds
    rows = [
        {**asdict(found), "hooks": list(found.hooks), "subtasks": offered.get(found.name, [])}
        for found in registry.found
    ]
    if json:
        options.print_json(rows)
        return exit_status.OK
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("plugin", "version", "distribution", "offers", "failed"):
        table.add_column(heading, overflow="fold")
    for found in registry.found:
        tasks = offered.get(found.name, [])
        offers = [hook for hook in found.hooks if hook != "register_subtasks"] + tasks
        table.add_row(
            escape(found.name),
            escape(found.version),
            escape(found.distribution),
            escape("\n".join(offers)),
            escape(found.failure),
        )
    Console(emoji=False).print(table)
    return exit_status.OK
