"""Models, rows and checks that the tests of the tuning room share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from anytasktune.models.tokens import Encoder
from anytasktune.training.adapter import without_peft_warnings
from anytasktune.training.loop import TuningJob, TuningProgress
from anytasktune.training.texts import EncodedText, TrainingText

IDENTITY = {
    "base": "example/base",
    "prompt_hash": "prompt-1",
    "task": "demo/parity",
    "base_licence": "Apache-2.0",
}

MakeJob = Callable[..., TuningJob]


def make_tiny_model(vocabulary: int) -> Any:
    """Two Llama layers with random weights that are the same each time."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        initializer_range=0.3,  # with the usual 0.02 a head this narrow cannot be sure of anything
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(config).eval()


def peft_model(base: Any, **options: Any) -> Any:
    """PEFT's LoRA on all linear layers, with a B that is not zero."""
    from peft import LoraConfig, TaskType, get_peft_model

    torch.manual_seed(3)
    config = LoraConfig(task_type=TaskType.CAUSAL_LM, r=4, lora_alpha=8, target_modules="all-linear", **options)
    with without_peft_warnings():
        model = get_peft_model(base, config).train()
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:  # zero at first, which would hide a wrong gradient of A
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def parity(number: int, encoder: Encoder, *, padding: int = 0) -> TrainingText:
    """Is a number even? Answered in one word."""
    question = f"Is {number} even or odd?" + " Think well." * padding
    context = encoder.apply_chat_template([{"role": "user", "content": question}])
    return TrainingText(id=f"row-{number}", context=context, answer="odd" if number % 2 else "even")


def ignore(progress: TuningProgress) -> None:
    """Takes progress and shows nothing."""


def mean_answer_loss(model: Any, rows: Sequence[EncodedText]) -> float:
    """Loss by hand: one row at a time, full logits, no padding, mean over all answer tokens."""
    total, count = 0.0, 0
    with torch.no_grad():
        for row in rows:
            logits = model(input_ids=torch.tensor([row.ids])).logits[0].float().log_softmax(-1)
            for place in range(row.answer_start, len(row.ids)):
                total -= float(logits[place - 1, row.ids[place]])
                count += 1
    return total / count
