"""Text to token ids and back: one begin token, one way to split prompt from answer, one set of stop tokens.

The split of a prompt and its continuation is that of lm-eval's ``TemplateLM`` (0.4.13), so that scores and
the mask of a tuning loss stand on the same tokens.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from anytasktune.errors import ModelError, PromptError

if TYPE_CHECKING:
    from transformers import GenerationConfig, PretrainedConfig, PreTrainedTokenizerBase

BosSource = Literal["template", "tokenizer", "none"]
Message = Mapping[str, str]

PROMPT_DATE = date(2026, 1, 1)
"""What chat templates that show a date show."""

DEFAULT_CONTEXT_LENGTH = 2048
"""Tokens, where neither config nor tokenizer says; as lm-eval's own loader assumes."""

_PROBE = "anytasktune"

_PORTION = 2048
"""Pairs encoded at a time: with many long labels the whole strings are far more tokens than what is kept of
them.
"""


class Encoder:
    """A tokenizer with the rules of this project around it.

    Args:
        tokenizer: of transformers.
        config: the model's; bounds the context length.
        generation_config: the model's; adds its end tokens to the stop tokens.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        config: PretrainedConfig | None = None,
        generation_config: GenerationConfig | None = None,
    ) -> None:
        self.tokenizer: Any = tokenizer
        self._config = config
        self._generation_config = generation_config

    # -- text to ids ---------------------------------------------------------------------------------------

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, with the begin token that the tokenizer adds unless the text brings its
        own.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """``encode`` of many texts; one call of the tokenizer, which works on them in parallel."""
        if not texts:
            return []
        plain: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        front = list(self._front)
        return [ids if self._brings_front(text) else front + ids for text, ids in zip(texts, plain, strict=True)]

    def encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """Ids of a prompt and of what follows it; see ``encode_pairs``."""
        before, after = self.encode_pairs([(context, continuation)])[0]
        return list(before), list(after)

    def encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Ids of (context, continuation), exactly as lm-eval splits them; equal contexts share one tuple.

        White space at the context's end moves to the continuation; the whole string is encoded and cut at
        the length of the context encoded alone. An empty context becomes the prefix token.

        Raises:
            PromptError: nothing is left of a continuation, because it is empty or its first letters melt
            into the
                context's last token.
        """
        moved = [_move_space(context, continuation) for context, continuation in pairs]
        texts = list(dict.fromkeys(context for context, _ in moved if context))
        contexts = {text: tuple(ids) for text, ids in zip(texts, self.encode_batch(texts), strict=True)}
        out: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        for start in range(0, len(moved), _PORTION):
            portion = moved[start : start + _PORTION]
            wholes = self.encode_batch([context + continuation for context, continuation in portion])
            for (context, continuation), whole in zip(portion, wholes, strict=True):
                if context:
                    before, after = contexts[context], tuple(whole[len(contexts[context]) :])
                else:
                    before, after = self._after_nothing(continuation)
                if not before or not after:
                    raise PromptError(
                        "A continuation has no token of its own behind its prompt.",
                        evidence=[f"prompt ends in {context[-40:]!r}", f"continuation {continuation[:80]!r}"],
                        fix="end the prompt at a word's end, a line break or a colon; give no empty choice",
                    )
                out.append((before, after))
        return out

    def _after_nothing(self, continuation: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        ids = tuple(self.tokenizer(continuation, add_special_tokens=False, verbose=False)["input_ids"])
        if ids and ids[0] == self.prefix_token_id:
            return ids[:1], ids[1:]
        return (self.prefix_token_id,), ids

    def count(self, text: str) -> int:
        """How many tokens the model is given for a text, the begin token included."""
        return len(self.encode(text))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of generated ids, special tokens left out."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    # -- the begin token -----------------------------------------------------------------------------------

    @cached_property
    def _front(self) -> tuple[int, ...]:
        """What the tokenizer puts before a text of its own accord. What it puts behind is never wanted: a
        prompt that ends in an end token is over before the answer.
        """
        bare: list[int] = self.tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
        full: list[int] = self.tokenizer(_PROBE, add_special_tokens=True)["input_ids"]
        for start in range(len(full) - len(bare) + 1):
            if full[start : start + len(bare)] == bare:
                return tuple(full[:start])
        raise ModelError(
            f"The tokenizer {self.tokenizer.name_or_path!r} changes a text when it adds special tokens.",
            evidence=[f"without {bare}", f"with {full}"],
            fix="use a tokenizer whose special tokens stand around the text",
        )

    def _brings_front(self, text: str) -> bool:
        text = text.lstrip()  # a template may have a line break before its begin token
        bos = self.tokenizer.bos_token
        front = self._front_text
        return bool(bos and text.startswith(bos)) or bool(front and text.startswith(front))

    @cached_property
    def _front_text(self) -> str:
        text: str = self.tokenizer.decode(list(self._front)) if self._front else ""
        return text

    def bos_source_of(self, text: str) -> BosSource:
        """Who puts the begin token before this text: the text itself, the tokenizer, or nobody."""
        if self._brings_front(text):
            return "template"
        return "tokenizer" if self._front else "none"

    @cached_property
    def bos_source(self) -> BosSource:
        """``bos_source_of`` a chat prompt, or of a bare text where there is no chat template."""
        if not self.has_chat_template:
            return self.bos_source_of(_PROBE)
        return self.bos_source_of(self.apply_chat_template([{"role": "user", "content": _PROBE}]))

    @property
    def prefix_token_id(self) -> int:
        """Stands for an empty context when scoring: the begin token, else the end token."""
        if self.tokenizer.bos_token_id is not None:
            return int(self.tokenizer.bos_token_id)
        return self.eos_token_id

    @property
    def eos_token_id(self) -> int:
        """The end token.

        Raises:
            ModelError: the tokenizer names none.
        """
        if self.tokenizer.eos_token_id is None:
            raise ModelError(
                f"The tokenizer {self.tokenizer.name_or_path!r} names no end token.",
                fix="set eos_token in its tokenizer_config.json",
            )
        return int(self.tokenizer.eos_token_id)

    # -- chat ----------------------------------------------------------------------------------------------

    @property
    def has_chat_template(self) -> bool:
        """Whether the tokenizer brings one."""
        return bool(self.tokenizer.chat_template)

    @cached_property
    def template_hash(self) -> str:
        """SHA-256 of the chat template's source; of the empty text where there is none."""
        template = self.tokenizer.chat_template or ""
        text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def apply_chat_template(self, messages: Iterable[Message], add_generation_prompt: bool = True) -> str:
        """The prompt of a conversation; without generation prompt the last message stays open, as lm-eval
        wants it.

        A template that refuses a system message gets it at the head of the first user message, so that no
        instruction is lost.

        Raises:
            PromptError: the template refuses the messages, or there is no template.
        """
        import jinja2

        history = [dict(message) for message in messages]
        if not self.has_chat_template:
            raise PromptError(
                f"The tokenizer {self.tokenizer.name_or_path!r} has no chat template.",
                fix="evaluate without a chat template, or use an instruction-tuned model",
            )
        try:
            return self._render(history, add_generation_prompt)
        except (jinja2.exceptions.TemplateError, ValueError) as first:
            folded = _fold_system(history)
            try:
                if folded != history:
                    return self._render(folded, add_generation_prompt)
            except (jinja2.exceptions.TemplateError, ValueError):
                pass  # the first refusal is the one to show
            raise PromptError(
                "The model's chat template refuses these messages.",
                evidence=[str(first), "roles: " + ", ".join(message["role"] for message in history)],
                fix="use the roles that the template knows, user and assistant in turn",
            ) from first

    def _render(self, messages: list[dict[str, str]], add_generation_prompt: bool) -> str:
        text: str = self.tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
            **self._fixed_date,
        )
        return text

    @cached_property
    def _fixed_date(self) -> dict[str, Any]:
        """For templates that write today's date: one date, or tomorrow's prompt would be another than the tuned one."""
        template = json.dumps(self.tokenizer.chat_template or "")
        if "strftime_now" not in template and "date_string" not in template:
            return {}
        return {"date_string": PROMPT_DATE.strftime("%d %b %Y"), "strftime_now": PROMPT_DATE.strftime}

    # -- ends ----------------------------------------------------------------------------------------------

    def turn_end_ids(self) -> tuple[int, ...]:
        """Ids that end the assistant's turn: the first special token behind its words, else the end token."""
        import jinja2

        if self.has_chat_template:
            turn = [{"role": "user", "content": "Say it."}, {"role": "assistant", "content": _PROBE}]
            try:
                text: str = self.tokenizer.apply_chat_template(turn, tokenize=False)
            except (jinja2.exceptions.TemplateError, ValueError):
                return (self.eos_token_id,)
            tail = self.tokenizer(text.rpartition(_PROBE)[2], add_special_tokens=False)["input_ids"]
            special = self._special_ids
            for token in tail:
                if token in special:
                    return (int(token),)
        return (self.eos_token_id,)

    def special_text(self, token: int) -> str | None:
        """The text of a special token, which ``decode`` leaves out; None for an ordinary one."""
        return str(self.tokenizer.convert_ids_to_tokens(token)) if token in self._special_ids else None

    @cached_property
    def _special_ids(self) -> frozenset[int]:
        added = {int(i) for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        return frozenset(added | {int(i) for i in self.tokenizer.all_special_ids})

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Every token that ends an answer: end token, those of the generation config, end of turn."""
        ids = {self.eos_token_id, *self.turn_end_ids()}
        listed = getattr(self._generation_config, "eos_token_id", None)
        if listed is not None:
            ids |= {int(i) for i in (listed if isinstance(listed, (list, tuple)) else [listed])}
        return frozenset(ids)

    @cached_property
    def context_length(self) -> int:
        """Tokens that prompt and answer may have together: the config's bound, and the tokenizer's if
        smaller.
        """
        bounds = []
        if self._config is not None:
            text_config = self._config.get_text_config(decoder=True)
            for name in ("max_position_embeddings", "n_positions", "n_ctx"):
                value = getattr(text_config, name, None)
                if isinstance(value, int) and value > 0:
                    bounds.append(value)
                    break
        declared = getattr(self.tokenizer, "model_max_length", None)
        if declared is not None and 0 < declared < 10**9:  # transformers writes 1e30 for "not known"
            bounds.append(int(declared))
        return min(bounds, default=DEFAULT_CONTEXT_LENGTH)


def _move_space(context: str, continuation: str) -> tuple[str, str]:
    stripped = context.rstrip()
    return stripped, context[len(stripped) :] + continuation


def _fold_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Messages with a leading system message put at the head of the first user message."""
    if len(messages) < 2 or messages[0]["role"] != "system" or messages[1]["role"] != "user":
        return messages
    joined = messages[0]["content"] + "\n\n" + messages[1]["content"]
    return [{**messages[1], "content": joined}, *messages[2:]]
