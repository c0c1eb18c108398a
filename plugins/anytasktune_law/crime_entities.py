"""A sentence about a theft → who, what, where, when, with what (LawBench 2-6, after CAIL 2021).

    input    句子:2017年6月底，被告人甲某在某小区窃得乙某电瓶4只，计价值人民币352元。
             (late June 2017, 甲某 steals four batteries worth 352 yuan from 乙某 in a housing estate)
    target   犯罪嫌疑人: 甲某 ⏎ 受害人: 乙某 ⏎ 物品价值: 人民币352元 ⏎ 被盗物品: 电瓶4只 ⏎ 时间: 2017年6月底
             (suspect, victim, value, stolen goods, time; one type a line)

Of one type there is one text, with ``、`` between its entities, as published. The official scorer takes what
stands behind ``类型:`` up to the line's end or a space, so that types set apart by ``;`` run into each other;
golds, one type a line, score 1. GPT-4's recorded answers come to the published 0.76596, Qwen-7B-chat's to 0.37882.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, MeanOfRows, Status, missing
from anytasktune.metrics.reading import is_blank
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_law import lawbench
from anytasktune_tasks import card_path

TASK = "2-6"
TYPES: Final = (
    "犯罪嫌疑人",
    "受害人",
    "被盗货币",
    "物品价值",
    "盗窃获利",
    "被盗物品",
    "作案工具",
    "时间",
    "地点",
    "组织机构",
)
_TEXT: Final = re.compile(r"\s*([^\n ]*)")


def build(_request: DataRequest) -> Iterator[Example]:
    """All 500 sentences; ids are ``2-6:<row>``. Eleven have no entity."""
    for asked in lawbench.questions(TASK):
        pairs = [part.split(":") for part in asked.answer.split(";") if part]
        yield lawbench.example(asked, [f"{kind}: {text}" for kind, text in pairs])


class EntityF1(MeanOfRows):
    """Mean over rows of the F1 over entity types, a type being right as far as its characters are: LawBench's rule.

    A type that the answer and the gold both have counts the F1 of their characters (letters and digits, lower
    case, as multisets); precision divides by the answer's types, recall by the gold's. A type written twice
    counts as written last; ``无`` and ``未提及`` are no entity. Empty meets empty is right, and otherwise an answer
    without a type is unreadable.
    """

    name = "entity F1 by characters"

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The F1 of one answer."""
        if answer is None:
            return missing(example)
        gold = dict(_type_and_text(target) for target in example.targets)
        found = entities_of(answer)
        if not found and gold:
            status: Status = "empty" if is_blank(answer) else "unreadable"
            return Grade(score=0.0, status=status, gold=example.targets)
        hits = sum(character_f1(found[kind], gold[kind]) for kind in found.keys() & gold.keys())
        score = 2 * hits / (len(found) + len(gold)) if found else 1.0
        read = tuple(f"{kind}: {found[kind]}" for kind in TYPES if kind in found)
        return Grade(score=score, status="read", read=read, gold=example.targets)


def entities_of(answer: str) -> dict[str, str]:
    """The text of each type that an answer names; the last two characters of an answer begin nothing.

    Types may overlap: ``被盗物品价值：`` names 物品价值.
    """
    found: dict[str, str] = {}
    for kind in TYPES:
        for match in re.finditer(kind, answer):
            end = match.end()
            if end < len(answer) - 2 and answer[end] in ":：":
                text = _TEXT.match(answer, end + 1)
                if text and text[1].strip() not in ("无", "未提及"):
                    found[kind] = text[1].strip()
    return found


def character_f1(one: str, other: str) -> float:
    """F1 of the letters and digits of two texts, lower case; 1 when neither has any."""
    ours, theirs = _characters(one), _characters(other)
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 1.0


def _characters(text: str) -> Counter[str]:
    return Counter(character for character in text.lower() if character.isdigit() or character.isalpha())


def _type_and_text(target: str) -> tuple[str, str]:
    kind, _, text = target.partition(": ")
    return kind, text


SUBTASK = SubTask(
    id="law/crime-entities",
    yaml=card_path("law/crime_entities"),
    build=build,
    metric=EntityF1(),
    recipe=EXTRACT,
    recorded=lawbench.recorded_answers(TASK),
)
