"""Batches are sized from the memory that is free, halved when it runs out, and the record says so."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance

from anytasktune.errors import ModelError
from anytasktune.models import memory
from anytasktune.models.loading import LoadedModel
from anytasktune.models.local import LocalModel


def has_left(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))


def test_a_batch_shrinks_with_the_memory_that_is_left(
    monkeypatch: pytest.MonkeyPatch, small_model: LoadedModel
) -> None:
    has_left(monkeypatch, 64 * 2**30)
    assert memory.batch_tokens(small_model.model) == memory.CPU_TOKENS
    has_left(monkeypatch, 64 * 2**20)
    little = memory.batch_tokens(small_model.model)
    assert 64 <= little < memory.CPU_TOKENS
    has_left(monkeypatch, 0)
    assert memory.batch_tokens(small_model.model) == 64


def test_slots_shrink_with_the_memory_that_is_left(monkeypatch: pytest.MonkeyPatch, small_model: LoadedModel) -> None:
    has_left(monkeypatch, 64 * 2**30)
    many = memory.slots_that_fit(small_model.model, 500)
    has_left(monkeypatch, 128 * 2**20)
    few = memory.slots_that_fit(small_model.model, 500)
    assert 1 <= few < many
    # 30 layers, 3 heads of 64 for keys and for values, 4 bytes
    assert memory.key_value_bytes(small_model.model) == 30 * 3 * 64 * 2 * 4


def test_a_container_limit_counts_as_the_machine_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has_left(monkeypatch, 8 * 2**30)
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.free_bytes(torch.device("cpu")) == 8 * 2**30
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    assert memory.free_bytes(torch.device("cpu")) == 8 * 2**30
    (tmp_path / "memory.max").write_text("1000\n")
    assert memory.free_bytes(torch.device("cpu")) == 995


def test_one_row_that_does_not_fit_is_an_error() -> None:
    size = memory.BatchSize(tokens=1024)
    size.halve(4, 100, MemoryError("full"), torch.device("cpu"))
    assert (size.tokens, size.halvings) == (200, 1)
    with pytest.raises(ModelError, match="One row of 100 tokens alone"):
        size.halve(1, 100, MemoryError("full"), torch.device("cpu"))


@pytest.mark.parametrize("kind", ["loglikelihood", "generate_until"])
def test_running_out_of_memory_halves_the_batch_and_changes_nothing_else(
    kind: str, small_model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["one", "two three four five", "six", "seven eight", "nine"]
    rest: Any = {"until": ["\n"], "max_gen_toks": 4} if kind == "generate_until" else " ten"
    requests = [
        Instance(request_type=kind, doc={}, arguments=(f"Count: {w}", rest), idx=0, metadata=("m", i, 1))
        for i, w in enumerate(words)
    ]
    expected = getattr(LocalModel(small_model), kind)(requests)
    forward = type(small_model.model.model).forward
    failed: list[int] = []

    @functools.wraps(forward)
    def scarce(self: Any, input_ids: torch.Tensor, **rest: Any) -> Any:
        if len(input_ids) > 3 and len(failed) < 1:
            failed.append(len(input_ids))
            raise MemoryError("no room")
        return forward(self, input_ids=input_ids, **rest)

    monkeypatch.setattr(type(small_model.model.model), "forward", scarce)
    model = LocalModel(small_model)
    found = getattr(model, kind)(requests)
    assert failed, "the double was never asked for a batch that large"
    if kind == "generate_until":
        assert found == expected
    else:
        assert [score for score, _ in found] == pytest.approx([score for score, _ in expected], abs=1e-3)
    assert model.engine["halvings"] == 1
    assert model.engine["batch_tokens"] < memory.CPU_TOKENS
