"""What commands share: their options, how a registry is loaded, how JSON is printed."""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anytasktune import plugins
from anytasktune.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from anytasktune.examples import Split
    from anytasktune.records import RunRecord
    from anytasktune.runs import Settings, Workshop
    from anytasktune.subtask import SubTask

STRICT: ContextVar[bool] = ContextVar("strict_plugins", default=False)
TRACE: ContextVar[bool] = ContextVar("trace_hooks", default=False)

Tasks = Annotated[
    list[str], typer.Argument(metavar="TASK…", help="Sub-tasks, by id or glob: law/charge-prediction, 'law/*'.")
]
Task = Annotated[str, typer.Argument(metavar="TASK", help="A sub-task's id: law/charge-prediction.")]
Plugin = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help="A plugin in a single file, its YAML beside it; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Model = Annotated[str, typer.Option("--model", metavar="MODEL", help="See `anytasktune models`.")]
OptionalModel = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="MODEL", help="See `anytasktune models`. Default: the adapter's base, or smollm2-135m."
    ),
]
Adapter = Annotated[
    Path | None, typer.Option("--adapter", metavar="DIR", help="An adapter that `anytasktune tune` made for the model.")
]
Shots = Annotated[int, typer.Option("--shots", "--num_fewshot", min=0, help="Few-shot examples, taken from train.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Only the first rows. The run is marked and enters no published board."),
]
Language = Annotated[
    str | None, typer.Option("--language", help="Language of the prompt: en or zh. Default: the card's.")
]
Variant = Annotated[str, typer.Option("--variant", help="A variant of the data, such as another official split.")]
Output = Annotated[
    Path,
    typer.Option(
        "--output_path", "--out-dir", metavar="DIR", help="Folder for runs and adapters; a folder, not a file."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="Seed of tuning, sampling and the bootstrap; a run that exists keeps its own.")
]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda, mps, or auto: the best there is.")]
Dtype = Annotated[str, typer.Option("--dtype", help="float32, bfloat16, float16, or auto: what the device does well.")]
BatchSize = Annotated[
    str,
    typer.Option("--batch_size", help="Rows at once at most, or auto. It changes speed and memory, not answers."),
]
Trust = Annotated[bool, typer.Option("--trust-remote-code", help="Let a model's repository run code of its own.")]
SplitName = Annotated[str, typer.Option("--split", help="test, validation, train or all.")]
Method = Annotated[str, typer.Option("--method", help="generate, or likelihood: the likeliest of the labels.")]


def registry(files: list[Path] | None, *, quiet: bool = False) -> plugins.Registry:
    """All plugins, with those of ``--plugin``; what is wrong with one is told on standard error, unless quiet."""

    def warn(line: str) -> None:
        if not quiet:
            typer.echo(f"warning: {line}", err=True)

    return plugins.load(files or [], strict=STRICT.get(), say=warn, trace=TRACE.get())


def one_task(found: plugins.Registry, id: str) -> SubTask:
    """The one sub-task that an id or glob names.

    Raises:
        UsageError: none, or several.
    """
    tasks = found.select([id])
    if len(tasks) > 1:
        raise UsageError(
            f"{id!r} names {len(tasks)} sub-tasks; this command takes one.", evidence=[t.id for t in tasks]
        )
    return tasks[0]


def split(name: str) -> Split | Any:
    """A split's name.

    Raises:
        UsageError: there is no such split.
    """
    known = ("test", "validation", "train", "all")
    if name not in known:
        raise UsageError(f"There is no split {name!r}.", fix=did_you_mean(name, known))
    return name


def rows_at_once(batch_size: str) -> int | None:
    """``--batch_size`` as a number of rows; None for auto.

    Raises:
        UsageError: neither a number above 0 nor auto.
    """
    if batch_size == "auto":
        return None
    if not batch_size.isdecimal() or int(batch_size) < 1:
        raise UsageError(f"--batch_size is a number above 0 or auto, not {batch_size!r}.")
    return int(batch_size)


def folder(path: Path) -> Path:
    """A folder for output.

    Raises:
        UsageError: it is a file, or is named like one.
    """
    if path.is_file() or path.suffix in (".json", ".jsonl"):
        raise UsageError(
            f"--output_path is a folder, and {path.name!r} is a file.", fix="name a folder: --output_path runs"
        )
    return path


def workshop(found: plugins.Registry, settings: Settings, *, quiet: bool = False) -> Workshop:
    """What runs jobs, with progress on standard error."""
    from anytasktune.progress import Reporter
    from anytasktune.runs import Workshop

    return Workshop(registry=found, settings=settings, reporter=Reporter(quiet=quiet))


def warnings(record: RunRecord) -> list[str]:
    """What a person should know before trusting a score."""
    counts, rows = record.counts, record.task.rows
    lines = [
        f"{count} of {rows} answers {what}"
        for count, what in (
            (counts.missing, "are missing"),
            (counts.empty, "are empty"),
            (counts.unreadable, "could not be read"),
            (counts.hit_limit, "ran into the generation limit"),
            (counts.run_on, "ran on after they were complete"),
            (counts.shortened, "were given to a prompt whose input was shortened"),
        )
        if count
    ]
    if record.task.limit is not None:
        lines.append(f"limited to {record.task.limit} rows: enters no published board")
    return lines


def print_json(value: object) -> None:
    """Strict JSON on standard output: no NaN, non-Latin letters as they are wherever the output can hold them."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, ensure_ascii=plain, allow_nan=False, indent=1)
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
