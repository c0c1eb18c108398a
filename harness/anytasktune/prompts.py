"""The one place where an example becomes a prompt.

An example is first rendered into a *document* (what lm-eval sees: instruction, question, answer, choices), then a
document, with the few-shot documents before it, into a *context*: byte for byte the string that lm-eval hands the
model (``Instance.args[0]``). Tuning uses the same context, followed by the answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypedDict

import jinja2

from anytasktune.card import Card
from anytasktune.errors import PromptError, UsageError
from anytasktune.examples import Example
from anytasktune.records import Method

FEWSHOT_DELIMITER = "\n\n"
CUT = " … "
"""Stands where the middle of a too long input was taken out."""

NOTHING = {"en": "none", "zh": "无"}
"""How an answer says that no label or span holds."""

SHOT_SHARE = 0.5
"""At most this share of the room goes to few-shot examples; whole examples are left out from the end beyond it."""

ANSWER_SHARE = 0.5
"""An answer that may take more than this share of the context must not cost most rows half of their input."""

LEAST_QUESTION = 8
"""Tokens that must be left for an input."""

JOINT = 4
"""Tokens that a label may take more behind its prompt than alone."""

INPUT, ANSWER = "\ue000", "\ue001"
"""Stand for a row's input and answer in ``prompt_words``."""


class PromptFormat(Protocol):
    """What a model's tokenizer says about prompts; see ``models.tokens.Encoder``."""

    @property
    def has_chat_template(self) -> bool: ...

    @property
    def context_length(self) -> int: ...

    def apply_chat_template(self, messages: Sequence[dict[str, str]], add_generation_prompt: bool = True) -> str: ...

    def count(self, text: str) -> int: ...


@dataclass(frozen=True, kw_only=True)
class AskedAs:
    """A protocol: how a model is asked.

    Args:
        method: generated, the likeliest of the labels, or given directly.
        shots: examples shown before the question.
        language: of the prompt, not of the data.
    """

    method: Method
    shots: int
    language: str

    @property
    def name(self) -> str:
        """``zero-shot``, ``few-shot 8``, ``likelihood``, ``likelihood few-shot 8`` or ``direct``."""
        if self.method == "direct":
            return "direct"
        if self.method == "likelihood":
            return f"likelihood few-shot {self.shots}" if self.shots else "likelihood"
        return f"few-shot {self.shots}" if self.shots else "zero-shot"


class Document(TypedDict):
    """One row as lm-eval sees it."""

    id: str
    task: str
    instruction: str
    question: str
    answer: str
    choices: list[str]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Documents that fit the model.

    Args:
        documents: one a row, in row order.
        shots: the few-shot documents, the same for every row.
        shortened: ids of rows whose input lost its middle.
        left_out: few-shot examples that were asked for and did not fit.
    """

    documents: list[Document]
    shots: list[Document]
    shortened: frozenset[str]
    left_out: int


@lru_cache(maxsize=256)
def _template(source: str) -> jinja2.Template:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701  # prompts are no HTML
    try:
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise PromptError(f"A prompt is not a valid template: {error}", evidence=[source]) from None


def _fill(source: str, **fields: Any) -> str:
    try:
        return _template(source).render(**fields)
    except jinja2.UndefinedError as error:
        raise PromptError(f"A prompt names what does not exist: {error}", fix="use input and labels") from None


def answer_text(card: Card, example: Example, language: str) -> str:
    """The right answer as a model is to write it, in the prompt's language."""
    names = {label.id: label.name(language) for label in card.labels}
    written = [names.get(target, target) for target in example.targets]
    if card.kind in ("labels", "extract"):
        return card.separator.join(written) if written else NOTHING[language]
    return written[0]


def target_delimiter(language: str) -> str:
    """What stands between cue and answer where no chat template separates them."""
    return "" if language == "zh" else " "


