"""Metrics of kind ``extract``: spans, each ``type: text``.

A span counts by type and text (NFKC, single spaces; the type casefolded), as often as it is written: the gold
says it twice where it stands twice. Empty meets empty is right.

The partial score is that of MUC-5 and of SemEval-2013 task 9.1 (DrugNER, "type" correct): precision is (correct +
½ partial) / answered, recall (correct + ½ partial) / gold. Spans have no positions here, so that "overlaps" is
"contains": two spans of one type match partially when the tokens of the one stand in a row within the other.
Exact matches are paired first, then as many partial ones as there can be; each span is used once.
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
from anytasktune.metrics.tokenising import tokens

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
    """F1 over all spans of all rows, pooled (CoNLL-2003's scoring, by text instead of position): entity F1.

    Args:
        types: the types' ids, or every surface mapped to its id; none: any word is a type.
        partial: a partial match counts half (see the top of this file).
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
        """Micro F1, precision and recall, then the F1 of each type that is declared, ``span F1 (drug)``.

        NaN when no row counts, and where a ratio has nothing under it.
        """
        import numpy

        rows = counted(grades)
        hits = sum(self._hits(grade.read, grade.gold) for grade in rows)
        predicted, gold = sum(len(g.read) for g in rows), sum(len(g.gold) for g in rows)
        return {
            self.name: float(self.resampled(rows, numpy.arange(len(rows))[None, :])[0]),
            "span precision": _ratio(hits, predicted),
            "span recall": _ratio(hits, gold),
            **{f"{self.name} ({kind})": self._of_type(rows, fold(kind)) for kind in dict.fromkeys(self.names.values())},
        }

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Micro F1 of each resample, [B]."""
        import numpy

        hits = numpy.array([self._hits(g.read, g.gold) for g in grades], dtype=float)
        total = numpy.array([len(g.read) + len(g.gold) for g in grades], dtype=float)
        return pooled_f1(hits, total, numpy.array([g.score for g in grades], dtype=float), rows)

    def _of_type(self, rows: Sequence[Grade], kind: str) -> float:
        """The F1 of the spans of one type, pooled over all rows."""
        hits, total = 0.0, 0
        for row in rows:
            read = [span for span in row.read if span_of(span, self._folded)[0] == kind]
            gold = [span for span in row.gold if span_of(span, self._folded)[0] == kind]
            hits, total = hits + self._hits(read, gold), total + len(read) + len(gold)
        return _ratio(2 * hits, total)

    def _hits(self, read: Sequence[str], gold: Sequence[str]) -> float:
        found = Counter(span_of(span, self._folded) for span in read)
        wanted = Counter(span_of(span, self._folded) for span in gold)
        exact = found & wanted
        if not self.partial:
            return float(exact.total())
        return exact.total() + _partial_pairs(found - exact, wanted - exact) / 2


def _ratio(over: float, under: float) -> float:
    return over / under if under else float("nan")


def _partial_pairs(found: Counter[Span], wanted: Counter[Span]) -> int:
    """How many spans can be paired with one of their type that contains them, or that they contain."""
    import numpy
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    golds = sorted(wanted.elements())
    spans = [span for span, times in sorted(found.items()) for _ in range(min(times, len(golds)))]
    written = {span: _bounded_tokens(span[1]) for span in {*golds, *spans}}
    near = [[one[0] == gold[0] and _contain(written[one], written[gold]) for one in spans] for gold in golds]
    if not any(map(any, near)):
        return 0
    return int((maximum_bipartite_matching(csr_array(numpy.array(near))) >= 0).sum())


def _bounded_tokens(text: str) -> str:
    """The tokens, each between two marks, so that a token is never found inside of another one."""
    return "".join(f"\0{token}\0" for token in tokens(text))


def _contain(one: str, other: str) -> bool:
    return bool(one and other) and (one in other or other in one)
