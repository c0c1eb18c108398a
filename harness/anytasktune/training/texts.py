"""Training texts as tokens, with the place from which each is learnt.

What evaluation hands the model (the context) is never learnt; the answer and the token that ends the turn
are. The mask is a position in each row, never a token's identity: where the padding token is also the end
token, masking by identity would teach the model never to stop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from anytasktune.errors import PromptError, TrainingError

Scoring = Literal["generation", "likelihood"]

SHOWN = 24
"""Characters of a cue or an answer that an error shows."""


class Encodes(Protocol):
    """What is needed of ``anytasktune.models.tokens.Encoder``."""

    @property
    def context_length(self) -> int:
        """Tokens that prompt and answer may have together."""

    def turn_end_ids(self) -> tuple[int, ...]:
        """The tokens that end an answer."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of prompts as evaluation hands them to the model."""

    def encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """The tokens of context and continuation as likelihood scoring splits them."""


@dataclass(frozen=True, kw_only=True)
class TrainingText:
    """One row to learn from.

    Args:
        id: of the example.
        context: the exact string that evaluation hands the model.
        answer: the text that must follow; the token that ends the turn is added by ``encode_texts``.
    """

    id: str
    context: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class EncodedText:
    """One row as tokens; ``ids[answer_start:]`` (answer and end of turn) is learnt, the rest is only
    read.
    """

    id: str
    ids: tuple[int, ...]
    answer_start: int

    @property
    def answer_tokens(self) -> int:
        """Learnt tokens, the end of the turn included."""
        return len(self.ids) - self.answer_start


@dataclass(frozen=True, kw_only=True)
class EncodedTexts:
    """A split as tokens.

    Args:
        rows: in the order given.
        answer_tokens: learnt tokens of all rows, the ends of turns included.
        end_tokens: those among them that end a turn.
        tokens: all tokens of all rows.
        shortened: ids of rows whose context lost tokens from its middle.
        moved_space: ids of rows whose cue ends in white space that is learnt with the answer, as likelihood
            scoring splits it.
    """

    rows: tuple[EncodedText, ...]
    answer_tokens: int
    end_tokens: int
    tokens: int
    shortened: tuple[str, ...]
    moved_space: tuple[str, ...]


def encode_texts(
    texts: Sequence[TrainingText],
    encoder: Encodes,
    max_length: int,
    *,
    scored_by: Scoring = "likelihood",
    name: str = "train",
) -> EncodedTexts:
    """Tokens and masks of a split.

    A row longer than ``max_length`` tokens loses tokens from the middle of its context, so that
    instruction, cue and answer survive.

    Args:
        texts: rows; at least one.
        encoder: of the model that is tuned.
        max_length: tokens, answer and end of turn included.
        scored_by: how the answers will be evaluated. It matters only where the tokeniser joins the end of
            the cue
            to the answer: ``likelihood`` moves the cue's trailing white space to the answer as evaluation
            does; ``generation`` cannot, because evaluation hands the model the cue as it stands, and
            refuses.
        name: of the split, for errors.

    Raises:
        TrainingError: there are no rows; a row has no answer, or one that does not fit; the tokeniser joins
            cue and answer; the model has no token that ends a turn.
    """
    if not texts:
        raise TrainingError(f"The {name} split has no rows.", fix="look at the split sizes of the sub-task's builder")
    end_ids = encoder.turn_end_ids()
    if not end_ids:
        raise TrainingError(
            "The tokenizer names no token that ends an answer, so a tuned model would never stop.",
            fix="use a model whose tokenizer has an end-of-sequence token or a chat template that ends turns",
        )
    _require_answers(texts, name)
    rows, shortened, moved_space = [], [], []
    contexts = encoder.encode_batch([text.context for text in texts])
    wholes = encoder.encode_batch([text.context + text.answer for text in texts])
    for text, context, whole in zip(texts, contexts, wholes, strict=True):
        context_ids, learnt_ids, moved = _split(text, context, whole, encoder=encoder, scored_by=scored_by, name=name)
        answer_ids = _with_end(learnt_ids, end_ids)
        kept = _shorten(context_ids, max_length - len(answer_ids), text, name, max_length)
        rows.append(EncodedText(id=text.id, ids=(*kept, *answer_ids), answer_start=len(kept)))
        if len(kept) < len(context_ids):
            shortened.append(text.id)
        if moved:
            moved_space.append(text.id)
    return EncodedTexts(
        rows=tuple(rows),
        answer_tokens=sum(row.answer_tokens for row in rows),
        end_tokens=len(rows) * len(end_ids),
        tokens=sum(len(row.ids) for row in rows),
        shortened=tuple(shortened),
        moved_space=tuple(moved_space),
    )


