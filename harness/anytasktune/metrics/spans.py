"""Metrics of kind ``extract``: spans, each ``type: text``.

A span counts by type and text (NFKC, single spaces; the type casefolded), as often as it is written: the gold
says it twice where it stands twice. Empty meets empty is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from anytasktune.examples import Example
from anytasktune.metrics.choice import surfaces_of
from anytasktune.metrics.grading import Grade, counted, missing
from anytasktune.metrics.label_sets import pooled_f1
from anytasktune.metrics.reading import fold, normalise, read_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Span = tuple[str, str]


def span_of(written: str, names: Mapping[str, str] | None = None) -> Span:
    """Type and text of one ``type: text``, as they are compared; no colon: no type."""
    kind, colon, text = normalise(written).partition(":")
    if not colon:
        return "", kind
    folded = fold(kind)
    return (names or {}).get(folded, folded), text.strip()


class SpanF1:
    """F1 over all spans of all rows, pooled (CoNLL-2003's scoring, by text instead of position).

    Args:
        types: the types' ids, or every surface mapped to its id; none: any word is a type.
        partial: a span that contains, or is contained in, an unmatched gold of its type counts half (the
            partial match of SemEval-2013 task 9.1).
    """

    def __init__(self, types: Sequence[str] | Mapping[str, str] = (), *, partial: bool = False) -> None:
        self.names = surfaces_of(types)
        self._folded = {fold(written): fold(kind) for written, kind in self.names.items()}
        self.partial = partial
        self.name = "partial span F1" if partial else "span F1"

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 of the answer's spans and the gold ones; see ``read_spans``."""
        if answer is None:
            return missing(example)
        gold = example.targets
        reading = read_spans(answer, self.names)
        if reading.status == "empty" and not gold:
            return Grade(score=1.0, status="read")
        if reading.status != "read":
            return Grade(score=0.0, status=reading.status, gold=gold, run_on=reading.run_on)
        total = len(reading.value) + len(gold)
        score = 2 * self._hits(reading.value, gold) / total if total else 1.0
        return Grade(score=score, status="read", read=reading.value, gold=gold, run_on=reading.run_on)

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """Micro F1, precision and recall; NaN when no row counts, and where a ratio has nothing under it."""
        import numpy

        rows = counted(grades)
        nan = float("nan")
        if not rows:
            return {self.name: nan, "span precision": nan, "span recall": nan}
        hits = sum(self._hits(grade.read, grade.gold) for grade in rows)
        predicted, gold = sum(len(g.read) for g in rows), sum(len(g.gold) for g in rows)
        return {
            self.name: float(self.resampled(rows, numpy.arange(len(rows))[None, :])[0]),
            "span precision": hits / predicted if predicted else nan,
            "span recall": hits / gold if gold else nan,
        }

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Micro F1 of each resample, [B]."""
        import numpy

        hits = numpy.array([self._hits(g.read, g.gold) for g in grades], dtype=float)
        total = numpy.array([len(g.read) + len(g.gold) for g in grades], dtype=float)
        return pooled_f1(hits, total, numpy.array([g.score for g in grades], dtype=float), rows)

    def _hits(self, read: Sequence[str], gold: Sequence[str]) -> float:
        found = Counter(span_of(span, self._folded) for span in read)
        wanted = Counter(span_of(span, self._folded) for span in gold)
        exact = found & wanted
        hits = float(exact.total())
        if not self.partial:
            return hits
        left = sorted((wanted - exact).elements())
        for kind, text in sorted((found - exact).elements()):
            match = next((g for g in left if g[0] == kind and (g[1] in text or text in g[1])), None)
            if match is not None:
                left.remove(match)
                hits += 0.5
        return hits
