"""``anytasktune predict``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from anytasktune.cli import options
from anytasktune.errors import UsageError

NAME = "predict"


def command(
    task: options.Task,
    adapter: options.Adapter = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="The base; the adapter's own when left out.")
    ] = None,
    input_: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="FILE|-",
            help="Text, one input a line, or JSON lines with an input; - is standard input.",
        ),
    ] = "-",
    plugin: options.Plugin = None,
    language: options.Language = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    trust_remote_code: options.Trust = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line: input and answer.")] = False,
) -> None:
    """Use what was tuned: one answer a line, in the order of the inputs."""
    import json as json_module

    from anytasktune.prediction import predict, read_inputs
    from anytasktune.progress import Reporter

    subtask = options.one_task(options.registry(plugin), task)
    text = _text_of(input_)
    inputs = read_inputs(text, input_)
    answers = predict(
        subtask,
        inputs,
        model=model,
        adapter=adapter,
        language=language,
        device=device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
        say=Reporter().say,
    )
    for given, answer in zip(inputs, answers, strict=True):
        if json:
            typer.echo(json_module.dumps({"input": given, "answer": answer}, ensure_ascii=False))
        else:
            typer.echo(answer.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n"))


def _text_of(name: str) -> str:
    """The text of a file, or of standard input, whatever the terminal's encoding is."""
    path = Path(name)
    try:
        content = sys.stdin.buffer.read() if name == "-" else path.read_bytes()
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"There is no input file {path.name!r}.", where=str(path)) from None
    except UnicodeDecodeError as error:
        what = "Standard input" if name == "-" else path.name
        raise UsageError(f"{what} is not UTF-8: {error}", where=name, fix="convert it: iconv -t utf-8") from None
