"""A patient's long-winded question → one short, standard question (MeQSum, Ben Abacha & Demner-Fushman 2019).

    input    SUBJECT: swollen knee  MESSAGE: hello, my mother is 70, her knee has been thick since Monday, …
    target   What are the treatments for a swollen knee?

The publisher names no splits; rows are shared out by content hash.
"""

from __future__ import annotations

from collections.abc import Iterator

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.texts import RougeL
from anytasktune.recipes import TEXT
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import column, read_rows
from anytasktune_tasks import card_path

SOURCE = PinnedFile(
    owner="abachaa",
    repo="MeQSum",
    commit="51e36cf65c12602333b6fdc3ae8ecf10430529f7",
    path="MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
    sha256="abedd939d5014306ca576522416bf69103e85dc8fcf1668a4099e8b84a39eeea",
)


def build(_request: DataRequest) -> Iterator[Example]:
    """All 1,000 questions; ids are ``meqsum:<row>``."""
    table = read_rows(SOURCE.fetch())
    pairs = zip(column(table, "CHQ"), column(table, "Summary"), strict=True)
    for number, (question, summary) in enumerate(pairs):
        yield Example(id=f"meqsum:{number}", input=question, targets=(summary,), language="en")


SUBTASK = SubTask(
    id="healthcare/question-standardise",
    yaml=card_path("healthcare/question_standardise"),
    build=build,
    metric=RougeL(),
    recipe=TEXT,
)
