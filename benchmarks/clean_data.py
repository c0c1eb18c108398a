"""Four public data sets of different kinds, a few hundred rows of each, as sub-tasks that faults are planted into.

The rows are the first ones of each file (banking77: of each of twelve intents), not chosen for being clean. Rows that
were published without a split get one by their place: six in ten train, one validation, three test.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from anytasktune.authoring import CHOICE, EXTRACT, NUMBER, TEXT, Metric, PinnedFile, Recipe, SubTask, metric
from anytasktune.examples import SPLITS, Example, Kind, Split
from anytasktune.tables import column, read_rows, read_text

INTENTS: Final = {
    "card_arrival": "卡片到达",
    "card_delivery_estimate": "卡片送达时间",
    "lost_or_stolen_card": "卡片丢失或被盗",
    "card_swallowed": "卡片被吞",
    "pending_transfer": "转账待处理",
    "failed_transfer": "转账失败",
    "transfer_timing": "转账所需时间",
    "exchange_rate": "汇率",
    "exchange_charge": "换汇手续费",
    "top_up_failed": "充值失败",
    "change_pin": "修改密码",
    "terminate_account": "注销账户",
}
"""Twelve of banking77's intents, among them some that people mix up, and their Chinese names."""

ENTITIES: Final = {
    "disease": "疾病",
    "symptom": "症状",
    "body": "部位",
    "drug": "药品",
    "treatment": "治疗",
    "test": "检查",
    "crowd": "人群",
    "time": "时间",
    "feature": "特征",
    "department": "科室",
    "physiology": "生理",
}


@dataclass(frozen=True, kw_only=True)
class CleanSet:
    """A data set before anything is planted.

    Args:
        name: as the table calls it.
        kind: of its answers.
        rows: every row with its split.
        card: the metadata of its YAML; ``until`` and ``max_gen_toks`` beside it.
        metric: the field's name of what it is scored by.
        recipe: how it would be tuned.
    """

    name: str
    kind: Kind
    rows: tuple[Example, ...]
    card: Mapping[str, Any]
    metric: str
    recipe: Recipe
    until: Sequence[str] = ("\n",)
    max_gen_toks: int = 32


def sub_task(
    data: CleanSet, rows: Sequence[Any], folder: Path, *, metric_: Metric | None = None, **changes: Any
) -> SubTask:
    """A sub-task whose builder yields ``rows``; its YAML is written into ``folder``.

    Args:
        data: the set that gives card, metric and recipe.
        rows: what the builder yields.
        folder: for the YAML.
        metric_: instead of the set's own.
        changes: keys of the card that replace the set's; ``until``, ``max_gen_toks`` and ``build`` too.
    """
    build = changes.pop("build", lambda _: iter(rows))
    path = folder / f"{data.name}.yaml"
    path.write_text(_yaml(data, changes), encoding="utf-8")
    return SubTask(
        id=data.card["id"],
        yaml=path,
        build=build,
        metric=metric_ or metric(data.metric, path),
        recipe=data.recipe,
    )


def _yaml(data: CleanSet, changes: dict[str, Any]) -> str:
    until, limit = changes.pop("until", data.until), changes.pop("max_gen_toks", data.max_gen_toks)
    card = {**data.card, **changes}
    whole = {
        "task": card["id"].replace("/", "_").replace("-", "_"),
        "generation_kwargs": {"until": list(until), "max_gen_toks": limit, "do_sample": False},
        "metadata": card,
    }
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


def card(name: str, kind: Kind, language: str, prompts: Mapping[str, tuple[str, str]], **more: Any) -> dict[str, Any]:
    """The metadata of a card for a set that others published."""
    return {
        "id": f"planted/{name}",
        "version": 1,
        "title": f"Rows of {name}",
        "kind": kind,
        "languages": [language],
        "prompt_language": language,
        "prompts": {key: {"instruction": told, "question": asked} for key, (told, asked) in prompts.items()},
        "shots": 3,
        "licence": "its publisher's",
        "source": {"citation": f"{name}, as published"},
        "wrong_answer_costs": "nothing: it is a benchmark of the checks",
        **more,
    }


