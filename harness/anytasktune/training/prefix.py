"""Tokens that all rows of a step begin with, computed once: a system prompt, a list of labels, a few shots.

Their keys and values are held in a cache. Each micro-batch sees them as leaves that collect a gradient, and
when the last one is done that gradient goes back through the prefix in one pass. The loss and the gradients
are those of whole rows; ``shareable`` checks it on the model at hand and otherwise nothing is shared.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from anytasktune.training.batches import CALL_COST, OTHER_CALL_COST, batches_of, token_losses
from anytasktune.training.texts import EncodedText

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-8}
"""Largest difference that sharing may make, as a share of the loss or the largest gradient."""
HALF_TOLERANCE = 2e-2


def common_length(rows: Sequence[EncodedText]) -> int:
    """Leading tokens that all rows have in common, at least one token short of every answer.

    The last token of a context stays with its row, because the answer's first token is predicted there.
    """
    first = min(row.ids for row in rows)
    last = max(row.ids for row in rows)  # what the two ends of the sorted order share, all share
    longest = min(row.answer_start for row in rows) - 1
    length = 0
    while length < longest and first[length] == last[length]:
        length += 1
    return length


def worthwhile_length(rows: Sequence[EncodedText], device: torch.device) -> int:
    """``common_length``, or 0 where sharing saves less than the one more call costs."""
    if len(rows) < 2:
        return 0
    length = common_length(rows)
    call = CALL_COST.get(device.type, OTHER_CALL_COST)
    return length if (len(rows) - 1) * length > 2 * call else 0


class SharedPrefix:
    """Keys and values of the shared tokens.

    Args:
        network: causal language model.
        ids: the shared tokens, one or more.
        gradients: whether ``backward`` will be called.
    """

    def __init__(self, network: nn.Module, ids: Sequence[int], *, gradients: bool) -> None:
        from transformers import DynamicCache

        self._argument = cache_argument(network) or ""
        device = next(network.parameters()).device
        cache = DynamicCache()
        inputs: dict[str, Any] = {self._argument: cache, "use_cache": True, "logits_to_keep": 1}
        with torch.set_grad_enabled(gradients):
            network(input_ids=torch.tensor([list(ids)], device=device), **inputs)
        self._made = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
        self._leaves = [tensor.detach().requires_grad_(gradients) for tensor in self._made]

    def inputs(self, rows: int) -> dict[str, Any]:
        """Arguments of the model's forward for a micro-batch of that many rows without their shared
        tokens.
        """
        from transformers import DynamicCache

        spread = [tensor.expand(rows, *tensor.shape[1:]) for tensor in self._leaves]
        cache = DynamicCache(list(zip(spread[::2], spread[1::2], strict=True)))
        return {self._argument: cache, "use_cache": True}

    def backward(self) -> None:
        """Sends the gradients that the micro-batches left back through the shared tokens."""
        reached = [
            (made, leaf.grad)
            for made, leaf in zip(self._made, self._leaves, strict=True)
            if leaf.grad is not None and made.requires_grad
        ]
        if reached:
            torch.autograd.backward([made for made, _ in reached], [gradient for _, gradient in reached])


def cache_argument(network: nn.Module) -> str | None:
    """The name under which the model takes a cache; transformers renamed it in 5.24."""
    known = inspect.signature(network.forward).parameters
    return next((name for name in ("cache", "past_key_values") if name in known), None)


def shareable(
    network: nn.Module,
    parameters: Mapping[str, nn.Parameter],
    rows: Sequence[EncodedText],
    *,
    masked_head: bool,
    budget: int,
) -> bool:
    """Whether sharing gives this model the same loss and the same gradients as whole rows do.

    Not with dropout, which would fall alike on all rows; not where a row is longer than a sliding window;
    and only if the two shortest rows agree to ``TOLERANCE``.
    """
    pair = sorted(rows, key=lambda row: (len(row.ids), row.id))[:2]
    length = common_length(pair) if len(pair) == 2 else 0
    if not length or not masked_head or cache_argument(network) is None or _has_dropout(network):
        return False
    window = getattr(network.config, "sliding_window", None)
    if window is not None and max(len(row.ids) for row in rows) > int(window):
        return False
    try:
        shared = _loss_and_gradients(network, parameters, pair, length, budget)
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError):  # a cache of another kind
        return False
    finally:
        _forget(parameters)
    whole = _loss_and_gradients(network, parameters, pair, 0, budget)
    _forget(parameters)
    tolerance = TOLERANCE.get(next(network.parameters()).dtype, HALF_TOLERANCE)
    largest = max(float(part.abs().max()) for part in whole[1:])
    scales = [float(whole[0].abs()), *(largest for _ in whole[1:])]
    return all(
        float((mine - theirs).abs().max()) <= tolerance * scale
        for mine, theirs, scale in zip(shared, whole, scales, strict=True)
    )


def _loss_and_gradients(
    network: nn.Module,
    parameters: Mapping[str, nn.Parameter],
    rows: Sequence[EncodedText],
    length: int,
    budget: int,
) -> list[torch.Tensor]:
    _forget(parameters)
    device = next(network.parameters()).device
    prefix = SharedPrefix(network, rows[0].ids[:length], gradients=True) if length else None
    total = torch.zeros((), device=device)
    for batch in batches_of(rows, budget=budget, device=device, shared=length):
        inputs = prefix.inputs(len(batch.rows)) if prefix else {"use_cache": False}
        loss = token_losses(network, batch, masked_head=True, **inputs).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        total = total + loss.detach()
    if prefix:
        prefix.backward()
    gradients = [parameter.grad for parameter in parameters.values() if parameter.grad is not None]
    return [total, *(gradient.detach().clone() for gradient in gradients)]


def _forget(parameters: Mapping[str, nn.Parameter]) -> None:
    for parameter in parameters.values():
        parameter.grad = None


def _has_dropout(network: Any) -> bool:
    rates = [module.p for module in network.modules() if isinstance(module, nn.Dropout)]
    return any(rates) or bool(getattr(network.config, "attention_dropout", 0.0))
