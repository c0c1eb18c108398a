"""Described symptoms → what a nurse's advice line would say next; English and Chinese, written for this project.

    input    cup slid out of his hand, words like porridge; twenty minutes ago, he says he's fine now
    target   emergency-now

How the rows were made: each was worded singly, and labelled on the safe side. What may cost life, limb or sight goes
to ``emergency-now``, even where it seems to have passed; ``same-day`` is what must not wait for tomorrow;
``routine-visit`` what has lasted, or wants an examination or a prescription; ``pharmacist`` a question about a
medicine, or a minor complaint that a pharmacy has something for; ``self-care`` the rest, only where the message itself
rules the warning signs out. No answer holds a dose. About a third of the test rows are ``hard``: harmless words for a
danger, or alarming ones for a trifle.

What they cannot show: how often each step is right in real life (all five are equally frequent here), what a nurse
learns by asking back, and what local guidance says: services differ by country, and so do their thresholds. A model
that scores well here is not fit to advise anybody.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("healthcare/symptom_advice")
SUBTASK = SubTask(
    id="healthcare/symptom-advice",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("accuracy", YAML),
    recipe=CHOICE,
)
