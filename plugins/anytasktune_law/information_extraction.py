"""A claim, a contract or a note about a debt → its parties, sums, dates and forum; English and Chinese, written for
this project.

    input    you two sort it out. Kit borrowed, Femi lent, 200 is what they both told me, i was just the one with the
             car
    target   creditor: Femi ⏎ debtor: Kit ⏎ amount: 200                         (one fact a line, verbatim)

Spans rather than a JSON object: every gold is a stretch of the input, so that nothing has to be normalised before
it is compared, and each type has its F1. Obligations other than to pay (hand back, move out) have no edge on which
two readers agree; of them the debtor, the time and the charge are asked.

The rule of every gold: what holds at the end of the text. A corrected, reduced or assigned claim counts as it stands
now; lawyers, agents, collectors, witnesses and former parties are no party. ``amount`` is the whole that is still
owed, and its parts only where no whole is written. Names go without Mr, Mrs, Dr and without a role; a party that is
not named is not written. Times go without the preposition in English, with 前, 内, 后 in Chinese. A span that
stands twice is written once.

How the rows were made: each was worded singly with its spans marked in the text; train, validation and test are
other matters. ``hard`` marks texts with a second sum, date or person that a hurried reader takes. What they cannot
show: long contracts with annexes, scans, or how often such matters occur in real files.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("law/information_extraction")
SUBTASK = SubTask(
    id="law/information-extraction",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("span-f1", YAML),
    recipe=EXTRACT,
)
