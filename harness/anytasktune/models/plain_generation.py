"""Answers through transformers' own ``generate``: for requests that sample, and for models that slots do
not suit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, StoppingCriteriaList

from anytasktune.errors import ModelError, did_you_mean
from anytasktune.models import memory
from anytasktune.models.answers import Answer, Answered, Ending, GenerationRequest
from anytasktune.models.tokens import Encoder

OPTIONS = frozenset(
    [
        "do_sample",
        "temperature",
        "top_k",
        "top_p",
        "min_p",
        "typical_p",
        "repetition_penalty",
        "no_repeat_ngram_size",
    ]
)
"""Settings of ``GenerationConfig`` that a request may bring."""


class PlainGenerator:
    """Answers by ``generate``; ``computed`` counts the prompt tokens, padding included."""

    def __init__(self, model: Any, encoder: Encoder, size: memory.BatchSize) -> None:
        self.computed = 0
        self._model = model
        self._encoder = encoder
        self._ending = Ending(encoder)
        self._size = size

    def greedy(
        self, requests: Sequence[GenerationRequest], chosen: Sequence[int], keep: Callable[[Answered], None]
    ) -> None:
        """Answers the chosen requests, longest first; none may have options."""
        left = sorted(chosen, key=lambda i: -len(requests[i].context) - requests[i].limit)
        while left:
            size = len(requests[left[0]].context) + requests[left[0]].limit
            batch = left[: self._size.fitting(size)]
            try:
                answers = self._generate([requests[i] for i in batch])
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                failure = error.with_traceback(None)
            else:
                keep(dict(zip(batch, answers, strict=True)))
                left = left[len(batch) :]
                continue
            self._size.halve(len(batch), size, failure, self._model.device)

    def draw(self, request: GenerationRequest) -> Answer:
        """One answer with options, by itself, so that it depends on its seed and not on its neighbours."""
        devices = [self._model.device] if self._model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(request.seed)
            return self._generate([request])[0]

    def _generate(self, requests: Sequence[GenerationRequest]) -> list[Answer]:
        """Answers of requests with the same options by transformers' ``generate``, padded on the left."""
        longest = max(len(request.context) for request in requests)
        ids = torch.zeros(len(requests), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, request in enumerate(requests):
            ids[number, longest - len(request.context) :] = torch.tensor(request.context)
            mask[number, longest - len(request.context) :] = 1
        answers: dict[int, Answer] = {}

        def rows_ended(so_far: Tensor, *_: Any, **__: Any) -> Tensor:
            for number, row in enumerate(so_far[:, longest:].tolist()):
                if number not in answers:
                    ended = self._ending.answer(row, requests[number])
                    if ended is not None:
                        answers[number] = ended
            return torch.tensor([number in answers for number in range(len(so_far))], device=so_far.device)

        with _bare_generation_config(self._model):
            self._model.generate(
                input_ids=ids.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                generation_config=self._config(requests),
                stopping_criteria=StoppingCriteriaList([rows_ended]),
            )
        self.computed += ids.numel()
        return [answers[number] for number in range(len(requests))]

    def _config(self, requests: Sequence[GenerationRequest]) -> GenerationConfig:
        options = dict(requests[0].options)
        unknown = sorted(set(options) - OPTIONS)
        if unknown:
            raise ModelError(
                f"The generation setting {unknown[0]!r} is not known.", fix=did_you_mean(unknown[0], OPTIONS)
            )
        if options.get("do_sample"):
            options.setdefault("top_k", 0)  # transformers would draw from the best 50 only
        return GenerationConfig(
            max_new_tokens=max(request.limit for request in requests),
            eos_token_id=sorted(self._encoder.stop_ids),
            pad_token_id=self._encoder.eos_token_id,
            **{"do_sample": False, **options},
        )


@contextmanager
def _bare_generation_config(model: Any) -> Iterator[None]:
    """Keeps ``generate`` from filling what we leave open with the model's own penalties and temperatures."""
    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own
