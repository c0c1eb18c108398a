"""What may be evaluated: no row is shown its own answer, no adapter is scored on rows that it was tuned on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anytasktune import plugins, splits
from anytasktune.errors import AdapterError, UsageError
from anytasktune.evaluation import Evaluation, evaluate
from anytasktune.examples import DataRequest
from anytasktune.prompts import AskedAs
from anytasktune.recipes import Recipe
from anytasktune.records import read_record, write_whole
from anytasktune.runs import Settings, Workshop, plan
from anytasktune.suite import Suite
from anytasktune.training.adapter import FORMAT, INFO, AdapterInfo
from anytasktune.training.adapter import Evaluation as Measured


def adapter_of(folder: Path, **identity: str) -> Path:
    """A folder that says of itself what an adapter says; it has no weights."""
    import json

    info = AdapterInfo(
        identity={"base": "x", **identity},
        recipe=Recipe().as_dict(),
        recipe_hash=Recipe().hash(),
        seed=0,
        steps=1,
        best_step=1,
        evaluations=(Measured(1, 0.5),),
        losses=(0.5,),
        examples=1,
        tokens=1,
        answer_tokens=1,
        seconds=1.0,
        shortened={},
        adapted_modules=1,
        trainable_parameters=1,
        versions={},
    )
    write_whole(folder / INFO, json.dumps({"format": FORMAT, **asdict(info)}).encode())
    return folder


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(registry=plugins.load(), settings=Settings(root=tmp_path))


def test_an_adapter_is_not_scored_on_a_variant_whose_test_rows_it_was_tuned_on(
    workshop: Workshop, tmp_path: Path, mirror: Path
) -> None:
    (task,) = workshop.registry.select(["finance/fomc-stance"])
    tuned_on = workshop.data(task)
    folder = adapter_of(tmp_path / "a", task=task.id, variant="", data_fingerprint=tuned_on.fingerprint)
    with pytest.raises(AdapterError, match=r"rows that the adapter was tuned on give away rows"):
        workshop.open("smollm2-135m", task, workshop.data(task, "seed-78516"), folder)


def test_an_adapter_of_data_that_are_gone_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    (task,) = workshop.registry.select(["consumer/ticket-routing"])
    folder = adapter_of(tmp_path / "a", task=task.id, variant="", data_fingerprint="0123456789abcdef")
    with pytest.raises(AdapterError, match=r"other data of consumer/ticket-routing"):
        workshop.open("smollm2-135m", task, workshop.data(task), folder)


@pytest.mark.parametrize("split", ["train", "all"])
def test_few_shot_on_rows_that_the_shots_come_from_is_refused(tmp_path: Path, split: Any) -> None:
    (task,) = plugins.load().select(["consumer/ticket-routing"])
    model = SimpleNamespace(record=SimpleNamespace(label="x"), methods=("generate",), form=None)
    job = Evaluation(
        task=task,
        data=splits.build(task, DataRequest()),
        split=split,
        model=model,  # type: ignore[arg-type]  # it is refused before the model is asked anything
        asked=AskedAs(method="generate", shots=2, language="en"),
        root=tmp_path,
    )
    with pytest.raises(UsageError, match="shown its own answer"):
        evaluate(job)


def test_a_suite_leaves_a_model_out_where_it_cannot_answer(workshop: Workshop) -> None:
    suite = Suite(
        name="x",
        tasks=["consumer/ticket-routing", "law/charge-prediction"],  # type: ignore[list-item]  # the short form
        models=["majority", "tfidf-logreg", "tfidf-ovr", "recorded:GPT-4"],  # type: ignore[list-item]
    )
    assert [(job.task_id, job.entry.model) for job in plan(suite, workshop.registry)] == [
        ("consumer/ticket-routing", "majority"),
        ("consumer/ticket-routing", "tfidf-logreg"),
        ("law/charge-prediction", "majority"),
        ("law/charge-prediction", "tfidf-ovr"),
        ("law/charge-prediction", "recorded:GPT-4"),
    ]


def test_a_run_that_is_there_is_not_made_again(workshop: Workshop) -> None:
    suite = Suite(name="x", tasks=["consumer/ticket-routing"], models=["majority"])  # type: ignore[list-item]
    (job,) = plan(suite, workshop.registry)
    (first,) = workshop.job(job)
    record = read_record(first)
    (second,) = workshop.job(job)
    assert (second, read_record(second)) == (first, record)
    assert record.slices["language"]["en"].n + record.slices["language"]["zh"].n == record.score.n
