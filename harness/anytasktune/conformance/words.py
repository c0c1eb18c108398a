"""Are the texts themselves whole: letters, language, and no answer in the question?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from anytasktune.conformance.findings import (
    Outcome,
    counted,
    failed,
    failed_or_noted,
    noted,
    passed,
    shortened,
    skipped,
)
from anytasktune.conformance.labels import HAVE_LABELS
from anytasktune.conformance.mojibake import misread
from anytasktune.conformance.subject import PLACE, Subject, probe
from anytasktune.examples import Example
from anytasktune.metrics.reading import fold, is_blank, is_unspaced
from anytasktune.prompts import document

_TELL_TALE: Final = 0.95
"""The share of right answers beyond which reading off the label that an input names is no reading at all."""

_HTML: Final = "HTML that was not unescaped"
"""May be what the sub-task is about, and is never more than a note."""
_DAMAGE: Final = {
    "letters that were lost (U+FFFD)": re.compile("\ufffd"),
    "UTF-8 that was read as Latin-1": re.compile(
        "[ÃÂ][\u0080-\u00bf]|â€[\u0080-\u00bf\u0152\u0153\u02dc\u2018-\u2122]|ï»¿|å[\u0080-\u00bf]{2}"
    ),
    "Chinese that was read in a wrong encoding": re.compile("锟斤拷|烫烫烫|屯屯屯|鈥"),
    "control characters": re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    "a byte-order mark": re.compile("\ufeff"),
    _HTML: re.compile(
        r"&(?:amp|lt|gt|quot|nbsp|apos|[lr][sd]quo|hellip|[mn]dash|middot|times|bull|copy|deg|euro|#\d{2,5});|"
        r"</?(?:br|p|div|span)\b[^>]*>",
        re.IGNORECASE,
    ),
}
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


def text_damage(subject: Subject) -> Outcome:
    """No input or answer shows the marks of a wrong decoding; the rule of ``leaks`` says when one is a failure."""
    found = {}
    for kind, pattern in _DAMAGE.items():
        rows = [row for row in subject.data.all if any(pattern.search(text) for text in (row.input, *row.targets))]
        if rows:
            found[kind] = rows
    told = {row.id for kind, rows in found.items() if kind != _HTML for row in rows}
    others = [row for row in subject.data.all if row.id not in told]
    wrong = [(row, said) for row in others for text in (row.input, *row.targets) if (said := misread(text))]
    if wrong:
        rows = list({row.id: row for row, _ in wrong}.values())
        found[f"text that was read in a wrong encoding ({wrong[0][1]})"] = rows
    if not found:
        return passed("no text shows the marks of a wrong decoding")
    evidence = [f"{kind}: {counted(len(rows), 'row')}, {_ids(rows)}" for kind, rows in found.items()]
    ids = {row.id for rows in found.values() for row in rows}
    sentence = f"{counted(len(ids), 'row holds', 'rows hold')} text that was damaged on the way."
    return failed_or_noted(subject.authored and set(found) != {_HTML}, sentence, evidence)


def _ids(rows: list[Example]) -> str:
    return ", ".join(row.id for row in rows[:8]) + (", …" if len(rows) > 8 else "")


def languages(subject: Subject) -> Outcome:
    """Rows are written in the language that they name, and every language of the card has rows."""
    known = subject.card.languages
    said = [(row, row.language or (known[0] if len(known) == 1 else "")) for row in subject.data.all]
    absent = sorted(set(known) - {language for _, language in said} - {""})
    silent = [row.id for row, language in said if not language]
    if absent and not silent:
        return failed(f"The card names the language {absent[0]!r}, and no row has it.")
    foreign = [row for row, language in said if _is_other(row.input, language)]
    if foreign:
        evidence = [f"{row.id} says {row.language or known[0]!r}: {shortened(row.input)}" for row in foreign]
        return failed_or_noted(
            subject.authored,
            f"{counted(len(foreign), 'row is', 'rows are')} not written in the language that they name.",
            evidence,
        )
    if silent:
        return noted(f"{counted(len(silent), 'row names', 'rows name')} no language, and the card has several.", silent)
    return passed(f"every row is written in {' or '.join(known)}, as it says")


def _is_other(text: str, language: str) -> bool:
    """The script is plainly not that of the language."""
    letters = sum(char.isalpha() for char in text)
    han = len(_HAN.findall(text))
    if language == "zh":
        return letters >= 20 and han == 0
    return language == "en" and han > 0.3 * letters


def answer_in_input(subject: Subject) -> Outcome:
    """No input ends in its own answer, and naming the label that stands in the input is not enough to be right."""
    kind = subject.card.kind
    if kind not in HAVE_LABELS:
        return skipped(f"an input may well hold an answer of kind {kind!r}")
    surfaces: dict[str, set[str]] = {}
    for names in subject.labels.values():
        for name, id in names.items():
            surfaces.setdefault(id, {id}).add(name)
    patterns = {id: _named(names) for id, names in surfaces.items()}
    cues = "|".join(re.escape(cue) for cue in ["label", "answer", "category", "标签", "答案", "类别", *_cues(subject)])
    evidence = []
    for row in subject.data.all:
        own = [name for target in row.targets for name in surfaces.get(target, ())]
        if own and re.search(rf"(?:{cues})\W*(?:{'|'.join(map(re.escape, own))})\W*$", row.input[-200:], re.IGNORECASE):
            evidence.append(f"{row.id} ends in {shortened(row.input[-30:])}")
    if evidence:
        sentence = f"{counted(len(evidence), 'input ends', 'inputs end')} in the right answer."
        return failed_or_noted(subject.authored, sentence, evidence)
    if kind == "choice" and len(subject.data.all) >= 20:
        share = _read_off(subject, patterns)
        if share >= _TELL_TALE:
            return failed_or_noted(
                subject.authored,
                f"{share:.0%} of the inputs name their own label and no other: it is there to be read.",
            )
        return passed(f"no input ends in its answer; {share:.0%} name their own label and no other")
    return passed("no input ends in its answer")


def _cues(subject: Subject) -> list[str]:
    """The words in front of an answer, in each language of a prompt."""
    ends = [document(subject.task.id, subject.card, probe(), language)["question"] for language in subject.card.prompts]
    cues = [end.rpartition(PLACE)[2].rpartition("\n")[2].strip(" :：") for end in ends]
    return [cue for cue in cues if not is_blank(cue)]


def _named(names: set[str]) -> Callable[[str], bool]:
    """Whether a folded text holds one of the names as a word."""
    bounded = [
        re.escape(fold(name)) if any(map(is_unspaced, name)) else rf"(?<!\w){re.escape(fold(name))}(?!\w)"
        for name in sorted(names)
    ]
    pattern = re.compile("|".join(bounded))
    return lambda text: pattern.search(text) is not None


def _read_off(subject: Subject, patterns: dict[str, Callable[[str], bool]]) -> float:
    rows = subject.sample(subject.data.all, 500)
    right = 0
    for row in rows:
        text = fold(row.input)
        right += [id for id, holds in patterns.items() if holds(text)] == list(row.targets)
    return right / len(rows)
