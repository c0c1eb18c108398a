"""BLEU: the one text metric that is no mean over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from anytasktune.metrics.grading import Grade, counted
from anytasktune.metrics.reading import is_blank, normalise
from anytasktune.metrics.resampling import in_chunks, sums_of
from anytasktune.metrics.texts import References

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sacrebleu.metrics.bleu import BLEU

ORDER = 4
TOKENIZERS = ("13a", "zh", "intl", "char", "none")
"""sacrebleu's tokenisers that need no download; ``zh`` splits Chinese into characters and the rest like ``13a``."""


class Bleu(References):
    """Corpus BLEU over 100: sacrebleu's ``corpus_bleu`` (Papineni 2002; Post 2018), exponential smoothing.

    Both sides are NFKC-normalised first; case counts. Orders that no answer is long enough for are left out
    (``effective_order``), so that short right answers are right; in a corpus with one answer of four tokens this is
    sacrebleu's default. An answer that cannot be read has no words and costs brevity. Rows where nothing was to be
    said and nothing was said add no words; where all rows are such, the score is 1. A row's own score is its
    sentence BLEU.

    Args:
        tokenizer: one of ``TOKENIZERS``.

    Raises:
        ValueError: another tokeniser.
    """

    name = "BLEU"

    def __init__(self, tokenizer: str = "13a") -> None:
        if tokenizer not in TOKENIZERS:
            raise ValueError(f"tokenizer must be one of {', '.join(TOKENIZERS)}, not {tokenizer!r}")
        self.tokenizer = tokenizer

    def compare(self, text: str, references: Sequence[str]) -> float:
        """Sentence BLEU against all references together."""
        return _bleu(*_split(_counts(self.tokenizer, text, tuple(references))))

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """Corpus BLEU; NaN when no row counts."""
        import numpy

        rows = counted(grades)
        return {self.name: float(self.resampled(rows, numpy.arange(len(rows))[None, :])[0])}

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Corpus BLEU of each resample, [B]."""
        import numpy

        counts = numpy.array([self._of_row(grade) for grade in grades], dtype=float).reshape(len(grades), 2 * ORDER + 2)
        scores = numpy.array([grade.score for grade in grades], dtype=float)

        def score(lines: NDArray[np.intp]) -> NDArray[np.float64]:
            corpus = sums_of(counts, lines)
            bleu = numpy.array([_bleu(*_split([int(count) for count in line])) for line in corpus])
            return numpy.where(corpus.any(axis=1), bleu, scores[lines].mean(axis=1))

        return in_chunks(score, rows, width=len(grades))

    def _of_row(self, grade: Grade) -> tuple[int, ...]:
        usable = tuple(reference for reference in grade.gold if not is_blank(reference))
        return _counts(self.tokenizer, "".join(grade.read), usable)


def _bleu(correct: list[int], total: list[int], answered: int, wanted: int) -> float:
    from sacrebleu.metrics.bleu import BLEU

    found = BLEU.compute_bleu(correct, total, answered, wanted, smooth_method="exp", effective_order=True)
    return min(1.0, max(0.0, float(found.score) / 100))


def _split(counts: Sequence[int]) -> tuple[list[int], list[int], int, int]:
    return list(counts[:ORDER]), list(counts[ORDER : 2 * ORDER]), counts[-2], counts[-1]


@lru_cache(maxsize=16_384)
def _counts(tokenizer: str, text: str, references: tuple[str, ...]) -> tuple[int, ...]:
    """What adds up over rows: n-grams that are right and all n-grams, by order, and the two lengths."""
    scorer = _scorer(tokenizer)
    # Without a reference nothing is right; sacrebleu asks for one.
    found = scorer.sentence_score(normalise(text), [normalise(r) for r in references] or [""])
    return (*found.counts, *found.totals, found.sys_len, found.ref_len)


@lru_cache(maxsize=len(TOKENIZERS))
def _scorer(tokenizer: str) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenizer, effective_order=True)
