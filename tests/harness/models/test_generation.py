from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from anytasktune.errors import ModelError, PromptError
from anytasktune.models.answers import Ending, GenerationRequest, check_room, cut_at
from anytasktune.models.generation import Generator
from anytasktune.models.loading import LoadedModel
from anytasktune.models.slots import SlotPool
from anytasktune.models.tokens import Encoder

RandomModel = Callable[..., Any]

WORDS = (
    "tea",
    "a red card",
    "rain in spring",
    "12  cats",
    "the law",
    "猫",
    "sleep",
    "two trains and a bridge",
)
ASKS = ("Name a colour.", "Say yes or no.", "Count to five, one number a line.")


class Numbers(Encoder):
    """An encoder over random models of 300 tokens: token n is written ``<n>``, token 2 ends an answer."""

    def __init__(self, tokenizer: Any, context_length: int = 256) -> None:
        super().__init__(tokenizer)
        self.__dict__.update(context_length=context_length, stop_ids=frozenset({2}))

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(f"<{i}>" for i in ids)

    def special_text(self, token: int) -> str | None:
        return None


@torch.inference_mode()
def greedy(model: Any, context: Sequence[int], limit: int, stops: Sequence[int] = (2,)) -> list[int]:
    """Greedy tokens by transformers' generate, one row alone, the end token left out."""
    config = GenerationConfig(
        do_sample=False, max_new_tokens=limit, eos_token_id=list(stops), pad_token_id=2, use_cache=True
    )
    ids = torch.tensor([list(context)])
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)
    written = out[0, len(context) :].tolist()
    return written[:-1] if written[-1] in stops else written


def random_requests(rows: int, shared: int, longest: int, limit: int = 12) -> list[GenerationRequest]:
    generator = torch.Generator().manual_seed(1)

    def tokens(size: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, 300, (size,), generator=generator).tolist())

    prefix = tokens(shared)
    return [
        GenerationRequest(context=prefix + tokens(1 + (row * 11) % longest), limit=limit - row % 3)
        for row in range(rows)
    ]


@pytest.mark.slow
def test_24_prompts_are_answered_as_by_transformers(small_model: LoadedModel) -> None:
    encoder = Encoder(small_model.tokenizer, config=small_model.model.config)
    prompts = [
        encoder.apply_chat_template([{"role": "system", "content": "Be short."}, {"role": "user", "content": text}])
        for text in (f"{ask} {word}" for ask in ASKS for word in WORDS)
    ]
    requests = [GenerationRequest(context=tuple(ids), limit=8) for ids in encoder.encode_batch(prompts)]
    generator = Generator(small_model.model, encoder, rows_at_once=10)
    answers = generator.generate(requests)
    assert generator.engine == "anytasktune-slots"
    for request, answer in zip(requests, answers, strict=True):
        written = greedy(small_model.model, request.context, 8)
        assert answer.text == encoder.decode(written)
        assert answer.limit == (len(written) == 8)


@pytest.mark.parametrize("rows_at_once", [1, 3, 16])
@pytest.mark.parametrize("shared", [0, 40])
def test_answers_do_not_depend_on_slots_or_prefix(
    small_model_tokenizer: Any, random_model: RandomModel, rows_at_once: int, shared: int
) -> None:
    model, encoder = random_model("llama"), Numbers(small_model_tokenizer)
    requests = random_requests(9, shared, 50)
    generator = Generator(model, encoder, rows_at_once=rows_at_once)
    answers = generator.generate(requests)
    assert generator.engine == "anytasktune-slots"
    for request, answer in zip(requests, answers, strict=True):
        assert answer.text == encoder.decode(greedy(model, request.context, request.limit))


@pytest.mark.parametrize(
    ("kind", "changes", "engine"),
    [
        ("qwen3", {}, "anytasktune-slots"),
        ("gpt2", {}, "anytasktune-slots"),
        ("gemma3_text", {"sliding_window": 128}, "anytasktune-slots"),
        ("gemma3_text", {"sliding_window": 20}, "anytasktune-slots"),
        ("gemma2", {"sliding_window": 128, "final_logit_softcapping": 2.0}, "plain"),
        ("mamba", {"state_size": 4}, "plain"),
    ],
)
def test_other_architectures_answer_as_by_transformers(
    small_model_tokenizer: Any, random_model: RandomModel, kind: str, changes: dict[str, Any], engine: str
) -> None:
    model, encoder = random_model(kind, **changes), Numbers(small_model_tokenizer)
    requests = random_requests(6, 0, 30)
    said: list[str] = []
    generator = Generator(model, encoder, say=said.append)
    answers = generator.generate(requests)
    assert generator.engine == engine
    assert len(said) == (engine == "plain")
    for request, answer in zip(requests, answers, strict=True):
        assert answer.text == encoder.decode(greedy(model, request.context, request.limit))


