"""Which rows make a step, which of them are computed together, and the loss of an answer.

Nothing here changes what is learnt: rows are put into micro-batches by length and padded on the right,
where a causal model's real tokens never look, and every loss is a sum that the loop divides by the answer
tokens of the whole step.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from anytasktune.training.texts import EncodedText

CALL_COST = {"cpu": 48}
"""Tokens that one more forward and backward call is taken to cost as much as, by kind of device: an estimate, which
decides only how rows are grouped, never what they are worth."""
OTHER_CALL_COST = 1024


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows computed together.

    Args:
        rows: whose tokens these are.
        ids: [rows, longest], padded on the right.
        learnt: [rows, longest], true where the *next* token is learnt.
        targets: [learnt positions], the tokens that follow them, row after row.
    """

    rows: tuple[EncodedText, ...]
    ids: torch.Tensor
    learnt: torch.Tensor
    targets: torch.Tensor


def step_rows(step: int, *, rows: int, batch_size: int, examples: int, seed: int) -> list[int]:
    """Indices of the rows of a step (from 0): the split shuffled anew for each pass, read on end to end.

    Every step has ``batch_size`` rows except perhaps the last one, which stops at ``examples``.
    """
    indices = []
    for position in range(step * batch_size, min((step + 1) * batch_size, examples)):
        epoch, place = divmod(position, rows)
        indices.append((epoch, place))
    orders = {epoch: _shuffled(rows, seed, epoch) for epoch, _ in indices}
    return [orders[epoch][place] for epoch, place in indices]


def _shuffled(rows: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    order: list[int] = torch.randperm(rows, generator=generator).tolist()
    return order


def micro_batches(
    rows: Sequence[EncodedText], *, budget: int, device: torch.device, shared: int = 0
) -> list[tuple[EncodedText, ...]]:
    """Rows in groups of like length, longest first, each within ``budget`` padded tokens (a longer row
    alone).

    The cheapest way of cutting the rows sorted by length: each group costs its padded tokens and one call.

    Args:
        rows: of one step, or of the whole validation split.
        budget: padded tokens of a group.
        device: which decides what a call costs.
        shared: tokens at the start of each row that are computed elsewhere.
    """
    ordered = sorted(rows, key=lambda row: (-len(row.ids), row.id))
    call = CALL_COST.get(device.type, OTHER_CALL_COST)
    cheapest = [0.0] + [math.inf] * len(ordered)
    cut = [0] * (len(ordered) + 1)
    for end in range(1, len(ordered) + 1):
        for start in range(end - 1, -1, -1):
            padded = (len(ordered[start].ids) - shared) * (end - start)
            if padded > budget and end - start > 1:
                break
            if cheapest[start] + padded + call < cheapest[end]:
                cheapest[end], cut[end] = cheapest[start] + padded + call, start
    groups = []
    end = len(ordered)
    while end:
        groups.append(tuple(ordered[cut[end] : end]))
        end = cut[end]
    return groups[::-1]


def collate(rows: tuple[EncodedText, ...], device: torch.device, *, skip: int = 0) -> Batch:
    """Tensors of a group of rows, without the first ``skip`` tokens, which must lie before every answer.

    The padding is token 0: no real token looks at it and nothing is learnt from it.
    """
    longest = max(len(row.ids) for row in rows) - skip
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    learnt = torch.zeros((len(rows), longest), dtype=torch.bool)
    targets: list[int] = []
    for place, row in enumerate(rows):
        ids[place, : len(row.ids) - skip] = torch.tensor(row.ids[skip:], dtype=torch.long)
        learnt[place, row.answer_start - skip - 1 : len(row.ids) - skip - 1] = True
        targets += row.ids[row.answer_start :]
    return Batch(
        rows=rows,
        ids=ids.to(device),
        learnt=learnt.to(device),
        targets=torch.tensor(targets, dtype=torch.long, device=device),
    )


def head_takes_mask(model: nn.Module) -> bool:
    """Whether the model can be asked for the logits of chosen positions only (transformers'
    ``logits_to_keep``).
    """
    if "logits_to_keep" not in inspect.signature(model.forward).parameters:
        return False
    device = next(model.parameters()).device
    ids = torch.zeros((2, 3), dtype=torch.long, device=device)
    keep = torch.tensor([[True, False, True], [False, True, False]], device=device)
    with torch.no_grad():
        try:
            logits = model(input_ids=ids, logits_to_keep=keep, use_cache=False).logits
        except (
            IndexError,
            TypeError,
            ValueError,
            RuntimeError,
        ):  # an architecture that slices in its own way
            return False
    return bool(logits.ndim == 2 and logits.shape[0] == 3)


def token_losses(model: nn.Module, batch: Batch, *, masked_head: bool, **inputs: Any) -> torch.Tensor:
    """[learnt positions] negative log-likelihood of each learnt token, row after row, in float32.

    Args:
        model: causal language model that returns ``logits``.
        batch: from ``collate``.
        masked_head: of ``head_takes_mask``; then only the learnt positions pass through the head, which is
            most of a small model's cost.
        inputs: further arguments of the model's forward.
    """
    if masked_head:
        logits = model(input_ids=batch.ids, logits_to_keep=batch.learnt, **inputs).logits
    else:
        logits = model(input_ids=batch.ids, **inputs).logits[batch.learnt]
    return functional.cross_entropy(logits.float(), batch.targets, reduction="none")


def unusable_rows(losses: torch.Tensor, batch: Batch) -> list[str]:
    """Ids of the rows whose loss is not a finite number."""
    parts = torch.split(losses.detach(), [row.answer_tokens for row in batch.rows])
    return [row.id for row, part in zip(batch.rows, parts, strict=True) if not torch.isfinite(part).all()]


def batches_of(rows: Sequence[EncodedText], *, budget: int, device: torch.device, shared: int = 0) -> Iterator[Batch]:
    """``micro_batches`` and ``collate`` in one."""
    for group in micro_batches(rows, budget=budget, device=device, shared=shared):
        yield collate(group, device, skip=shared)
