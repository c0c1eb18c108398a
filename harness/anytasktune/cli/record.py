"""``anytasktune record``"""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from anytasktune.cli import options

NAME = "record"


def command(
    task: options.Task,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.jsonl", help="Where the answers go.")],
    model: options.OptionalModel = None,
    adapter: options.Adapter = None,
    shots: options.Shots = 0,
    method: options.Method = "generate",
    split: options.SplitName = "test",
    limit: options.Limit = None,
    plugin: options.Plugin = None,
    variant: options.Variant = "",
    language: options.Language = None,
    output_path: options.Output = Path("runs"),
    batch_size: options.BatchSize = "auto",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
) -> None:
    """Ask a model once and keep its answers as a file that --model recorded:FILE answers from, with no model."""
    from anytasktune.cli.asking import Asking, evaluate_tasks
    from anytasktune.records import read_samples, write_whole
    from anytasktune.runs import Settings

    registry = options.registry(plugin)
    subtask = options.one_task(registry, task)
    settings = Settings(
        root=options.folder(output_path),
        device=device,
        dtype=dtype,
        rows_at_once=options.rows_at_once(batch_size),
        trust_remote_code=trust_remote_code,
        limit=limit,
        language=language,
    )
    asking = Asking(
        model=model, adapter=adapter, shots=shots, method=method, split=options.split(split), variant=variant
    )
    ((folder, run),) = evaluate_tasks(options.workshop(registry, settings), [subtask], asking)
    lines = [{"id": s.id, "answer": s.answer} for s in read_samples(folder, run)]
    write_whole(
        out,
        "".join(json_module.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode("utf-8", "surrogatepass"),
    )
    lost = sum(line["answer"] is None for line in lines)
    missing = f", {lost} of them missing (null)" if lost else ""
    typer.echo(f"{len(lines)} answers of {run.model.label} in {out}{missing}")
