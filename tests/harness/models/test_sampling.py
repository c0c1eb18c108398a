"""Drawn tokens: the distribution that the options ask for, the same for one seed, whatever stands in the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import GenerationConfig, LogitsProcessorList

from anytasktune.models.answers import GenerationRequest
from anytasktune.models.generation import Generator
from anytasktune.models.loading import LoadedModel
from anytasktune.models.sampling import Sampler, is_drawn
from anytasktune.models.tokens import Encoder

LOGITS = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0, -3.0])


def shares(options: dict[str, float], draws: int = 4000) -> np.ndarray:
    sampler = Sampler({"do_sample": True, **options}, seed=7)
    return np.bincount([sampler.draw(LOGITS) for _ in range(draws)], minlength=len(LOGITS)) / draws


def test_draws_follow_the_softmax() -> None:
    expected = LOGITS.double().softmax(-1).numpy()
    assert chisquare(shares({}) * 4000, expected * 4000).pvalue > 0.001


def test_temperature_sharpens_and_top_k_cuts_off() -> None:
    expected = (LOGITS.double()[:2] / 0.5).softmax(-1).numpy()
    found = shares({"temperature": 0.5, "top_k": 2})
    assert found[2:].sum() == 0
    assert chisquare(found[:2] * 4000, expected * 4000).pvalue > 0.001


@pytest.mark.parametrize(
    "options", [{"top_p": 0.7}, {"min_p": 0.3}, {"typical_p": 0.6}, {"temperature": 1.0, "top_k": 0}]
)
def test_what_can_be_drawn_is_what_transformers_leaves(options: dict[str, float]) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=6, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    )
    config = GenerationConfig(do_sample=True, **{"top_k": 0, **options})
    model._prepare_special_tokens(config)
    processors: LogitsProcessorList = model._get_logits_processor(config)
    left = torch.isfinite(processors(None, LOGITS[None])[0]).numpy()
    drawn = shares(options) > 0
    assert (drawn <= left).all()
    likely = np.where(left, np.exp(LOGITS.double().numpy()), 0.0)
    assert drawn[likely / likely.sum() > 0.01].all(), "what is left is drawn, down to one in a hundred"


def test_only_drawing_options_are_drawn_in_slots() -> None:
    assert is_drawn({"do_sample": True, "temperature": 0.3})
    assert not is_drawn({"do_sample": True, "repetition_penalty": 1.1})
    assert not is_drawn({"temperature": 0.3})


def test_an_answer_depends_on_its_seed_and_not_on_its_neighbours(small_model: LoadedModel) -> None:
    encoder = Encoder(small_model.tokenizer, config=small_model.model.config)
    prompts = ["The cat", "Once upon a time there was", "北京是"]
    options = {"do_sample": True, "temperature": 1.2, "top_p": 0.95}

    def asked(prompt: str, seed: int) -> GenerationRequest:
        return GenerationRequest(context=tuple(encoder.encode(prompt)), limit=8, options=options, seed=seed)

    def answers(requests: list[GenerationRequest], **size: int) -> list[str]:
        generator = Generator(small_model.model, encoder, **size)
        found = [answer.text for answer in generator.generate(requests)]
        assert generator.engine == "anytasktune-slots"
        return found

    together = answers([asked(prompt, seed) for seed in (1, 2) for prompt in prompts])
    alone = [text for seed in (1, 2) for prompt in prompts for text in answers([asked(prompt, seed)], rows_at_once=1)]
    assert together == alone
    assert together[:3] != together[3:]
