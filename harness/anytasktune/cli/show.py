"""``anytasktune show``"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from anytasktune import prompts
from anytasktune.cli import options
from anytasktune.examples import Example
from anytasktune.lm_eval_tasks import stock_names, write_stock_yaml
from anytasktune.plugins import FILES
from anytasktune.subtask import SubTask

NAME = "show"


def command(
    task: options.Task,
    plugin: options.Plugin = None,
    json: options.Json = False,
    lm_eval_out: Annotated[
        Path | None,
        typer.Option(
            "--lm-eval-out", metavar="DIR", help="Write the sub-task's lm-eval tasks there, a YAML a protocol."
        ),
    ] = None,
) -> None:
    """Show a sub-task: its card, its prompts, and the stock lm_eval command that gives the same score."""
    subtask = options.one_task(options.registry(plugin), task)
    if lm_eval_out is not None:
        for path in write_stock_yaml(subtask, lm_eval_out):
            typer.echo(str(path))
        return
    about = _about(subtask, plugin or [])
    if json:
        options.print_json(about)
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, emoji=False)
    for name, value in about.items():
        if isinstance(value, dict):
            console.print(f"[bold]{escape(name)}[/]")
            for key, inner in value.items():
                console.print(f"  [bold]{escape(str(key))}[/] {escape(str(inner))}", soft_wrap=True)
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            console.print(f"[bold]{escape(name)}[/] {escape(shown)}", soft_wrap=True)


def _about(task: SubTask, files: list[Path]) -> dict[str, Any]:
    card = task.card
    placeholder = Example(
        id="x:0", input="‹input›", targets=tuple(label.id for label in card.labels[:1]) or ("‹answer›",)
    )
    shown = {}
    for language in card.prompts:
        document = prompts.document(task.id, card, placeholder, language)
        shown[language] = prompts.context(document, [], None, prompts.target_delimiter(language))
    return {
        "id": task.id,
        "title": card.title,
        "version": card.version,
        "kind": card.kind,
        "languages": list(card.languages),
        "metric": task.metric.name,
        "labels": [label.id for label in card.labels],
        "prompts": shown,
        "answer limit": f"{card.max_new_tokens} tokens, until {card.until!r}",
        "few-shot examples": card.shots,
        "variants": list(card.variants),
        "recorded answers": sorted(task.recorded),
        "recipe": task.recipe.as_dict(),
        "licence": card.licence,
        "source": card.source.citation + (f" {card.source.url}" if card.source.url else ""),
        "a wrong answer costs": card.wrong_answer_costs,
        "YAML": str(task.yaml),
        "lm-eval": _stock_commands(task, files),
    }


def _stock_commands(task: SubTask, files: list[Path]) -> dict[str, str]:
    """Stock commands by lm-eval name; the first runs the card's YAML itself.

    Stock lm-eval finds installed plugins by itself, and single files by the environment. Left to itself it takes
    "cuda" for the device, even where there is none.
    """
    paths = [str(file.resolve()) for file in files]
    known = f"{FILES}={shlex.quote(os.pathsep.join(paths))} " if paths else ""
    write = shlex.join(["anytasktune", "show", task.id, *(word for path in paths for word in ("--plugin", path))])
    model = (
        f"{known}lm_eval run --model hf --model_args pretrained=MODEL,dtype=float32 "
        "--device cpu --apply_chat_template --fewshot_as_multiturn true"
    )
    own = f"{model} --include_path {shlex.quote(str(task.yaml.parent))} --tasks {task.slug} --num_fewshot 0"
    others = {
        name: f"{write} --lm-eval-out DIR && {model} --include_path DIR --tasks {name} --num_fewshot 0"
        for name, _, _ in stock_names(task)
    }
    return {task.slug: own, **others}
