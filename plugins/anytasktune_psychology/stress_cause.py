"""A short message about what weighs on somebody → the cause of the stress (SAD, as published with MentalLLaMA).

    input    my boss moved the deadline forward again and I have not slept properly since
    target   work

Each published row is a question around the message and an answer that ChatGPT wrote for a known label ("This post
shows the stress cause related to work. Reasoning: …"): the message and the label are taken out of the two. The label
is the one at the head of the answer; ``This post shows other stress causes.`` is ``other``. Scored is weighted F1, as
the publisher does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest, Example, Split
from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import column, read_rows
from anytasktune_tasks import card_path

YAML: Final = card_path("psychology/stress_cause")
COMMIT: Final = "42cd29dfb91092843daae53ec162c75605d753ff"
FILES: Final[dict[Split, tuple[str, str]]] = {
    "train": (
        "train_data/instruction_data/SAD/train.csv",
        "5431cd46b038fd03af309bd7120a90355a500c58aad7864a2e7db932e55a5fc3",
    ),
    "validation": (
        "train_data/instruction_data/SAD/val.csv",
        "88d15a943e6a2bd4bf7be7adc968694771d36b93aa4b77f0831649ba9063f749",
    ),
    "test": (
        "test_data/test_instruction/SAD.csv",
        "248b849c73361f2642b42630943e126decebc1516435010bb280842ecc30c516",
    ),
}
"""Path and sha256 of each split."""

_QUERY: Final = re.compile(r'Consider this post: "(.*)" Question: What is the stress cause of this post\?', re.DOTALL)
_ANSWER: Final = re.compile(
    r"This post shows (?:the stress cause related to ([a-z ]+)|(other) stress causes)\. Reasoning:"
)


def build(_request: DataRequest) -> Iterator[Example]:
    """The publisher's three splits; ids are ``<split>:<row>``.

    Raises:
        DataError: a row is not written as told above.
    """
    for split in FILES:
        table = read_rows(pinned(split).fetch())
        pairs = zip(column(table, "query"), column(table, "gpt-3.5-turbo"), strict=True)
        for number, (query, answer) in enumerate(pairs):
            asked, head = _QUERY.fullmatch(query), _ANSWER.match(answer)
            if asked is None or head is None:
                raise DataError(f"Row {number} of SAD's {split} is not a question about a post and an answer to it.")
            yield Example(
                id=f"{split}:{number}",
                input=asked[1],
                targets=(head[1] or head[2],),
                split=split,
                language="en",
            )


def pinned(split: Split) -> PinnedFile:
    """The file of one split."""
    path, sha256 = FILES[split]
    return PinnedFile(owner="SteveKGYang", repo="MentalLLaMA", commit=COMMIT, path=path, sha256=sha256)


SUBTASK = SubTask(
    id="psychology/stress-cause",
    yaml=YAML,
    build=build,
    metric=named("weighted-f1", YAML),
    recipe=CHOICE,
)
