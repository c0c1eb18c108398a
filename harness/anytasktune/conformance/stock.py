"""Is the YAML a task of stock lm-eval that asks and scores as ours does?"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from anytasktune.card import read_yaml
from anytasktune.conformance.findings import Outcome, counted, failed, passed
from anytasktune.conformance.subject import Subject
from anytasktune.errors import did_you_mean
from anytasktune.prompts import FEWSHOT_DELIMITER, target_delimiter

_SAME_EVERYWHERE: Final[dict[str, Any]] = {
    "custom_dataset": "anytasktune.lm_eval_tasks.dataset",
    "process_results": "anytasktune.lm_eval_tasks.process_results",
    "output_type": "generate_until",
    "training_split": "train",
    "validation_split": "validation",
    "test_split": "test",
    "fewshot_split": "fewshot",
    "fewshot_config": {"sampler": "first_n"},
    "description": "instruction",
    "doc_to_text": "question",
    "doc_to_target": "answer",
    "fewshot_delimiter": FEWSHOT_DELIMITER,
    "metric_list": [
        {"metric": "score", "aggregation": "anytasktune.lm_eval_tasks.aggregate", "higher_is_better": True}
    ],
}
"""The keys that docs/card.md lists as the same in every card."""


def yaml_keys(subject: Subject) -> Outcome:
    """The top-level keys are lm-eval's, and say what every card says there."""
    from lm_eval.api.task import TaskConfig

    content = read_yaml(subject.task.yaml)
    known = {field.name for field in fields(TaskConfig)}
    faults = [f"{key}: lm-eval has no such key; {did_you_mean(key, known)}" for key in content if key not in known]
    wanted = {
        "task": subject.task.slug,
        "target_delimiter": target_delimiter(subject.card.prompt_language),
        **_SAME_EVERYWHERE,
    }
    for key, value in wanted.items():
        if key not in content:
            faults.append(f"{key}: is missing; it must be {value!r}")
        elif content[key] != value:
            faults.append(f"{key}: is {content[key]!r} and must be {value!r}")
    generation = content.get("generation_kwargs", {})
    if generation.get("do_sample") is not False:
        faults.append("generation_kwargs.do_sample: must be false, or the same row gets another answer each time")
    if faults:
        return failed(f"The YAML asks otherwise than anytasktune does ({counted(len(faults), 'key')}).", faults)
    return passed("the YAML's keys are lm-eval's and say what every card says")


def stock_lm_eval(subject: Subject) -> Outcome:
    """Stock lm-eval finds the plugin, loads the YAML, and scores two rows of every protocol."""
    from anytasktune.metrics.grading import bounds_of

    scores: dict[str, float] = subject.stock()["scores"]
    low, high = bounds_of(subject.task.metric)
    outside = [f"{name}: {score}" for name, score in scores.items() if not low <= score <= high]
    if outside:
        return failed("Stock lm-eval gives a score out of bounds.", outside)
    return passed(f"stock lm-eval loads the YAML and scores two rows as {' and '.join(scores)}")
