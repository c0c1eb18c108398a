"""Metrics of kind ``text``: free text with one or more references; the best reference counts.

A reference of punctuation only is unusable and passed over while another one is usable. Where none is, an
empty answer is right (empty meets empty) and any other one wrong.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade, MeanOfRows, missing
from anytasktune.metrics.reading import Reading, fold, is_blank, normalise, read_text
from anytasktune.metrics.tokenising import answer_words, tokens

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

__all__ = ["ChrF", "ExactMatch", "References", "RougeL", "RougeN", "TokenF1", "closed", "tokens"]


class References:
    """What the metrics against references share; a subclass sets ``name`` and ``compare``."""

    name: str

    def read(self, answer: str) -> Reading:
        """The part of the answer that is compared."""
        return read_text(answer)

    def is_usable(self, reference: str) -> bool:
        """Whether there is anything to compare an answer with."""
        return not is_blank(reference)

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The score against the best usable reference."""
        if answer is None:
            return missing(example)
        usable = [reference for reference in example.targets if self.is_usable(reference)]
        reading = self.read(answer)
        if reading.status == "empty" and not usable:
            return Grade(score=1.0, status="read", gold=example.targets)
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=example.targets, run_on=reading.run_on)
        score = self.compare(reading.value[0], usable) if usable else 0.0
        return Grade(score=score, status="read", read=reading.value, gold=example.targets, run_on=reading.run_on)

    @abstractmethod
    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best score on [0, 1]; there is at least one reference, and none is blank."""


class _Text(References, MeanOfRows):
    """A mean over rows of the score against the best reference."""


def _shared_f1(answer: Sequence[object], gold: Sequence[object]) -> float:
    """F1 of two bags."""
    return 2 * (Counter(answer) & Counter(gold)).total() / (len(answer) + len(gold))


class RougeN(_Text):
    """ROUGE-1 and ROUGE-2: F1 of the shared n-grams of tokens, as ``rouge-score`` computes it (Lin 2004).

    Tokens are as in :class:`RougeL`. Texts too short for an n-gram are right when they are the same tokens, where
    rouge-score has 0.

    Args:
        n: 1 or 2.

    Raises:
        ValueError: another n.
    """

    def __init__(self, n: int) -> None:
        if n not in (1, 2):
            raise ValueError(f"n must be 1 or 2, not {n!r}")
        self.n = n
        self.name = f"ROUGE-{n}"

    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best reference's F1."""
        return max(self._f1(text, reference) for reference in references)

    def _f1(self, text: str, reference: str) -> float:
        answer, gold = tokens(text), tokens(reference)
        if not answer or not gold:
            return float(fold(text) == fold(reference))
        if len(answer) < self.n or len(gold) < self.n:
            return float(answer == gold)
        return _shared_f1(self._grams(answer), self._grams(gold))

    def _grams(self, text: list[str]) -> list[tuple[str, ...]]:
        return list(pairwise(text)) if self.n == 2 else [(token,) for token in text]


class TokenF1(_Text):
    """F1 of the shared tokens: SQuAD's F1 (Rajpurkar 2016), Chinese by character as in MLQA (Lewis 2020).

    Case, width, punctuation and English articles do not matter, nor does order. A text of nothing else is right
    when it is the reference, letter by letter.
    """

    name = "token F1"

    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best reference's F1."""
        return max(self._f1(text, reference) for reference in references)

    def _f1(self, text: str, reference: str) -> float:
        answer, gold = answer_words(text), answer_words(reference)
        if not answer or not gold:
            return float(fold(text) == fold(reference))
        return _shared_f1(answer, gold)


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
        return float(any(closed(text) == closed(reference) for reference in references))


def closed(text: str) -> str:
    """The text in one line, folded, without closing punctuation."""
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
