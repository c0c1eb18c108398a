"""What goes over the wire, and what is read from what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from api_double import Asked, Response, Serve, answer

from anytasktune.errors import ModelError, UsageError
from anytasktune.models.api.arguments import parse
from anytasktune.models.api.forms import ChatForm, messages_of, template_form
from anytasktune.models.api.lm import question_of, value_of
from anytasktune.models.api.transport import Transport, read_key
from anytasktune.models.api.wires import WIRES, Question, Reply, WithheldError

MESSAGES = [
    {"role": "system", "content": "Be brief.\n\n"},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "1"},
    {"role": "user", "content": "二"},
]
GIVEN = {"until": ["\n", "。", "Q:", "\nQ:"], "max_gen_toks": 8, "do_sample": False}


def sent(serve: Serve, spec: str, context: str, given: dict[str, Any], key: str = "") -> Asked:
    """The request that a question becomes."""
    reply = {
        "content": [],
        "choices": [{"text": "", "message": {"content": ""}, "finish_reason": "stop"}],
    }
    double = serve(lambda asked: Response(body=reply))
    arguments = parse(f"{spec},base_url={double.url}", {})
    got: list[Reply] = []
    Transport(arguments, key, print).ask(
        [question_of(arguments, context, given)], lambda index, reply: got.append(reply), lambda index, loss: None
    )
    assert [reply.text for reply in got] == [""]
    return double.asked[0]


def test_a_chat_request(serve: Serve) -> None:
    context = ChatForm().apply_chat_template(MESSAGES)
    asked = sent(serve, "openai-chat:m,seed=3,body.top_p=0.5,thinking_tokens=100", context, GIVEN, key="sk-1")
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer sk-1"
    assert asked.body == {
        "model": "m",
        "messages": MESSAGES,
        "stream": False,
        "max_tokens": 108,
        "temperature": 0.0,
        "seed": 3,
        "stop": ["。", "Q:"],
        "top_p": 0.5,
    }


def test_a_completion_request_has_no_key_where_there_is_none(serve: Serve) -> None:
    asked = sent(serve, "openai-completions:m", "A question.\nAnswer:", {"until": ["\n"], "max_gen_toks": 8})
    assert asked.path == "/v1/completions"
    assert "authorization" not in {name.lower() for name in asked.headers}
    assert asked.body == {
        "model": "m",
        "prompt": "A question.\nAnswer:",
        "stream": False,
        "max_tokens": 8,
        "temperature": 0.0,
    }


def test_an_anthropic_request(serve: Serve) -> None:
    context = ChatForm().apply_chat_template(MESSAGES)
    asked = sent(serve, "anthropic:m,temperature=default", context, GIVEN, key="sk-1")
    assert asked.path == "/v1/messages"
    assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == ("sk-1", "2023-06-01")
    assert asked.body == {
        "model": "m",
        "system": "Be brief.\n\n",
        "messages": MESSAGES[1:],
        "stream": False,
        "max_tokens": 8,
        "stop_sequences": ["。", "Q:"],
    }
    blank = ChatForm().apply_chat_template([{"role": "system", "content": "\n\n"}, MESSAGES[1]])
    assert "system" not in sent(serve, "anthropic:m", blank, GIVEN).body


def test_half_a_surrogate_pair_tears_no_request(serve: Serve) -> None:
    asked = sent(serve, "openai-completions:m", "half \ud83d", GIVEN)
    assert asked.body["prompt"] == "half \ud83d"


def test_messages_come_back_from_the_text_that_stands_for_them() -> None:
    assert list(messages_of(ChatForm().apply_chat_template(MESSAGES))) == MESSAGES
    for text in ("plain", "[1]", "[]", '{"role": "user"}', '[{"role": "user"}]', "12", "[" * 3):
        assert messages_of(text) == ({"role": "user", "content": text},)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (("\n",), ()),
        (("\n\n", " x", "\tb", "\u3000c", ""), ()),
        (("a", "\n", "b", "a", "c", "d", "e"), ("a", "b", "c", "d")),
    ],
)
def test_a_server_is_told_four_stops_and_none_that_begins_with_white_space(
    until: tuple[str, ...], told: tuple[str, ...]
) -> None:
    assert Question(prompt="", limit=1, until=until).stop == told


def reply(text: str, at_limit: bool = False) -> Reply:
    return Reply(text=text, at_limit=at_limit, prompt_tokens=1, answer_tokens=1, model="")


@pytest.mark.parametrize(
    ("text", "at_limit", "kept", "limit"),
    [
        ("billing", False, "billing", False),
        ("billing or", True, "billing or", True),
        ("billing\nand more", True, "billing", False),
        ("\n\nbilling\nand", False, "\n\nbilling", False),
        ("billing e more", False, "billing ", False),
        ("", True, "", True),
    ],
)
def test_answers_are_cut_at_every_stop_as_a_local_models_are(text: str, at_limit: bool, kept: str, limit: bool) -> None:
    value = value_of(reply(text, at_limit), Question(prompt="", limit=9, until=("\n", "a1", "b1", "c1", "d1", "e")))
    assert (value["text"], value["limit"]) == (kept, limit)


def chat(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": finish}], **more}


@pytest.mark.parametrize(
    ("kind", "content", "text", "at_limit"),
    [
        ("openai-chat", chat({"content": "a"}), "a", False),
        ("openai-chat", chat({"content": "a"}, "length"), "a", True),
        ("openai-chat", chat({"content": ""}), "", False),
        ("openai-chat", chat({"content": None, "refusal": "I cannot help with billing"}), "", False),
        ("openai-chat", chat({"content": None, "reasoning_content": "billing?"}, "length"), "", True),
        ("openai-chat", chat({}), "", False),
        ("openai-chat", chat({"content": [{"type": "text", "text": "a"}, {"type": "x"}]}, None), "a", False),
        ("openai-completions", {"choices": [{"text": " a", "finish_reason": "stop"}]}, " a", False),
        (
            "anthropic",
            {"content": [{"type": "thinking", "thinking": "b"}, {"type": "text", "text": "a"}], "stop_reason": "x"},
            "a",
            False,
        ),
        ("anthropic", {"content": [], "stop_reason": "end_turn"}, "", False),
        ("anthropic", {"content": [{"type": "text", "text": "a"}], "stop_reason": "max_tokens"}, "a", True),
    ],
)
def test_replies_are_read(kind: str, content: dict[str, Any], text: str, at_limit: bool) -> None:
    found = WIRES[kind].read(content)
    assert (found.text, found.at_limit) == (text, at_limit)
    assert (found.prompt_tokens, found.answer_tokens) == (None, None)


def test_usage_and_the_models_own_name_are_read() -> None:
    content = chat({"content": "a"}, model="m-1", usage={"prompt_tokens": 5, "completion_tokens": 0})
    found = WIRES["openai-chat"].read(content)
    assert (found.prompt_tokens, found.answer_tokens, found.model) == (5, 0, "m-1")
    content = {"content": [], "model": "c", "usage": {"input_tokens": 4, "output_tokens": 2}}
    found = WIRES["anthropic"].read(content)
    assert (found.prompt_tokens, found.answer_tokens, found.model) == (4, 2, "c")
    for usage in (None, [], {"prompt_tokens": "5"}, {"prompt_tokens": -1}):
        assert WIRES["openai-chat"].read(chat({"content": "a"}, usage=usage)).prompt_tokens is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("openai-chat", chat({"content": None}, "content_filter")),
        ("openai-chat", chat({"content": "the first ha"}, "content_filter")),
        ("anthropic", {"content": [], "stop_reason": "refusal"}),
    ],
)
def test_what_the_providers_filter_kept_back_is_no_answer(kind: str, content: dict[str, Any]) -> None:
    with pytest.raises(WithheldError):
        WIRES[kind].read(content)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("openai-chat", {}),
        ("openai-chat", {"choices": []}),
        ("openai-chat", {"choices": [None]}),
        ("openai-chat", {"choices": [{"text": "a"}]}),
        ("openai-chat", {"error": {"message": "overloaded"}}),
        ("openai-chat", chat({"content": 5})),
        ("openai-chat", chat({"content": ""}, "error")),
        ("openai-completions", {"choices": [{"message": {}}]}),
        ("anthropic", {"content": "a"}),
        ("anthropic", chat({"content": "a"})),
    ],
)
def test_what_is_no_reply_is_not_taken_for_an_empty_one(kind: str, content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="."):
        WIRES[kind].read(content)


def test_what_a_task_wants_drawn_is_passed_on_and_the_rest_refused() -> None:
    arguments = parse("openai-chat:m", {})
    drawn = {"do_sample": True, "temperature": 0.8, "top_p": 0.9}
    assert question_of(arguments, "x", drawn).settings == {"temperature": 0.8, "top_p": 0.9}
    assert question_of(arguments, "x", {"do_sample": False, "temperature": 0.8, "top_k": 3}).settings == {
        "temperature": 0.0
    }
    assert question_of(arguments, "x", {}).limit == 256
    for given in ({"num_beams": 4}, {**drawn, "top_k": 3}):
        with pytest.raises(ModelError, match="is not asked with (num_beams|top_k)"):
            question_of(arguments, "x", given)


@pytest.mark.parametrize(
    ("key", "said"), [("", "is not set"), ("   ", "is not set"), ("a b", "cannot be"), ("ü", "cannot")]
)
def test_a_missing_or_impossible_key_is_said_by_the_name_of_its_variable(key: str, said: str) -> None:
    arguments = parse("openai-chat:m,key_env=MINE", {})
    with pytest.raises(UsageError, match=f"MINE.* {said}"):
        read_key(arguments, {"MINE": key})
    assert read_key(arguments, {"MINE": " sk-1\n"}) == "sk-1"


def test_a_running_loop_such_as_a_notebooks_is_no_obstacle(serve: Serve) -> None:
    import asyncio

    double = serve(lambda asked: answer())
    arguments = parse(f"openai-chat:m,base_url={double.url}", {})
    got: list[str] = []

    async def notebook() -> None:
        question = Question(prompt=({"role": "user", "content": "x"},), limit=1)
        Transport(arguments, "", print).ask([question], lambda index, reply: got.append(reply.text), lambda *_: None)

    asyncio.run(notebook())
    assert got == ["billing"]


def test_a_chat_template_is_rendered_without_the_begin_token_that_the_server_adds(
    small_model_dir: Path, tmp_path: Path
) -> None:
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    asked = [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]
    plain = template_form(str(small_model_dir), trust_remote_code=False)
    assert plain.apply_chat_template(asked).startswith("<|im_start|>system\ns")  # it opens a turn, and nobody adds it
    copy = AutoTokenizer.from_pretrained(small_model_dir)
    copy.bos_token = "<|endoftext|>"
    copy.chat_template = "{{ bos_token }}{{ messages[0].content }}"
    copy.save_pretrained(tmp_path / "adds none")
    copy.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", pair="<|endoftext|> $A $B", special_tokens=[("<|endoftext|>", 0)]
    )
    copy.save_pretrained(tmp_path / "adds")
    for name, prompt in {"adds none": "<|endoftext|>s", "adds": "s"}.items():
        assert template_form(str(tmp_path / name), trust_remote_code=False).apply_chat_template(asked) == prompt


def test_a_tokenizer_that_cannot_render_is_refused(small_model_dir: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    with pytest.raises(ModelError, match="tokenizer 'gone' cannot be loaded"):
        template_form(str(tmp_path / "gone"), trust_remote_code=False)
    bare = AutoTokenizer.from_pretrained(small_model_dir)
    bare.chat_template = None
    bare.save_pretrained(tmp_path / "bare")
    with pytest.raises(UsageError, match="no chat template"):
        template_form(str(tmp_path / "bare"), trust_remote_code=False)


def test_the_messages_are_json_that_a_person_can_read() -> None:
    assert json.loads(ChatForm().apply_chat_template(MESSAGES)) == MESSAGES
    assert "二" in ChatForm().apply_chat_template(MESSAGES)
