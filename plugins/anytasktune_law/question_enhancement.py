"""A lay person's message about a legal matter → one complete question; English and Chinese, written for this project.

    input    押一付三住了俩月，房东说要卖房叫我月底搬，咋整
             (one month's deposit, three months paid, two lived in; the landlord sells and wants me out: what now?)
    target   承租人押一付三，居住两个月后房东因卖房要求其月底搬离，承租人是否必须搬走，可以主张哪些权利？

The rule of every gold: one sentence, the facts first (each that bears on the matter, none that was not said), then
what is asked; the persons by their part in it. A word that is taken back gives way to its correction. Where a message
only reports, the question is for the remedy that lies at hand. ROUGE-L, on characters in Chinese, punishes chatter that
is kept as well as facts that are lost, which chrF, leaning to recall, does not; the second reference of a test row has
other words, often another order, and is sometimes terser.

How the rows were made: message and question one after the other; messages of train are other situations than
those of validation and test. ``hard`` marks corrections, several people, misused words, and facts that look beside the
point but are not. What they cannot show: whether a fact was lost or made up in other words (overlap is not meaning),
what questions real clients bring and how often, or anything about the law.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import TEXT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("law/question_enhancement")
SUBTASK = SubTask(
    id="law/question-enhancement",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("rouge-l", YAML),
    recipe=TEXT,
)
