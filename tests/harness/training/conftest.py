"""A real small model, a tiny one with random weights and the same tokenizer, jobs over a handful of rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import IDENTITY, MakeJob, ignore, make_tiny_model, parity

from anytasktune.models.tokens import Encoder
from anytasktune.recipes import Recipe
from anytasktune.training.loop import TuningJob


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """For tensors this small, threads that wait for each other cost more than they give on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer(small_model_dir: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(small_model_dir)


@pytest.fixture(scope="session")
def encoder(tokenizer: Any) -> Encoder:
    return Encoder(tokenizer)


@pytest.fixture(scope="session")
def real_model(small_model_dir: Path) -> Any:
    """Shared by all tests: tuning with LoRA must leave it as it was."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(small_model_dir, dtype=torch.float32).eval()


@pytest.fixture
def tiny_model(tokenizer: Any) -> Any:
    return make_tiny_model(len(tokenizer))


@pytest.fixture
def make_job(encoder: Encoder, tmp_path: Path) -> MakeJob:
    """A job of 12 train and 4 validation rows in a folder of its own; every field can be changed."""

    def make(model: Any, **changes: Any) -> TuningJob:
        fields: dict[str, Any] = {
            "model": model,
            "encoder": encoder,
            "train": [parity(number, encoder, padding=number % 3) for number in range(12)],
            "validation": [parity(number, encoder) for number in range(20, 24)],
            "recipe": Recipe(rank=4, batch_size=4, epochs=2.0, evaluations=2, learning_rate=5e-3),
            "seed": 1,
            "folder": tmp_path / "run",
            "identity": IDENTITY,
            "progress": ignore,
        }
        return TuningJob(**{**fields, **changes})

    return make
