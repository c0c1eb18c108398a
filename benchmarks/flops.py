"""Floating-point operations that likelihood work needs at least: every different token once, no padding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance

from anytasktune.models import forward
from anytasktune.models.loading import load
from anytasktune.models.tokens import Encoder
from anytasktune.models.trie import Trie


@lru_cache(maxsize=1)
def _model(folder: Path) -> tuple[Any, Encoder]:
    loaded = load(folder, device="cpu", dtype="float32")
    return loaded.model, Encoder(loaded.tokenizer, config=loaded.model.config)


def likelihood(folder: Path, requests: Sequence[Instance]) -> float:
    """Multiplications and additions of the linear layers (two a weight and token); attention is left out.

    Tokens that several contexts begin with count once, as do tokens that the continuations of one context share; the
    last token of a continuation is never fed. The head counts where a score is read.
    """
    model, encoder = _model(folder)
    pairs = encoder.encode_pairs([(str(r.arguments[0]), str(r.arguments[1])) for r in requests])
    groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for context, continuation in pairs:
        groups.setdefault(context, []).append(continuation)
    contexts = list(groups)
    body, heads = 0, 0
    for length, members in forward.clusters(contexts):
        body += length
        for context in (contexts[member] for member in members):
            nodes = len(Trie(tuple(groups[context])).tokens)
            body += len(context) - length + nodes
            heads += 1 + nodes
    head = model.get_output_embeddings().weight.numel()
    embeddings = model.get_input_embeddings().weight.numel()  # a look-up
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    weights = sum(p.numel() for p in model.parameters()) - embeddings - (0 if tied else head)
    return float(2 * (weights * body + head * heads))
