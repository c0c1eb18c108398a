"""Runs as evaluation leaves them, without a model: real cards, data sets, metrics, scores and records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from anytasktune import splits
from anytasktune.examples import Example
from anytasktune.leaderboard import Board, DataKey, Run, make_board
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.grading import Metric
from anytasktune.recipes import CHOICE
from anytasktune.records import (
    EngineRecord,
    ModelRecord,
    ProtocolRecord,
    RunRecord,
    Sample,
    TaskRecord,
    TuningRecord,
    Usage,
    run_id,
    samples_bytes,
    write_run,
)
from anytasktune.scoring import counts_of, summarise
from anytasktune.splits import DataSet
from anytasktune.subtask import RecordedAnswers, SubTask

LABELS = ("ham", "spam")


def rows(count: int, *, groups: bool = False, slices: bool = False) -> list[Example]:
    """Test rows, every other one spam; ``groups``: three rows a group; ``slices``: two registers."""
    return [
        Example(
            id=f"demo:{n}",
            input=f"message {n}: {hashlib.sha256(str(n).encode()).hexdigest()}",
            targets=(LABELS[n % 2],),
            split="test",
            group=f"case {n // 3}" if groups else "",
            slices={"register": "chat" if n % 5 else "letter"} if slices else {},
        )
        for n in range(count)
    ]


def subtask(
    folder: Path,
    examples: Iterable[Example],
    *,
    metric: Metric | None = None,
    id: str = "demo/routing",
    version: int = 1,
    recorded: Mapping[str, RecordedAnswers] | None = None,
) -> SubTask:
    """A sub-task over these rows, its card written to ``folder``."""
    kept = list(examples)
    metadata = {
        "id": id,
        "version": version,
        "title": "A message to its queue",
        "kind": "choice",
        "languages": ["en"],
        "prompt_language": "en",
        "prompts": {"en": {"instruction": "Which queue?", "question": "{{ input }}\nQueue:"}},
        "labels": [{"id": label} for label in LABELS],
        "licence": "CC0",
        "source": {"citation": "written for this test"},
        "wrong_answer_costs": "nothing",
    }
    path = folder / f"{id.replace('/', '_')}-{version}.yaml"
    generation = {"until": ["\n"], "max_gen_toks": 8}
    path.write_text(yaml.safe_dump({"metadata": metadata, "generation_kwargs": generation}), encoding="utf-8")
    return SubTask(
        id=id,
        yaml=path,
        build=lambda _: iter(kept),
        metric=metric or Accuracy(LABELS),
        recipe=CHOICE,
        recorded=recorded or {},
    )


def right_on(examples: Sequence[Example], right: Iterable[int]) -> list[str | None]:
    """Answers that are right on these rows and wrong on all others."""
    chosen = set(right)
    return [
        example.targets[0] if n in chosen else LABELS[LABELS.index(example.targets[0]) - 1]
        for n, example in enumerate(examples)
    ]


def make_run(
    task: SubTask,
    data: DataSet,
    label: str,
    family: str,
    answers: Sequence[str | None],
    *,
    protocol: str = "zero-shot",
    created: str = "2026-01-01T00:00:00+00:00",
    seed: int | None = None,
    base: str = "",
    limit: int | None = None,
    withhold: bool = False,
    spec: str | None = None,
    command: str = "anytasktune evaluate",
) -> Run:
    """A run whose answers are given; ``protocol``: direct, zero-shot, few-shot or likelihood."""
    examples = data.splits["test"][:limit]
    grades = [task.metric.grade(example, answer) for example, answer in zip(examples, answers, strict=True)]
    samples = [
        Sample(
            id=example.id,
            content_hash=example.content_hash(),
            answer=None if withhold else answer,
            withheld=withhold,
            status=grade.status,
            score=grade.score,
            read=[] if withhold else list(grade.read),
            skip=grade.skip,
            run_on=grade.run_on,
            slices=dict(example.slices),
        )
        for example, answer, grade in zip(examples, answers, grades, strict=True)
    ]
    scored = summarise(
        task.metric,
        grades,
        clusters=[example.group or example.id for example in examples],
        slices=[sample.slices for sample in samples],
    )
    method = {"direct": "direct", "likelihood": "likelihood"}.get(protocol, "generate")
    identity = {"label": label, "spec": spec, "seed": seed, "protocol": protocol, "created": created}
    record = RunRecord(
        run_id=run_id({**identity, "task": task.id, "data": data.fingerprint, "limit": limit}),
        task=TaskRecord(
            id=task.id,
            version=data.version,
            variant="",
            split="test",
            data_fingerprint=data.fingerprint,
            rows=len(samples),
            limit=limit,
        ),
        model=ModelRecord(
            spec=spec or label,
            label=label,
            family=family,  # type: ignore[arg-type]  # checked by the record
            base=base,
            adapter_hash=f"adapter of seed {seed}" if family == "adapter" else "",
            seed=seed,
        ),
        protocol=ProtocolRecord(
            name=protocol,
            method=method,  # type: ignore[arg-type]  # checked by the record
            shots=8 if protocol == "few-shot" else 0,
            language="en",
            chat_template=True,
            prompt_hash="0123456789ab",
        ),
        metric=task.metric.name,
        score=scored.score,
        scores=scored.scores,
        slices=scored.slices,
        counts=counts_of(samples),
        engine=EngineRecord(name="made by hand", device="none", dtype="none"),
        usage=Usage(prompt_tokens=1000, answer_tokens=10, seconds=1.5),
        tuning=_tuning(seed or 0) if family == "adapter" else None,
        seed=0,
        command=command,
        created=created,
        samples_sha256=hashlib.sha256(samples_bytes(samples)).hexdigest(),
    )
    return Run(record=record, samples=samples, path=f"{label} {protocol} {seed}")


def _tuning(seed: int) -> TuningRecord:
    return TuningRecord(
        recipe={},
        seed=seed,
        train_rows=10,
        validation_rows=2,
        steps=3,
        best_step=2,
        best_validation_loss=0.5,
        seconds=90.0,
        tokens=400,
        adapter_bytes=4096,
    )


def usual_runs(task: SubTask, data: DataSet) -> list[Run]:
    """A run of every kind over 100 rows; the adapter leads with 0.85, its base has 0.60 at its best."""
    examples = data.splits["test"]
    base = {"spec": "smollm2-135m"}
    return [
        make_run(task, data, "majority", "classical", ["ham"] * 100, protocol="direct"),
        make_run(task, data, "tfidf-logreg", "classical", right_on(examples, range(70)), protocol="direct"),
        make_run(task, data, "SmolLM2-135M-Instruct", "base", right_on(examples, range(40)), **base),
        make_run(
            task,
            data,
            "SmolLM2-135M-Instruct",
            "base",
            right_on(examples, range(60)),
            protocol="few-shot",
            **base,
        ),
        make_run(
            task,
            data,
            "SmolLM2-135M-Instruct",
            "base",
            right_on(examples, range(55)),
            protocol="likelihood",
            **base,
        ),
        make_run(
            task,
            data,
            "SmolLM2-135M-Instruct-routing",
            "adapter",
            right_on(examples, range(5, 90)),
            seed=1,
            base="smollm2-135m",
        ),
        make_run(
            task,
            data,
            "GPT-4",
            "general",
            right_on(examples, range(20, 100)),
            protocol="direct",
            spec="recorded:GPT-4",
        ),
    ]


def board_of(task: SubTask, data: DataSet, runs: Sequence[Run], **options: Any) -> Board:
    """The board of runs on one data set."""
    key = DataKey(task.id, data.version, "", data.fingerprint)
    golds = {key: {example.id: example for example in data.all}}
    return make_board(runs, golds, {task.id: task.metric}, **options)


def write_all(folder: Path, runs: Iterable[Run]) -> list[Path]:
    """Each run in a folder of its own; returns them."""
    folders = []
    for run in runs:
        folders.append(folder / run.record.run_id)
        write_run(folders[-1], run.record, run.samples)
    return folders


def built(task: SubTask) -> DataSet:
    """The data set of a sub-task."""
    return splits.build(task)
