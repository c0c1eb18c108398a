"""A request to a voice assistant → its intent, one of 150, or that it is none of them (CLINC150, Larson et al. 2019).

    input    put a pot roast on the menu of the office cat
    target   oos

The official parts of the full set: 15,000 / 3,000 / 4,500 requests in scope and 100 / 100 / 1,000 out of scope
(``oos``). Scored as the paper does: accuracy over the requests in scope, and beside it the recall of those out of
scope, since a model that never says ``oos`` gains in the one and loses the other. Accuracy over all requests stands
third.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from anytasktune.card import read_card
from anytasktune.examples import DataRequest, Example, Split
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.grading import Grade, counted
from anytasktune.metrics.reading import label_surfaces
from anytasktune.metrics.resampling import in_chunks
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import read_text
from anytasktune_tasks import card_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

YAML: Final = card_path("consumer/intent_with_out_of_scope")
SOURCE: Final = PinnedFile(
    owner="clinc",
    repo="oos-eval",
    commit="828f8093932c8fe6ca7936c3d2e52903b1c523de",
    path="data/data_full.json",
    sha256="36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0",
)
PARTS: Final[dict[str, Split]] = {
    "train": "train",
    "oos_train": "train",
    "val": "validation",
    "oos_val": "validation",
    "test": "test",
    "oos_test": "test",
}
"""The publisher's parts."""

OUT_OF_SCOPE: Final = "oos"


def build(_request: DataRequest) -> Iterator[Example]:
    """All parts; ids are ``<part>:<row>``."""
    parts = json.loads(read_text(SOURCE.fetch()).text)
    for part, split in PARTS.items():
        for number, (request, intent) in enumerate(parts[part]):
            yield Example(id=f"{part}:{number}", input=request, targets=(intent,), split=split, language="en")


class InScopeAccuracy(Accuracy):
    """Accuracy over the requests in scope; those out of scope are graded alike and have a recall of their own."""

    name = "in-scope accuracy"

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """In-scope accuracy, out-of-scope recall, accuracy over all; NaN for that of which no row counts."""
        rows = counted(grades)
        inside = [grade.score for grade in rows if not _is_outside(grade)]
        outside = [grade.score for grade in rows if _is_outside(grade)]
        return {
            self.name: _mean(inside),
            "out-of-scope recall": _mean(outside),
            "accuracy": _mean([*inside, *outside]),
        }

    def resampled(self, grades: Sequence[Grade], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """In-scope accuracy of each resample, [B]; NaN where a resample has no request in scope."""
        import numpy

        inside = numpy.array([not _is_outside(grade) for grade in grades], dtype=float)
        right = inside * numpy.array([grade.score for grade in grades], dtype=float)

        def score(lines: NDArray[np.intp]) -> NDArray[np.float64]:
            under = inside[lines].sum(axis=1)
            none = numpy.full(len(lines), numpy.nan)
            accuracy: NDArray[np.float64] = numpy.divide(right[lines].sum(axis=1), under, out=none, where=under > 0)
            return accuracy

        return in_chunks(score, rows)


def _is_outside(grade: Grade) -> bool:
    return grade.gold == (OUT_OF_SCOPE,)


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else float("nan")


SUBTASK = SubTask(
    id="consumer/intent-with-out-of-scope",
    yaml=YAML,
    build=build,
    metric=InScopeAccuracy(label_surfaces(read_card(YAML))),
    recipe=CHOICE.but(max_length=2048),  # the intents in Chinese are 1,634 tokens
)
