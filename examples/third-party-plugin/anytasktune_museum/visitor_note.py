"""A visitor's note to a museum → the desk that answers it; English and Chinese, written for this example.

input    We paid online but no e-mail with the codes has come.
target   tickets
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from anytasktune.card import read_card
from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.reading import label_surfaces
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask

YAML = Path(__file__).with_name("visitor_note.yaml")


def build(_request: DataRequest) -> Iterator[Example]:
    """Every row of the file beside the YAML; ids are ``note:<row>``."""
    for number, line in enumerate(YAML.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        yield Example(
            id=f"note:{number}",
            input=row["input"],
            targets=(row["target"],),
            split=row["split"],
            language=row["language"],
        )


SUBTASK = SubTask(
    id="museum/visitor-note",
    yaml=YAML,
    build=build,
    metric=Accuracy(label_surfaces(read_card(YAML))),
    recipe=CHOICE,
)
