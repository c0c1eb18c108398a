"""Answers outlive their run, and none ever passes from one model to another; the base comes back bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo_tasks import plugin, rows

from anytasktune import plugins
from anytasktune.errors import ModelError
from anytasktune.evaluation import ANSWERS, Evaluation
from anytasktune.models.causal import CausalModel
from anytasktune.models.shelf import weights_hash
from anytasktune.prompts import AskedAs
from anytasktune.records import RunRecord, read_samples
from anytasktune.runs import Settings, Workshop
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask

ASKED = AskedAs(method="generate", shots=0, language="en")
BRIEFLY = {"max_steps": 3, "batch_size": 2, "learning_rate": 5e-2, "evaluations": 1, "rank": 2}


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    file = plugin(tmp_path, "choice", rows("choice", train=6, validation=2, test=6))
    settings = Settings(root=tmp_path / "runs", device="cpu", dtype="float32")
    return Workshop(registry=plugins.load([file]), settings=settings)


def asked(workshop: Workshop, task: SubTask, data: DataSet, model: object, limit: int | None) -> tuple[Path, RunRecord]:
    assert isinstance(model, CausalModel)
    return workshop.evaluate(
        Evaluation(
            task=task,
            data=data,
            split="test",
            model=model,
            asked=ASKED,
            root=workshop.settings.root / "results",
            limit=limit,
        )
    )


@pytest.mark.slow
def test_base_and_adapter_share_weights_but_no_answer(workshop: Workshop, small_model_dir: Path) -> None:
    base = str(small_model_dir)
    (task,) = workshop.registry.select(["demo/choice"])
    data = workshop.data(task)
    adapter, _ = workshop.tune(task, data, base, recipe_changes=BRIEFLY, seed=0)

    opened = workshop.open(base, task, data)
    before = weights_hash(opened.loaded.model)  # type: ignore[attr-defined]
    some_folder, some = asked(workshop, task, data, opened, 2)
    assert some.usage.reused == 0

    tuned = workshop.open(base, task, data, adapter)
    assert weights_hash(tuned.loaded.model) != before  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="opened before another adapter"):
        asked(workshop, task, data, opened, 3)
    tuned_folder, of_adapter = asked(workshop, task, data, tuned, None)
    assert of_adapter.usage.reused == 0, "the adapter was given an answer of its base"
    assert [s.answer for s in read_samples(tuned_folder, of_adapter)][:2] != [
        s.answer for s in read_samples(some_folder, some)
    ], "three steps at this rate must change the words, or this test shows nothing"

    again = workshop.open(base, task, data)
    assert weights_hash(again.loaded.model) == before  # type: ignore[attr-defined]
    folder, whole = asked(workshop, task, data, again, None)
    assert whole.usage.reused == 2, "the two rows that were asked before are not asked again"
    assert read_samples(folder, whole)[:2] == read_samples(some_folder, some)
    assert whole.engine.name == some.engine.name

    files = sorted((workshop.settings.root / ANSWERS / task.slug).glob("*.jsonl"))
    headers = [json.loads(file.read_text(encoding="utf-8").splitlines()[0])["header"] for file in files]
    assert sorted(bool(header["adapter"]) for header in headers) == [False, True]
