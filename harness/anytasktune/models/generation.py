"""Answers from a pool of slots: a row leaves as soon as its own stop is met, and the next one enters.

A slot is a row of key and value memory with a cursor of its own. What several prompts begin with is
computed once and stands in all slots. Before the first batch a few answers are begun and compared with a
plain forward pass; a model that comes out differently answers through transformers' ``generate``, as does
every request with a penalty. A request that samples draws from random numbers of its own.

"Greedy" is the most probable token and nothing else: penalties in a model's generation config are not
applied.

Shapes: B rows, L tokens of the longest new prompt, P tokens of the shared prefix, V vocabulary.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from anytasktune.errors import PromptError
from anytasktune.models import forward, memory
from anytasktune.models.answers import Answer, Answered, Ending, GenerationRequest, check_room
from anytasktune.models.forward import Body, Prefix
from anytasktune.models.plain_generation import PlainGenerator
from anytasktune.models.sampling import Sampler, is_drawn
from anytasktune.models.slots import SlotPool
from anytasktune.models.tokens import Encoder

EngineName = Literal["anytasktune-slots", "plain"]

CPU_STEP = 16
GPU_STEP = 512
"""What a step of a pool costs at least, in prompt tokens computed: every weight is read once."""

PROBES = 3
PROBE_TOKENS = 4
"""Answers begun, and their tokens, for the comparison with a plain forward pass."""


@dataclass(kw_only=True)
class _Row:
    """An answer in the making; ``length`` tokens of it and its prompt are in the slot."""

    index: int
    length: int
    written: list[int]
    sampler: Sampler | None


class Generator:
    """Answers prompts with one model; ``engine`` says which way.

    Args:
        model: a causal model of transformers, in evaluation mode.
        encoder: its tokenizer; gives the context length and the stop tokens.
        token_budget: prompt tokens of a batch, padding included; by the free memory when None.
        rows_at_once: answers written at a time, at most; fewer when they do not fit into memory.
        say: told once when the model answers the plain way.
    """

    def __init__(
        self,
        model: Any,
        encoder: Encoder,
        *,
        token_budget: int | None = None,
        rows_at_once: int | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.used: set[EngineName] = set()
        """The ways in which answers came so far: rows beyond a window and penalties are answered plainly."""
        self._suited = True
        self._computed = 0
        self._body = Body(model)
        self._encoder = encoder
        self.size = memory.BatchSize(tokens=token_budget or memory.batch_tokens(model), rows=rows_at_once)
        self._ending = Ending(encoder)
        self._plain = PlainGenerator(model, encoder, self.size)
        self._slots = rows_at_once or (64 if model.device.type == "cpu" else 256)
        self._say = say
        self._window = forward.window(model)
        self._checked = False
        self._trace: dict[int, list[tuple[int, float]]] | None = None
        reason = forward.unfit(model)
        if reason:
            self._fall_back(reason)

    @property
    def engine(self) -> EngineName:
        """Which way answers come."""
        return "anytasktune-slots" if self._suited else "plain"

    @property
    def computed(self) -> int:
        """Tokens that went through the model so far, padding included."""
        return self._body.computed + self._plain.computed

    @property
    def prompt_computed(self) -> int:
        """Prompt tokens that went through the model so far, padding included."""
        return self._computed + self._plain.computed

    @torch.inference_mode()
    def generate(
        self, requests: Sequence[GenerationRequest], done: Callable[[Answered], None] = lambda _: None
    ) -> list[Answer]:
        """Answers in the order of the requests; ``done`` is called as soon as some are finished.

        A prompt that does not fit beside its limit loses its beginning, as in lm-eval's HFLM.

        Raises:
            PromptError: a limit leaves no token for its prompt.
            ModelError: one row alone does not fit into memory, or an option is not known.
        """
        cut = [self._cut(request) for request in requests]
        answers: dict[int, Answer] = {}

        def keep(answered: Answered) -> None:
            answers.update(answered)
            done(answered)

        bound = self._window or self._encoder.context_length
        fit = [
            i for i, r in enumerate(cut) if (not r.options or is_drawn(r.options)) and len(r.context) + r.limit <= bound
        ]
        if fit and self._suited and not self._checked:
            self._check([cut[i] for i in fit])
        if self._suited:
            self._answer_in_slots(cut, fit, keep)
        self.used |= {"anytasktune-slots"} if answers else set()
        left = [i for i in range(len(cut)) if i not in answers]
        self.used |= {"plain"} if left else set()
        self._plain.greedy(cut, [i for i in left if not cut[i].options], keep)
        for index in left:
            if cut[index].options:
                keep({index: self._plain.draw(cut[index])})
        return [answers[i] for i in range(len(cut))]

    def _cut(self, request: GenerationRequest) -> GenerationRequest:
        room = self._encoder.context_length - request.limit
        if room < 1 or not request.context or request.limit < 1:
            check_room([request], self._encoder.context_length)
            raise PromptError("A prompt holds no token.", fix="give a prompt that is not empty")
        return replace(request, context=request.context[-room:]) if len(request.context) > room else request

    # -- slots ---------------------------------------------------------------------------------------------

    def _answer_in_slots(
        self, requests: Sequence[GenerationRequest], chosen: Sequence[int], keep: Callable[[Answered], None]
    ) -> None:
        for length, indices in self._groups(requests, chosen):
            prefix = self._body.prefix(requests[indices[0]].context[:length]) if length else None
            self._computed += length
            for wave in _waves(requests, indices):
                self._wave(requests, wave, prefix, keep)

    def _groups(self, requests: Sequence[GenerationRequest], chosen: Sequence[int]) -> list[tuple[int, list[int]]]:
        """Requests that are answered from one pool, with the tokens that all of them begin with.

        A pool of its own costs a step for each token of its longest answer, however few its rows are: a shared prefix
        has to save more than that. The others go together.
        """
        step = CPU_STEP if self._body.device.type == "cpu" else GPU_STEP
        groups: list[tuple[int, list[int]]] = []
        rest: list[int] = []
        for length, members in forward.clusters([requests[i].context for i in chosen]):
            indices = [chosen[member] for member in members]
            if length * (len(indices) - 1) >= step * max(requests[i].limit for i in indices):
                groups.append((length, indices))
            else:
                rest += indices
        if rest:
            rest.sort()
            shared = forward.common_prefix([requests[i].context for i in rest])
            groups.append((shared if forward.gain(shared, len(rest)) else 0, rest))
        return groups

    def _wave(
        self,
        requests: Sequence[GenerationRequest],
        wave: Sequence[int],
        prefix: Prefix | None,
        keep: Callable[[Answered], None],
    ) -> None:
        """Answers requests of about one size from one pool; after an out-of-memory with half the slots."""
        longest = max(len(requests[i].context) + requests[i].limit for i in wave)
        left = dict.fromkeys(wave)

        def keep_and_strike(answered: Answered) -> None:
            keep(answered)
            for index in answered:
                left.pop(index, None)

        while left:
            slots = min(self._slots, len(left), memory.slots_that_fit(self._body.model, longest))
            pool: SlotPool | None = None
            try:
                pool = SlotPool(self._body, slots=slots, length=longest, prefix=prefix)
                self._run(pool, requests, deque(left), keep_and_strike)
                continue
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                failure = error.with_traceback(None)  # its frames hold the tensors that did not fit
            del pool
            self.size.halve(slots, longest, failure, self._body.device)
            self._slots = max(1, slots // 2)

    def _run(
        self,
        pool: SlotPool,
        requests: Sequence[GenerationRequest],
        waiting: deque[int],
        keep: Callable[[Answered], None],
    ) -> None:
        rows: list[_Row] = []
        while waiting or rows:
            free = pool.slots - len(rows)
            if waiting and (not rows or free >= max(1, pool.slots // 4)):  # a prefill pays from a few rows on
                first = len(rows)
                rows += self._admit(pool, requests, waiting, first)
            else:
                first = 0
                hidden = pool.step([row.written[-1] for row in rows], [row.length for row in rows])
                for row, token in zip(rows, self._choose(hidden, rows), strict=True):
                    row.length += 1
                    row.written.append(token)
            ended = {n: self._ending.answer(rows[n].written, requests[rows[n].index]) for n in range(first, len(rows))}
            finished = {rows[n].index: answer for n, answer in ended.items() if answer is not None}
            for place in sorted((n for n, answer in ended.items() if answer is not None), reverse=True):
                last = rows.pop()
                if place < len(rows):  # the last row moves into the gap
                    pool.move(len(rows), place, last.length)
                    rows[place] = last
            if finished:
                keep(finished)

    def _admit(
        self, pool: SlotPool, requests: Sequence[GenerationRequest], waiting: deque[int], first: int
    ) -> list[_Row]:
        """Computes the prompts of the next rows into the slots from ``first`` on, and their first tokens."""
        shared = pool.shared
        width = len(requests[waiting[0]].context) - shared
        count = min(pool.slots - first, len(waiting), max(1, self.size.tokens // width))
        chosen = [waiting.popleft() for _ in range(count)]
        rows = [_row(i, requests[i]) for i in chosen]
        prompts = [requests[row.index].context[shared:] for row in rows]
        hidden = pool.fill(prompts, first)
        self._computed += count * max(map(len, prompts))
        for row, token in zip(rows, self._choose(hidden, rows), strict=True):
            row.written.append(token)
        return rows

    def _choose(self, hidden: Tensor, rows: Sequence[_Row]) -> list[int]:
        """The next token of every row, the most probable or a drawn one, from hidden states ``[B, width]``."""
        chosen: list[int] = []
        for start, logits in self._body.logits(hidden):
            best, ids = logits.max(-1)
            tokens: list[int] = ids.tolist()
            for place, row in enumerate(rows[start : start + len(tokens)]):
                if row.sampler is not None:
                    tokens[place] = row.sampler.draw(logits[place])
            chosen += tokens
            if self._trace is not None:
                logprobs = (best - logits.logsumexp(-1)).tolist()
                for row, token, logprob in zip(rows[start:], tokens, logprobs, strict=False):
                    self._trace.setdefault(row.index, []).append((token, logprob))
        return chosen

    # -- the check -----------------------------------------------------------------------------------------

    def _check(self, requests: Sequence[GenerationRequest]) -> None:
        """Begins the shortest answers in a pool too small for them, and compares with a plain forward
        pass.
        """
        self._checked = True
        shortest = sorted(requests, key=lambda request: len(request.context))[:PROBES]
        probes = [replace(r, limit=min(r.limit, PROBE_TOKENS), until=(), options={}) for r in shortest]
        slots, self._slots = self._slots, max(1, min(self._slots, PROBES - 1))
        self._trace = {}
        try:
            self._answer_in_slots(probes, range(len(probes)), lambda _: None)
            for index, pairs in self._trace.items():
                if self._suited:
                    self._compare(probes[index].context, pairs)
        except forward.FORWARD_FAILURES as error:
            if memory.is_out_of_memory(error):
                raise
            self._fall_back(f"it does not work with slots ({type(error).__name__}: {error})")
        finally:
            self._slots, self._trace = slots, None

    def _compare(self, context: tuple[int, ...], pairs: Sequence[tuple[int, float]]) -> None:
        tokens = [token for token, _ in pairs]
        fed = torch.tensor([[*context, *tokens[:-1]]], device=self._body.device)
        logits = self._body.model(input_ids=fed, use_cache=False).logits[0, -len(tokens) :].float()
        plain = logits.log_softmax(-1).gather(1, torch.tensor(tokens, device=logits.device)[:, None])[:, 0].tolist()
        for (_, here), there in zip(pairs, plain, strict=True):
            if not abs(here - there) <= forward.tolerance(self._body.dtype, 1):
                self._fall_back(f"a token's log-probability is {here:.4f} in a slot, {there:.4f} in a plain pass")
                return

    def _fall_back(self, reason: str) -> None:
        self._suited = False
        self._say(f"{type(self._body.model).__name__} answers through transformers' generate: {reason}.")


def _row(index: int, request: GenerationRequest) -> _Row:
    sampler = Sampler(request.options, request.seed) if request.options else None
    return _Row(index=index, length=len(request.context), written=[], sampler=sampler)


def _waves(requests: Sequence[GenerationRequest], indices: Sequence[int]) -> Iterator[list[int]]:
    """Requests by size, longest first, in lists whose sizes differ by a factor of two at most: a pool has
    the length of its longest row.
    """

    def size(index: int) -> int:
        return len(requests[index].context) + requests[index].limit

    wave: list[int] = []
    for index in sorted(indices, key=lambda i: (-size(i), -len(requests[i].context))):
        if wave and size(wave[0]) > 2 * size(index) + 128:
            yield wave
            wave = []
        wave.append(index)
    if wave:
        yield wave
