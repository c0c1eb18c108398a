"""Our sub-tasks as tasks of lm-eval: the functions that their YAML names, and the configurations of ours.

A sub-task is several lm-eval tasks, one a protocol; their names are ``<slug>_<language>_<generate|likelihood>``, and
``<slug>`` itself is the YAML as it stands. Stock ``lm_eval --include_path`` runs the same functions.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytasktune.card import read_yaml
from anytasktune.errors import PluginError, UsageError, did_you_mean
from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade, missing
from anytasktune.prompts import AskedAs, Document, Rendered, document, showable, target_delimiter
from anytasktune.subtask import SubTask

if TYPE_CHECKING:
    from datasets import DatasetDict
    from lm_eval.api.task import ConfigurableTask

    from anytasktune.plugins import Registry

Answer = str | tuple[float, bool] | None
"""What lm-eval hands back for a request: generated text, a log-probability with its greedy flag, or nothing."""


@lru_cache(maxsize=1)
def _registry() -> Registry:
    from anytasktune import plugins

    return plugins.load()


def _registered(id: str) -> SubTask:
    tasks = _registry().subtasks
    if id not in tasks:
        raise UsageError(f"No sub-task is called {id!r}.", fix=did_you_mean(id, tasks))
    return tasks[id]


def dataset(**metadata: Any) -> DatasetDict:
    """For the YAML's ``custom_dataset``: all splits as documents, and the few-shot order as split ``fewshot``.

    lm-eval passes the card; ``language`` (also by ``--metadata``) chooses the prompt's language.

    Raises:
        UsageError: no plugin registers the card's id.
    """
    from datasets import Dataset, DatasetDict

    from anytasktune import splits

    task = _registered(str(metadata["id"]))
    language = str(metadata.get("language") or task.card.prompt_language)
    data = splits.build(task, DataRequest(variant=str(metadata.get("variant", ""))))
    parts: dict[str, Sequence[Example]] = {**dict(data.splits.items()), "fewshot": showable(data.fewshot)}
    return DatasetDict(
        {
            name: Dataset.from_list([dict(document(task.id, task.card, example, language)) for example in rows])
            for name, rows in parts.items()
            if rows or name == "fewshot"  # lm-eval looks for it even where no example is shown
        }
    )


def answer_of(row: Mapping[str, Any], results: Sequence[Answer]) -> str | None:
    """The model's answer to one document: the generated text, or the likeliest choice (the first one on a tie)."""
    if row["choices"] and len(results) == len(row["choices"]) and isinstance(results[0], tuple):
        likelihoods = [result[0] for result in results if isinstance(result, tuple)]
        return str(row["choices"][likelihoods.index(max(likelihoods))])
    first = results[0] if results else None
    return first if isinstance(first, str) else None


def process_results(row: Mapping[str, Any], results: Sequence[Answer]) -> dict[str, Any]:
    """For the YAML's ``process_results``: the row's grade by the sub-task's own metric."""
    task = _registered(str(row["task"]))
    example = _examples(task.id)[str(row["id"])]
    answer = answer_of(row, results)
    grade = missing(example) if answer is None else task.metric.grade(example, answer)
    return {"score": {"task": task.id, "grade": asdict(grade)}}


@lru_cache(maxsize=8)
def _examples(id: str) -> dict[str, Example]:
    from anytasktune import splits

    task = _registered(id)
    found: dict[str, Example] = {}
    for variant in ("", *task.card.variants):
        found |= {example.id: example for example in splits.build(task, DataRequest(variant=variant)).all}
    return found


def aggregate(items: Sequence[Mapping[str, Any]]) -> float:
    """For the YAML's ``aggregation``: the sub-task's primary score over rows."""
    task = _registered(str(items[0]["task"]))
    grades = [Grade(**item["grade"]) for item in items]
    return float(task.metric.summarise(grades)[task.metric.name])


def task_name(task: SubTask, asked: AskedAs) -> str:
    """The lm-eval name of one protocol; without a slash, which would lose the samples."""
    return f"{task.slug}_{asked.language}_{'likelihood' if asked.method == 'likelihood' else 'generate'}"


