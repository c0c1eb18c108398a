"""Small sub-tasks of every kind, in memory or as a single-file plugin with its YAML beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from anytasktune.examples import Example, Kind, Split
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.grading import Metric
from anytasktune.metrics.label_sets import SetF1
from anytasktune.metrics.numbers import NumericMatch
from anytasktune.metrics.spans import SpanF1
from anytasktune.metrics.texts import RougeL
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask

PROMPTS = {
    "en": {"instruction": "Answer with one of: {{ labels | join(', ') }}.", "question": "{{ input }}\nAnswer:"},
    "zh": {"instruction": "只回答其中一个：{{ labels | join('、') }}。", "question": "{{ input }}\n答案："},
}
LABELS = [{"id": "billing", "zh": "账单"}, {"id": "refund", "zh": "退款"}]
METRICS: dict[Kind, Metric] = {
    "choice": Accuracy({"账单": "billing", "退款": "refund"}),
    "labels": SetF1({"账单": "billing", "退款": "refund"}),
    "extract": SpanF1(),
    "text": RougeL(),
    "number": NumericMatch(),
}
TARGETS: dict[Kind, list[tuple[str, ...]]] = {
    "choice": [("billing",), ("refund",)],
    "labels": [("billing", "refund"), (), ("refund",)],
    "extract": [("person: Ann Lee", "place: 北京"), (), ("place: Rome",)],
    "text": [("It was paid twice.",), ("钱付了两次。", "付了两次。"), ("[1]",)],
    "number": [("007",), ("-3.5",), ("1e3",)],
}
"""Right answers by kind; the rows take them in turn."""


def metadata(kind: Kind, **changes: Any) -> dict[str, Any]:
    """A card's metadata; ``changes`` replace or add keys."""
    return {
        "id": f"demo/{kind}",
        "version": 1,
        "title": f"A made sub-task of kind {kind}",
        "kind": kind,
        "languages": ["en", "zh"],
        "prompt_language": "en",
        "prompts": PROMPTS,
        "labels": LABELS if kind in ("choice", "labels") else [],
        "shots": 2,
        "licence": "CC0",
        "source": {"citation": "written for this test", "authored": True},
        "wrong_answer_costs": "nothing",
        **changes,
    }


def yaml_text(card: dict[str, Any], *, until: Sequence[str] = ("\n",), max_gen_toks: int = 8) -> str:
    """The YAML of a sub-task, with every key that stock lm-eval needs."""
    plain = {
        "task": card["id"].replace("/", "_").replace("-", "_"),
        "output_type": "generate_until",
        "training_split": "train",
        "validation_split": "validation",
        "test_split": "test",
        "fewshot_split": "fewshot",
        "fewshot_config": {"sampler": "first_n"},
        "description": "instruction",
        "doc_to_text": "question",
        "doc_to_target": "answer",
        "target_delimiter": "" if card["prompt_language"] == "zh" else " ",
        "fewshot_delimiter": "\n\n",
        "generation_kwargs": {"until": list(until), "max_gen_toks": max_gen_toks, "do_sample": False},
        "metadata": card,
    }
    functions = (
        "custom_dataset: !function anytasktune.lm_eval_tasks.dataset\n"
        "process_results: !function anytasktune.lm_eval_tasks.process_results\n"
        "metric_list:\n"
        "  - metric: score\n"
        "    aggregation: !function anytasktune.lm_eval_tasks.aggregate\n"
        "    higher_is_better: true\n"
    )
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False) + functions


def rows(kind: Kind, *, train: int = 6, validation: int = 2, test: int = 4) -> list[Example]:
    """Rows in two languages whose answers take ``TARGETS`` in turn."""
    made: list[Example] = []
    counts: list[tuple[Split, int]] = [("train", train), ("validation", validation), ("test", test)]
    for split, count in counts:
        for number in range(count):
            english = number % 2 == 0
            words = (
                "kettle lamp train river stone cloud violin paper".split(),
                "水壶 电灯 火车 河流 石头 云彩 提琴 纸张".split(),
            )
            things = " ".join(words[not english][(number * 3 + step + len(split)) % 8] for step in range(5))
            made.append(
                Example(
                    id=f"{split}:{number}",
                    input=f"{things} {split} {number}" if english else f"{things}，{split}，第{number}条",
                    targets=TARGETS[kind][number % len(TARGETS[kind])],
                    split=split,
                    language="en" if english else "zh",
                )
            )
    return made


def subtask(folder: Path, kind: Kind, examples: Sequence[Example] | None = None, **changes: Any) -> SubTask:
    """A sub-task in memory, its YAML in ``folder``; ``changes`` are keys of its card."""
    limits = {key: changes.pop(key) for key in ("until", "max_gen_toks") if key in changes}
    card = metadata(kind, **changes)
    path = folder / f"{kind}-{len(list(folder.iterdir()))}.yaml"
    path.write_text(yaml_text(card, **limits), encoding="utf-8")
    kept = rows(kind) if examples is None else list(examples)
    return SubTask(id=card["id"], yaml=path, build=lambda _: iter(kept), metric=METRICS[kind], recipe=CHOICE)


PLUGIN = """
import json
from pathlib import Path

from anytasktune.examples import Example
from anytasktune.hookspecs import hookimpl
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.label_sets import SetF1
from anytasktune.metrics.numbers import NumericMatch
from anytasktune.metrics.spans import SpanF1
from anytasktune.metrics.texts import RougeL
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask

HERE = Path(__file__)


def build(request):
    for line in HERE.with_suffix(".jsonl").read_text(encoding="utf-8").split("\\n"):
        if line:
            row = json.loads(line)
            yield Example(**{**row, "targets": tuple(row["targets"])})


SUBTASK = SubTask(id=%(id)r, yaml=HERE.with_suffix(".yaml"), build=build, metric=%(metric)s, recipe=CHOICE)


@hookimpl
def register_subtasks():
    return [SUBTASK]
"""
METRIC_SOURCE: dict[Kind, str] = {
    "labels": 'SetF1({"账单": "billing", "退款": "refund"})',
    "extract": "SpanF1()",
    "text": "RougeL()",
    "number": "NumericMatch()",
}


def plugin(
    folder: Path, kind: Kind, examples: Sequence[Example] | None = None, *, more: str = "", **changes: Any
) -> Path:
    """A single-file plugin with YAML and rows beside it; ``more`` is appended to its source. Returns the file."""
    card = metadata(kind, **changes)
    names = {label.get("zh", label["id"]): label["id"] for label in card["labels"]}
    metric = METRIC_SOURCE.get(kind, f"Accuracy({names!r})")
    path = folder / f"{kind}_plugin.py"
    path.write_text(PLUGIN % {"id": card["id"], "metric": metric} + more, encoding="utf-8")
    path.with_suffix(".yaml").write_text(yaml_text(card), encoding="utf-8")
    fields = ("id", "input", "targets", "split", "group", "language")
    kept = rows(kind) if examples is None else examples
    lines = [json.dumps({name: getattr(row, name) for name in fields}) for row in kept]
    path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
