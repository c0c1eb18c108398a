"""``anytasktune lm-eval``"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from anytasktune import plugins
from anytasktune.cli import options
from anytasktune.errors import AnyTaskTuneError

NAME = "lm-eval"
CONTEXT = {"ignore_unknown_options": True, "help_option_names": []}
"""Every word that is not ours is lm-eval's, its --help too."""

FRONT = """\
anytasktune lm-eval [--plugin FILE.py]… ARGUMENTS…

lm-eval's own command line, with our engine and our sub-tasks in it:
  --model anytasktune   --model_args pretrained=MODEL[,adapter=DIR][,dtype=…][,device=…][,batch_size=…]
                        [,max_length=…][,seed=…][,trust_remote_code=True]
                        MODEL is smollm2-135m, hf:OWNER/NAME[@REVISION] or a folder; DIR an adapter of ours or of PEFT
  --tasks NAME          also every registered sub-task, a name a protocol: law_charge_prediction_zh_likelihood
                        (`anytasktune lm-eval ls subtasks` lists them)
  --use_cache PATH      the file's name gets the hash of model, adapter and number type: no answer of another model
  --plugin FILE.py      a plugin in a single file, its YAML beside it; before lm-eval's own arguments; may be repeated
The exit status is not 0 where lm-eval leaves no results.

What follows is lm-eval's own help; write `anytasktune lm-eval` where it says `lm-eval`.

"""


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGUMENTS…", help="lm-eval's own: run, ls, validate, and options."),
    ] = None,
    plugin: options.Plugin = None,
) -> int:
    """lm-eval's own command line with our engine (--model anytasktune) and our sub-tasks: every stock task and flag."""
    words = list(arguments or [])
    if not words or {"-h", "--help"} & set(words):
        typer.echo(FRONT)
    from anytasktune.lm_eval_cli import hand_over
    from anytasktune.progress import Reporter

    reporter = Reporter()
    files = plugin or []
    registry = _registry(files, reporter.say)
    if files:  # the functions that a YAML names look there
        known = [os.environ.get(plugins.FILES, ""), *(str(path.resolve()) for path in files)]
        os.environ[plugins.FILES] = os.pathsep.join(filter(None, known))
    return hand_over(words, registry, reporter)


def _registry(files: list[Path], say: Callable[[str], None]) -> plugins.Registry:
    """All plugins. A broken one that was not named here is told and stops nothing: a stock task does not need it."""
    try:
        return options.registry(files)
    except AnyTaskTuneError as error:
        if files or options.STRICT.get() or not os.environ.pop(plugins.FILES, ""):
            raise
        say(f"warning: {plugins.FILES} is left out. {error}")
        return options.registry(None)
