"""``anytasktune tune``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from anytasktune.cli import options
from anytasktune.errors import UsageError

NAME = "tune"


def command(
    tasks: options.Tasks,
    model: options.Model = "smollm2-135m",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the recipe: --set epochs=2 --set rank=8."),
    ] = None,
    plugin: options.Plugin = None,
    variant: options.Variant = "",
    language: options.Language = None,
    output_path: options.Output = Path("runs"),
    seed: options.Seed = 0,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
) -> None:
    """Tune an adapter for each sub-task by its recipe; prints its folder. Goes on where it was interrupted."""
    from anytasktune.runs import Settings

    changes = _changes(set_ or [])
    registry = options.registry(plugin)
    chosen = registry.select(tasks)
    settings = Settings(
        root=options.folder(output_path),
        device=device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
        seed=seed,
        language=language,
    )
    workshop = options.workshop(registry, settings)
    for task in chosen:
        adapter, tuning = workshop.tune(task, workshop.data(task, variant), model, recipe_changes=changes, seed=seed)
        workshop.reporter.say(
            f"{task.id}: best validation loss {tuning.best_validation_loss:.4f} "
            f"at step {tuning.best_step} of {tuning.steps}, {tuning.seconds:.0f} s"
        )
        typer.echo(str(adapter))


def _changes(pairs: list[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UsageError(f"--set takes FIELD=VALUE, not {pair!r}.", fix="--set epochs=2")
        changes[name.strip()] = yaml.safe_load(value)
    return changes
