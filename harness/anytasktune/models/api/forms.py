"""How prompts are written for a server: as messages, whose template is the server's, or as text."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from anytasktune.errors import ModelError, UsageError
from anytasktune.models.api.arguments import public_name
from anytasktune.models.api.wires import Message

if TYPE_CHECKING:
    from anytasktune.models.tokens import Encoder

UNKNOWN_LENGTH = sys.maxsize
"""The context of a model that only its server knows: no prompt is shortened for it."""


class ChatForm:
    """Prompts as messages."""

    has_chat_template = True
    context_length = UNKNOWN_LENGTH
    template_hash = ""

    def apply_chat_template(self, messages: Sequence[dict[str, str]], add_generation_prompt: bool = True) -> str:  # noqa: ARG002  # the server's
        """The messages as JSON; see ``messages_of``."""
        return json.dumps([dict(message) for message in messages], ensure_ascii=False)

    def count(self, text: str) -> int:
        """Bytes: there is no tokenizer, and nothing is shortened by it."""
        return len(text.encode("utf-8", "surrogatepass"))


def messages_of(context: str) -> tuple[Message, ...]:
    """The messages that ``ChatForm`` wrote; any other text is one message of a user."""
    try:
        found: Any = json.loads(context)
    except ValueError:
        found = None
    if isinstance(found, list) and found and all(isinstance(m, dict) and set(m) == {"role", "content"} for m in found):
        return tuple(found)
    return ({"role": "user", "content": context},)


@dataclass(frozen=True)
class TemplateForm:
    """Prompts as text, rendered by a tokenizer's chat template, for plain completions."""

    encoder: Encoder
    has_chat_template: bool = True
    context_length: int = UNKNOWN_LENGTH

    @property
    def template_hash(self) -> str:
        """Of the template's source."""
        return self.encoder.template_hash

    @cached_property
    def _begin(self) -> str:
        """The begin token where this tokenizer, and with it a server, puts one before any text; "" where not."""
        begin: str = self.encoder.tokenizer.bos_token or ""
        return begin if begin and self.encoder.bos_source_of("x") == "tokenizer" else ""

    def apply_chat_template(self, messages: Sequence[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The prompt, without the begin token that the server adds: with two of them it is another prompt."""
        return self.encoder.apply_chat_template(messages, add_generation_prompt).removeprefix(self._begin)

    def count(self, text: str) -> int:
        """Tokens."""
        return self.encoder.count(text)


def template_form(tokenizer: str, trust_remote_code: bool) -> TemplateForm:
    """The form of a tokenizer, by folder or hub name.

    Raises:
        ModelError: it cannot be loaded.
        UsageError: it has no chat template.
    """
    from transformers import AutoTokenizer

    from anytasktune.models.tokens import Encoder

    try:
        encoder = Encoder(AutoTokenizer.from_pretrained(tokenizer, trust_remote_code=trust_remote_code))
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"The tokenizer {public_name(tokenizer)!r} cannot be loaded.",
            evidence=[line for line in str(error).splitlines() if line.strip()][:4],
            fix="name a folder that holds tokenizer.json, or a name of the hub",
        ) from error
    if not encoder.has_chat_template:
        raise UsageError(
            f"The tokenizer {public_name(tokenizer)!r} has no chat template to render prompts with.",
            fix="leave tokenizer out: the prompts then are plain text",
        )
    return TemplateForm(encoder)
