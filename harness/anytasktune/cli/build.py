"""``anytasktune build``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anytasktune import exit_status
from anytasktune.cli import options
from anytasktune.errors import AnyTaskTuneError

if TYPE_CHECKING:
    from anytasktune.splits import DataSet

NAME = "build"


def command(
    tasks: options.Tasks,
    plugin: options.Plugin = None,
    variant: options.Variant = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write each data set there as Parquet.")
    ] = None,
    json: options.Json = False,
) -> int:
    """Build data sets: counts, leaks removed, conflicts, fingerprint. Each is tried; one that fails is named."""
    from anytasktune import dataset_store, splits
    from anytasktune.examples import DataRequest
    from anytasktune.progress import Reporter

    reporter = Reporter()
    built: list[tuple[DataSet, list[str]]] = []
    failures: list[AnyTaskTuneError] = []
    for task in options.registry(plugin).select(tasks):
        try:
            with reporter.step(f"build {task.id}"):
                data = splits.build(task, DataRequest(variant=variant))
        except AnyTaskTuneError as error:
            failures.append(error)
            print(f"{task.id}: {error}", file=sys.stderr)  # noqa: T201  # this is the command's output
            continue
        built.append((data, list(task.card.languages)))
        if out is not None:
            dataset_store.save(data, out / (f"{task.slug}.{variant}" if variant else task.slug))
    rows = [_as_dict(data, languages) for data, languages in built]
    if json:
        options.print_json(rows)
    else:
        _print_table(rows)
    return exit_status.FAILED if failures else exit_status.OK


def _as_dict(data: DataSet, languages: list[str]) -> dict[str, Any]:
    report = data.report
    return {
        "id": data.id,
        "version": data.version,
        "variant": data.variant,
        "languages": languages,
        "train": len(data.splits["train"]),
        "validation": len(data.splits["validation"]),
        "test": len(data.splits["test"]),
        "leaks_removed": report.leaks_removed,
        "fingerprint": data.fingerprint,
        "notes": report.notes(),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("sub-task", "lang", "train", "val", "test", "leaks", "fingerprint"):
        table.add_column(
            heading, overflow="fold", justify="right" if heading in ("train", "val", "test", "leaks") else "left"
        )
    for row in rows:
        table.add_row(
            row["id"] + (f" ({row['variant']})" if row["variant"] else ""),
            " ".join(row["languages"]),
            *(str(row[name]) for name in ("train", "validation", "test", "leaks_removed")),
            row["fingerprint"][:12],
        )
    console = Console(emoji=False)
    if rows:
        console.print(table)
    for row in rows:
        for note in row["notes"]:
            console.print(f"{escape(row['id'])}: {escape(note)}", highlight=False, soft_wrap=True)
