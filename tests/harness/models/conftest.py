"""Small models of other architectures, with random weights, and what a plain forward pass says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer

SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """The models here are so small that several threads spend their time waiting for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _random_model(kind: str, **changes: Any) -> Any:
    """A model of an architecture with random weights large enough that positions matter."""
    torch.manual_seed(0)
    sizes = {**SMALL, **changes}
    if kind == "gpt2":
        sizes = {"vocab_size": 300, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 256, **changes}
    model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind](**sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(8)
    return model.eval()


@pytest.fixture(scope="session")
def random_model() -> Callable[..., Any]:
    """Makes a small model of an architecture, with random weights."""
    return _random_model


@torch.inference_mode()
def plain_score(model: Any, context: Sequence[int], continuation: Sequence[int]) -> tuple[float, bool]:
    """Log-probability and greediness by one forward pass over one unpadded row."""
    fed = torch.tensor([[*context, *continuation]])
    logits = model(input_ids=fed, use_cache=False).logits[0, len(context) - 1 : -1].float()
    wanted = torch.tensor(list(continuation))
    logprobs = logits.log_softmax(-1).gather(1, wanted[:, None])
    return float(logprobs.sum()), bool((logits.argmax(-1) == wanted).all())


@pytest.fixture
def reference() -> Callable[[Any, Sequence[int], Sequence[int]], tuple[float, bool]]:
    """Scores one row by one plain forward pass."""
    return plain_score


@pytest.fixture(scope="session")
def small_model_tokenizer(small_model_dir: Path) -> Any:
    """The tokenizer of SmolLM2-135M-Instruct. Do not change it."""
    return AutoTokenizer.from_pretrained(small_model_dir)


@pytest.fixture(scope="session")
def tiny_dir(small_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that loads at once: the real tokenizer, a random model of 0.8 million parameters."""
    folder = tmp_path_factory.mktemp("tiny")
    AutoTokenizer.from_pretrained(small_model_dir).save_pretrained(folder)
    _random_model("llama", vocab_size=49152, hidden_size=16, bos_token_id=1, eos_token_id=2).save_pretrained(folder)
    return folder
