"""A client's story → the separate disputes in it, each with its other side; English and Chinese, written for this
project.

    input    sooo landlord changed locks, locksmith charged me 390, and work docked me for being late bc of it
    target   tenancy: landlord ⏎ services: locksmith ⏎ wages: work       (one dispute a line, kind: other side)

The rule of every gold: a dispute is a claim of the teller, or against the teller, that is still open; one line for each
pair of kind and other side, so that two disputes with one person are two lines, and one quarrel over one thing is one.
What is settled, given up, only feared, or somebody else's (unless the teller speaks for that person) is not written.
The kinds are a closed list of sixteen; the other side is copied from the story: its name where it has one, without
Mr, Mrs, Dr, else the shortest word for it, as it stands first. Kind and other side must both be right.

How the rows were made: each was worded singly with its disputes marked; the stories of train, validation and test
are other ones. ``disputes`` is how many there are; ``hard`` marks stories with matters that look like a dispute and are
none, or that look like another kind. What they cannot show: long case files, whether a claim would succeed, or how
often such disputes occur.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("law/case_splitting")
SUBTASK = SubTask(
    id="law/case-splitting",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("span-f1", YAML),
    recipe=EXTRACT,
)
