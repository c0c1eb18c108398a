"""``anytasktune new``"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anytasktune.cli import options
from anytasktune.errors import UsageError, did_you_mean
from anytasktune.examples import KINDS

if TYPE_CHECKING:
    from anytasktune.examples import Kind
    from anytasktune.scaffold.draft import Draft

NAME = "new"

SHOWN = 10
"""Rows that are printed of each thing to look at; the package's README has 100, ``--json`` has all."""


Task = Annotated[str, typer.Argument(metavar="DOMAIN/NAME", help="The new sub-task's id: law/clause-type.")]
KindName = Annotated[
    str | None,
    typer.Option(
        "--kind", metavar="KIND", help=f"What an answer is: {', '.join(KINDS)}. Default: choice, or what --data holds."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="FILE", help="Rows of your own: .csv, .tsv, .jsonl, .json, .xlsx or .parquet."),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Write the package into this folder.")]
Input = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="COLUMN", help="The column of the inputs; several are joined, a line each."),
]
Target = Annotated[str, typer.Option("--target", metavar="COLUMN", help="The column of the answers.")]
Group = Annotated[
    str, typer.Option("--group", metavar="COLUMN", help="Rows of one value here never fall into two splits.")
]
Slice = Annotated[
    list[str] | None,
    typer.Option("--slice", metavar="COLUMN", help="Keep the column, to break scores down by it; repeatable."),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Of a text file, where it cannot be found out: cp1252."),
]
Merge = Annotated[
    bool, typer.Option("--merge-spellings", help="Labels alike but for case, spaces or width take the commonest.")
]


def command(
    task: Task,
    kind: KindName = None,
    data: Data = None,
    out: Out = Path(),
    input: Input = None,
    target: Target = "",
    group: Group = "",
    slice: Slice = None,
    encoding: Encoding = None,
    merge_spellings: Merge = False,
    json: options.Json = False,
) -> None:
    """Write an installable plugin package for a new sub-task, with sample data or with your own rows.

    Everything that is guessed from --data is said with its reason, and nothing is overwritten.
    """
    from anytasktune.scaffold.from_data import Asked, data_draft
    from anytasktune.scaffold.names import names_of
    from anytasktune.scaffold.package import next_commands, write
    from anytasktune.scaffold.samples import sample_draft

    wanted = _kind(kind)
    names = names_of(task, options.registry(None).subtasks)
    if data is None:
        given = {"--input": input, "--target": target, "--group": group, "--slice": slice, "--encoding": encoding}
        if said := [name for name, value in {**given, "--merge-spellings": merge_spellings}.items() if value]:
            raise UsageError(f"{said[0]} is about the rows of --data, and no --data is given.", fix="--data FILE")
        draft = sample_draft(names, wanted or "choice")
    else:
        asked = Asked(
            path=data,
            kind=wanted,
            inputs=tuple(input or ()),
            target=target,
            group=group,
            slices=tuple(slice or ()),
            encoding=encoding,
            merge_spellings=merge_spellings,
        )
        draft = data_draft(names, asked)
    folder, files = write(draft, out)
    if json:
        options.print_json(_as_dict(draft, folder, files, next_commands(draft, folder)))
    else:
        _print(draft, folder, files, next_commands(draft, folder))


def _kind(name: str | None) -> Kind | None:
    """The kind that was named.

    Raises:
        UsageError: there is none of that name.
    """
    for kind in KINDS:
        if kind == name:
            return kind
    if name is not None:
        raise UsageError(f"There is no kind {name!r}.", fix=did_you_mean(name, KINDS))
    return None


def _as_dict(draft: Draft, folder: Path, files: list[str], commands: list[str]) -> dict[str, Any]:
    return {
        "id": draft.names.id,
        "kind": draft.kind,
        "package": str(folder),
        "files": files,
        "rows": dict(Counter(str(row.split) for row in draft.rows)),
        "labels": {label.id: label.rows for label in draft.labels},
        "read": list(draft.notes),
        "guesses": [asdict(guess) for guess in draft.guesses],
        "findings": [asdict(finding) for finding in draft.findings],
        "next": commands,
    }


def _print(draft: Draft, folder: Path, files: list[str], commands: list[str]) -> None:
    from rich.console import Console
    from rich.markup import escape

    from anytasktune.reports.inert import visible

    console = Console(emoji=False, highlight=False)

    def section(title: str, lines: list[str]) -> None:
        if lines:
            console.print(f"[bold]{title}[/]")
        for line in lines:
            console.print("  " + escape(visible(line)), soft_wrap=True)

    looked_at = []
    for finding in draft.findings:
        more = len(finding.evidence) - SHOWN
        looked_at.append(finding.what + (":" if finding.evidence else ""))
        looked_at += [f"  - {line}" for line in finding.evidence[:SHOWN]]
        looked_at += [f"  … and {more} more; see the package's README"] if more > 0 else []
    section("read", list(draft.notes))
    section("guessed", list(map(str, draft.guesses)))
    section("to look at", looked_at)
    section(f"wrote {escape(visible(str(folder)))}", files)
    section("next", commands)