def public_sets() -> list[CleanSet]:
    """All four, read from the mirror that ``ANYTASKTUNE_MIRROR`` names, the cache, or their public addresses."""
    return [banking77(), meqsum(), cmedqaner(), crime_amount()]


# --- choice, English -----


def banking77() -> CleanSet:
    """A bank's customer asks → one of twelve intents (Casanueva et al. 2020)."""
    counts: Counter[tuple[str, str]] = Counter()
    rows = []
    places: list[tuple[Split, Mapping[str, int]]] = [("train", {"train": 22, "validation": 5}), ("test", {"test": 12})]
    for file, shares in places:
        for number, (text, label) in enumerate(_banking(file)):
            if label not in INTENTS:
                continue
            split = next((split for split in shares if counts[label, split] < shares[split]), None)
            if split is not None:
                counts[label, split] += 1
                rows.append(
                    Example(id=f"{file}:{number}", input=text, targets=(label,), split=split, language="en")  # type: ignore[arg-type]
                )
    labels = [{"id": id, "en": id.replace("_", " "), "zh": zh} for id, zh in INTENTS.items()]
    prompts = {
        "en": (
            "Say what a bank's customer asks about, with one of: {{ labels | join(', ') }}.",
            "Message: {{ input }}\nTopic:",
        ),
        "zh": (
            "说出银行客户所问的主题，只回答其中之一：{{ labels | join('、') }}。",
            "留言：{{ input }}\n主题：",
        ),
    }
    words = card("banking77", "choice", "en", prompts, labels=labels)
    return CleanSet(name="banking77", kind="choice", rows=tuple(rows), card=words, metric="accuracy", recipe=CHOICE)


def _banking(file: str) -> Iterator[tuple[str, str]]:
    sha256 = {
        "train": "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
        "test": "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
    }
    pin = PinnedFile(
        owner="PolyAI-LDN",
        repo="task-specific-datasets",
        commit="57ec275d8078af65b7731c2a98be812d844a6d6b",
        path=f"banking_data/{file}.csv",
        sha256=sha256[file],
    )
    with pin.fetch().open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield row["text"].strip(), row["category"]


# --- text, English -----


def meqsum() -> CleanSet:
    """A patient's message → one short question (Ben Abacha & Demner-Fushman 2019)."""
    pin = PinnedFile(
        owner="abachaa",
        repo="MeQSum",
        commit="51e36cf65c12602333b6fdc3ae8ecf10430529f7",
        path="MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
        sha256="abedd939d5014306ca576522416bf69103e85dc8fcf1668a4099e8b84a39eeea",
    )
    table = read_rows(pin.fetch())
    pairs = list(zip(column(table, "CHQ"), column(table, "Summary"), strict=True))[:400]
    rows = [
        Example(id=f"meqsum:{number}", input=asked, targets=(short,), split=_by_place(number), language="en")
        for number, (asked, short) in enumerate(pairs)
    ]
    prompts = {
        "en": (
            "Rewrite the patient's message as one short medical question that keeps what is asked.",
            "{{ input }}\nShort question:",
        )
    }
    words = card("meqsum", "text", "en", prompts)
    return CleanSet(
        name="meqsum", kind="text", rows=tuple(rows), card=words, metric="rouge-l", recipe=TEXT, max_gen_toks=64
    )


def _by_place(number: int) -> Split:
    return "train" if number % 10 < 6 else "validation" if number % 10 == 6 else "test"


# --- extract, Chinese -----