def test_each_row_has_its_own_stop_and_limit(small_model_tokenizer: Any, random_model: RandomModel) -> None:
    model, encoder = random_model("llama"), Numbers(small_model_tokenizer)
    context = random_requests(1, 0, 9)[0].context
    written = greedy(model, context, 12)
    stop = encoder.decode(written[4:6])
    before = encoder.decode(written).index(stop)
    requests = [
        GenerationRequest(context=context, limit=12),
        GenerationRequest(context=context, limit=12, until=("never", stop)),
        GenerationRequest(context=context, limit=3),
    ]
    whole, stopped, short = Generator(model, encoder).generate(requests)
    assert whole.text == encoder.decode(written)
    assert stopped.text == encoder.decode(written)[:before]
    assert (stopped.limit, stopped.tokens <= 6) == (False, True)
    assert (short.text, short.tokens, short.limit) == (encoder.decode(written[:3]), 3, True)


def test_field_case_4_white_space_before_the_answer_ends_nothing(small_model: LoadedModel) -> None:
    encoder = Encoder(small_model.tokenizer)
    ending = Ending(encoder)
    request = GenerationRequest(context=(1,), limit=20, until=("\n",))
    written: list[int] = []
    for token in encoder.encode("\n\n B is right\nQuestion: next"):
        written.append(token)
        answer = ending.answer(written, request)
        if answer is not None:
            break
    assert answer is not None
    assert answer.text == "\n\n B is right"
    assert not answer.limit
    assert cut_at("\n\n", ("\n",)) is None
    assert cut_at(" a b", (" ", "b")) == " a"
    assert cut_at("abc", ()) is None


def test_field_case_4_a_stop_across_tokens_is_found_in_long_answers(small_model: LoadedModel) -> None:
    encoder = Encoder(small_model.tokenizer)
    request = GenerationRequest(context=(1,), limit=999, until=("###", "答案完毕"))
    for stop in request.until:
        written = encoder.encode("word " * 80 + stop)
        answer = Ending(encoder).answer(written, request)
        assert answer is not None
        assert answer.text == "word " * 80


def test_a_special_token_named_as_stop_ends_the_answer(small_model: LoadedModel) -> None:
    encoder = Encoder(small_model.tokenizer)
    request = GenerationRequest(context=(1,), limit=9, until=("<|im_start|>",))
    answer = Ending(encoder).answer([*encoder.encode("yes"), 1], request)
    assert answer is not None
    assert (answer.text, answer.limit) == ("yes", False)


def test_the_end_token_at_the_limit_is_no_cut_off_answer(small_model: LoadedModel) -> None:
    encoder = Encoder(small_model.tokenizer)
    yes = encoder.encode("yes")
    answer = Ending(encoder).answer([*yes, 2], GenerationRequest(context=(1,), limit=len(yes) + 1))
    assert answer is not None
    assert (answer.text, answer.tokens, answer.limit) == ("yes", len(yes) + 1, False)


def test_field_case_5_a_limit_that_leaves_no_room_for_the_prompt_is_refused(
    small_model_tokenizer: Any, random_model: RandomModel
) -> None:
    generator = Generator(random_model("llama"), Numbers(small_model_tokenizer, context_length=64))
    with pytest.raises(PromptError, match="leaves no room"):
        generator.generate([GenerationRequest(context=(5, 6), limit=64)])
    requests = [GenerationRequest(context=(5,) * size, limit=50) for size in (20, 30)]
    with pytest.raises(PromptError, match="shortest prompt 20 tokens"):
        check_room(requests, 64)
    check_room([*requests, GenerationRequest(context=(5,), limit=50)], 64)


