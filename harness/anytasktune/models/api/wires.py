"""The three interfaces: what a request looks like on the wire, and what is read from its response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, str]
"""``{"role", "content"}``."""


MOST_STOPS = 4
"""Stop strings that a server takes."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request, whatever the interface.

    Args:
        prompt: messages for a chat, text for a plain completion.
        limit: tokens of the answer at most.
        until: every stop string.
        settings: ``temperature``, ``seed``, ``top_p``, as far as they are sent at all.
    """

    prompt: str | tuple[Message, ...]
    limit: int
    until: tuple[str, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)

    @property
    def stop(self) -> tuple[str, ...]:
        """The stop strings that a server may be told, at most four; all of them are looked for again in its answer.

        One that begins with white space (a line break, above all) is never sent: the server would end an answer that
        opens with it before its first word, where a local model goes on (see ``answers.cut_at``). Where the model does
        not end by itself, that costs the tokens up to the answer's limit.
        """
        return tuple(stop for stop in dict.fromkeys(self.until) if stop and not stop[0].isspace())[:MOST_STOPS]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a server answered.

    Args:
        text: the answer alone, without a reasoning model's thoughts; "" for none.
        at_limit: it ran into the limit.
        prompt_tokens, answer_tokens: as billed; None where the server does not say.
        model: the name that the server gives itself.
    """

    text: str
    at_limit: bool
    prompt_tokens: int | None
    answer_tokens: int | None
    model: str


class WithheldError(Exception):
    """The provider's filter kept the answer back."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One interface.

    Args:
        engine: its name in a record.
        path: behind the base address.
        base_url, base_variable: the vendor's public address, and the environment variable that replaces it.
        key_variable: the environment variable with the key.
        headers: of a request, given the key.
        body: of a request, but for what is the same in all; the name of the limit is given.
        read: the reply in a response; raises ValueError where there is none, WithheldError where it was filtered.
        limit_names: what the limit may be called, the first one first.
        stop_name: what stop strings are called.
        options: the arguments that only this interface takes.
    """

    engine: str
    path: str
    base_url: str
    base_variable: str
    key_variable: str
    headers: Callable[[str], dict[str, str]]
    body: Callable[[Question], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], Reply]
    limit_names: tuple[str, ...] = ("max_tokens",)
    stop_name: str = "stop"
    options: frozenset[str] = frozenset()


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def _anthropic_headers(key: str) -> dict[str, str]:
    return {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}


def _chat_body(question: Question) -> dict[str, Any]:
    return {"messages": [dict(message) for message in question.prompt]}  # type: ignore[arg-type]  # messages here


def _completions_body(question: Question) -> dict[str, Any]:
    return {"prompt": question.prompt}


def _anthropic_body(question: Question) -> dict[str, Any]:
    messages: list[dict[str, str]] = [dict(message) for message in question.prompt]  # type: ignore[arg-type]
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    body: dict[str, Any] = {"messages": [message for message in messages if message["role"] != "system"]}
    return body | ({"system": system} if system.strip() else {})


def _tokens(content: Mapping[str, Any], name: str) -> int | None:
    usage = content.get("usage")
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) and count >= 0 else None


def _text(content: object) -> str:
    """A text, or the text parts of a list of parts; thoughts and tool calls are other parts."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        return "".join(str(part.get("text") or "") for part in parts)
    if content is None or isinstance(content, str):
        return content or ""
    raise ValueError(f"the content is a {type(content).__name__}")


def _choice(content: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = content.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise ValueError("there is no choice in it")
    if choices[0].get("finish_reason") == "content_filter":
        raise WithheldError("content_filter")
    if choices[0].get("finish_reason") == "error":
        raise ValueError("its choice is an error")
    return choices[0]


def _openai_reply(content: Mapping[str, Any], choice: Mapping[str, Any], text: object) -> Reply:
    return Reply(
        text=_text(text),
        at_limit=choice.get("finish_reason") == "length",
        prompt_tokens=_tokens(content, "prompt_tokens"),
        answer_tokens=_tokens(content, "completion_tokens"),
        model=str(content.get("model") or ""),
    )


def _chat_reply(content: Mapping[str, Any]) -> Reply:
    choice = _choice(content)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise ValueError("its choice has no message")
    return _openai_reply(content, choice, message.get("content"))


def _completions_reply(content: Mapping[str, Any]) -> Reply:
    choice = _choice(content)
    if "text" not in choice:
        raise ValueError("its choice has no text")
    return _openai_reply(content, choice, choice["text"])


def _anthropic_reply(content: Mapping[str, Any]) -> Reply:
    if not isinstance(content.get("content"), list):
        raise ValueError("there is no content in it")
    if content.get("stop_reason") == "refusal":  # of the provider's classifier, not of the model
        raise WithheldError("refusal")
    return Reply(
        text=_text(content["content"]),
        at_limit=content.get("stop_reason") in ("max_tokens", "model_context_window_exceeded"),
        prompt_tokens=_tokens(content, "input_tokens"),
        answer_tokens=_tokens(content, "output_tokens"),
        model=str(content.get("model") or ""),
    )


_OPENAI: dict[str, Any] = {
    "base_url": "https://api.openai.com/v1",
    "base_variable": "OPENAI_BASE_URL",
    "key_variable": "OPENAI_API_KEY",
}

WIRES: Mapping[str, Wire] = {
    "openai-chat": Wire(
        engine="openai chat/completions",
        path="/chat/completions",
        **_OPENAI,
        headers=_bearer,
        body=_chat_body,
        read=_chat_reply,
        limit_names=("max_tokens", "max_completion_tokens"),
        options=frozenset({"seed"}),
    ),
    "openai-completions": Wire(
        engine="openai completions",
        path="/completions",
        **_OPENAI,
        headers=_bearer,
        body=_completions_body,
        read=_completions_reply,
        options=frozenset({"seed", "tokenizer"}),
    ),
    "anthropic": Wire(
        engine="anthropic messages",
        path="/v1/messages",
        base_url="https://api.anthropic.com",
        base_variable="ANTHROPIC_BASE_URL",
        key_variable="ANTHROPIC_API_KEY",
        headers=_anthropic_headers,
        body=_anthropic_body,
        read=_anthropic_reply,
        stop_name="stop_sequences",
    ),
}
"""By the name of their kind of model."""
