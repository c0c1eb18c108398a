"""A plain LoRA layer as one autograd function: same numbers as PEFT's own, fewer passes over memory.

PEFT computes ``W·x + s·B·(A·x)`` as five operations that each write a tensor of the layer's size. Here the
low-rank product is added in place, ``A·x`` is kept for the backward pass, and the frozen weight takes no
part in autograd.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


class _LoraLinear(torch.autograd.Function):
    """``y = x·Wᵀ + bias + s·(x·Aᵀ)·Bᵀ``; x: [..., in], A: [rank, in], B: [out, rank], W: [out, in]
    (frozen).
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        lora_a: torch.Tensor,
        lora_b: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        scaling: float,
    ) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1])  # [tokens, in]
        low = flat @ lora_a.t()  # [tokens, rank]
        result = functional.linear(flat, weight, bias)  # [tokens, out]
        result.addmm_(low, lora_b.t(), alpha=scaling)
        ctx.save_for_backward(flat, low, lora_a, lora_b)
        ctx.weight, ctx.scaling, ctx.shape = weight, scaling, x.shape
        return result.view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        flat, low, lora_a, lora_b = ctx.saved_tensors
        out = gradient.reshape(-1, gradient.shape[-1])  # [tokens, out]
        low_gradient = (out @ lora_b).mul_(ctx.scaling)  # [tokens, rank]
        grad_a = low_gradient.t() @ flat
        grad_b = (out.t() @ low).mul_(ctx.scaling)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (out @ ctx.weight).addmm_(low_gradient, lora_a).view(ctx.shape)
        return grad_x, grad_a, grad_b, None, None, None


@contextmanager
def fast_lora(model: nn.Module) -> Iterator[int]:
    """While open, PEFT's LoRA layers of ``model`` that are plain compute by the function above.

    Layers that are not plain (DoRA, dropout, quantised or half-precision base, a bias of their own, several
    adapters) keep PEFT's forward.

    Yields:
        How many layers were replaced.
    """
    replaced = [module for module in model.modules() if _is_plain(module)]
    for module in replaced:
        module.forward = _forward_of(module)
    try:
        yield len(replaced)
    finally:
        for module in replaced:
            del module.forward


def _forward_of(layer: Any) -> Any:
    [adapter] = layer.active_adapters
    base, lora_a, lora_b = layer.base_layer, layer.lora_A[adapter], layer.lora_B[adapter]
    scaling = float(layer.scaling[adapter])

    def forward(x: torch.Tensor) -> Any:
        arguments = (x, lora_a.weight, lora_b.weight, base.weight, base.bias, scaling)
        return _LoraLinear.apply(*arguments)  # type: ignore[no-untyped-call]

    return forward


def _is_plain(module: Any) -> bool:
    from peft.tuners.lora.layer import Linear

    if type(module) is not Linear or module.merged or module.disable_adapters:
        return False
    if len(module.active_adapters) != 1 or module.active_adapters[0] not in module.lora_A:
        return False
    adapter, base = module.active_adapters[0], module.base_layer
    return (
        type(base) is nn.Linear
        and adapter not in module.lora_variant
        and isinstance(module.lora_dropout[adapter], nn.Identity)
        and not module.lora_bias[adapter]
        and not module.fan_in_fan_out
        and not base.weight.requires_grad
        and (base.bias is None or not base.bias.requires_grad)
        and base.weight.dtype == module.lora_A[adapter].weight.dtype
    )
