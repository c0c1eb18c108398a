"""What is asked of a generating model, what comes back, and when an answer is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anytasktune.errors import PromptError
from anytasktune.models.tokens import Encoder


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """Token ids of a prompt, and when its answer ends.

    ``options`` are settings of transformers' ``GenerationConfig``: those that draw (``do_sample``, ``temperature``,
    …), from the random numbers of ``seed``, and penalties, with which ``generate`` answers row by row.
    """

    context: tuple[int, ...]
    limit: int
    until: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model wrote before its stop; ``tokens`` counts the end token too; ``limit``: it was cut off."""

    text: str
    tokens: int
    limit: bool


Answered = Mapping[int, Answer]
"""Answers by the request's place in the list."""


def check_room(requests: Sequence[GenerationRequest], context_length: int) -> None:
    """Refuses a limit that leaves no room for the prompts.

    Raises:
        PromptError: limit and prompt do not fit together, not even for the shortest prompt.
    """
    if not requests:
        return
    tightest = min(requests, key=lambda request: len(request.context) + request.limit)
    need = len(tightest.context) + tightest.limit
    if need > context_length or tightest.limit < 1:
        raise PromptError(
            f"An answer of up to {tightest.limit} tokens leaves no room for the prompt.",
            evidence=[
                f"context length of the model {context_length} tokens",
                f"shortest prompt {len(tightest.context)} tokens",
            ],
            fix=f"set max_gen_toks to {max(1, context_length - len(tightest.context))} or less, 1 at least",
        )


class Ending:
    """Says when an answer is over: a stop token, a stop string behind its first word, or its limit."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def answer(self, written: Sequence[int], request: GenerationRequest) -> Answer | None:
        """The answer if its last token ended it; None while it goes on."""
        size = len(written)
        if written[-1] in self._encoder.stop_ids or self._encoder.special_text(written[-1]) in request.until:
            text = self._encoder.decode(written[:-1])
            before = cut_at(text, request.until)
            return Answer(text=text if before is None else before, tokens=size, limit=False)
        if request.until and self._may_end(written, request.until):
            before = cut_at(self._encoder.decode(written), request.until)
            if before is not None:
                return Answer(text=before, tokens=size, limit=False)
        if size >= request.limit:
            return Answer(text=self._encoder.decode(written), tokens=size, limit=True)
        return None

    def _may_end(self, written: Sequence[int], until: Sequence[str]) -> bool:
        """Whether a stop string is in sight.

        Reads the last tokens only, or long answers would take quadratic time.
        """
        reach = max(len(stop.encode()) for stop in until) + 8  # a token is a byte at least
        tail = self._encoder.decode(written[-reach:])
        return any(stop in tail for stop in until if stop)


def cut_at(text: str, until: Sequence[str]) -> str | None:
    r"""The text before the first stop string; None when there is none.

    White space before the first word never counts as a stop, and stays. A stop that holds a word (``\nQuestion:``) may
    stand there: the model went on to the next question without an answer.
    """
    lead = len(text) - len(text.lstrip())
    starts = {stop: 0 if stop.strip() else lead for stop in until if stop}
    places = [place for stop, start in starts.items() if (place := text.find(stop, start)) >= 0]
    return text[: min(places)] if places else None
