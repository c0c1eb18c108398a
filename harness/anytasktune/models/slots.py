"""Key and value memory in slots: every row of a batch has a place and a length of its own.

Shapes: S slots, C columns (tokens a slot can hold), B rows in use (the first B slots), P tokens of a shared
prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from anytasktune.models.forward import Body, Prefix, ViewLayer


class SlotPool:
    """Memory of ``slots`` rows of ``length`` tokens; the prefix stands at the head of all of them from the
    start.
    """

    def __init__(self, body: Body, *, slots: int, length: int, prefix: Prefix | None) -> None:
        self.slots = slots
        self.shared = prefix.length if prefix else 0
        self._body = body
        self._length = length
        self._prefix = prefix
        layers = body.model.config.get_text_config(decoder=True).num_hidden_layers
        self._memory: list[tuple[Tensor, Tensor] | None] = [None] * layers
        self._cache = Cache(layers=[_SlotLayer(self, index) for index in range(layers)])
        self._rows: slice | Tensor = slice(0)
        self._columns: slice | Tensor = slice(0)
        self._seen = slice(0), slice(0)

    def fill(self, prompts: Sequence[Sequence[int]], first: int) -> Tensor:
        """Computes prompts (without the prefix) into the slots from ``first`` on.

        Returns:
            Hidden states of each prompt's last token ``[B, width]``.
        """
        lengths = [len(prompt) for prompt in prompts]
        longest, rows = max(lengths), slice(first, first + len(prompts))
        ids = torch.zeros(len(prompts), longest, dtype=torch.long)
        for number, prompt in enumerate(prompts):
            ids[number, : len(prompt)] = torch.tensor(list(prompt))
        end = self.shared + longest
        self._rows, self._columns = rows, slice(self.shared, end)
        self._seen = rows, slice(end)
        # Padding stands on the right, where no real token looks, and is overwritten by the answer.
        allow = torch.ones(longest, end, dtype=torch.bool).tril(self.shared)[None, None]
        positions = torch.arange(self.shared, end).expand(len(prompts), longest)
        hidden = self._forward(ids, allow, positions)
        return hidden[torch.arange(len(prompts)), torch.tensor(lengths) - 1]

    def step(self, tokens: Sequence[int], lengths: Sequence[int]) -> Tensor:
        """One token for each of the first B slots, of which ``lengths`` columns are filled.

        Returns:
            Hidden states ``[B, width]``.
        """
        device = self._body.device
        rows, end = len(tokens), max(lengths) + 1
        places = torch.tensor(list(lengths))
        self._rows, self._columns = torch.arange(rows, device=device), places.to(device)
        self._seen = slice(rows), slice(end)
        allow = (torch.arange(end)[None] <= places[:, None])[:, None, None]
        return self._forward(torch.tensor(list(tokens))[:, None], allow, places[:, None])[:, -1]

    def move(self, source: int, target: int, length: int) -> None:
        """Copies the first ``length`` columns of a slot into another."""
        for memory in self._memory:
            for part in memory or ():
                part[target, :, :length] = part[source, :, :length]

    def _forward(self, ids: Tensor, allow: Tensor, positions: Tensor) -> Tensor:
        device = self._body.device
        return self._body.hidden(ids.to(device), allow.to(device), positions.to(device), self._cache)

    def store(self, index: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Writes a layer's new keys and values ``[B, heads, new, width]`` into their slots; returns all it
        may see.
        """
        memory = self._memory[index]
        if memory is None:
            memory = self._memory[index] = self._allocate(index, keys, values)
        for part, new in zip(memory, (keys, values), strict=True):
            if isinstance(self._columns, slice):
                part[self._rows, :, self._columns] = new
            else:
                part[self._rows, :, self._columns] = new[:, :, 0]
        rows, columns = self._seen
        return memory[0][rows, :, columns], memory[1][rows, :, columns]

    def _allocate(self, index: int, *news: Tensor) -> tuple[Tensor, Tensor]:
        # Zeros, not whatever was there: a masked NaN is still a NaN.
        parts = [new.new_zeros(self.slots, new.shape[1], self._length, new.shape[3]) for new in news]
        if self._prefix is not None:
            for part, shared in zip(parts, self._prefix.layers[index], strict=True):
                part[:, :, : self.shared] = shared
        return parts[0], parts[1]


class _SlotLayer(ViewLayer):
    def __init__(self, pool: SlotPool, index: int) -> None:
        super().__init__()
        self._pool = pool
        self._index = index

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        *args: Any,  # noqa: ARG002  # the base class has them
        **kwargs: Any,  # noqa: ARG002
    ) -> tuple[Tensor, Tensor]:
        return self._pool.store(self._index, key_states, value_states)
