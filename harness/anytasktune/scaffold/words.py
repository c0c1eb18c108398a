"""The words of a new card: prompts by kind and language, and the limits that fit its answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from anytasktune.examples import Kind

CUES: Final[dict[Kind, dict[str, str]]] = {
    "choice": {"en": "Label:", "zh": "标签："},
    "labels": {"en": "Labels:", "zh": "标签："},
    "extract": {"en": "Spans:", "zh": "片段："},
    "text": {"en": "Answer:", "zh": "回答："},
    "number": {"en": "Number:", "zh": "数值："},
}
"""What a question ends in."""

_TOLD: Final[dict[Kind, dict[str, str]]] = {
    "choice": {
        "en": "Which label fits the text? Answer with exactly one of: ‹labels›.",
        "zh": "下面的文本属于哪一类？只回答其中一个：‹labels›。",
    },
    "labels": {
        "en": "Which of these labels fit the text: ‹labels›? Separate several with ‹separator›; "
        "answer none if none fits.",
        "zh": "下面的文本符合哪些标签：‹labels›？多个标签用‹separator›隔开，都不符合就回答“无”。",
    },
    "extract": {
        "en": "Find every ‹labels› in the text. Write each as type: words of the text, separated by ‹separator›; "
        "answer none if there is nothing.",
        "zh": "找出文本中所有的‹labels›。每一个写成“类型: 原文”，用‹separator›隔开，没有就回答“无”。",
    },
    "text": {
        "en": "Answer the text below as the examples of this task do.",
        "zh": "按照本任务的要求回答下面的文本。",
    },
    "number": {
        "en": "Which number answers the text? Give only the numeral.",
        "zh": "下面的文本对应的数值是多少？只回答数字。",
    },
}
_UNLISTED: Final[dict[str, str]] = {
    "en": "Which label fits the text? Answer with the label alone.",
    "zh": "下面的文本属于哪一类？只回答类别名称。",
}
_LONGEST_LIST: Final = 4000
"""Characters of all labels together; a longer list would fill every prompt."""

_SHORT: Final = 64
"""Bytes up to which an answer's bytes bound its tokens; longer ones are estimated by character."""

SHOTS: Final[dict[Kind, int]] = {"choice": 8, "labels": 6, "extract": 4, "text": 3, "number": 4}
_LONG_INPUT: Final = 800


def instruction(kind: Kind, language: str, labels: Sequence[str], separator: str) -> str:
    """What a model is told, as a Jinja template over ``labels``."""
    if kind in ("choice", "labels", "extract") and sum(map(len, labels)) > _LONGEST_LIST:
        return literal(_UNLISTED[language])
    told = literal(_TOLD[kind][language].replace("‹separator›", _spoken(separator, language)))
    return told.replace("‹labels›", f"{{{{ labels | join({_joiner(language, labels)}) }}}}")


def question(kind: Kind, language: str) -> str:
    """A row's question: the input and the cue."""
    return f"{{{{ input }}}}\n{CUES[kind][language]}"


def literal(text: str) -> str:
    """Text as a Jinja template that gives just that text."""
    marks = ("{{", "{%", "{#")
    return f"{{% raw %}}{text}{{% endraw %}}" if any(mark in text for mark in marks) else text


def _joiner(language: str, labels: Sequence[str]) -> str:
    """What stands between the labels of a list and in none of them, as Jinja spells it."""
    marks = {"en": (", ", "; ", " | "), "zh": ("、", "；", " | ")}[language]
    fits = next((mark for mark in marks if not any(mark.strip() in label for label in labels)), "\\n")
    return f'"{fits}"'


def _spoken(separator: str, language: str) -> str:
    names = {"en": {"; ": "a semicolon", "\n": "a line break"}, "zh": {"; ": "分号", "\n": "换行"}}
    return names[language][separator]


def separator_for(kind: Kind, targets: Iterable[str]) -> str:
    """What stands between the labels or spans of one answer: a semicolon, or a line break where one holds that.

    Answers are split at ``;`` and ``、`` when labels are read, at ``;`` before a type when spans are.
    """
    marks = ";；、" if kind == "labels" else ";；"
    return "\n" if any(mark in target for target in targets for mark in marks) else "; "


def stops_for(answers: Iterable[str]) -> list[str]:
    """Where an answer ends: the shortest run of line breaks that none of them holds; none at all beyond three."""
    held = "\0".join(text.strip() for text in answers)
    return next(([mark] for mark in ("\n", "\n\n", "\n\n\n") if mark not in held), [])


def token_limit(answers: Iterable[str]) -> int:
    """Tokens that the longest answer may take.

    A token is at least a byte, so that a short answer's bytes are a bound. A longer one is estimated at half a token
    a Latin letter, one a digit or sign, two a character of another script; ``check`` counts with a real tokenizer.
    One token is for the space in front, and the sum is rounded up to a multiple of eight.
    """
    return 8 * math.ceil((1 + max((_tokens(text) for text in answers), default=1)) / 8)


def _tokens(text: str) -> int:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size <= _SHORT:
        return size
    letters = sum(char.isascii() and (char.isalpha() or char == " ") for char in text)
    signs = sum(char.isascii() for char in text) - letters
    return max(_SHORT, min(size, math.ceil(letters / 2) + signs + 2 * (len(text) - letters - signs)))


def shots_for(kind: Kind, inputs: Sequence[str], train: int) -> int:
    """Few-shot examples: as many as the kind usually has, fewer of long inputs, never more than train has."""
    long = sum(map(len, inputs)) > _LONG_INPUT * len(inputs)
    return min(2 if long else SHOTS[kind], train)
