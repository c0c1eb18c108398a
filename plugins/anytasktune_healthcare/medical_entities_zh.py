"""A patient's question or a doctor's answer → the entities in it, of eleven types (cMedQANER of ChineseBLUE).

    input    孩子感冒三天，鼻塞，可以吃小儿感冒颗粒吗？ (three days of a cold, a blocked nose: may the child take …?)
    target   crowd: 孩子 ⏎ disease: 感冒 ⏎ time: 三天 ⏎ symptom: 鼻塞 ⏎ drug: 小儿感冒颗粒
             (one entity a line, in the text's order, as often as it stands there)

The publisher's files hold a character and its tag (``B_disease``, ``I_disease``, ``O``) a line; the rows are put
together from them. Its JSON files of the same texts name entities inside of entities too, and some that do not
stand in the text (``HIV`` where the text says ``hiv``): they are not used. Scored is entity F1 over all rows; an
entity is right when type and text are, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anytasktune.examples import SPLITS, DataRequest, Example
from anytasktune.metrics import named
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_healthcare import chinese_blue
from anytasktune_tasks import card_path

TASK: Final = "cMedQANER"
YAML: Final = card_path("healthcare/medical_entities_zh")


def build(_request: DataRequest) -> Iterator[Example]:
    """Train, dev and test; ids are ``<train, dev or test>:<text>``."""
    for split in SPLITS:
        blocks = "\n".join(chinese_blue.lines(TASK, split)).strip("\n").split("\n\n")
        for number, block in enumerate(blocks):
            tagged = [(line[0], line[2:]) for line in block.split("\n")]
            yield Example(
                id=chinese_blue.row_id(split, number),
                input="".join(character for character, _ in tagged),
                targets=tuple(f"{kind}: {text}" for kind, text in entities(tagged)),
                split=split,
                language="zh",
            )


def entities(tagged: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Type and text of each entity, in order: ``B_`` begins one, ``I_`` of the same type continues it."""
    found: list[tuple[str, str]] = []
    inside = ""
    for character, tag in tagged:
        mark, _, kind = tag.partition("_")
        if mark == "I" and kind == inside:
            found[-1] = (kind, found[-1][1] + character)
        elif mark in ("B", "I"):  # as CoNLL's scorer has it, an entity may also begin with its I
            found.append((kind, character))
        inside = kind
    return found


SUBTASK = SubTask(
    id="healthcare/medical-entities-zh",
    yaml=YAML,
    build=build,
    metric=named("span-f1", YAML),
    recipe=EXTRACT.but(max_length=2560),  # the longest answer has 1,241 tokens, and a question must fit beside it
)
