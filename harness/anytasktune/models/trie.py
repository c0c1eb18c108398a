"""Continuations of one context as a tree of tokens behind it, and the mask under which one pass scores them
all.

Shapes: B rows, L tokens of the longest row, P tokens of the shared prefix, N nodes of a trie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


class Trie:
    """Continuations as a tree of their tokens, leaves left out.

    Node 0 is the context's last token; node n > 0 holds ``tokens[n - 1]`` at depth ``depths[n - 1]``.
    ``paths[i]`` is continuation i as (node whose scores are read, token whose score it is).
    """

    def __init__(self, continuations: Sequence[tuple[int, ...]]) -> None:
        self.tokens: list[int] = []
        self.depths: list[int] = []
        self.paths: list[list[tuple[int, int]]] = []
        parents: list[int] = []
        children: list[dict[int, int]] = [{}]
        for continuation in continuations:
            node = 0
            path: list[tuple[int, int]] = []
            for place, token in enumerate(continuation, start=1):
                path.append((node, token))
                if place == len(continuation):
                    break  # the scores that follow the last token are nobody's
                if token not in children[node]:
                    children[node][token] = len(children)
                    children.append({})
                    self.tokens.append(token)
                    self.depths.append(self.depths[node - 1] + 1 if node else 1)
                    parents.append(node)
                node = children[node][token]
            self.paths.append(path)
        self.branches = parents != list(range(len(parents)))
        """Whether some node must not see the one before it."""
        self.sees = torch.ones(len(parents), len(parents), dtype=torch.bool).tril()
        if self.branches:
            self.sees = _ancestors(parents)
        """``[N, N]``: whether a node sees another (itself and its ancestors)."""


def _ancestors(parents: Sequence[int]) -> Tensor:
    sees = torch.eye(len(parents), dtype=torch.bool)
    for node, parent in enumerate(parents):
        if parent:
            sees[node] |= sees[parent - 1]
    return sees


@dataclass(frozen=True, kw_only=True)
class TrieRow:
    """One context (without the shared prefix) with the trie behind it; ``members[i]`` asks for
    ``trie.paths[i]``.
    """

    tokens: tuple[int, ...]
    trie: Trie
    members: tuple[int, ...]

    @property
    def size(self) -> int:
        """Tokens fed: the context's and the trie's."""
        return len(self.tokens) + len(self.trie.tokens)


def layout(rows: Sequence[TrieRow], prefix: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids ``[B, L]``, who sees whom ``[B, 1, L, P + L]``, positions ``[B, L]``."""
    longest = max(row.size for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    positions = torch.zeros(len(rows), longest, dtype=torch.long)
    allow = torch.zeros(len(rows), 1, longest, prefix + longest, dtype=torch.bool)
    allow[..., 0] = True  # padding must see something, or it turns into NaN
    for number, row in enumerate(rows):
        own, end = len(row.tokens), row.size
        ids[number, :end] = torch.tensor([*row.tokens, *row.trie.tokens])
        depths = torch.tensor(row.trie.depths, dtype=torch.long)
        positions[number, :end] = prefix + torch.cat([torch.arange(own), own - 1 + depths])
        sees = allow[number, 0]
        sees[:end, :prefix] = True
        sees[:own, prefix : prefix + own] = torch.ones(own, own, dtype=torch.bool).tril()
        sees[own:end, prefix : prefix + own] = True
        sees[own:end, prefix + own : prefix + end] = row.trie.sees
    return ids, allow, positions
