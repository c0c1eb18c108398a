"""lm-eval's view of a server: requests in, answers out, each in the journal as soon as it has arrived."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM
from lm_eval.models.utils import normalize_gen_kwargs

from anytasktune.errors import ModelError, PromptError
from anytasktune.models.answers import cut_at
from anytasktune.models.api.arguments import Arguments
from anytasktune.models.api.faults import LostError, excerpt
from anytasktune.models.api.forms import messages_of
from anytasktune.models.api.transport import Transport, read_key
from anytasktune.models.api.wires import Question, Reply
from anytasktune.models.journal import Journal, key_of
from anytasktune.models.kinds import Say
from anytasktune.prompts import PromptFormat

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

DEFAULT_LIMIT = 256
"""Tokens of an answer where a task names no limit; lm-eval's own default."""

_OF_DRAWING = frozenset({"top_k", "min_p", "typical_p", "top_p"})
"""Settings that mean nothing where the likeliest token is taken."""


def question_of(arguments: Arguments, context: str, given: Mapping[str, Any]) -> Question:
    """What lm-eval wants generated, as a question to this server.

    Raises:
        ModelError: a generation setting is not to be had from it.
    """
    known = dict(normalize_gen_kwargs(dict(given), DEFAULT_LIMIT))
    until, limit = tuple(str(stop) for stop in known.pop("until")), int(known.pop("max_gen_toks"))
    drawn, temperature = bool(known.pop("do_sample")), float(known.pop("temperature", 0.0))
    wanted = temperature if drawn else 0.0
    settings: dict[str, float] = {}
    if arguments.temperature is not None:
        settings["temperature"] = arguments.temperature or wanted
    if arguments.seed is not None:
        settings["seed"] = arguments.seed
    if wanted and "top_p" in known:
        settings["top_p"] = float(known.pop("top_p"))
    unknown = [name for name in known if wanted or name not in _OF_DRAWING]
    if unknown:
        raise ModelError(
            f"{arguments.label} is not asked with {', '.join(sorted(unknown))}.",
            fix="give what its server takes in the model's name: body.NAME=VALUE",
        )
    return Question(
        prompt=context if arguments.kind == "openai-completions" else messages_of(context),
        limit=limit + arguments.thinking_tokens,
        until=until,
        settings=settings,
    )


def value_of(reply: Reply, question: Question) -> dict[str, Any]:
    """What the journal keeps of an answer: cut at its first stop string, whoever was told of that."""
    before = cut_at(reply.text, question.until)
    return {
        "text": reply.text if before is None else before,
        "limit": reply.at_limit and before is None,
        "prompt_tokens": reply.prompt_tokens,
        "tokens": reply.answer_tokens,
        "model": excerpt(reply.model, ""),
    }