def test_a_too_long_prompt_keeps_its_end(small_model_tokenizer: Any, random_model: RandomModel) -> None:
    model, encoder = random_model("llama"), Numbers(small_model_tokenizer, context_length=40)
    long, short = tuple(range(3, 60)), (7, 8, 9)
    answers = Generator(model, encoder).generate(
        [GenerationRequest(context=long, limit=10), GenerationRequest(context=short, limit=10)]
    )
    assert answers[0].text == encoder.decode(greedy(model, long[-30:], 10))
    assert answers[1].text == encoder.decode(greedy(model, short, 10))


def test_samples_depend_on_their_seed_only(small_model_tokenizer: Any, random_model: RandomModel) -> None:
    model, encoder = random_model("llama"), Numbers(small_model_tokenizer)
    options = {"do_sample": True, "temperature": 5.0}

    def asked(seed: int) -> GenerationRequest:
        return GenerationRequest(context=(5, 6, 7), limit=8, options=options, seed=seed)

    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one, two = Generator(model, encoder).generate([asked(1), asked(2)])
    again = Generator(model, encoder).generate([asked(2), asked(1), GenerationRequest(context=(5,), limit=2)])
    assert (again[1], again[0]) == (one, two)
    assert one.text != two.text
    assert torch.equal(torch.random.get_rng_state(), before)


def test_an_unknown_setting_gets_the_nearest_one(small_model_tokenizer: Any, random_model: RandomModel) -> None:
    generator = Generator(random_model("llama"), Numbers(small_model_tokenizer))
    with pytest.raises(ModelError, match="did you mean temperature"):
        generator.generate([GenerationRequest(context=(5,), limit=2, options={"temprature": 1.0})])


def test_penalties_of_the_models_own_config_are_not_applied(
    small_model_tokenizer: Any, random_model: RandomModel
) -> None:
    model, encoder = random_model("gemma2", final_logit_softcapping=2.0), Numbers(small_model_tokenizer)
    expected = greedy(model, (5, 6, 7), 10)
    own = GenerationConfig(repetition_penalty=9.0, do_sample=True, temperature=3.0)
    model.generation_config = own
    generator = Generator(model, encoder)
    (answer,) = generator.generate([GenerationRequest(context=(5, 6, 7), limit=10)])
    assert generator.engine == "plain"
    assert answer.text == encoder.decode(expected)
    assert model.generation_config is own


def test_wrong_slots_are_found_out_before_an_answer_is_given(
    small_model_tokenizer: Any, random_model: RandomModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, encoder = random_model("llama"), Numbers(small_model_tokenizer)
    honest = SlotPool.step

    def shifted(self: SlotPool, tokens: Sequence[int], lengths: Sequence[int]) -> Any:
        return honest(self, tokens, [max(1, length - 1) for length in lengths])

    monkeypatch.setattr(SlotPool, "step", shifted)
    said: list[str] = []
    requests = random_requests(5, 0, 20)
    generator = Generator(model, encoder, say=said.append)
    answers = generator.generate(requests)
    assert generator.engine == "plain"
    assert len(said) == 1
    for request, answer in zip(requests, answers, strict=True):
        assert answer.text == encoder.decode(greedy(model, request.context, request.limit))


def test_running_out_of_memory_halves_the_slots(
    small_model_tokenizer: Any, random_model: RandomModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, encoder = random_model("llama"), Numbers(small_model_tokenizer)
    honest = SlotPool.step
    rows: list[int] = []

    def small(self: SlotPool, tokens: Sequence[int], lengths: Sequence[int]) -> Any:
        rows.append(len(tokens))
        if len(tokens) > 4 and len(rows) > 12:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return honest(self, tokens, lengths)

    monkeypatch.setattr(SlotPool, "step", small)
    requests = random_requests(11, 0, 20)
    answers = Generator(model, encoder, rows_at_once=8).generate(requests)
    assert max(rows) > 4
    assert max(rows[-5:]) <= 4
    for request, answer in zip(requests, answers, strict=True):
        assert answer.text == encoder.decode(greedy(model, request.context, request.limit))


def test_every_answer_is_handed_over_once(small_model_tokenizer: Any, random_model: RandomModel) -> None:
    requests = random_requests(9, 20, 30)
    seen: list[int] = []
    Generator(random_model("llama"), Numbers(small_model_tokenizer), rows_at_once=2).generate(requests, seen.extend)
    assert sorted(seen) == list(range(9))
