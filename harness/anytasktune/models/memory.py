"""How much fits: batches and slots sized from the memory that is free, before any of it is used.

On a CPU memory does not run out with an error but with a killed process, so it has to be reckoned with beforehand. On
a GPU the reckoning need not be exact: what did not fit is halved and done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from anytasktune.errors import ModelError

CPU_TOKENS = 1024
"""Tokens of a batch beyond which a CPU does not get faster (its caches are full); fewer where memory is short."""

GPU_TOKENS = 65536
"""Tokens of a batch beyond which a GPU does not get faster."""

BATCH_SHARE = 0.3
SLOT_SHARE = 0.4
"""Shares of the free memory for the activations of a batch, and for the keys and values of slots."""

CPU_SLOT_BYTES = 2 * 2**30
"""Keys and values on a CPU: more slots than this holds do not make it faster."""

_CGROUP = Path("/sys/fs/cgroup")


def free_bytes(device: torch.device) -> int:
    """Bytes that may be taken on a device: of a CPU what the machine and its container have left."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + int(cached)
    import psutil

    return min(int(psutil.virtual_memory().available), _container_free())


def _container_free() -> int:
    """Bytes below the control group's limit; a very large number where there is none."""
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 2**62
    return max(0, int(limit) - used) if limit.isdecimal() else 2**62


def batch_tokens(model: Any) -> int:
    """Tokens of a batch, padding included, that the free memory of the model's device holds; at least 64.

    Reckoned per token and layer in flight: a handful of hidden states, the gated halves of the feed-forward layer, and
    keys and values of all layers (a shared prefix keeps them).
    """
    config = model.config.get_text_config(decoder=True)
    hidden = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    width = torch.finfo(model.dtype).bits // 8
    token: int = width * (8 * hidden + 3 * int(inner)) + key_value_bytes(model)
    most: int = CPU_TOKENS if model.device.type == "cpu" else GPU_TOKENS
    return max(64, min(most, int(BATCH_SHARE * free_bytes(model.device)) // token))


def key_value_bytes(model: Any) -> int:
    """Bytes of one token's keys and values over all layers."""
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * torch.finfo(model.dtype).bits // 8)


def slots_that_fit(model: Any, length: int) -> int:
    """How many slots of ``length`` tokens the memory set aside for them holds; at least one."""
    memory = int(SLOT_SHARE * free_bytes(model.device))
    if model.device.type == "cpu":
        memory = min(memory, CPU_SLOT_BYTES)
    return max(1, memory // (key_value_bytes(model) * length))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


@dataclass(kw_only=True)
class BatchSize:
    """What goes into a batch; halved for good when memory ran out.

    Args:
        tokens: of a batch, padding included.
        rows: of a batch, at most; no bound when None.
        halvings: how often memory ran out.
    """

    tokens: int
    rows: int | None = None
    halvings: int = 0

    def fitting(self, size: int) -> int:
        """Rows of at most ``size`` tokens that make a batch."""
        fitting = max(1, self.tokens // size)
        return fitting if self.rows is None else min(fitting, self.rows)

    def halve(self, rows: int, size: int, error: BaseException, device: torch.device) -> None:
        """After a batch of ``rows`` rows of ``size`` tokens did not fit into memory.

        Raises:
            ModelError: it was one row alone.
        """
        if rows <= 1:
            raise ModelError(
                f"One row of {size} tokens alone does not fit into memory.",
                evidence=[str(error).partition("\n")[0] or type(error).__name__],
                fix="use a machine with more memory, or a smaller model",
            ) from error
        self.tokens = max(1, min(self.tokens, rows * size) // 2)
        self.halvings += 1
        if device.type == "cuda":
            torch.cuda.empty_cache()
