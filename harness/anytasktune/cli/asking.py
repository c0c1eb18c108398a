"""Asking one model on sub-tasks: what ``evaluate`` and ``record`` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anytasktune.errors import UsageError
from anytasktune.evaluation import Evaluation
from anytasktune.examples import Split
from anytasktune.prompts import AskedAs
from anytasktune.records import RunRecord
from anytasktune.runs import Workshop
from anytasktune.subtask import SubTask

DEFAULT_MODEL = "smollm2-135m"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who is asked, how, and on which rows."""

    model: str | None
    adapter: Path | None
    shots: int
    method: str
    split: Split | Literal["all"]
    variant: str


def evaluate_tasks(workshop: Workshop, tasks: Sequence[SubTask], asking: Asking) -> list[tuple[Path, RunRecord]]:
    """Evaluate on each sub-task; returns run folders and records.

    Raises:
        UsageError: the method is unknown, or does not fit model or sub-task.
    """
    spec, tuned_language = asking.model or DEFAULT_MODEL, None
    if asking.adapter is not None:
        from anytasktune.models.causal import place_of

        place, tuned_language = place_of(asking.model, asking.adapter)
        spec = asking.model or place.spec
    if asking.method not in ("generate", "likelihood"):
        raise UsageError(f"There is no method {asking.method!r}.", fix="generate or likelihood")
    runs = []
    for task in tasks:
        data = workshop.data(task, asking.variant)
        language = workshop.settings.language or tuned_language or task.card.prompt_language
        model = workshop.open(spec, task, data, asking.adapter, language)
        direct = model.methods == ("direct",)
        asked = AskedAs(
            method="direct" if direct else asking.method,  # type: ignore[arg-type]  # one of the two
            shots=0 if direct else asking.shots,
            language=language,
        )
        tuning = None
        if asking.adapter is not None:
            from anytasktune.tuning import tuning_record

            tuning = tuning_record(asking.adapter)
        job = Evaluation(
            task=task,
            data=data,
            split=asking.split,
            model=model,
            asked=asked,
            root=workshop.settings.root / "results",
            limit=workshop.settings.limit,
            seed=workshop.settings.seed,
            tuning=tuning,
        )
        runs.append(workshop.evaluate(job))
    return runs
