"""One model on one sub-task under one protocol, through lm-eval's evaluator."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from anytasktune import lm_eval_tasks, prompts, scoring
from anytasktune.errors import UsageError
from anytasktune.examples import Example, Split
from anytasktune.metrics.grading import Grade
from anytasktune.models.kinds import Model, Notes
from anytasktune.prompts import AskedAs, Rendered
from anytasktune.records import (
    RECORD,
    Counts,
    ProtocolRecord,
    RunRecord,
    Sample,
    TaskRecord,
    TuningRecord,
    Usage,
    publishable,
    read_record,
    run_id,
    samples_bytes,
    slug,
    write_run,
)
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask

ANSWERS = "answers"
"""Folder, beside the folder of runs, of every answer that was ever given; see ``models.journal.journal_of``."""

Progress = Callable[[int, int, float], None]
"""Told ``(requests done, requests in all, tokens per second)``."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is to be answered by whom.

    Args:
        task, data, split: the rows; ``all`` is every published row.
        model: who answers.
        asked: the protocol.
        limit: only the first rows; the run is then marked and enters no published board.
        seed: of the bootstrap and of sampling.
        root: folder of runs; the run gets a folder of its own below it.
        tuning: how the model's adapter came about.
        chosen_on_validation: validation scores of the protocols that this one was chosen from.
    """

    task: SubTask
    data: DataSet
    split: Split | Literal["all"]
    model: Model
    asked: AskedAs
    root: Path
    limit: int | None = None
    seed: int = 0
    tuning: TuningRecord | None = None
    chosen_on_validation: Mapping[str, float] = field(default_factory=dict)

    @property
    def examples(self) -> Sequence[Example]:
        """The rows to be answered, in published order."""
        rows = self.data.all if self.split == "all" else self.data.splits[self.split]
        if not rows:
            raise UsageError(f"{self.task.id} has no rows in its {self.split} split.")
        return rows if self.limit is None else rows[: self.limit]

    @property
    def prompt_hash(self) -> str:
        """See ``prompts.prompt_hash``."""
        return prompts.prompt_hash(self.task.id, self.task.card, self.asked.language, self.model.form)


def evaluate(job: Evaluation, progress: Progress = lambda done, total, rate: None) -> Path:
    """Answer, grade and record; returns the run's folder. A run that is there already is not made again.

    Raises:
        UsageError: the model cannot be asked like that, or the split has no rows.
        PromptError: the prompt cannot be rendered, or does not fit.
        ModelError: the model cannot answer.
    """
    if job.asked.method not in job.model.methods:
        raise UsageError(
            f"{job.model.record.label} cannot be asked by {job.asked.method}.",
            fix=f"it can be asked by: {', '.join(job.model.methods)}",
        )
    if job.asked.method == "likelihood" and job.task.card.kind != "choice":
        raise UsageError(
            f"{job.task.id} has no closed set of labels to compare by likelihood.", fix="--method generate"
        )
    if job.asked.shots and job.split in ("train", "all"):
        raise UsageError(
            f"Few-shot examples are train rows, as are rows of {job.split}: a row would be shown its own answer.",
            fix="--shots 0, or --split test or validation",
        )
    rendered = prompts.render(job.task.id, job.task.card, job.examples, job.asked, job.data.fewshot, job.model.form)
    id = run_id(_identity(job, rendered))
    folder = _folder(job, id, len(rendered.shots))
    if (folder / RECORD).exists() and read_record(folder).run_id == id:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    started = monotonic()
    graded, hit_limit, notes = _answer(job, rendered, progress)
    usage = Usage(
        prompt_tokens=notes.prompt_tokens,
        answer_tokens=notes.answer_tokens,
        seconds=round(monotonic() - started, 3),
        reused=notes.reused,
        cost_usd=notes.cost_usd,
    )
    samples = _samples(job, rendered, graded, hit_limit)
    record = _record(job, rendered, samples, [grade for _, grade in graded], id, usage)
    write_run(folder, record, samples)
    return folder


def _identity(job: Evaluation, rendered: Rendered) -> dict[str, str]:
    """Everything that determines the answers; the run's id is its hash."""
    model, card = job.model.record, job.task.card
    shots = hashlib.sha256(repr([(s["question"], s["answer"]) for s in rendered.shots]).encode()).hexdigest()[:16]
    parts: dict[str, Any] = {
        "task": job.task.id,
        "version": card.version,
        "variant": job.data.variant,
        "data": job.data.fingerprint,
        "split": job.split,
        "limit": job.limit,
        "model": model.spec,
        "revision": model.revision,
        "adapter": model.adapter_hash,
        "method": job.asked.method,
        "language": job.asked.language,
        "prompt": job.prompt_hash,
        "shots": shots,
        "until": card.until,
        "max_new_tokens": card.max_new_tokens,
        "context": job.model.form.context_length if job.model.form else None,
        "dtype": job.model.engine().dtype,
    }
    return {name: str(value) for name, value in parts.items()}


