from __future__ import annotations

from typing import Any

import pytest
import torch
from small_runs import parity, peft_model

from anytasktune.models.tokens import Encoder
from anytasktune.training import prefix as prefixes
from anytasktune.training.batches import batches_of, token_losses
from anytasktune.training.lora_function import fast_lora
from anytasktune.training.prefix import SharedPrefix, common_length, shareable, worthwhile_length
from anytasktune.training.texts import EncodedText, encode_texts

CPU = torch.device("cpu")


@pytest.fixture
def rows(encoder: Encoder) -> tuple[EncodedText, ...]:
    return encode_texts([parity(number, encoder, padding=number) for number in range(5)], encoder, 512).rows


def gradients_of(model: Any, rows: tuple[EncodedText, ...], length: int, budget: int) -> list[torch.Tensor]:
    """Loss first, then the gradients."""
    network = model.get_base_model()
    prefix = SharedPrefix(network, rows[0].ids[:length], gradients=True) if length else None
    total = torch.zeros(())
    for batch in batches_of(rows, budget=budget, device=CPU, shared=length):
        inputs = prefix.inputs(len(batch.rows)) if prefix else {"use_cache": False}
        loss = token_losses(network, batch, masked_head=True, **inputs).sum()
        torch.autograd.backward(loss)
        total += loss.detach()
    if prefix:
        prefix.backward()
    found = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad(set_to_none=True)
    return [total, *found]


@pytest.mark.parametrize("budget", [60, 5000], ids=["row-by-row", "one-batch"])
def test_shared_prefix_gives_the_loss_and_gradients_of_whole_rows(
    tiny_model: Any, rows: tuple[EncodedText, ...], budget: int
) -> None:
    model = peft_model(tiny_model)
    length = common_length(rows)
    assert length > 20
    with fast_lora(model):
        whole = gradients_of(model, rows, 0, budget)
        shared = gradients_of(model, rows, length, budget)
    assert len(whole) == len(shared) == 29
    for mine, theirs in zip(shared, whole, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_real_model_shares_with_equal_loss_and_gradients(real_model: Any, rows: tuple[EncodedText, ...]) -> None:
    from anytasktune.training.adapter import untouched

    with untouched(real_model):
        model = peft_model(real_model)
        whole = gradients_of(model, rows[:2], 0, 5000)
        shared = gradients_of(model, rows[:2], common_length(rows[:2]), 5000)
        model.unload()
    assert float(shared[0]) == pytest.approx(float(whole[0]), rel=1e-4)
    largest = max(float(gradient.abs().max()) for gradient in whole[1:])
    for mine, theirs in zip(shared[1:], whole[1:], strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4 * largest, rtol=0)


def row(*ids: int, answer: int = 1) -> EncodedText:
    return EncodedText(id=str(ids), ids=ids, answer_start=len(ids) - answer)


def test_common_length_ends_before_the_token_that_predicts_an_answer() -> None:
    assert common_length([row(1, 2, 3, 4), row(1, 2, 3, 4)]) == 2
    assert common_length([row(1, 2, 3, 4, 5), row(1, 2, 9, 4, 5)]) == 2
    assert common_length([row(1, 2, 3), row(5, 2, 3)]) == 0
    assert common_length([row(1, 2, 3, 4, 5), row(1, 2, answer=1), row(1, 2, 3, 4, 6)]) == 0


def test_short_prefix_is_not_worth_a_call() -> None:
    short = [row(*range(10), place) for place in range(50, 54)]
    long = [row(*range(100), place) for place in range(150, 154)]
    assert worthwhile_length(short, CPU) == 0
    assert worthwhile_length(long, CPU) == 99
    assert worthwhile_length(long[:1], CPU) == 0


def test_sharing_is_refused_where_it_would_change_the_loss(
    tiny_model: Any, rows: tuple[EncodedText, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = peft_model(tiny_model)
    network = model.get_base_model()
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}

    def possible() -> bool:
        return shareable(network, parameters, rows, masked_head=True, budget=2048)

    assert possible()
    assert all(parameter.grad is None for parameter in parameters.values())
    monkeypatch.setattr(network.config, "sliding_window", 16, raising=False)
    assert not possible()
    monkeypatch.setattr(network.config, "sliding_window", None)
    monkeypatch.setattr(network.config, "attention_dropout", 0.1)
    assert not possible()
    monkeypatch.setattr(network.config, "attention_dropout", 0.0)
    monkeypatch.setattr(prefixes.SharedPrefix, "backward", lambda self: None)
    assert not possible()
    monkeypatch.undo()
    monkeypatch.setattr(prefixes, "cache_argument", lambda network: None)
    assert not possible()
