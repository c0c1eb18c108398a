"""A patient's message or a clinician's note → its facts, word for word; English and Chinese, written for this project.

    input    A cough has been keeping the house awake for nearly two weeks. No fever. I take lisinopril.
    target   symptom: cough ⏎ duration: nearly two weeks ⏎ medicine: lisinopril

How the rows were made: each was worded singly and marked in place, so that every span stands in its input letter by
letter; a text of one type that stands there twice is given once. What was marked:

- *symptom*: what the patient feels or shows, in the fewest words, without degree, quality or place. A place within
  one word (headache, 头疼) stays in it; where it can be set apart (sore throat, 膝盖疼) it is a *body-part*, with its
  side.
- *duration*: of a symptom, an illness or a treatment; ``since`` and 从…起 belong to it, ``for`` and 了 do not,
  ``nearly`` and 约 do. How often, when next, ages and weeks of pregnancy are none.
- *medicine*: names and kinds of what is or was taken, no amounts; what is refused, wished for or only asked about is
  none.
- *condition*: illnesses and operations, past ones too. *measurement*: the value with its unit, without its name.
- What is denied, only suspected or somebody else's is left out: nearly a third of the test rows, marked ``hard``, hold
  such bait. Some have nothing to be found at all.

What they cannot show: a second annotator's judgement (one hand marked all), how real records abbreviate, and
positions: spans are compared by type and text only.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("healthcare/information_extraction")
SUBTASK = SubTask(
    id="healthcare/information-extraction",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("span-f1", YAML),
    recipe=EXTRACT,
)
