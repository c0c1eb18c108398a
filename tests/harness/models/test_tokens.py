from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.model import TemplateLM
from tokenizers.processors import TemplateProcessing
from transformers import AutoConfig, AutoTokenizer, GenerationConfig

from anytasktune.errors import PromptError
from anytasktune.models.tokens import Encoder

CHAT = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}]


@pytest.fixture
def tokenizer(small_model_dir: Path) -> Any:
    return AutoTokenizer.from_pretrained(small_model_dir)


def adding_begin_token(tokenizer: Any) -> Any:
    """The tokenizer with a post-processor that puts the begin token before every text."""
    other = copy.deepcopy(tokenizer)
    other.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", pair="<|im_start|> $A $B", special_tokens=[("<|im_start|>", 1)]
    )
    return other


class OnlyTokens(TemplateLM):
    """lm-eval's own split of prompt and continuation over a tokenizer."""

    eot_token_id = 2
    _loglikelihood_tokens = loglikelihood_rolling = generate_until = None

    def __init__(self, tokenizer: Any) -> None:
        super().__init__()
        self.tokenizer = tokenizer

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **kwargs: Any) -> list[int]:
        return list(self.tokenizer.encode(string))


@pytest.mark.parametrize(
    ("context", "continuation"),
    [
        ("Answer:", " yes"),
        ("Answer: ", "yes"),
        ("Answer:\n", "42"),
        ("Answer: \n ", "\nyes"),
        ("问题：是否合法？答案：", "是"),
        ("<|im_start|>assistant\n", "yes"),
        ("a  ", "12"),
    ],
)
def test_a_pair_is_split_as_lm_eval_splits_it(tokenizer: Any, context: str, continuation: str) -> None:
    expected = OnlyTokens(tokenizer)._encode_pair(context, continuation)
    assert Encoder(tokenizer).encode_pair(context, continuation) == expected


def test_many_pairs_are_split_as_one_by_one(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anytasktune.models.tokens._PORTION", 3)
    encoder = Encoder(tokenizer)
    pairs = [(f"Row {i // 3}:", f" label {i % 3}") for i in range(10)]
    many = encoder.encode_pairs(pairs)
    assert [(list(c), list(k)) for c, k in many] == [encoder.encode_pair(*pair) for pair in pairs]
    assert many[0][0] is many[1][0]


def test_an_empty_context_becomes_the_prefix_token(tokenizer: Any) -> None:
    encoder = Encoder(tokenizer)
    assert encoder.encode_pair("", "yes") == ([1], encoder.encode("yes"))
    assert encoder.encode_pair("  ", "yes") == ([1], encoder.encode("  yes"))
    assert encoder.encode_pair("", "<|im_start|>user") == ([1], encoder.encode("user"))


@pytest.mark.parametrize(("context", "continuation"), [("The ca", "t"), ("Answer:", ""), ("", "")])
def test_a_continuation_without_a_token_of_its_own_is_refused(tokenizer: Any, context: str, continuation: str) -> None:
    with pytest.raises(PromptError, match="no token of its own"):
        Encoder(tokenizer).encode_pair(context, continuation)


def test_field_case_1_never_two_begin_tokens_and_never_none(tokenizer: Any) -> None:
    bare, adding = Encoder(tokenizer), Encoder(adding_begin_token(tokenizer))
    prompt = bare.apply_chat_template(CHAT)
    assert adding.tokenizer(prompt)["input_ids"][:2] == [1, 1]  # the fault, without our rule
    assert adding.encode(prompt) == bare.encode(prompt)
    assert adding.encode(prompt).count(1) == prompt.count("<|im_start|>")
    assert adding.encode_pair(prompt, "yes") == bare.encode_pair(prompt, "yes")
    assert adding.encode("plain text") == [1, *bare.encode("plain text")]
    assert (bare.bos_source, adding.bos_source) == ("template", "template")
    assert (bare.bos_source_of("plain"), adding.bos_source_of("plain")) == ("none", "tokenizer")


def test_an_end_token_that_the_tokenizer_adds_is_left_out(tokenizer: Any) -> None:
    ending = copy.deepcopy(tokenizer)
    ending.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A <|im_end|>", special_tokens=[("<|im_start|>", 1), ("<|im_end|>", 2)]
    )
    assert Encoder(ending).encode("plain text") == [1, *Encoder(tokenizer).encode("plain text")]


def test_the_turn_ends_where_the_template_ends_it(tokenizer: Any) -> None:
    encoder = Encoder(tokenizer, generation_config=GenerationConfig(eos_token_id=[0, 2]))
    assert encoder.turn_end_ids() == (2,)
    assert encoder.stop_ids == {0, 2}
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}<|endoftext|>\n{% endfor %}"
    other = Encoder(tokenizer)
    assert other.turn_end_ids() == (0,)
    assert other.stop_ids == {0, 2}
    tokenizer.chat_template = None
    assert Encoder(tokenizer).turn_end_ids() == (2,)


def test_the_context_is_bounded_by_config_and_tokenizer(tokenizer: Any, small_model_dir: Path) -> None:
    config = AutoConfig.from_pretrained(small_model_dir)
    assert Encoder(tokenizer, config=config).context_length == 8192
    tokenizer.model_max_length = 512
    assert Encoder(tokenizer, config=config).context_length == 512
    tokenizer.model_max_length = int(1e30)
    assert Encoder(tokenizer, config=config).context_length == 8192
    assert Encoder(tokenizer).context_length == 2048


def test_the_template_hash_follows_the_template(tokenizer: Any) -> None:
    before = Encoder(tokenizer).template_hash
    assert before == Encoder(tokenizer).template_hash
    tokenizer.chat_template += " "
    assert Encoder(tokenizer).template_hash != before


def test_a_template_without_system_role_keeps_the_instruction(tokenizer: Any) -> None:
    tokenizer.chat_template = (
        "{% for m in messages %}"
        "{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    )
    encoder = Encoder(tokenizer)
    assert encoder.apply_chat_template(CHAT) == "user: Be short.\n\nWhy?\n"
    with pytest.raises(PromptError, match="no system role"):
        encoder.apply_chat_template([*CHAT, CHAT[0]])


def test_without_generation_prompt_the_last_message_stays_open(tokenizer: Any) -> None:
    encoder = Encoder(tokenizer)
    open_ended = encoder.apply_chat_template(
        [*CHAT, {"role": "assistant", "content": "Because"}], add_generation_prompt=False
    )
    assert open_ended.endswith("assistant\nBecause")
    tokenizer.chat_template = None
    with pytest.raises(PromptError, match="no chat template"):
        encoder.apply_chat_template(CHAT)


def test_padding_side_does_not_reach_the_tokens(tokenizer: Any) -> None:
    texts = ["short", "a longer text of several words"]
    right = Encoder(tokenizer).encode_batch(texts)
    tokenizer.padding_side = "left"
    assert Encoder(tokenizer).encode_batch(texts) == right
    assert Encoder(tokenizer).count(texts[0]) == len(right[0])
