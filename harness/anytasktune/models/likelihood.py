"""Log-probabilities of continuations, computing each token once.

Requests are grouped by context; the continuations of one context become a trie of tokens behind it, scored
in one forward pass with a mask in which a node sees the context and its own ancestors only. A leaf's token
is never fed, the head runs only where a score is read, and what several contexts begin with is computed
once. The first batch is compared with a plain forward pass; a model that comes out differently is scored by
plain padded batches.

Shapes: B rows, L tokens of the longest row, P tokens of the shared prefix, N nodes of a trie, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from anytasktune.errors import ModelError, PromptError
from anytasktune.models import forward, memory
from anytasktune.models.forward import Body, Prefix
from anytasktune.models.trie import Trie, TrieRow, layout

EngineName = Literal["anytasktune-trie", "plain"]

TRIE_TOKENS = 4096
"""Continuation tokens of one context scored at a time; the mask grows with their square."""


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """Token ids of a context and of the continuation to score; both hold at least one token."""

    context: tuple[int, ...]
    continuation: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Summed natural log-probability of a continuation, and whether greedy decoding would write it."""

    logprob: float
    greedy: bool


Scored = Mapping[int, Score]
"""Scores by the request's place in the list."""


class LikelihoodScorer:
    """Scores continuations with one model; ``engine`` says which way.

    Args:
        model: a causal model of transformers, in evaluation mode.
        context_length: tokens; longer requests lose their beginning, as in lm-eval's own loader.
        token_budget: tokens of a batch, padding included; by the free memory when None. Halved when memory runs out.
        rows_at_once: rows of a batch, at most.
        say: told once when the model is scored the plain way.
    """

    def __init__(
        self,
        model: Any,
        *,
        context_length: int,
        token_budget: int | None = None,
        rows_at_once: int | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.engine: EngineName = "anytasktune-trie"
        self.used: set[EngineName] = set()
        """The ways in which scores came so far: rows beyond a window are scored plainly whatever the engine."""
        self._body = Body(model)
        self._context_length = context_length
        self.size = memory.BatchSize(tokens=token_budget or memory.batch_tokens(model), rows=rows_at_once)
        self._say = say
        self._window = forward.window(model)
        self._checked: set[tuple[bool, bool]] = set()  # kinds of batches: (behind a prefix, with branches)
        reason = forward.unfit(model)
        if reason:
            self._fall_back(reason)

    @property
    def computed(self) -> int:
        """Tokens that went through the model so far, padding included."""
        return self._body.computed

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest], done: Callable[[Scored], None] = lambda _: None) -> list[Score]:
        """Scores in the order of the requests; ``done`` is called with every batch as soon as it is computed.

        Requests that are too long lose the beginning of their context, as in lm-eval's HFLM.

        Raises:
            PromptError: a continuation alone is longer than the model's context, or a request holds no token.
            ModelError: a score is not a finite number, or one row alone does not fit into memory.
        """
        cut = [self._cut(request) for request in requests]
        scores: dict[int, Score] = {}

        def keep(scored: Scored) -> None:
            scores.update(scored)
            done(scored)

        bound = self._window or math.inf  # beyond its window a layer must forget, which a plain mask knows how to
        within = [i for i, r in enumerate(cut) if len(r.context) + len(r.continuation) - 1 <= bound]
        if self.engine != "plain":
            self._score_tries(cut, within, keep)
        left = [i for i in range(len(cut)) if i not in scores]
        self._score_plainly(cut, left, keep)
        return [scores[i] for i in range(len(cut))]

    def _cut(self, request: ScoreRequest) -> ScoreRequest:
        """The request as far as the model sees it: the last tokens, as lm-eval's HFLM keeps them."""
        context, continuation = request.context, request.continuation
        if not context or not continuation:
            raise PromptError("A request holds no token.", evidence=[request], fix="give no empty context or choice")
        if len(continuation) > self._context_length:
            raise PromptError(
                f"A continuation of {len(continuation)} tokens is longer than the model's context.",
                evidence=[f"context length {self._context_length} tokens"],
                fix="use a model with a longer context, or shorten the row",
            )
        room = self._context_length + 1 - len(continuation)
        if len(context) > room:
            return ScoreRequest(context=context[-room:], continuation=continuation)
        return request

    # -- the trie ------------------------------------------------------------------------------------------

    def _score_tries(
        self, requests: Sequence[ScoreRequest], chosen: Sequence[int], keep: Callable[[Scored], None]
    ) -> None:
        groups: dict[tuple[int, ...], list[int]] = {}
        for index in chosen:
            groups.setdefault(requests[index].context, []).append(index)
        contexts = list(groups)
        tries: dict[tuple[tuple[int, ...], ...], Trie] = {}
        for length, members in forward.clusters(contexts):
            prefix = self._prefix(contexts[members[0]][:length])
            shared = prefix.length if prefix else 0
            rows = []
            for context in (contexts[member] for member in members):
                for indices in _portions(groups[context], requests):
                    continuations = tuple(requests[i].continuation for i in indices)
                    if continuations not in tries:  # the labels of a sub-task are the same in every row
                        tries[continuations] = Trie(continuations)
                    rows.append(TrieRow(tokens=context[shared:], trie=tries[continuations], members=indices))
            rows.sort(key=lambda row: -row.size)  # memory runs out at once or never; stable, hence repeatable
            while rows and self.engine != "plain":
                rows = rows[self._batch(rows, prefix, requests, keep) :]

    def _prefix(self, tokens: tuple[int, ...]) -> Prefix | None:
        if not tokens or self.engine == "plain":
            return None
        try:
            return self._body.prefix(tokens)
        except forward.FORWARD_FAILURES as error:
            if self._checked and not memory.is_out_of_memory(error):
                raise
        return None  # without it the first batch shows what the matter is

    def _batch(
        self,
        rows: list[TrieRow],
        prefix: Prefix | None,
        requests: Sequence[ScoreRequest],
        keep: Callable[[Scored], None],
    ) -> int:
        """Scores as many first rows as the budget allows; returns how many (0: try again, smaller or
        plainly).
        """
        batch = rows[: self.size.fitting(rows[0].size)]
        kind = prefix is not None, any(row.trie.branches for row in batch)
        try:
            scored = self._forward(batch, prefix)
        except forward.FORWARD_FAILURES as error:
            if kind in self._checked and not memory.is_out_of_memory(error):
                raise
            failure = error.with_traceback(None)  # its frames hold the tensors that did not fit
        else:
            if kind not in self._checked and not self._agrees(batch, scored, requests):
                return 0
            self._checked.add(kind)
            self.used.add("anytasktune-trie")
            keep(_finite(scored))
            return len(batch)
        if memory.is_out_of_memory(failure):
            self.size.halve(len(batch), rows[0].size, failure, self._body.device)
        else:
            self._fall_back(f"it takes no mask of ours ({type(failure).__name__}: {failure})")
        return 0

    def _agrees(self, batch: Sequence[TrieRow], scored: Scored, requests: Sequence[ScoreRequest]) -> bool:
        """Whether a plain forward pass gives the same score as the batch; falls back when not.

        Looked at is the continuation with most other nodes before it, in the shortest row that has as many:
        there a mask that is not heeded and padding that is seen show most.
        """
        row = max(reversed(batch), key=lambda row: (row.trie.branches, len(row.trie.tokens)))
        probe, _ = max(zip(row.members, row.trie.paths, strict=True), key=lambda pair: pair[1][-1][0])
        plain = self._forward_plainly([requests[probe]])[0].logprob
        here = scored[probe].logprob
        agrees = abs(plain - here) <= forward.tolerance(self._body.dtype, len(requests[probe].continuation))
        if not agrees:
            self._fall_back(f"the trie gives a log-probability of {here:.4f} where a plain pass gives {plain:.4f}")
        return agrees

    def _forward(self, rows: Sequence[TrieRow], prefix: Prefix | None) -> dict[int, Score]:
        ids, allow, positions = layout(rows, prefix.length if prefix else 0)
        device = self._body.device
        cache = prefix.cache() if prefix else None
        hidden = self._body.hidden(ids.to(device), allow.to(device), positions.to(device), cache)
        read: list[int] = []  # flat places in [B * L] whose scores are read: last context token, then the nodes
        wanted: list[tuple[int, int]] = []  # (place in `read`, token)
        spans: list[tuple[int, int, int]] = []  # (request, start in `wanted`, length)
        for number, row in enumerate(rows):
            first = len(read)
            start = number * ids.shape[1] + len(row.tokens) - 1
            read += range(start, start + len(row.trie.tokens) + 1)
            for member, path in zip(row.members, row.trie.paths, strict=True):
                spans.append((member, len(wanted), len(path)))
                wanted += [(first + node, token) for node, token in path]
        flat = hidden.flatten(0, 1)[torch.tensor(read, device=device)]
        return self._collect(flat, wanted, spans)

    def _collect(
        self, hidden: Tensor, wanted: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int, int]]
    ) -> dict[int, Score]:
        places, tokens = torch.tensor(wanted, device=hidden.device).unbind(1)
        logprobs = torch.zeros(len(wanted), device=hidden.device)
        greedy = torch.zeros(len(wanted), dtype=torch.bool, device=hidden.device)
        for start, logits in self._body.logits(hidden):
            here = ((places >= start) & (places < start + len(logits))).nonzero().squeeze(1)
            rows = places[here] - start
            logprobs[here] = logits[rows, tokens[here]] - logits.logsumexp(-1)[rows]
            greedy[here] = logits.argmax(-1)[rows] == tokens[here]
        values, hits = logprobs.tolist(), greedy.tolist()
        return {
            index: Score(logprob=math.fsum(values[start : start + length]), greedy=all(hits[start : start + length]))
            for index, start, length in spans
        }

    # -- plain ---------------------------------------------------------------------------------------------

    def _score_plainly(
        self, requests: Sequence[ScoreRequest], chosen: Sequence[int], keep: Callable[[Scored], None]
    ) -> None:
        """Each request in a row of its own, padded on the right, without any mask of ours."""

        def size(index: int) -> int:
            return len(requests[index].context) + len(requests[index].continuation) - 1

        left = sorted(chosen, key=lambda index: -size(index))
        while left:
            batch = left[: self.size.fitting(size(left[0]))]
            try:
                found = self._forward_plainly([requests[i] for i in batch])
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                failure = error.with_traceback(None)
            else:
                self.used.add("plain")
                keep(_finite(dict(zip(batch, found, strict=True))))
                left = left[len(batch) :]
                continue
            self.size.halve(len(batch), size(batch[0]), failure, self._body.device)

    def _forward_plainly(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        fed = [(request.context + request.continuation)[:-1] for request in requests]
        longest = max(map(len, fed))
        ids = torch.zeros(len(fed), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, tokens in enumerate(fed):
            ids[number, : len(tokens)] = torch.tensor(tokens)
            mask[number, : len(tokens)] = 1
        device = self._body.device
        logits = self._body.model(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False).logits
        self._body.computed += ids.numel()
        scores = []
        for number, request in enumerate(requests):
            end = len(fed[number])
            of_continuation = logits[number, end - len(request.continuation) : end].float()  # [tokens, V]
            wanted = torch.tensor(request.continuation, device=device)
            logprobs = of_continuation.log_softmax(-1).gather(1, wanted[:, None]).squeeze(1)
            greedy = bool((of_continuation.argmax(-1) == wanted).all())
            scores.append(Score(logprob=math.fsum(logprobs.tolist()), greedy=greedy))
        return scores

    # -- when something is in the way ----------------------------------------------------------------------

    def _fall_back(self, reason: str) -> None:
        self.engine = "plain"
        self._say(f"{type(self._body.model).__name__} is scored by plain padded batches: {reason}.")


def _portions(indices: Sequence[int], requests: Sequence[ScoreRequest]) -> list[tuple[int, ...]]:
    """Requests of one context in portions whose continuations are not too many tokens; neighbours share
    tokens.
    """
    total = sum(len(requests[i].continuation) for i in indices)
    if total <= TRIE_TOKENS:
        return [tuple(indices)]
    portions: list[list[int]] = [[]]
    filled = 0
    for index in sorted(indices, key=lambda i: requests[i].continuation):
        size = len(requests[index].continuation)
        if portions[-1] and filled + size > TRIE_TOKENS:
            portions.append([])
            filled = 0
        portions[-1].append(index)
        filled += size
    return [tuple(portion) for portion in portions]


def _finite(scored: Mapping[int, Score]) -> Mapping[int, Score]:
    for score in scored.values():
        if not math.isfinite(score.logprob):
            raise ModelError(
                f"The model gave a log-probability of {score.logprob}.",
                fix="load it in float32 (dtype), and check its weights: an adapter tuned to NaN does this",
            )
    return scored