def stock_config(task: SubTask, language: str, likelihood: bool) -> dict[str, Any]:
    """The YAML of one protocol as plain data, ``!function`` values as text.

    Raises:
        PluginError: the YAML lacks a key that lm-eval needs.
    """
    config = dict(read_yaml(task.yaml))
    lacking = [key for key in ("custom_dataset", "doc_to_text", "process_results", "metric_list") if key not in config]
    if lacking:
        raise PluginError(f"The YAML of {task.id} lacks {', '.join(lacking)}.", where=str(task.yaml))
    config["task"] = f"{task.slug}_{language}_{'likelihood' if likelihood else 'generate'}"
    config["target_delimiter"] = target_delimiter(language)
    config["metadata"] = {**config["metadata"], "language": language}
    if likelihood:
        config["output_type"] = "multiple_choice"
        config["doc_to_choice"] = "choices"
        config.pop("generation_kwargs", None)
    return config


def stock_names(task: SubTask) -> list[tuple[str, str, bool]]:
    """``(name, language, likelihood)`` of every protocol of a sub-task."""
    methods = (False, True) if task.card.kind == "choice" else (False,)
    return [
        (f"{task.slug}_{language}_{'likelihood' if likelihood else 'generate'}", language, likelihood)
        for language in task.card.prompts
        for likelihood in methods
    ]


def write_stock_yaml(task: SubTask, folder: Path) -> list[Path]:
    """One YAML a protocol for stock ``lm_eval --include_path folder``; returns the files."""
    import yaml

    from anytasktune.records import write_whole

    written = []
    for name, language, likelihood in stock_names(task):
        config = stock_config(task, language, likelihood)
        functions = {"custom_dataset": config.pop("custom_dataset"), "process_results": config.pop("process_results")}
        metrics = config.pop("metric_list")
        text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
        text += "".join(f"{key}: !function {value}\n" for key, value in functions.items())
        text += "metric_list:\n" + "".join(
            f"  - metric: {m['metric']}\n    aggregation: !function {m['aggregation']}\n    higher_is_better: true\n"
            for m in metrics
        )
        path = folder / f"{name}.yaml"
        write_whole(path, text.encode())
        written.append(path)
    return written


def configured(task: SubTask, rendered: Rendered, asked: AskedAs, examples: Mapping[str, Example]) -> ConfigurableTask:
    """One protocol as an lm-eval task over documents that were rendered for the model at hand."""
    from datasets import Dataset, DatasetDict
    from lm_eval.tasks import TaskManager

    parts: dict[str, list[Document]] = {"rows": rendered.documents}
    if rendered.shots:
        parts["fewshot"] = rendered.shots
    data = DatasetDict({name: Dataset.from_list([dict(d) for d in rows]) for name, rows in parts.items()})

    def graded(row: Mapping[str, Any], results: Sequence[Answer]) -> dict[str, Any]:
        answer = answer_of(row, results)
        example = examples[str(row["id"])]
        return {"score": missing(example) if answer is None else task.metric.grade(example, answer), "answer": answer}

    likelihood = asked.method == "likelihood"
    config: dict[str, Any] = {
        "task": task_name(task, asked),
        "custom_dataset": lambda **_: data,
        "output_type": "multiple_choice" if likelihood else "generate_until",
        "test_split": "rows",
        "fewshot_split": "fewshot" if rendered.shots else None,
        "fewshot_config": {"sampler": "first_n"},
        "num_fewshot": len(rendered.shots),
        "description": "instruction",
        "doc_to_text": "question",
        "doc_to_target": "answer",
        "target_delimiter": target_delimiter(asked.language),
        "fewshot_delimiter": "\n\n",
        "process_results": graded,
        "metric_list": [
            {"metric": "score", "aggregation": _last_of, "higher_is_better": True},
            {"metric": "answer", "aggregation": _last_of, "higher_is_better": True},
        ],
    }
    if likelihood:
        config["doc_to_choice"] = "choices"
    else:
        config["generation_kwargs"] = {
            "until": list(task.card.until),
            "max_gen_toks": task.card.max_new_tokens,
            "do_sample": False,
        }
    with quiet():
        loaded = TaskManager(include_defaults=False).load([config])
    (configured_task,) = loaded["tasks"].values()
    return configured_task


def _last_of(items: Sequence[object]) -> float:
    """lm-eval wants a number over all rows; ours is computed from the grades themselves."""
    return float(len(items))


class quiet:  # noqa: N801  # used as `with quiet():`
    """Hold back lm-eval's and datasets' own log lines and progress bars while they work for us."""

    def __enter__(self) -> None:
        import datasets

        self._levels = {name: logging.getLogger(name).level for name in ("lm_eval", "datasets")}
        for name in self._levels:
            logging.getLogger(name).setLevel(logging.ERROR)
        self._bars = datasets.utils.logging.is_progress_bar_enabled()
        datasets.disable_progress_bars()

    def __exit__(self, *_: object) -> None:
        import datasets

        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        if self._bars:
            datasets.enable_progress_bars()
