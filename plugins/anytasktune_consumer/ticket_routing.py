"""A customer's message → the queue that acts on it; English and Chinese, written for this project.

    input    paid twice for one kettle, the parcel is here though
    target   billing

How the rows were made: each was worded singly, messages of train from other situations than those of validation
and test; about a third of the test rows are marked ``hard`` (the words of one queue, the wish of another). What they
cannot show: how often each queue occurs in real life (all eight are equally frequent here), and anything about the
customers of a real shop.
"""

from __future__ import annotations

from anytasktune.card import read_card
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.reading import label_surfaces
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("consumer/ticket_routing")
SUBTASK = SubTask(
    id="consumer/ticket-routing",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=Accuracy(label_surfaces(read_card(YAML))),
    recipe=CHOICE,
)
