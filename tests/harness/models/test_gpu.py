"""What needs an accelerator: the same scores and the same words as on the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from lm_eval.api.instance import Instance

from anytasktune.models.loading import LoadedModel, load
from anytasktune.models.local import LocalModel

CONTEXTS = ["The capital of France is", "2 + 2 =", "Water freezes at", "猫的英文是", "My favourite colour is"]
CHOICES = [" Paris", " four", " zero degrees", " cat", " blue, the colour of the sea"]


def asked(kind: str, arguments: tuple[object, ...], index: int) -> Instance:
    return Instance(request_type=kind, doc={}, arguments=arguments, idx=0, metadata=("gpu", index, 1))


def scores(loaded: LoadedModel) -> list[float]:
    requests = [asked("loglikelihood", (c, k), i) for i, c in enumerate(CONTEXTS) for k in CHOICES]
    return [score for score, _ in LocalModel(loaded).loglikelihood(requests)]


def words(loaded: LoadedModel) -> list[str]:
    settings = {"until": ["\n\n"], "max_gen_toks": 12, "do_sample": False}
    return LocalModel(loaded).generate_until(
        [asked("generate_until", (context, dict(settings)), i) for i, context in enumerate(CONTEXTS)]
    )


@pytest.mark.gpu
def test_float32_scores_and_words_on_the_gpu_are_those_of_the_cpu(
    small_model: LoadedModel, small_model_dir: Path
) -> None:
    there = load(small_model_dir, device="cuda", dtype="float32")
    assert scores(there) == pytest.approx(scores(small_model), abs=1e-2)
    assert words(there) == words(small_model)


@pytest.mark.gpu
def test_auto_takes_the_gpu_in_bfloat16_and_its_scores_are_near(
    small_model: LoadedModel, small_model_dir: Path
) -> None:
    there = load(small_model_dir)
    assert (there.device, there.dtype) == ("cuda", "bfloat16")
    assert scores(there) == pytest.approx(scores(small_model), abs=0.6)