def cmedqaner() -> CleanSet:
    """A Chinese medical question → the entities in it (ChineseBLUE, Zhang et al. 2020)."""
    wanted = {"train": 240, "validation": 60, "test": 120}
    rows = []
    for split in SPLITS:
        for number, tagged in enumerate(_tagged(split)[: wanted[split]]):
            found = tuple(dict.fromkeys(f"{kind}: {text}" for kind, text in _spans(tagged)))
            text = "".join(character for character, _ in tagged)
            rows.append(Example(id=f"{split}:{number}", input=text, targets=found, split=split, language="zh"))
    kinds = "、".join(f"{id}（{zh}）" for id, zh in ENTITIES.items())
    prompts = {
        "zh": (
            f"摘出下面文字中的医学实体，类型有：{kinds}。每行写一个“类型: 原文”，没有就写“无”。",
            "{{ input }}\n实体：",
        )
    }
    labels = [{"id": id} for id in ENTITIES]
    words = card("cmedqaner", "extract", "zh", prompts, labels=labels, separator="\n")
    return CleanSet(
        name="cmedqaner",
        kind="extract",
        rows=tuple(rows),
        card=words,
        metric="span-f1",
        recipe=EXTRACT.but(max_length=4608),
        until=("\n\n",),
        max_gen_toks=768,
    )


def _tagged(split: Split) -> list[list[tuple[str, str]]]:
    file, sha256 = {
        "train": ("train", "f8fb2385e00b91c6062b3ced1fef730c07f793d5a20ed2f3631f96b96e9fd2b2"),
        "validation": ("dev", "24edab3aa8b7d8c45e638ad4a2e0437c09cbf4ea14d429fc5a4387f2e907f9d6"),
        "test": ("test", "68975c9ce692c0d07fe7b2e17762191d2ca55048e6a23819b77de6f943109ffb"),
    }[split]
    pin = PinnedFile(
        owner="alibaba-research",
        repo="ChineseBLUE",
        commit="52eefc9d5cb1839348546c8a473c633d4d9d60a8",
        path=f"data/cMedQANER/{file}.txt",
        sha256=sha256,
    )
    text = read_text(pin.fetch(), encoding="utf-8").text.replace("\r\n", "\n")
    return [[(line[0], line[2:]) for line in block.split("\n")] for block in text.strip("\n").split("\n\n")]


def _spans(tagged: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    inside = ""
    for character, tag in tagged:
        mark, _, kind = tag.partition("_")
        if mark == "I" and kind == inside:
            found[-1] = (kind, found[-1][1] + character)
        elif mark in ("B", "I"):
            found.append((kind, character))
        inside = kind
    return found


# --- number, Chinese -----


def crime_amount() -> CleanSet:
    """A judgment's account of the crimes → the whole sum of money in it (LawBench 3-7, Fei et al. 2023)."""
    pin = PinnedFile(
        owner="open-compass",
        repo="LawBench",
        commit="e30981bb3ff54c41571f222e0b23e92d27375388",
        path="data/zero_shot/3-7.json",
        sha256="21502f2cf10dc00a657bd64e9fd9173ae483973dba81126f928e783aec53337c",
    )
    table = read_rows(pin.fetch())
    pairs = list(zip(column(table, "question"), column(table, "answer"), strict=True))[:200]
    rows = [
        Example(
            id=f"3-7:{number}",
            input=asked,
            targets=(sum_.removeprefix("上文涉及到的犯罪金额:").removesuffix("元。").removesuffix(".0"),),
            split=_by_place(number),
            language="zh",
        )
        for number, (asked, sum_) in enumerate(pairs)
    ]
    prompts = {
        "zh": ("算出文书所涉及的犯罪总金额（人民币元），只回答一个数字，例如：2000。", "{{ input | trim }}\n金额：")
    }
    words = card("crime-amount", "number", "zh", prompts)
    return CleanSet(
        name="crime-amount",
        kind="number",
        rows=tuple(rows),
        card=words,
        metric="numeric-match",
        recipe=NUMBER.but(max_length=4608),
        max_gen_toks=16,
    )


READERS: Final[tuple[Callable[[], CleanSet], ...]] = (banking77, meqsum, cmedqaner, crime_amount)