class ApiLM(LM):  # type: ignore[misc]  # lm-eval is untyped
    """Answers from a server.

    Args:
        arguments: who is asked.
        form: how prompts are written; None is plain text.
        journal: of finished answers; the caller closes it.
        progress: told after every answer.
        say: told of trouble, and of rows that stay without an answer.
    """

    def __init__(
        self,
        arguments: Arguments,
        form: PromptFormat | None,
        journal: Journal,
        progress: Callable[[int, int, float], None],
        say: Say,
    ) -> None:
        super().__init__()
        self._arguments, self._form, self._journal = arguments, form, journal
        self._progress, self._say = progress, say
        self.values: dict[str, Mapping[str, Any]] = {}
        """By journal key: the answers that were there, and those that came."""
        self.lost: dict[str, LostError] = {}
        """By journal key, why there is no answer."""
        self.reused = 0

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The form's.

        Raises:
            PromptError: prompts of this model are plain text.
        """
        if self._form is None:
            raise PromptError(f"{self._arguments.label} is asked in plain text.", fix="give tokenizer=FOLDER")
        return self._form.apply_chat_template(chat_history, add_generation_prompt)

    @property
    def tokenizer_name(self) -> str:
        """The server's own."""
        return ""

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str | None]:  # noqa: ARG002  # lm-eval's contract has it
        """One answer a request; None for a row that failed for good.

        Raises:
            ModelError: the server cannot be asked, or more rows failed than may be missing.
            UsageError: there is no key.
        """
        questions = [question_of(self._arguments, str(r.args[0]), r.args[1]) for r in requests]
        keys = self._keys(requests, questions)
        todo: dict[str, int] = {}
        for index, key in enumerate(keys):
            known = self._journal.get(key)
            if known is None:
                todo.setdefault(key, index)
            else:
                self.values[key] = known
                self.reused += 1
        if todo:
            self._ask(questions, keys, list(todo.values()))
        self._account(requests, keys)
        return [str(self.values[key]["text"]) if key in self.values else None for key in keys]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:  # noqa: ARG002  # an LM has it
        """Not to be had.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{self._arguments.label} is asked for answers, not likelihoods.", fix="--method generate")

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:  # noqa: ARG002  # an LM has it
        """Not to be had.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{self._arguments.label} is asked for answers, not likelihoods.", fix="--method generate")

    def _keys(self, requests: Sequence[Instance], questions: Sequence[Question]) -> list[str]:
        """Journal keys; a prompt whose answer is drawn has another one each time that it is asked."""
        keys: list[str] = []
        times: Counter[str] = Counter()
        for request, question in zip(requests, questions, strict=True):
            key = key_of("generate_until", str(request.args[0]), request.args[1])
            times[key] += 1
            if times[key] > 1 and question.settings.get("temperature") != 0.0:
                key = key_of("generate_until", str(request.args[0]), [request.args[1], times[key]])
            keys.append(key)
        return keys

    def _ask(self, questions: Sequence[Question], keys: Sequence[str], order: Sequence[int]) -> None:
        rows, done, tokens, started = Counter(keys), self.reused, 0, time.perf_counter()

        def answered(place: int, reply: Reply) -> None:
            nonlocal done, tokens
            key = keys[order[place]]
            self.values[key] = value_of(reply, questions[order[place]])
            self._journal.put(key, self.values[key])
            self._journal.flush()
            done += rows[key]
            tokens += reply.answer_tokens or 0
            self._progress(done, len(keys), tokens / max(1e-9, time.perf_counter() - started))

        def lost(place: int, loss: LostError) -> None:
            self.lost[keys[order[place]]] = loss

        transport = Transport(self._arguments, read_key(self._arguments, os.environ), self._say)
        transport.ask([questions[index] for index in order], answered, lost)

    def _account(self, requests: Sequence[Instance], keys: Sequence[str]) -> None:
        """Says what is missing.

        Raises:
            ModelError: too much is.
        """
        label, allowed = self._arguments.label, self._arguments.max_missing
        lines = []
        for place, (request, key) in enumerate(zip(requests, keys, strict=True)):
            if (loss := self.lost.get(key)) is not None:
                row = request.doc.get("id", place) if isinstance(request.doc, Mapping) else place
                lines.append(f"{row}: {loss.reason}{': ' if loss.detail else ''}{loss.detail}")
        if len(lines) > allowed * len(keys):
            raise ModelError(
                f"{len(lines)} of {len(keys)} answers of {label} are missing; max_missing allows {allowed:.0%}.",
                evidence=lines,
                fix="the same command again asks only for those that are missing",
            )
        if lines:
            self._say(f"{len(lines)} of {len(keys)} answers of {label} are missing")
            for line in lines[:10]:
                self._say(f"  {line}")
        if any(value["tokens"] is None or value["prompt_tokens"] is None for value in self.values.values()):
            self._say(f"{label}: the server does not say what all answers took; tokens and cost are not known")
        served = sorted({str(value["model"]) for value in self.values.values()} - {""})
        if len(served) > 1:
            self._say(f"{label}: several models answered by this name: {', '.join(served)}")
