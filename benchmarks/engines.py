"""Who is timed: this project's engine, lm-eval's own backend for transformers, and vLLM where it is installed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance

from anytasktune.models.loading import load
from anytasktune.models.local import LocalModel

BATCH_SIZES = (64, 32, 16, 8, 4, 2, 1)
"""Batch sizes of HFLM that are tried, until two in turn are slower than the best."""

TRIED = 80
"""Requests that a batch size is tried on."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Answers lm-eval's requests; ``note`` is what was chosen for it."""

    name: str
    note: str
    answer: Callable[[str, Sequence[Instance]], list[Any]]


def ours(folder: Path, device: str, dtype: str) -> Engine:
    """This project's engine, as ``evaluate`` uses it; without a journal it remembers no answer."""
    loaded = load(folder, device=device, dtype=dtype)
    model = LocalModel(loaded)  # one, as in a run: its fast paths are checked in the first batch, which is not timed

    def answer(kind: str, requests: Sequence[Instance]) -> list[Any]:
        found: list[Any] = getattr(model, kind)(list(requests))
        synchronise(device)
        return found

    return Engine(name="anytasktune", note=f"{loaded.dtype} on {loaded.device}", answer=answer)


def hflm(folder: Path, device: str, dtype: str) -> Callable[[int], Engine]:
    """lm-eval's ``hf`` model, by batch size."""
    from lm_eval.models.huggingface import HFLM

    model = HFLM(pretrained=str(folder), device=device, dtype=dtype, batch_size=1, max_length=8192)

    def of(batch_size: int) -> Engine:
        def answer(kind: str, requests: Sequence[Instance]) -> list[Any]:
            model.batch_size_per_gpu = batch_size
            found: list[Any] = getattr(model, kind)(list(requests), disable_tqdm=True)
            synchronise(device)
            return found

        return Engine(name="HFLM", note=f"batch size {batch_size}", answer=answer)

    return of


def best_hflm(of: Callable[[int], Engine], kind: str, requests: Sequence[Instance]) -> Engine:
    """HFLM at the batch size that is quickest on these requests, or on the first eighty of them."""
    requests = requests[:TRIED]
    times: dict[int, float] = {}
    for size in (size for size in BATCH_SIZES if size <= len(requests)):
        try:
            times[size] = seconds(of(size), kind, requests)[0]
        except (RuntimeError, MemoryError):  # does not fit
            continue
        if list(times).index(min(times, key=lambda tried: times[tried])) <= len(times) - 3:
            break
    return of(min(times, key=lambda tried: times[tried]))


def vllm(folder: Path, dtype: str) -> Engine:
    """lm-eval's ``vllm`` model, for machines with a GPU."""
    from lm_eval.models.vllm_causallms import VLLM

    model = VLLM(pretrained=str(folder), dtype=dtype, batch_size="auto", max_length=8192)

    def answer(kind: str, requests: Sequence[Instance]) -> list[Any]:
        found: list[Any] = getattr(model, kind)(list(requests), disable_tqdm=True)
        return found

    return Engine(name="vLLM", note="its own batches", answer=answer)


def synchronise(device: str) -> None:
    """Waits for a GPU, whose work is queued."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def seconds(engine: Engine, kind: str, requests: Sequence[Instance]) -> tuple[float, list[Any]]:
    """Wall-clock time, and what came back."""
    started = time.perf_counter()
    found = engine.answer(kind, requests)
    return time.perf_counter() - started, found


def ceiling(device: str, dtype: str) -> float:
    """FLOP/s of a large matrix product on this device in this number type: the best of several."""
    kind = getattr(torch, dtype)
    size = 2048 if device == "cpu" else 8192
    a, b = torch.randn(size, size, device=device, dtype=kind), torch.randn(size, size, device=device, dtype=kind)
    best = 0.0
    for _ in range(8):
        started = time.perf_counter()
        a @ b
        synchronise(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best
