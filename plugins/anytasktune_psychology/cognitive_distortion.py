"""A person's thought in a diary or a chat → the cognitive distortion in it, or none; English and Chinese.

    input    ate one biscuit at the meeting, diet's blown, might as well order the pizza now
    target   all-or-nothing

The gold is the distortion that carries the thought where more than one is hinted at:

- ``all-or-nothing``: two boxes only; what is not perfect is worth nothing
- ``overgeneralising``: from one event to always, never, everybody
- ``mind-reading``: what another person thinks is taken as known, without asking
- ``catastrophising``: from a small sign to the worst that could follow
- ``personalising``: oneself as the cause of what has other causes
- ``none``: a thought that the facts it names support, however sad or worried

How the rows were made: composed for this project, each worded singly and none collected from people, in the manner
of diaries, chats and thought records. The label was given together with the row; no second rater and no clinician has
checked it. A third of the test rows are marked ``hard``: the words of one distortion and the thought of another, or a
gloomy thought that is justified. What they cannot show: how often each occurs in real life (all six are about equally
frequent here), how far raters would agree, how people in treatment write, or anything about a patient. It is no
diagnosis.
"""

from __future__ import annotations

from typing import Final

from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML: Final = card_path("psychology/cognitive_distortion")
SUBTASK = SubTask(
    id="psychology/cognitive-distortion",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("accuracy", YAML),
    recipe=CHOICE,
)
