"""Drawing the next token of one row: its own options, its own random numbers, whatever stands beside it in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

WARPERS: Mapping[str, Any] = {
    "temperature": TemperatureLogitsWarper,
    "top_k": TopKLogitsWarper,
    "top_p": TopPLogitsWarper,
    "min_p": MinPLogitsWarper,
    "typical_p": TypicalLogitsWarper,
}
"""What shapes a distribution, in the order in which transformers applies them."""

NEUTRAL: Mapping[str, tuple[float, ...]] = {"temperature": (1.0,), "top_k": (0,), "top_p": (1.0,), "typical_p": (1.0,)}
"""Values that change nothing, which the warpers do not all take."""


def is_drawn(options: Mapping[str, Any]) -> bool:
    """Whether these options draw from the next token's distribution and ask for nothing besides."""
    return bool(options.get("do_sample")) and set(options) <= {"do_sample", *WARPERS}


class Sampler:
    """Draws the tokens of one answer.

    Args:
        options: ``temperature``, ``top_k``, ``top_p``, ``min_p``, ``typical_p`` of transformers' ``GenerationConfig``.
        seed: of this answer's random numbers.
    """

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        shaping = {
            name: options[name]
            for name in WARPERS
            if options.get(name) is not None and options[name] not in NEUTRAL.get(name, ())
        }
        self._warpers = LogitsProcessorList([WARPERS[name](value) for name, value in shaping.items()])
        self._random = torch.Generator().manual_seed(seed)  # on the CPU, so that a GPU draws the same numbers

    def draw(self, logits: Tensor) -> int:
        """A token id, from the logits of one position ``[V]``."""
        shaped = self._warpers(None, logits[None])[0]
        reached = shaped.double().softmax(-1).cumsum(-1)
        drawn = torch.rand((), generator=self._random, dtype=torch.float64).to(reached) * reached[-1]
        return min(int(torch.searchsorted(reached, drawn, right=True)), len(reached) - 1)
