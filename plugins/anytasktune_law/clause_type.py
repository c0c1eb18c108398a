"""A clause of a commercial contract → what it regulates (CUAD, Hendrycks et al. 2021, as published by LegalBench).

    input    Neither party may assign this Agreement without the other's prior written consent.
    target   Anti-Assignment

LegalBench asks one yes-no question a clause type; its 38 files are put together here: every clause with a *yes*
in one of them, with all of its types (7 % have several). Clauses that differ in case, spaces or punctuation only
are one. None was asked about every type, so that a gold set may lack a type that holds, and scores cannot be
compared with LegalBench's own (balanced accuracy, type by type). The publisher names no splits and no contracts:
rows are shared out by content hash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, MeanOfRows
from anytasktune.metrics.label_sets import SetF1
from anytasktune.metrics.reading import label_surfaces
from anytasktune.near_duplicates import comparison_key
from anytasktune.recipes import LABELS
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import column, read_rows
from anytasktune_law.cuad_pins import COMMIT, SHA256
from anytasktune_tasks import card_path


def build(_request: DataRequest) -> Iterator[Example]:
    """All clauses, in the files' order of first appearance; ids are ``cuad:<row>``."""
    types: defaultdict[str, list[str]] = defaultdict(list)
    first: dict[str, str] = {}
    for name in SHA256:
        table = read_rows(pinned(name).fetch())
        for text, label in zip(column(table, "text"), column(table, "label"), strict=True):
            if label == "Yes":
                key = comparison_key(text)
                first.setdefault(key, text)
                types[key].append(name)
    for number, (key, names) in enumerate(types.items()):
        yield Example(id=f"cuad:{number}", input=first[key], targets=tuple(dict.fromkeys(names)), language="en")


def pinned(name: str) -> PinnedFile:
    """The file of one clause type."""
    return PinnedFile(
        owner="HazyResearch",
        repo="legalbench",
        commit=COMMIT,
        path=f"tasks/CUAD_{name}/test.tsv",
        sha256=SHA256[name],
    )


class TypesF1(MeanOfRows):
    """Mean over rows of the F1 of the clause's types and the answer's; the card knows how types are written."""

    name = SetF1.name

    @cached_property
    def _stock(self) -> SetF1:
        return SetF1(label_surfaces(SUBTASK.card))

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 of the sets."""
        return self._stock.grade(example, answer)


SUBTASK: SubTask = SubTask(
    id="law/clause-type",
    yaml=card_path("law/clause_type"),
    build=build,
    metric=TypesF1(),
    recipe=LABELS,
)
