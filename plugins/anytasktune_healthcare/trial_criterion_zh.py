"""A criterion of a clinical trial, in Chinese → its topic, one of 44 (cMedTC of ChineseBLUE).

    input    （3）对本品或同类药物过敏者；     (allergic to this or a similar drug)
    target   Allergy Intolerance

In the publisher's files most criteria begin with a space, and it stays. ``Multiple`` is the topic of a criterion of
several. The publisher scores by "F1" and does not say over what: it is taken over the pooled counts (micro), as is
usual for a label a text. Macro F1 stands beside; five topics have no test row and count 0 there, so that the golds
themselves come to 0.886.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anytasktune.examples import SPLITS, DataRequest, Example
from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_healthcare import chinese_blue
from anytasktune_tasks import card_path

TASK: Final = "cMedTC"
YAML: Final = card_path("healthcare/trial_criterion_zh")


def build(_request: DataRequest) -> Iterator[Example]:
    """Train, dev and test; ids are ``<train, dev or test>:<line>``."""
    for split in SPLITS:
        for number, line in enumerate(chinese_blue.lines(TASK, split)):
            topic, _, criterion = line.partition("\t")
            yield Example(
                id=chinese_blue.row_id(split, number),
                input=criterion,
                targets=(topic,),
                split=split,
                language="zh",
            )


SUBTASK = SubTask(
    id="healthcare/trial-criterion-zh",
    yaml=YAML,
    build=build,
    metric=named("micro-f1", YAML),
    recipe=CHOICE,
)
