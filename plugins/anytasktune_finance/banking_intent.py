"""A customer's message to an online bank → which of 77 things it is about (banking77, Casanueva et al. 2020).

    input    The machine kept my card, how do I get it back?
    target   card_swallowed

The official train and test files; a tenth of train is carved off for validation by content hash. Scored is accuracy,
as published. ``get_physical_card`` is a misnomer: 105 of its 106 messages of train are about the card's PIN, and its
names on the card say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anytasktune.examples import DataRequest, Example, Split
from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import column, read_rows
from anytasktune_tasks import card_path

YAML: Final = card_path("finance/banking_intent")
SHA256: Final[dict[Split, str]] = {
    "train": "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
    "test": "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
}


def build(_request: DataRequest) -> Iterator[Example]:
    """Train and test; ids are ``<split>:<row>``."""
    for split, sha256 in SHA256.items():
        table = read_rows(pinned(split, sha256).fetch())
        pairs = zip(column(table, "text"), column(table, "category"), strict=True)
        for number, (message, intent) in enumerate(pairs):
            yield Example(id=f"{split}:{number}", input=message, targets=(intent,), split=split, language="en")


def pinned(split: Split, sha256: str) -> PinnedFile:
    """The file of one split."""
    return PinnedFile(
        owner="PolyAI-LDN",
        repo="task-specific-datasets",
        commit="57ec275d8078af65b7731c2a98be812d844a6d6b",
        path=f"banking_data/{split}.csv",
        sha256=sha256,
    )


SUBTASK = SubTask(
    id="finance/banking-intent",
    yaml=YAML,
    build=build,
    metric=named("accuracy", YAML),
    recipe=CHOICE.but(max_length=1536),  # the intents in Chinese are 1,140 tokens
)
