"""``anytasktune models``"""

from __future__ import annotations

from anytasktune.cli import options

NAME = "models"


def command(plugin: options.Plugin = None, json: options.Json = False) -> None:
    """List what can stand after --model."""
    registry = options.registry(plugin)
    if json:
        options.print_json(
            [
                {"name": kind.name, "summary": kind.summary, "kinds": list(kind.kinds), "tunable": kind.tunable}
                for kind in registry.model_kinds
            ]
        )
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("model", "what it is", "answers"):
        table.add_column(heading, overflow="fold")
    for kind in registry.model_kinds:
        table.add_row(escape(kind.name), escape(kind.summary), ", ".join(kind.kinds) or "every kind")
    Console(emoji=False).print(table)
