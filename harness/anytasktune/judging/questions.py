"""One row as a question to a judge, in words that fit its context; two questions for a pair, positions swapped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anytasktune.errors import PromptError
from anytasktune.judging.quoting import fence_number, fenced, quoted, special_tokens
from anytasktune.judging.rubric import Rubric
from anytasktune.judging.wording import instruction, verdict_form, words_of
from anytasktune.prompts import PromptFormat, hash_of

LONGEST = 8000
"""Characters of one text (task, reference or answer) that a judge is shown at most."""

LEAST = 40
"""A judge that cannot be shown this many of each text has too short a context to judge at all."""

JUDGEMENT_TOKENS = 512
"""Tokens that a judgement may take."""

REFERENCES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a judge is shown of a row besides the answers.

    Args:
        id: of the row.
        task: the words that the model was asked with, the row's input in them.
        references: right answers, where there are any; the first three are shown.
    """

    id: str
    task: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How rows become questions.

    Args:
        rubric: what is judged.
        language: of the instruction, ``en`` or ``zh``.
        form: the judge's tokenizer; None writes plain text without a limit.
        longest: characters of one text at most.
    """

    rubric: Rubric
    language: str = "en"
    form: PromptFormat | None = None
    longest: int = LONGEST


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about one row.

    Args:
        prompts: one to grade; two to compare, the first answer in place A and then in place B.
        cut: an answer lost its middle.
        shortened: the task or a reference did.
    """

    prompts: tuple[str, ...]
    cut: bool
    shortened: bool


def question(material: Material, answers: Sequence[str], asking: Asking) -> Question:
    """The question about one answer, or about two.

    Raises:
        PromptError: not even little of each text fits the judge's context.
        UsageError: the language is not known.
    """
    specials = special_tokens(asking.form)

    def at(longest: int) -> Question:
        return _question(material, answers, asking, longest, specials)

    whole = at(asking.longest)
    if _fits(whole, asking.form):
        return whole
    least = min(LEAST, asking.longest)
    if not _fits(at(least), asking.form):
        room = asking.form.context_length if asking.form is not None else 0
        raise PromptError(
            f"The judge's context of {room} tokens is too short to judge {material.id}.",
            evidence=[f"{JUDGEMENT_TOKENS} tokens are kept for the judgement"],
            fix="take a judge with a longer context, or a rubric with fewer words",
        )
    return _longest_that_fits(at, least, asking.longest, asking.form)


def _longest_that_fits(at: Callable[[int], Question], low: int, high: int, form: PromptFormat | None) -> Question:
    """The question with as much of each text as fits: at ``low`` it does, at ``high`` it does not."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(at(middle), form) else (low, middle)
    return at(low)


def _fits(asked: Question, form: PromptFormat | None) -> bool:
    if form is None:
        return True
    room = form.context_length - JUDGEMENT_TOKENS
    return all(len(prompt.encode()) <= room or form.count(prompt) <= room for prompt in asked.prompts)


def _question(
    material: Material, answers: Sequence[str], asking: Asking, longest: int, specials: Sequence[str]
) -> Question:
    words = words_of(asking.language)
    references = [text for text in material.references if text.strip()][:REFERENCES_SHOWN]
    number = fence_number(material.id, [material.task, *references, *answers])

    def quote(text: str) -> tuple[str, bool]:
        shown = quoted(text, longest=longest, left_out=words.left_out, specials=specials)
        return shown.text, shown.cut

    given = [(words.task, quote(material.task)), *((words.reference, quote(text)) for text in references)]
    shown = [quote(text) for text in answers]
    orders = [shown] if len(shown) == 1 else [shown, shown[::-1]]
    names = [words.answer] if len(shown) == 1 else [f"{words.answer} {letter}" for letter in "AB"]
    blocks = [fenced(title, text, number, words.end) for title, (text, _) in given]
    return Question(
        prompts=tuple(
            _prompt(
                [
                    *blocks,
                    *(fenced(name, text, number, words.end) for name, (text, _) in zip(names, order, strict=True)),
                ],
                number,
                asking,
                comparing=len(shown) == 2,
            )
            for order in orders
        ),
        cut=any(cut for _, cut in shown),
        shortened=any(cut for _, (_, cut) in given),
    )


def _prompt(blocks: Sequence[str], number: str, asking: Asking, *, comparing: bool) -> str:
    words = words_of(asking.language)
    system = instruction(asking.rubric, asking.language, comparing=comparing)
    last = words.remind.format(number=number, form=verdict_form(asking.rubric, comparing))
    user = "\n\n".join([*blocks, last])
    form = asking.form
    if form is not None and form.has_chat_template:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        return form.apply_chat_template(messages, add_generation_prompt=True)
    return f"{system}\n\n{user}\n\n{words.cue}\n"


def prompt_hash(asking: Asking, *, comparing: bool) -> str:
    """Sixteen hex digits over everything that is asked around a row's texts, and over how much of them is shown."""
    probe = Material(id="probe:0", task="", references=("-",))
    asked = _question(probe, ["", ""] if comparing else [""], asking, LEAST, ())
    return hash_of(json.dumps([*asked.prompts, asking.longest, JUDGEMENT_TOKENS]))
