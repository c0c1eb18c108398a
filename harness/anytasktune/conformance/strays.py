"""Is there anything in the texts that belongs elsewhere: a template, an example with its answer, a missing value?

All of it may be what a sub-task is about, so that these checks note and never fail.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from anytasktune.conformance.findings import Outcome, counted, noted, passed, shortened
from anytasktune.conformance.labels import HAVE_LABELS
from anytasktune.conformance.subject import PLACE, Subject, probe
from anytasktune.examples import Example
from anytasktune.metrics.reading import fold, is_unspaced
from anytasktune.prompts import document

_TURNS: Final = re.compile(
    r"<[|｜][A-Za-z][\w▁ ]{1,30}[|｜]>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|"
    r"(?m:^###\s*(?:Instruction|Input|Response|Output|System|User|Assistant|Human|指令|输入|输出|回答)\b\s*[:：]?)|"
    r"Below is an instruction that describes",
    re.IGNORECASE,
)
"""Marks of chat templates and of instruction prompts."""
_BLANKS: Final = re.compile(
    r"\{\{-?\s*[A-Za-z_][\w.]*\s*(?:\|[^{}]*)?-?\}\}|(?<![\w{$])\{(?:input|text|question|query|context|instruction|prompt|"
    r"document|sentence|passage|answer|label|output)\}(?!\})"
)
"""Places of a template that nobody filled in."""
_LEAST_PROMPT: Final = 20
"""Characters of an instruction that is looked for in an input."""

_ANCHOR: Final = 12
_LEAST_SHOWN: Final = 24
"""Characters (Chinese ones count twice) of an input that is looked for inside of others."""
_CUE: Final = r"[^\w]{0,4}[^:：=|>→\t\n]{0,30}[:：=|>→\t\n]\s*[\"'“「*(（\[]{0,2}"
"""What stands between input and answer where both are shown: a few words and a colon, an arrow, the end of a line."""

_MISSING: Final = re.compile(
    r"nan|null|none|nil|n[/.]?a\.?|#n/a|#ref!|#value!|#name\?|#div/0!|undefined|tbd|todo|x{3,}|-{2,}|placeholder|"
    r"to be (?:done|determined|added)|lorem ipsum\b.*|\[?(?:deleted|removed|redacted|empty|missing)\]?|"
    "待补充|待定|待填|暂无|空值|同上|略",
    re.DOTALL,
)
_LOST: Final = re.compile("[?？]")
"""What letters become in an encoding that does not have them."""
_COLUMNS: Final = re.compile(
    "text|input|question|query|sentence|content|message|prompt|utterance|document|label|target|answer|output|"
    "文本|内容|问题|句子|输入|标签|答案|输出"
)


def template_marks(subject: Subject) -> Outcome:
    """No text holds turn tokens, blanks of a template, or the prompt that is put around it anyway."""
    asked = _own_prompts(subject)
    evidence = [f"{row.id} {found}" for row in subject.data.all for found in _marks(row, asked)]
    evidence += [
        f"the {language} prompt holds {shortened(found[0])}, and a chat model gets its own turn tokens besides"
        for language in subject.card.prompts
        if (found := _TURNS.search("".join(_words(subject, language))))
    ]
    if evidence:
        return noted(f"{counted(len(evidence), 'text holds', 'texts hold')} marks of a template.", evidence)
    return passed("no text holds turn tokens, blanks of a template, or its own prompt")


def _words(subject: Subject, language: str) -> tuple[str, str]:
    asked = document(subject.task.id, subject.card, probe(), language)
    return asked["instruction"], asked["question"]


def _own_prompts(subject: Subject) -> list[tuple[str, str]]:
    """Instruction and cue of each language, folded; "" where too short to be told."""
    own = []
    for language in subject.card.prompts:
        instruction, question = _words(subject, language)
        cue = question.rpartition(PLACE)[2].strip()
        told = fold(instruction)
        own.append((told if len(told) >= _LEAST_PROMPT else "", fold(cue) if cue[-1:] in (":", "：") else ""))
    return own


def _marks(row: Example, asked: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What of a template stands in a row, each in words."""
    for what, text in (("input", row.input), *(("answer", target) for target in row.targets)):
        found = _TURNS.search(text) or _BLANKS.search(text)
        if found:
            yield f"has {shortened(found[0].strip())} in its {what}"
    text = fold(row.input)
    for instruction, cue in asked:
        if instruction and instruction in text:
            yield "has the instruction in its input"
        elif cue and text.endswith(cue):
            yield f"ends in the cue {shortened(cue)}"
        if cue and any(fold(target).startswith(cue) for target in row.targets):
            yield f"has an answer that begins with the cue {shortened(cue)}"


