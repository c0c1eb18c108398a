from __future__ import annotations

from typing import Any

import pytest
import torch
from small_runs import parity, peft_model

from anytasktune.models.tokens import Encoder
from anytasktune.training.batches import batches_of, token_losses
from anytasktune.training.lora_function import fast_lora
from anytasktune.training.texts import EncodedText, encode_texts


def loss_and_gradients(model: Any, rows: tuple[EncodedText, ...]) -> tuple[float, dict[str, torch.Tensor]]:
    total = 0.0
    for batch in batches_of(rows, budget=300, device=torch.device("cpu")):
        loss = token_losses(model.get_base_model(), batch, masked_head=True, use_cache=False).sum()
        torch.autograd.backward(loss)
        total += float(loss.detach())
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return total, gradients


@pytest.fixture
def rows(encoder: Encoder) -> tuple[EncodedText, ...]:
    return encode_texts([parity(number, encoder, padding=number) for number in range(5)], encoder, 512).rows


@pytest.mark.parametrize("use_rslora", [False, True])
def test_loss_and_gradients_are_those_of_peft(tiny_model: Any, rows: tuple[EncodedText, ...], use_rslora: bool) -> None:
    model = peft_model(tiny_model, use_rslora=use_rslora)
    loss, gradients = loss_and_gradients(model, rows)
    with fast_lora(model) as replaced:
        fast_loss, fast_gradients = loss_and_gradients(model, rows)
    assert replaced == 14
    assert fast_loss == pytest.approx(loss, rel=1e-5)
    assert fast_gradients.keys() == gradients.keys()
    assert len(gradients) == 28
    for name, gradient in gradients.items():
        torch.testing.assert_close(fast_gradients[name], gradient, atol=1e-4, rtol=1e-4)


def test_bias_of_the_frozen_layer_takes_part(rows: tuple[EncodedText, ...], tokenizer: Any) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=4,
    )
    base = Qwen2ForCausalLM(config)
    torch.nn.init.normal_(base.model.layers[0].self_attn.q_proj.bias)
    model = peft_model(base)
    loss, gradients = loss_and_gradients(model, rows)
    with fast_lora(model) as replaced:
        fast_loss, fast_gradients = loss_and_gradients(model, rows)
    assert replaced == 7
    assert fast_loss == pytest.approx(loss, rel=1e-5)
    for name, gradient in gradients.items():
        torch.testing.assert_close(fast_gradients[name], gradient, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_dropout": 0.1}], ids=lambda o: next(iter(o)))
def test_layers_that_are_not_plain_keep_pefts_own_forward(tiny_model: Any, options: dict[str, Any]) -> None:
    with fast_lora(peft_model(tiny_model, **options)) as replaced:
        assert replaced == 0


def test_half_precision_base_keeps_pefts_own_forward(tiny_model: Any) -> None:
    with fast_lora(peft_model(tiny_model.to(torch.bfloat16))) as replaced:
        assert replaced == 0


def test_layers_are_put_back_even_after_an_error(tiny_model: Any) -> None:
    model = peft_model(tiny_model)
    with pytest.raises(RuntimeError, match="stop"), fast_lora(model):
        raise RuntimeError("stop")
    assert not any("forward" in vars(module) for module in model.modules())
