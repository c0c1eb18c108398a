"""A rambling message → one complete, precise question to a clinician; English and Chinese, written for this project.

    input    hiya sorry to be a pain, its my ear, the left one, kind of full since we flew back, what 9 days now? …
    target   My left ear has felt full since a flight 9 days ago, without pain; will it clear by itself?

How the rows were made: each message and each question was worded singly. A question keeps what a clinician would
use (who, what, where, since when, what makes it better or worse, what was measured, taken or ruled out) and what the
person wants to know, and drops greetings, excuses and other people's illnesses unless they bear on it. It speaks as the
writer does, uses the plain medical word where the message has a clumsy one, and answers nothing. Validation and test
have two references, train has one. About a quarter of the test rows are ``hard``: corrected half-way, about two people,
or asking something else than they talk about.

The metric is chrF, since a lost fact shows in its recall and Chinese needs no words for it. What it cannot show: an
invented fact costs as little as a clumsy phrase, a lost negation hardly anything, and a good wording may be unlike
either reference: the second one, held against the first, scores 0.38, as much as the message itself does. Chinese
scores are lower than English ones of the same worth.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import TEXT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("healthcare/question_enhancement")
SUBTASK = SubTask(
    id="healthcare/question-enhancement",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("chrf", YAML),
    recipe=TEXT,
)