def document(task: str, card: Card, example: Example, language: str) -> Document:
    """One example as a document.

    Raises:
        UsageError: the card has no prompt in that language.
        PromptError: its template is wrong.
    """
    if language not in card.prompts:
        raise UsageError(f"{task} has no prompt in {language!r}.", fix=f"it has: {', '.join(card.prompts)}")
    prompt = card.prompts[language]
    names = card.label_names(language)
    return Document(
        id=example.id,
        task=task,
        instruction=_fill(prompt.instruction, labels=names).strip() + FEWSHOT_DELIMITER,
        question=_fill(prompt.question, input=example.input, labels=names).strip(),
        answer=answer_text(card, example, language),
        choices=names if card.kind == "choice" else [],
    )


def context(document: Document, shots: Sequence[Document], form: PromptFormat | None, delimiter: str) -> str:
    """The string that the model is given: instruction, few-shot examples, question.

    Chat models get every example as a turn of its own; others get plain text.
    """
    if form is not None and form.has_chat_template:
        messages = [{"role": "system", "content": document["instruction"]}]
        for shot in shots:
            messages += [
                {"role": "user", "content": shot["question"]},
                {"role": "assistant", "content": shot["answer"]},
            ]
        messages.append({"role": "user", "content": document["question"]})
        return form.apply_chat_template(messages, add_generation_prompt=True)
    shown = "".join(shot["question"] + delimiter + shot["answer"] + FEWSHOT_DELIMITER for shot in shots)
    return document["instruction"] + shown + document["question"]


def prompt_words(task: str, card: Card, language: str, form: PromptFormat | None) -> str:
    """Everything around an input: instruction, cue, label names, chat template; no word of any row.

    Few-shot examples are not part of it: the same words are asked with any number of them.

    Returns:
        A JSON list: the prompt of ``INPUT``, an answer, what stands between labels, what stands before the answer,
        the labels' names.
    """
    probe = Example(id="probe:0", input=INPUT, targets=tuple(label.id for label in card.labels[:1]) or (ANSWER,))
    rendered = document(task, card, probe, language)
    parts = [context(rendered, [], form, target_delimiter(language)), rendered["answer"], card.separator]
    parts += [target_delimiter(language), *card.label_names(language)]
    return json.dumps(parts, ensure_ascii=False)


