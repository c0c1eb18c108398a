"""A traveller's turn in a Chinese dialogue → its dialogue acts (CrossWOZ, Zhu et al. 2020).

    input    系统：推荐您去前门大街。 ⏎ 用户：谢谢，它附近有评分4.5分以上的酒店吗？电话是多少？
             (try Qianmen Street. – thanks; is there a hotel near it, rated 4.5 or more? what is its number?)
    target   General: thank ⏎ Inform-酒店-评分: 4.5分以上 ⏎ Request-酒店: 电话 ⏎ Select-酒店: 景点

An act is published as intent, domain, slot and value, and all four are asked for: as labels, values would be lost. They
are written so that each is a type and a text, and none is lost: ``Inform`` has its slot in the type and the value as
text; the text of a ``Request`` is the slot, of a ``Select`` the domain of the place that is near, of a ``General``
which one. A hotel's facility (slot ``酒店设施-早餐服务``, value 是 but for two turns) is the text of
``Inform-酒店-酒店设施``; where the value is another one, ``=`` and the value follow. Entity F1 over types and texts is
then the F1 over dialogue acts that the paper reports for language understanding, as a whole and by intent; its models
learnt from train, which is not at hand here, and read both sides.

Users' turns only: they decide what the service does next. A turn is shown with the system's last one, to which many
a question (``电话呢？``) belongs. Of the values of ``Inform``, 3 % stand in neither but in other words, and 1 % were
named earlier in the dialogue and cannot be known. The publisher's val is tuned on here, a tenth of its dialogues kept
for validation; a dialogue is a group. 39 turns have no act, some by mistake.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from anytasktune.card import read_card
from anytasktune.examples import DataRequest, Example, Split
from anytasktune.metrics.grading import Grade
from anytasktune.metrics.reading import label_surfaces
from anytasktune.metrics.spans import SpanF1
from anytasktune.recipes import EXTRACT
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune_tasks import card_path

YAML: Final = card_path("consumer/dialogue_acts")
FILES: Final[dict[str, Split]] = {"val": "train", "test": "test"}
"""The publisher's file that each split is read from."""

SHA256: Final = {
    "val": "b2b717990f6f0a1c98daaf5dc465e61d42f7de69c0d31e88e674275b1f34c94c",
    "test": "e57703894995211bba8638f130dc7df81e8992b71f3c05c10022ad23d6ca5310",
}
INTENTS: Final = ("General", "Inform", "Request", "Select")
FACILITY: Final = "酒店设施-"


def build(_request: DataRequest) -> Iterator[Example]:
    """The users' turns of val and test; ids are ``<val or test>:<user turn>``, counted over the file."""
    for name, split in FILES.items():
        number = 0
        for dialogue, content in dialogues(name).items():
            said = ""
            for message in content["messages"]:
                if message["role"] == "usr":
                    yield Example(
                        id=f"{name}:{number}",
                        input=f"{said}用户：{message['content']}",
                        targets=tuple(written(*act) for act in message["dialog_act"]),
                        split=split,
                        group=f"dialogue-{dialogue}",
                        language="zh",
                    )
                    number += 1
                else:
                    said = f"系统：{message['content']}\n"


def dialogues(name: str) -> dict[str, Any]:
    """The dialogues of one of the publisher's files, by their number."""
    pin = PinnedFile(
        owner="thu-coai",
        repo="CrossWOZ",
        commit="df82c9fdff91b9b130f2d6b89110d3870ba6260e",
        path=f"data/crosswoz/{name}.json.zip",
        sha256=SHA256[name],
    )
    with zipfile.ZipFile(pin.fetch()) as archive:
        found: dict[str, Any] = json.loads(archive.read(f"{name}.json"))
    return found


def written(intent: str, domain: str, slot: str, value: str) -> str:
    """One act as type and text."""
    if intent == "General":  # ["General", "greet", "none", "none"]
        return f"{intent}: {domain}"
    if intent == "Request":
        return f"{intent}-{domain}: {slot}"
    if intent == "Select":  # ["Select", "酒店", "源领域", "景点"]
        return f"{intent}-{domain}: {value}"
    if slot.startswith(FACILITY):
        facility = slot.removeprefix(FACILITY)
        return f"{intent}-{domain}-酒店设施: {facility}" + ("" if value == "是" else f"={value}")
    return f"{intent}-{domain}-{slot}: {value}"


class ActF1(SpanF1):
    """F1 over the dialogue acts of all turns, pooled."""

    def __init__(self) -> None:
        super().__init__(label_surfaces(read_card(YAML)))
        self._by_intent = SpanF1(INTENTS)
        self.name = self._by_intent.name = "dialogue act F1"

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """F1, precision and recall; then the F1 of each intent, ``dialogue act F1 (Inform)``."""
        turned = [replace(g, read=_by_intent(g.read), gold=_by_intent(g.gold)) for g in grades]
        return self._by_intent.summarise(turned)


def _by_intent(spans: Sequence[str]) -> tuple[str, ...]:
    """Domain and slot taken from the type into the text: ``Inform-餐馆-评分: 5分`` → ``Inform: 餐馆-评分: 5分``."""
    return tuple(span.replace("-", ": ", 1) if 0 < span.find("-") < span.find(":") else span for span in spans)


SUBTASK = SubTask(
    id="consumer/dialogue-acts",
    yaml=YAML,
    build=build,
    metric=ActF1(),
    recipe=EXTRACT,
)
