"""Conversations: ``messages`` (role and content) and sharegpt (from and value); the last answer is the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anytasktune.scaffold.scripts import has_han
from anytasktune.scaffold.values import structure

_KEYS: Final = (("role", "content"), ("from", "value"))
_SPEAKERS: Final = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
}
_NAMES: Final = {"en": {"user": "User: ", "assistant": "Assistant: "}, "zh": {"user": "用户：", "assistant": "助手："}}


@dataclass(frozen=True, kw_only=True)
class Chat:
    """A conversation.

    Args:
        system: what it opens with; "" where it has no such turn.
        input: all turns before the last answer: a lone question as it stands, several with their speakers.
        target: the last answer.
        turns: how many turns stand before the last answer.
    """

    system: str
    input: str
    target: str
    turns: int


def is_chat(value: object) -> bool:
    """A list of turns."""
    turns = structure(value)
    return isinstance(turns, list | tuple) and bool(turns) and all(_keys_of(turn) is not None for turn in turns)


def _keys_of(turn: object) -> tuple[str, str] | None:
    if not isinstance(turn, Mapping):
        return None
    return next((keys for keys in _KEYS if keys[0] in turn and keys[1] in turn), None)


def form_of(value: object) -> str:
    """``messages`` or ``sharegpt``, by the keys of the first turn."""
    turns = structure(value)
    return "messages (role, content)" if _keys_of(turns[0]) == _KEYS[0] else "sharegpt (from, value)"


def chat_of(value: object) -> Chat:
    """The conversation that a value spells.

    Raises:
        ValueError: it is none, a turn is of another speaker or holds no text, or it does not end in an answer.
    """
    if not is_chat(value):
        raise ValueError("it is no list of turns")
    turns = [_turn(turn) for turn in structure(value)]
    system = "\n".join(text for who, text in turns if who == "system")
    said = [(who, text) for who, text in turns if who != "system"]
    if not said or said[-1][0] != "assistant":
        raise ValueError("it does not end in an answer of the assistant")
    *before, (_, target) = said
    if not before:
        raise ValueError("nothing is asked before the answer")
    if len(before) == 1 and before[0][0] == "user":
        asked = before[0][1]
    else:
        names = _NAMES["zh" if any(has_han(text) for _, text in before) else "en"]
        asked = "\n".join(names[who] + text for who, text in before)
    return Chat(system=system, input=asked, target=target, turns=len(before))


def _turn(turn: Mapping[str, Any]) -> tuple[str, str]:
    who_key, text_key = _keys_of(turn) or _KEYS[0]
    who = str(turn[who_key]).strip().lower()
    if who not in _SPEAKERS:
        raise ValueError(f"it has a turn of {who!r}, who is neither user, assistant nor system")
    content = turn[text_key]
    if isinstance(content, list | tuple):  # OpenAI's list of parts
        strange = [part for part in content if not isinstance(part, Mapping) or not isinstance(part.get("text"), str)]
        if strange:
            raise ValueError("a turn holds something that is no text")
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise ValueError("a turn holds no text")
    return _SPEAKERS[who], content