def fingerprint(texts: Iterable[TrainingText]) -> str:
    """First sixteen hex digits of the sha256 over ids, contexts and answers in order."""
    digest = hashlib.sha256()
    for text in texts:
        for part in (text.id, text.context, text.answer):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()[:16]


def _require_answers(texts: Sequence[TrainingText], name: str) -> None:
    empty = [text.id for text in texts if not text.answer.strip()]
    if empty:
        raise TrainingError(
            f"{len(empty)} of {len(texts)} rows of the {name} split have an empty answer.",
            evidence=empty,
            fix="drop these rows in the builder, or give them an answer that says so",
        )
    bare = [text.id for text in texts if not text.context.strip()]
    if bare:
        raise TrainingError(
            f"{len(bare)} of {len(texts)} rows of the {name} split have an empty prompt.",
            evidence=bare,
            fix="look at the prompt of the sub-task with `anytasktune show`",
        )


def _split(
    text: TrainingText,
    context: list[int],
    whole: list[int],
    *,
    encoder: Encodes,
    scored_by: Scoring,
    name: str,
) -> tuple[list[int], list[int], bool]:
    """Tokens of context and answer, and whether white space was moved from the one to the other."""
    if whole[: len(context)] == context and len(whole) > len(context):
        return context, whole[len(context) :], False
    cue = text.context[-SHOWN:]
    evidence = [f"row {text.id}", f"cue    …{cue!r}", f"answer {text.answer[:SHOWN]!r}…"]
    trailing_space = text.context != text.context.rstrip()
    if trailing_space and scored_by == "likelihood":
        try:
            scored_context, scored_answer = encoder.encode_pair(text.context, text.answer)
        except PromptError:  # nothing is left of the answer; the error below says more
            scored_context, scored_answer = [], []
        if [*scored_context, *scored_answer] == whole:
            return scored_context, scored_answer, True
    advice = "end the prompt without white space" if trailing_space else "put a line break before the answer"
    raise TrainingError(
        f"The tokenizer joins the end of the cue {cue!r} to the answer: evaluation by {scored_by} would see "
        "other tokens than tuning.",
        where=f"{name} split",
        evidence=evidence,
        fix=advice,
    )


def _with_end(answer_ids: Sequence[int], end_ids: tuple[int, ...]) -> tuple[int, ...]:
    answer = tuple(answer_ids)
    if len(answer) > len(end_ids) and answer[-len(end_ids) :] == end_ids:
        return answer
    return answer + end_ids


def _shorten(context_ids: Sequence[int], room: int, text: TrainingText, name: str, max_length: int) -> tuple[int, ...]:
    """The context cut down to ``room`` tokens by removing its middle."""
    if room < 1:
        raise TrainingError(
            f"The answer of row {text.id} takes {max_length - room} tokens; within {max_length} none is left "
            "for its prompt.",
            where=f"{name} split",
            fix=f"raise the recipe's max_length above {max_length - room}, or drop the row in the builder",
        )
    if len(context_ids) <= room:
        return tuple(context_ids)
    tail = (room + 1) // 2
    return (*context_ids[: room - tail], *context_ids[len(context_ids) - tail :])
