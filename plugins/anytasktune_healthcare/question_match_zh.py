"""Two search queries about health, in Chinese → whether they ask the same (cMedQQ of ChineseBLUE).

    input    问题一：感冒了能喝牛奶吗 ⏎ 问题二：得了感冒可不可以喝牛奶？     (may one drink milk with a cold?)
    target   same

The two markers are ours, the questions the publisher's, whose codes 1 and 0 are ``same`` and ``different``. The
publisher scores by "F1" and does not say of what; CBLUE, its successor, takes macro F1 for such pairs, and so it is
here. A question may stand in train and test: no pair that stands in both is left, but more than half of the test
questions are known from another pair.
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

TASK: Final = "cMedQQ"
YAML: Final = card_path("healthcare/question_match_zh")
LABELS: Final = {"1": "same", "0": "different"}
"""By the publisher's code."""


def build(_request: DataRequest) -> Iterator[Example]:
    """Train, dev and test; ids are ``<train, dev or test>:<line>``."""
    for split in SPLITS:
        for number, line in enumerate(chinese_blue.lines(TASK, split)):
            code, one, other = line.split("\t")
            yield Example(
                id=chinese_blue.row_id(split, number),
                input=f"问题一：{one}\n问题二：{other}",
                targets=(LABELS.get(code, code),),
                split=split,
                language="zh",
            )


SUBTASK = SubTask(
    id="healthcare/question-match-zh",
    yaml=YAML,
    build=build,
    metric=named("macro-f1", YAML),
    recipe=CHOICE,
)
