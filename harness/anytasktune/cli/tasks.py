"""``anytasktune tasks``"""

from __future__ import annotations

from typing import Annotated

import typer

from anytasktune.cli import options
from anytasktune.errors import AnyTaskTuneError
from anytasktune.subtask import SubTask

NAME = "tasks"


def command(
    pattern: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK…]", help="Ids or globs; all when left out.")
    ] = None,
    plugin: options.Plugin = None,
    json: options.Json = False,
) -> None:
    """List the sub-tasks that are registered."""
    registry = options.registry(plugin)
    tasks = registry.select(pattern, listing=True) if pattern else list(registry.subtasks.values())
    broken: list[str] = []
    readable = [task for task in tasks if _readable(task, broken)]
    if json:
        options.print_json([_as_dict(task) for task in readable])
    else:
        _print_table(readable)
    for line in broken:
        typer.echo(f"warning: {line}", err=True)


def _readable(task: SubTask, broken: list[str]) -> bool:
    try:
        _ = task.card
    except AnyTaskTuneError as error:
        broken.append(f"{task.id} is left out: {error}")
        return False
    return True


def _as_dict(task: SubTask) -> dict[str, object]:
    card = task.card
    return {
        "id": task.id,
        "domain": task.domain,
        "title": card.title,
        "kind": card.kind,
        "languages": list(card.languages),
        "metric": task.metric.name,
        "version": card.version,
        "variants": list(card.variants),
        "licence": card.licence,
        "authored": card.source.authored,
        "recorded": sorted(task.recorded),
        "plugin": task.origin,
        **({"source_task": card.source_task} if card.source_task else {}),
    }


def _print_table(tasks: list[SubTask]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("sub-task", "kind", "languages", "metric", "licence"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "sub-task")
    for task in tasks:
        card = task.card
        table.add_row(task.id, card.kind, " ".join(card.languages), task.metric.name, card.licence)
    Console(emoji=False).print(table)
