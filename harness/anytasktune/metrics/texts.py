"""Metrics of kind ``text``: free text with one or more references; the best reference counts.

A reference of punctuation only is unusable and passed over while another one is usable. Where none is, an
empty answer is right (empty meets empty) and any other one wrong.
"""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.reading import fold, is_blank, is_unspaced, normalise, read_text

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF


def tokens(text: str) -> list[str]:
    """Words and single characters, without punctuation.

    Words, casefolded, with their combining marks, of scripts that set words apart by spaces (Latin, Cyrillic,
    Arabic, Devanagari, …); single characters of all others (Han, kana, Hangul, Thai, …), and emoji.
    On ASCII text these are rouge-score's tokens.
    """
    found: list[str] = []
    word = ""
    for character in fold(text):
        category = unicodedata.category(character)
        if category.startswith("M") and (word or found):
            if word:
                word += character
            else:
                found[-1] += character
        elif character.isalnum() and not is_unspaced(character):
            word += character
        else:
            found += [word] if word else []
            word = ""
            if character.isalnum() or category == "So":
                found.append(character)
    return [*found, word] if word else found


class _Text(MeanOfRows):
    """What the text metrics share; a subclass sets ``name`` and ``compare``."""

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The score against the best usable reference."""
        if answer is None:
            return missing(example)
        usable = [reference for reference in example.targets if not is_blank(reference)]
        reading = read_text(answer)
        if reading.status == "empty" and not usable:
            return Grade(score=1.0, status="read", gold=example.targets)
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=example.targets, run_on=reading.run_on)
        score = self.compare(reading.value[0], usable) if usable else 0.0
        return Grade(score=score, status="read", read=reading.value, gold=example.targets, run_on=reading.run_on)

    @abstractmethod
    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best score on [0, 1]; there is at least one reference, and none is blank."""


class RougeL(_Text):
    """ROUGE-L: F1 of the longest common subsequence of tokens, as ``rouge-score`` computes it (Lin 2004).

    Tokens are ours, since rouge-score's drop every character outside of a-z and 0-9; no stemming.
    """

    name = "ROUGE-L"

    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best reference's F1."""
        return max(self._f1(text, reference) for reference in references)

    def _f1(self, text: str, reference: str) -> float:
        from rapidfuzz.distance import LCSseq

        answer, gold = tokens(text), tokens(reference)
        if not answer or not gold:
            return float(fold(text) == fold(reference))  # signs only: there is nothing to align
        codes = {token: code for code, token in enumerate(dict.fromkeys(answer + gold))}
        common = LCSseq.similarity([codes[t] for t in answer], [codes[t] for t in gold])
        return 2 * common / (len(answer) + len(gold))


class ExactMatch(_Text):
    """Share of answers that equal a reference after NFKC and case folding, without closing punctuation."""

    name = "exact match"

    def compare(self, text: str, references: Sequence[str]) -> float:
        """1 when a reference is the same text."""
        return float(any(_closed(text) == _closed(reference) for reference in references))


def _closed(text: str) -> str:
    folded = fold(text).replace("\n", " ")
    return folded.rstrip(" .。!?,;:、…") or folded


class ChrF(_Text):
    """chrF2, sentence level, over 100: sacrebleu's ``sentence_chrf`` with its defaults (Popović 2015)."""

    name = "chrF"

    @cached_property
    def _scorer(self) -> CHRF:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF()

    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best reference's chrF, on [0, 1]; both sides are NFKC-normalised first."""
        score = self._scorer.sentence_score(normalise(text), [normalise(r) for r in references]).score
        return min(1.0, max(0.0, float(score) / 100))
