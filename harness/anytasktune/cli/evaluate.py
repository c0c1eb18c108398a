"""``anytasktune evaluate``"""

from __future__ import annotations

from pathlib import Path

import typer

from anytasktune import exit_status
from anytasktune.cli import options

NAME = "evaluate"


def command(
    tasks: options.Tasks,
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
    seed: options.Seed = 0,
    batch_size: options.BatchSize = "auto",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
    json: options.Json = False,
) -> int:
    """Evaluate one model on sub-tasks and record the runs. Goes on where it was interrupted; nothing is done twice."""
    from anytasktune.cli.asking import Asking, evaluate_tasks
    from anytasktune.runs import Settings

    registry = options.registry(plugin)
    chosen = registry.select(tasks)
    settings = Settings(
        root=options.folder(output_path),
        device=device,
        dtype=dtype,
        rows_at_once=options.rows_at_once(batch_size),
        trust_remote_code=trust_remote_code,
        limit=limit,
        seed=seed,
        language=language,
    )
    asking = Asking(
        model=model, adapter=adapter, shots=shots, method=method, split=options.split(split), variant=variant
    )
    runs = evaluate_tasks(options.workshop(registry, settings), chosen, asking)
    lost = any(record.score.value is None for _, record in runs)
    if json:
        options.print_json([{"folder": str(folder), **record.model_dump()} for folder, record in runs])
        return exit_status.FAILED if lost else exit_status.OK
    for folder, record in runs:
        score = record.score
        value = f"{score.value:.4f}" if score.value is not None else f"no score ({score.reason})"
        interval = f" [{score.low:.4f}, {score.high:.4f}]" if score.low is not None and score.high is not None else ""
        typer.echo(f"{record.task.id}: {record.metric} {value}{interval}, n = {score.n}")
        if record.protocol.method != "direct" and record.protocol.shots < shots:
            typer.echo(f"  {record.protocol.shots} of the {shots} few-shot examples fit beside the question")
        for line in options.warnings(record):
            typer.echo(f"  {line}")
        typer.echo(f"  {folder}")
    return exit_status.FAILED if lost else exit_status.OK
