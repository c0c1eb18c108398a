"""Sample data for each kind, in English and Chinese; a new package holds them until an author replaces them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from anytasktune.examples import SPLITS, Kind
from anytasktune.scaffold import words
from anytasktune.scaffold.draft import Draft, NewLabel, Told, limits_of
from anytasktune.scaffold.names import Names
from anytasktune.scaffold.rows import Row


@dataclass(frozen=True, kw_only=True)
class _Sample:
    title: str
    told: dict[str, tuple[str, str]]
    costs: str
    labels: tuple[NewLabel, ...] = ()


_SAMPLES: Final[dict[Kind, _Sample]] = {
    "choice": _Sample(
        title="A museum visitor's message to the desk that answers it",
        told={
            "en": (
                'Which desk answers the visitor\'s message? Answer with exactly one of: {{ labels | join(", ") }}.',
                "{{ input }}\nDesk:",
            ),
            "zh": (
                '这条参观留言该由哪个服务台回答？只回答其中一个：{{ labels | join("、") }}。',
                "{{ input }}\n服务台：",
            ),
        },
        costs="A visitor at the wrong desk is sent on and waits again.",
        labels=(
            NewLabel(id="admission", zh="票务"),
            NewLabel(id="hours", zh="开放安排"),
            NewLabel(id="access", zh="无障碍"),
            NewLabel(id="lost-property", zh="失物招领"),
        ),
    ),
    "labels": _Sample(
        title="A tenant's note to the trades that have to come",
        told={
            "en": (
                'Which trades have to come: {{ labels | join(", ") }}? Separate several with a semicolon; '
                "answer none if nobody has to.",
                "{{ input }}\nTrades:",
            ),
            "zh": (
                '需要请哪些师傅上门：{{ labels | join("、") }}？多个用分号隔开，都不需要就回答“无”。',
                "{{ input }}\n师傅：",
            ),
        },
        costs="A trade too few means a second visit, one too many a bill for nothing.",
        labels=(
            NewLabel(id="plumber", zh="水管工"),
            NewLabel(id="electrician", zh="电工"),
            NewLabel(id="carpenter", zh="木工"),
            NewLabel(id="painter", zh="油漆工"),
        ),
    ),
    "extract": _Sample(
        title="A message about a meeting to its people, places and times",
        told={
            "en": (
                'Find every {{ labels | join(", ") }} in the message. Write each as type: words of the message, '
                "separated by a semicolon; answer none if there is nothing.",
                "{{ input }}\nFound:",
            ),
            "zh": (
                "找出留言中的人物（person）、地点（place）和时间（time）。每一个写成“类型: 原文”，类型用英文，"
                "用分号隔开，没有就回答“无”。",
                "{{ input }}\n找到：",
            ),
        },
        costs="A place or a time that is missed or misread, and somebody waits in vain.",
        labels=(NewLabel(id="person"), NewLabel(id="place"), NewLabel(id="time")),
    ),
    "text": _Sample(
        title="A long-winded request to its subject line",
        told={
            "en": ("Write the subject line of the message: what it is about, in a few words.", "{{ input }}\nSubject:"),
            "zh": ("给这条留言拟一个标题，用几个词说清是什么事。", "{{ input }}\n标题："),
        },
        costs="A subject line that misses the point sends the request to the wrong person.",
    ),
    "number": _Sample(
        title="A small word problem to its number",
        told={
            "en": ("Work out the answer. Give only the numeral, without a unit.", "{{ input }}\nNumber:"),
            "zh": ("算出答案。只回答数字，不带单位。", "{{ input }}\n数值："),
        },
        costs="A wrong number is wrong, however near.",
    ),
}


def sample_draft(names: Names, kind: Kind) -> Draft:
    """A sub-task of a kind with its sample data."""
    sample = _SAMPLES[kind]
    rows = _rows(kind)
    separator = words.separator_for(kind, [target for row in rows for target in row.targets])
    until, max_gen_toks, shots = limits_of(kind, rows, sample.labels, separator)
    return Draft(
        names=names,
        kind=kind,
        title=sample.title,
        languages=("en", "zh"),
        prompts={language: Told(instruction=told[0], question=told[1]) for language, told in sample.told.items()},
        labels=sample.labels,
        separator=separator,
        until=until,
        max_gen_toks=max_gen_toks,
        shots=shots,
        rows=rows,
        citation="Sample rows that `anytasktune new` writes, to be replaced by your own.",
        authored=True,
        costs=sample.costs,
    )


def _rows(kind: Kind) -> list[Row]:
    folder = files("anytasktune.scaffold") / "samples" / kind
    rows = []
    for split in SPLITS:
        lines = (folder / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
        for number, row in enumerate(map(json.loads, filter(None, lines))):
            target = row["target"]
            targets = tuple(target) if isinstance(target, list) else (target,)
            rows.append(
                Row(
                    place=f"{split}:{number}",
                    input=row["input"],
                    targets=targets,
                    split=split,
                    language=row["language"],
                )
            )
    return rows