def _folder(job: Evaluation, id: str, shots: int) -> Path:
    model = job.model.record
    who = slug(
        f"{model.label} {replace(job.asked, shots=shots).name}"
        + (f" seed {model.seed}" if model.seed is not None else "")
    )
    return job.root / job.task.slug / f"{who}.{job.split}.{id}"


def _answer(
    job: Evaluation, rendered: Rendered, progress: Progress
) -> tuple[list[tuple[str | None, Grade]], frozenset[str], Notes]:
    from lm_eval.evaluator import evaluate as lm_eval_evaluate

    from anytasktune.models.journal import journal_of, key_of

    examples = {example.id: example for example in job.examples}
    configured = lm_eval_tasks.configured(job.task, rendered, job.asked, examples)
    form = job.model.form
    who = f"{job.model.record.label} {replace(job.asked, shots=len(rendered.shots)).name}"
    with journal_of(job.model, job.root.parent / ANSWERS / job.task.slug, who) as journal, lm_eval_tasks.quiet():
        configured.set_fewshot_seed(job.seed)
        results = lm_eval_evaluate(
            job.model.answering(journal, progress),
            {"tasks": {configured.task_name: configured}},
            bootstrap_iters=0,
            log_samples=True,
            apply_chat_template=form is not None and form.has_chat_template,
            fewshot_as_multiturn=True,
        )
    rows = {row["doc"]["id"]: row for row in results["samples"][configured.task_name]}
    notes = job.model.notes()
    hit_limit = frozenset(
        id
        for id, row in rows.items()
        if job.asked.method == "generate" and key_of("generate_until", *row["arguments"][0]) in notes.cut_off
    )
    graded = [(rows[id]["answer"], rows[id]["score"]) for id in (example.id for example in job.examples)]
    return graded, hit_limit, notes


def _samples(
    job: Evaluation, rendered: Rendered, graded: Sequence[tuple[str | None, Grade]], hit_limit: frozenset[str]
) -> list[Sample]:
    return [
        Sample(
            id=example.id,
            content_hash=example.content_hash(),
            answer=answer,
            status=grade.status,
            score=grade.score,
            read=list(grade.read),
            skip=grade.skip,
            run_on=grade.run_on,
            shortened=example.id in rendered.shortened,
            hit_limit=example.id in hit_limit,
            slices=slices_of(example),
        )
        for example, (answer, grade) in zip(job.examples, graded, strict=True)
    ]


def slices_of(example: Example) -> dict[str, str]:
    """The slices that scores are broken down by: the row's own, and its language."""
    language = {"language": example.language} if example.language else {}
    return {**language, **example.slices}


def _record(
    job: Evaluation,
    rendered: Rendered,
    samples: Sequence[Sample],
    grades: Sequence[Grade],
    id: str,
    usage: Usage,
) -> RunRecord:
    clusters = [example.group or example.id for example in job.examples]
    scored = scoring.summarise(
        job.task.metric, grades, clusters=clusters, slices=[s.slices for s in samples], seed=job.seed
    )
    status = [grade.status for grade in grades]
    form = job.model.form
    return RunRecord(
        run_id=id,
        task=TaskRecord(
            id=job.task.id,
            version=job.task.card.version,
            variant=job.data.variant,
            split=job.split,
            data_fingerprint=job.data.fingerprint,
            rows=len(samples),
            limit=job.limit,
        ),
        model=job.model.record,
        protocol=ProtocolRecord(
            name=replace(job.asked, shots=len(rendered.shots)).name,
            method=job.asked.method,
            shots=len(rendered.shots),
            shots_asked=len(rendered.shots) + rendered.left_out,
            language=job.asked.language,
            chat_template=form is not None and form.has_chat_template,
            prompt_hash=job.prompt_hash,
            begin_token=str(getattr(form, "bos_source", "")),
            chosen_on_validation=dict(job.chosen_on_validation),
        ),
        metric=job.task.metric.name,
        score=scored.score,
        scores=dict(scored.scores),
        slices=scored.slices,
        counts=Counts(
            missing=status.count("missing"),
            empty=status.count("empty"),
            unreadable=status.count("unreadable"),
            skipped=sum(grade.skip for grade in grades),
            shortened=sum(sample.shortened for sample in samples),
            hit_limit=sum(sample.hit_limit for sample in samples),
            run_on=sum(grade.run_on for grade in grades),
        ),
        engine=job.model.engine(),
        usage=usage,
        tuning=job.tuning,
        seed=job.seed,
        commit=commit(),
        command=command(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        samples_sha256=hashlib.sha256(samples_bytes(samples)).hexdigest(),
    )


def command() -> str:
    """The command line that is running, as it may be shown: no secret, no folder and no host of one's own."""
    return shlex.join(["anytasktune", *(publishable(argument) for argument in sys.argv[1:])])


def commit() -> str:
    """The git commit of the checkout that this code runs from; empty for an installed wheel."""
    here = Path(__file__).resolve().parent
    if not (here.parents[1] / ".git").exists():
        return ""
    found = subprocess.run(["git", "-C", str(here), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip()
