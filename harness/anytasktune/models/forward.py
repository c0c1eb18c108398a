"""One forward pass through a model's body, as both engines need it: own mask, own positions, a shared prefix.

Shapes: B rows, L tokens of the longest row, P tokens of the shared prefix, V vocabulary.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, CacheLayerMixin

PREFIX_MINIMUM = 8
"""Tokens that sequences must share before the shared part is computed once."""

PREFIX_GAIN = 64
"""Tokens that sharing must save: computing a prefix is a pass of its own, which reads every weight."""

HEAD_BYTES = 256 * 2**20
"""Float32 logits held at a time."""

_ATTENTION = {"full_attention", "sliding_attention", "chunked_attention"}
_MASKABLE = {"sdpa", "eager"}

FORWARD_FAILURES = (TypeError, ValueError, AttributeError, LookupError, RuntimeError, MemoryError)
"""What a model that does not fit the engine may raise in its first batch."""


class ViewLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers ships no types
    """A layer whose keys and values lie elsewhere; ``update`` says where.

    transformers asks it nothing else, because mask and positions are always given.
    """

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to set up."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Not asked for."""
        return query_length, 0

    def get_seq_length(self) -> int:
        """Not asked for."""
        return 0

    def get_max_length(self) -> int:
        """No bound of its own."""
        return -1


class _PrefixLayer(ViewLayer):
    """Puts the prefix before keys and values of a batch, and keeps neither: memory for one layer at a
    time.
    """

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self._prefix = keys, values

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        *args: Any,  # noqa: ARG002  # the base class has them
        **kwargs: Any,  # noqa: ARG002
    ) -> tuple[Tensor, Tensor]:
        rows = len(key_states)
        keys, values = (part.expand(rows, -1, -1, -1) for part in self._prefix)
        return torch.cat([keys, key_states], dim=2), torch.cat([values, value_states], dim=2)


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """Keys and values of tokens that several sequences begin with; per layer ``[1, heads, P, width]``."""

    length: int
    layers: tuple[tuple[Tensor, Tensor], ...]

    def cache(self) -> Cache:
        """A cache that shows the prefix to every row of a batch."""
        return Cache(layers=[_PrefixLayer(keys, values) for keys, values in self.layers])


class Body:
    """A causal model taken apart: hidden states first, the head only where a score is read.

    ``computed`` counts the tokens that went through the body.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.computed = 0
        self._head = model.get_output_embeddings()
        self._decoder = model.get_decoder() if hasattr(model, "get_decoder") else model.base_model
        parameters = inspect.signature(self._decoder.forward).parameters
        # The argument was renamed in transformers 5.24.
        self._cache_name = "cache" if "cache" in parameters else "past_key_values"

    def hidden(self, ids: Tensor, allow: Tensor, positions: Tensor, cache: Cache | None = None) -> Tensor:
        """Hidden states ``[B, L, width]`` of ids ``[B, L]``.

        ``allow`` ``[B or 1, 1, L, keys]`` says who sees whom; ``positions`` ``[B or 1, L]`` where a token
        stands.
        """
        mask = torch.zeros(allow.shape, dtype=self.dtype, device=self.device)
        mask.masked_fill_(~allow, torch.finfo(self.dtype).min)
        arguments: dict[str, Any] = {"use_cache": cache is not None}
        if cache is not None:
            arguments[self._cache_name] = cache
        out = self._decoder(input_ids=ids, attention_mask=mask, position_ids=positions, **arguments)
        self.computed += ids.numel()
        hidden: Tensor = out.last_hidden_state
        return hidden

    def logits(self, hidden: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Float32 logits of hidden states ``[N, width]``, as (first row, ``[n, V]``) a piece."""
        piece = max(1, HEAD_BYTES // (4 * self._head.weight.shape[0]))
        for start in range(0, len(hidden), piece):
            yield start, self._head(hidden[start : start + piece]).float()

    def prefix(self, tokens: Sequence[int]) -> Prefix:
        """Computes a prefix once."""
        length = len(tokens)
        cache = DynamicCache()
        ids = torch.tensor([list(tokens)], device=self.device)
        allow = torch.ones(length, length, dtype=torch.bool, device=self.device).tril()[None, None]
        self.hidden(ids, allow, torch.arange(length, device=self.device)[None], cache)
        return Prefix(length=length, layers=tuple((layer.keys, layer.values) for layer in cache.layers))


def unfit(model: Any) -> str:
    """Why a model cannot be given a mask of ours; empty when it can."""
    config = model.config.get_text_config(decoder=True)
    kinds = set(getattr(config, "layer_types", None) or ()) - _ATTENTION
    if kinds:
        return "its layers are not all attention: " + ", ".join(sorted(kinds))
    if model.get_output_embeddings() is None:
        return "it has no output embeddings"
    attention = getattr(config, "_attn_implementation", "")
    return "" if attention in _MASKABLE else f"its attention {attention!r} takes no mask of ours"


def window(model: Any) -> int | None:
    """Tokens after which some layer no longer sees the first one; None when all layers see everything."""
    config = model.config.get_text_config(decoder=True)
    kinds = getattr(config, "layer_types", None)
    if kinds and set(kinds) == {"full_attention"}:
        return None
    if getattr(config, "use_sliding_window", True) is False:
        return None
    sizes = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((size for size in sizes if isinstance(size, int) and size > 0), default=None)


def tolerance(dtype: torch.dtype, tokens: int) -> float:
    """How far a summed log-probability may lie from that of a plain forward pass.

    In float32 the promised 1e-3 (more for long continuations); half-precision types have 8 or 11 bits.
    """
    return 1e-3 * max(1.0, tokens / 32) if dtype in (torch.float32, torch.float64) else 0.1 * max(1, tokens)


def common_prefix(sequences: Sequence[tuple[int, ...]]) -> int:
    """How many first tokens all sequences share; at least one token of each stays out of it."""
    low, high = min(sequences), max(sequences)  # whatever these two share, all share
    bound = min(len(sequence) for sequence in sequences) - 1
    length = 0
    while length < bound and low[length] == high[length]:
        length += 1
    return length


def clusters(sequences: Sequence[tuple[int, ...]]) -> list[tuple[int, list[int]]]:
    """Indices of sequences by the prefix that is worth computing once: [(prefix length, indices)].

    Sequences without company come last, together, with length 0.
    """
    by_start: dict[tuple[int, ...], list[int]] = {}
    alone: list[int] = []
    for index, sequence in enumerate(sequences):
        if len(sequence) > PREFIX_MINIMUM:
            by_start.setdefault(sequence[:PREFIX_MINIMUM], []).append(index)
        else:
            alone.append(index)
    found = []
    for indices in by_start.values():
        length = common_prefix([sequences[index] for index in indices])
        if gain(length, len(indices)):
            found.append((length, indices))
        else:
            alone += indices
    if alone:
        found.append((0, sorted(alone)))
    return found


def gain(length: int, sequences: int) -> bool:
    """Whether a prefix of so many tokens is worth computing once for so many sequences."""
    return length >= PREFIX_MINIMUM and length * (sequences - 1) >= PREFIX_GAIN
