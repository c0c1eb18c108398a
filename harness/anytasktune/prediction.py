"""Using what was tuned, on inputs that are nobody's test rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from anytasktune import prompts
from anytasktune.errors import UsageError
from anytasktune.examples import Example
from anytasktune.prompts import AskedAs, PromptFormat, Rendered

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from anytasktune.subtask import SubTask


def read_inputs(text: str, name: str) -> list[str]:
    """Inputs from text: one a line (a blank one is an empty input), or JSON lines with a key ``input``.

    Raises:
        UsageError: there is none, or a JSON line is torn or lacks ``input``.
    """
    lines = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
    if not any(line.strip() for line in lines):
        raise UsageError("There are no inputs.", where=name)
    if not next(line for line in lines if line.strip()).lstrip().startswith('{"'):
        return lines
    inputs = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        given = row.get("input") if isinstance(row, dict) else None
        if not isinstance(given, str) or any("\ud800" <= char <= "\udfff" for char in given):
            raise UsageError(
                "A line is not a JSON object with a text input.", where=f"{name}:{number}", evidence=[line[:80]]
            )
        inputs.append(given)
    return inputs


def predict(
    task: SubTask,
    inputs: Sequence[str],
    *,
    model: str | None,
    adapter: Path | None,
    language: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    trust_remote_code: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Greedy answers, one an input, by the prompt that the adapter was tuned with; "" for an empty input.

    ``say`` is told how many inputs were shortened, and how many answers are empty or were cut off at their limit.

    Raises:
        UsageError: neither a model nor an adapter is named.
        ModelError, AdapterError: they cannot be loaded, or do not belong together.
    """
    from anytasktune.models.causal import open_place, place_of
    from anytasktune.models.journal import Journal, key_of

    if model is None and adapter is None:
        raise UsageError("Nothing is named that could answer.", fix="--adapter DIR, or --model MODEL")
    place, tuned_language = place_of(model, adapter)
    asked = AskedAs(method="generate", shots=0, language=language or tuned_language or task.card.prompt_language)
    answering = open_place(
        place,
        task,
        adapter=adapter,
        device=device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
        language=asked.language,
    )
    given = [i for i, text in enumerate(inputs) if text.strip()]
    examples = [Example(id=f"input:{i}", input=inputs[i], targets=("",)) for i in given]
    rendered = prompts.render(task.id, task.card, examples, asked, [], answering.form)
    requests = _requests(task, rendered, answering.form, asked.language)
    lm = answering.answering(Journal(None, {}), lambda done, total, rate: None)
    answers = dict(zip(given, lm.generate_until(requests), strict=True))
    cut_off = answering.notes().cut_off
    limited = sum(key_of("generate_until", *request.args) in cut_off for request in requests)
    for count, what in (
        (len(rendered.shortened), "inputs lost their middle"),
        (sum(not answer.strip() for answer in answers.values()), "answers are empty"),
    ):
        if count:
            say(f"{count} of {len(given)} {what}")
    say(f"{limited} of {len(given)} answers ran into the limit of {task.card.max_new_tokens} tokens")
    return [answers.get(i, "").strip() for i in range(len(inputs))]


def _requests(task: SubTask, rendered: Rendered, form: PromptFormat, language: str) -> list[Instance]:
    """lm-eval's requests for the answers to rendered inputs."""
    from lm_eval.api.instance import Instance

    delimiter = prompts.target_delimiter(language)
    settings = {"until": list(task.card.until), "max_gen_toks": task.card.max_new_tokens, "do_sample": False}
    return [
        Instance(
            request_type="generate_until",
            doc=dict(document),
            arguments=(prompts.context(document, [], form, delimiter), dict(settings)),
            idx=0,
            metadata=(task.slug, i, 1),
        )
        for i, document in enumerate(rendered.documents)
    ]