def hash_of(words: str) -> str:
    """Sixteen hex digits over ``prompt_words``."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def prompt_hash(task: str, card: Card, language: str, form: PromptFormat | None) -> str:
    """The hash of ``prompt_words``."""
    return hash_of(prompt_words(task, card, language, form))


def showable(fewshot: Sequence[Example]) -> list[Example]:
    """The examples that have an answer to show: lm-eval leaves an empty one out, so that two questions would meet."""
    return [example for example in fewshot if not example.targets or example.targets[0].strip()]


def choose_shots(fewshot: Sequence[Example], wanted: int, task: str) -> Sequence[Example]:
    """The first ``wanted`` examples of the builder's order that have an answer.

    Raises:
        UsageError: there are not that many train rows; test rows are never used instead.
    """
    shown = showable(fewshot)
    if wanted > len(shown):
        raise UsageError(
            f"{wanted} few-shot examples were asked for and {task} has {len(shown)} train rows to show.",
            fix=f"ask for at most {len(shown)}" if shown else "few-shot needs a train split; use --shots 0",
        )
    return shown[:wanted]


def render(
    task: str,
    card: Card,
    examples: Iterable[Example],
    asked: AskedAs,
    fewshot: Sequence[Example],
    form: PromptFormat | None,
    room: int | None = None,
) -> Rendered:
    """Documents of all examples, inputs shortened in the middle where the prompt would not fit.

    Args:
        task: the sub-task's id.
        card: its words.
        examples: the rows, in order.
        asked: the protocol.
        fewshot: train, in the builder's few-shot order.
        form: the model's tokenizer; None renders without a limit.
        room: tokens that prompt and answer may take together; the model's context when None.

    Raises:
        UsageError: more shots than train rows.
        PromptError: answers may take so much room that no question fits, or that little is left of most inputs.
    """
    chosen = choose_shots(fewshot, asked.shots, task)
    shots = [document(task, card, example, asked.language) for example in chosen]
    rows = [(example, document(task, card, example, asked.language)) for example in examples]
    if form is None:
        return Rendered(documents=[d for _, d in rows], shots=shots, shortened=frozenset(), left_out=0)
    limit = min(room or form.context_length, form.context_length)
    answer = _answer_room(card, asked, form)
    kept = _shots_that_fit(task, card, shots, asked, form, limit, answer)
    documents, left = [], {}
    for example, whole in rows:
        fitting, share = _shorten(task, card, example, whole, kept, form, asked.language, limit - answer)
        documents.append(fitting)
        if share < 1:
            left[example.id] = share
    maimed = [id for id, share in left.items() if share < 0.5]
    if room is None and 2 * len(maimed) > len(rows) and answer > ANSWER_SHARE * limit:
        what = f"{len(maimed)} of {len(rows)} inputs would lose more than half for it"
        raise _no_room(task, asked, answer, limit, what, form, maimed)
    return Rendered(documents=documents, shots=kept, shortened=frozenset(left), left_out=len(shots) - len(kept))


def _answer_room(card: Card, asked: AskedAs, form: PromptFormat) -> int:
    """Tokens to keep free behind a prompt: what may be generated, or the longest label."""
    if asked.method != "likelihood":
        return card.max_new_tokens
    delimiter = target_delimiter(asked.language)
    return max((form.count(delimiter + name) for name in card.label_names(asked.language)), default=0) + JOINT


def _no_room(
    task: str, asked: AskedAs, answer: int, limit: int, what: str, form: PromptFormat, evidence: Sequence[str]
) -> PromptError:
    shorter = "shorten the labels" if asked.method == "likelihood" else "lower generation_kwargs.max_gen_toks"
    longer = "raise the recipe's max_length" if limit < form.context_length else "use a model with a longer context"
    return PromptError(
        f"The answer of {task} may take {answer} tokens of {limit}: {what}.",
        evidence=evidence,
        fix=f"{shorter} or {longer}",
    )


def _shots_that_fit(
    task: str,
    card: Card,
    shots: list[Document],
    asked: AskedAs,
    form: PromptFormat,
    limit: int,
    answer: int,
) -> list[Document]:
    """The first shots that leave room for questions.

    Raises:
        PromptError: there is no room, not even without a shot.
    """
    delimiter, budget = target_delimiter(asked.language), limit - answer
    bare = document(task, card, Example(id="x:0", input="", targets=("",)), asked.language)
    around = form.count(context(bare, [], form, delimiter))
    if budget < around + LEAST_QUESTION:
        evidence = [f"{around} tokens of instruction and cue", f"{max(0, budget)} tokens left beside the answer"]
        raise _no_room(task, asked, answer, limit, "no question fits beside it", form, evidence)
    kept = list(shots)
    while kept and form.count(context(bare, kept, form, delimiter)) > SHOT_SHARE * budget:
        kept.pop()
    return kept


def _shorten(
    task: str,
    card: Card,
    example: Example,
    whole: Document,
    shots: Sequence[Document],
    form: PromptFormat,
    language: str,
    budget: int,
) -> tuple[Document, float]:
    """The document itself when it fits, otherwise one whose input lost as little of its middle as possible.

    Returns:
        The document, and the share of the input that it holds.

    Raises:
        PromptError: the row's own prompt leaves nothing of its input.
    """
    delimiter = target_delimiter(language)
    text = context(whole, shots, form, delimiter)
    if len(text.encode()) <= budget or form.count(text) <= budget:  # a token is at least a byte
        return whole, 1.0

    def cut(kept: int) -> Document:
        head, tail = (kept + 1) // 2, kept // 2
        short = example.input[:head] + CUT + (example.input[-tail:] if tail else "")
        return document(task, card, Example(id=example.id, input=short, targets=example.targets), language)

    low, high = 0, len(example.input) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if form.count(context(cut(middle), shots, form, delimiter)) <= budget:
            low = middle
        else:
            high = middle - 1
    if low < 1:
        raise PromptError(
            f"Nothing of the input of {example.id} fits: its prompt may take {budget} tokens.",
            fix="lower generation_kwargs.max_gen_toks, shorten the instruction or use a model with a longer context",
        )
    return cut(low), low / len(example.input)