def shown_answers(subject: Subject) -> Outcome:
    """No input shows answers: another row's whole input with its answer behind it, or its own answer at the end.

    Of an answer that is a label, the latter is the check ``answer-in-input``.
    """
    texts = {row.id: row.input.strip().casefold() for row in subject.data.all}
    begun: defaultdict[str, list[Example]] = defaultdict(list)
    for row in subject.data.all:
        if len(texts[row.id]) + sum(map(is_unspaced, texts[row.id])) >= _LEAST_SHOWN:
            begun[texts[row.id][:_ANCHOR]].append(row)
    evidence = []
    for row in subject.data.all:
        shown = next((other for other, behind in _inside(texts[row.id], begun, texts) if _told(other, behind)), None)
        if shown is not None:
            evidence.append(f"{row.id} shows {shown.id} and its answer {shortened('; '.join(shown.targets), 30)}")
    if subject.card.kind not in HAVE_LABELS:
        cues = [cue for _, cue in _own_prompts(subject) if cue]
        evidence += [f"{row.id} ends in its answer" for row in subject.data.all if _tells_itself(row, cues, subject)]
    if evidence:
        return noted(
            f"{counted(len(evidence), 'input shows', 'inputs show')} an answer; examples belong into the prompt, where "
            "the core takes them from train only.",
            evidence,
        )
    return passed("no input shows its own answer, or another row with its answer")


def _inside(text: str, begun: dict[str, list[Example]], texts: dict[str, str]) -> Iterator[tuple[Example, str]]:
    """The rows whose inputs stand in a longer one, and what stands behind them there."""
    for start in range(len(text) - _ANCHOR):
        for other in begun.get(text[start : start + _ANCHOR], ()):
            inner = texts[other.id]
            if len(inner) < len(text) and text.startswith(inner, start):
                yield other, text[start + len(inner) :]


def _told(row: Example, behind: str) -> bool:
    """Where a row's input has ended, a cue and one of its answers follow."""
    answers = "|".join(re.escape(target.strip().casefold()) for target in row.targets if target.strip())
    return bool(answers) and re.match(_CUE + rf"(?:{answers})(?!\w)", behind) is not None


def _tells_itself(row: Example, cues: Sequence[str], subject: Subject) -> bool:
    """The input ends in the right answer, behind the prompt's cue or (no number) on a line of its own."""
    if not row.targets or len(row.input) <= len(row.targets[-1]):
        return False
    before = [re.escape(cue) for cue in cues] + ([] if subject.card.kind == "number" else [r"[:：=>→\t\n]"])
    answer = re.escape(fold(row.targets[-1]))
    text = fold(row.input)[-len(answer) - _LEAST_SHOWN :]
    return bool(before) and re.search(rf"(?:{'|'.join(before)})\W*{answer}\W*$", text) is not None


def placeholders(subject: Subject) -> Outcome:
    """No input or answer is a mere ``nan``, ``N/A`` or ``TODO``, half question marks, or the name of its column."""
    kind = subject.card.kind
    evidence = []
    for row in subject.data.all:
        answers = [target.partition(": ")[2] if kind == "extract" else target for target in row.targets]
        texts = [("input", row.input), *(("answer", text) for text in answers if kind in ("text", "extract"))]
        evidence += [
            f"{row.id} has the {what} {shortened(text)}"
            for what, text in texts
            if _stands_for_nothing(text) or (what == "input" and _COLUMNS.fullmatch(fold(text)))
        ]
    if evidence:
        return noted(f"{counted(len(evidence), 'text stands', 'texts stand')} for one that is not there.", evidence)
    return passed("no text stands for one that is not there")


def _stands_for_nothing(text: str) -> bool:
    marks = len(_LOST.findall(text))
    return bool(_MISSING.fullmatch(fold(text))) or marks >= max(3, len("".join(text.split())) / 2)
