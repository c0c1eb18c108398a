"""Puts the commands together, and turns errors into sentences and exit statuses."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable

import typer
from rich.console import Console
from rich.markup import escape

from anytasktune import exit_status
from anytasktune.cli import (
    board,
    build,
    check,
    evaluate,
    judge,
    lm_eval,
    models,
    new,
    options,
    plugins,
    predict,
    quickstart,
    record,
    run,
    score,
    show,
    tasks,
    tune,
    verify,
)
from anytasktune.errors import AnyTaskTuneError
from anytasktune.reports.inert import visible

app = typer.Typer(
    name="anytasktune",
    help="Does a small model, tuned on one narrow sub-task, beat a general one? Build, tune, evaluate, compare.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed

        typer.echo(installed("anytasktune"))
        raise typer.Exit


@app.callback()
def top(
    strict_plugins: bool = typer.Option(False, help="A plugin that fails to load is an error, whatever is asked for."),
    trace_hooks: bool = typer.Option(
        False, "--trace-hooks", help="Tell every call of a plugin's hook on standard error."
    ),
    version: bool = typer.Option(  # noqa: ARG001  # its callback answers before any command is looked for
        False, "--version", help="Print the version and stop.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Does a small model, tuned on one narrow sub-task, beat a general one? Build, tune, evaluate, compare."""
    options.STRICT.set(strict_plugins)
    options.TRACE.set(trace_hooks)


def _with_exit_status(command: Callable[..., int | None]) -> Callable[..., None]:
    """A command whose number is its exit status, and which Ctrl-C stops in a sentence."""

    @functools.wraps(command)
    def wrapped(*args: object, **options_: object) -> None:
        try:
            status = command(*args, **options_)
        except KeyboardInterrupt:
            typer.echo("stopped; the same command again goes on from here", err=True)
            raise typer.Exit(exit_status.INTERRUPTED) from None
        if status:
            raise typer.Exit(status)

    return wrapped


for _module in (
    quickstart,
    tasks,
    show,
    plugins,
    models,
    new,
    build,
    check,
    tune,
    evaluate,
    record,
    score,
    judge,
    predict,
    run,
    board,
    verify,
    lm_eval,
):
    app.command(_module.NAME, context_settings=getattr(_module, "CONTEXT", None))(_with_exit_status(_module.command))


def main() -> None:
    """Run the command line; see ``anytasktune.exit_status`` for what it exits with."""
    # lm-eval and its libraries draw progress bars of their own beside ours
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a screen that cannot show a letter is no error of ours
    try:
        app()
    except AnyTaskTuneError as error:
        said = "\n".join(visible(line) for line in str(error).split("\n"))  # evidence may be anything
        Console(stderr=True, emoji=False).print(f"[bold red]error:[/] {escape(said)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # the reader of our output has gone (`anytasktune tasks | head`); not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
