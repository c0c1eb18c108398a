"""Are rows written in a language that nobody named, as far as script and the commonest words tell?"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from typing import Final

from anytasktune.conformance.findings import Outcome, counted, noted, passed, shortened
from anytasktune.conformance.subject import Subject

_COMMON: Final = {
    "English": "the of to and is my it for do you can with how what that this was have not are why when i be at from",
    "French": "le la les des est une dans pour pas que qui avec sur vous je nous et mon ma il ce du au",
    "German": "der das und ist nicht ein eine ich mit für auf wir sie zu den dem mein meine wie auch von",
    "Spanish": "el la los las una por para que con está pero como de mi no se es en del",
    "Italian": "il lo gli della che non per una sono con di mio mia come del è la le",
    "Portuguese": "os uma não para com que está você meu minha de em um por se do da",
    "Dutch": "de het een niet van ik met voor mijn is dat wat hoe zijn op en",
}
"""Some twenty of the commonest words of each language."""
_WORDS: Final = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_FEWEST: Final = 3
_WORD: Final = re.compile(r"[^\W\d_]+")

_SCRIPTS: Final = {
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "LATIN": "Latin script",
    "FULLWIDTH": "Latin script",
}
_LEAST_LETTERS: Final = 8
_KANA: Final = 0.1
"""Share of the letters from which on Chinese characters are taken for Japanese ones."""

_USUAL: Final = ("", "Chinese", "Latin script")
_NEARLY_ALL: Final = 0.9
_FEWEST_ANSWERS: Final = 20


def foreign_words(subject: Subject) -> Outcome:
    """Inputs are Chinese or English by script and common words, and free-text answers are in one language.

    Whether an input is in the one of the two that its row names is the check ``languages``.
    """
    rows = subject.data.all
    inputs = {row.id: tongue(row.input) for row in rows}
    evidence = [
        f"{row.id} is asked in {inputs[row.id]}: {shortened(row.input)}" for row in rows if inputs[row.id] not in _USUAL
    ]
    if subject.card.kind == "text":
        answers = {row.id: tongue(row.targets[0]) for row in rows}
        usual = _usual_answers(inputs, answers)
        evidence += [
            f"{row.id} is answered in {answers[row.id]}, not in {usual[inputs[row.id]]}: {shortened(row.targets[0])}"
            for row in rows
            if answers[row.id] and usual.get(inputs[row.id], answers[row.id]) != answers[row.id]
        ]
    if evidence:
        return noted(f"{counted(len(evidence), 'text is', 'texts are')} in another language than the others.", evidence)
    return passed("no text is in another language than the others, by script and common words")


def _usual_answers(inputs: dict[str, str], answers: dict[str, str]) -> dict[str, str]:
    """By the language of the input: the one that nearly all answers are in."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for id, language in answers.items():
        if language:
            counts[inputs[id]][language] += 1
    usual = {}
    for asked_in, found in counts.items():
        language, times = found.most_common(1)[0]
        if found.total() >= _FEWEST_ANSWERS and times >= _NEARLY_ALL * found.total():
            usual[asked_in] = language
    return usual


def tongue(text: str) -> str:
    """``Chinese``, ``French``, ``Cyrillic`` …; ``Latin script`` for English and all others; "" for a few letters."""
    scripts: Counter[str] = Counter()
    for char in text:
        if char.isalpha():
            script = unicodedata.name(char, "OTHER").partition(" ")[0]
            scripts[_SCRIPTS.get(script, script.capitalize())] += 1
    letters = scripts.total()
    if letters + scripts["Chinese"] < _LEAST_LETTERS:
        return ""
    if scripts["Japanese"] > _KANA * letters:
        return "Japanese"
    most = max(scripts, key=lambda script: (scripts[script] * (2 if script == "Chinese" else 1), script))
    return _latin(text) if most == "Latin script" else most


def _latin(text: str) -> str:
    counts = Counter(_WORD.findall(text.casefold()))
    times = {language: sum(counts[word] for word in words) for language, words in _WORDS.items()}
    kinds = {language: sum(word in counts for word in words) for language, words in _WORDS.items()}
    best = max(times, key=lambda language: (times[language], language == "English"))
    told = best != "English" and kinds[best] >= _FEWEST and times[best] > 2 * times["English"]
    return best if told else "Latin script"
