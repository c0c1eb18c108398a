"""From a sub-task and a recipe to an adapter folder: renders the texts, opens the base, calls the loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from anytasktune import prompts
from anytasktune.errors import TrainingError
from anytasktune.examples import Example, Split
from anytasktune.models.kinds import Say
from anytasktune.progress import TuningBar
from anytasktune.prompts import AskedAs, PromptFormat
from anytasktune.recipes import Recipe
from anytasktune.records import TuningRecord, slug
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask

if TYPE_CHECKING:
    from anytasktune.models.causal import Place
    from anytasktune.training.texts import TrainingText


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """One adapter that is wanted.

    Args:
        task, data: what it is tuned on; train for the weights, validation for the best step.
        base: the model's spec.
        recipe, seed: how.
        root: folder of adapters.
        language: of the prompt.
    """

    task: SubTask
    data: DataSet
    base: str
    recipe: Recipe
    seed: int
    root: Path
    language: str
    device: str = "auto"
    dtype: str = "auto"
    trust_remote_code: bool = False
    say: Say = field(default=lambda line: None)


def texts(job: Tuning, examples: Sequence[Example], form: PromptFormat) -> list[tuple[str, str, str]]:
    """``(id, context, answer)`` of each example; the context is the string that evaluation gives the model.

    Raises:
        PromptError: a prompt cannot be rendered, or its answer leaves no room for it.
    """
    asked = AskedAs(method="generate", shots=job.recipe.shots, language=job.language)
    card = job.task.card
    rendered = prompts.render(job.task.id, card, examples, asked, job.data.fewshot, form, room=job.recipe.max_length)
    if rendered.shortened:
        count = f"{len(rendered.shortened)} of {len(examples)}"
        job.say(f"{count} inputs lost their middle to fit {job.recipe.max_length} tokens")
    delimiter = "" if form.has_chat_template else prompts.target_delimiter(job.language)
    return [
        (
            d["id"],
            prompts.context(d, rendered.shots, form, prompts.target_delimiter(job.language)),
            delimiter + d["answer"],
        )
        for d in rendered.documents
    ]


def tune(job: Tuning, progress: TuningBar) -> tuple[Path, TuningRecord]:
    """Tune, or find what was tuned before; returns the adapter's folder and its record.

    Raises:
        TrainingError: no train or validation rows, or the loop cannot start or must stop.
    """
    from anytasktune.models.causal import locate
    from anytasktune.models.loading import load
    from anytasktune.models.tokens import Encoder
    from anytasktune.training.loop import TuningJob, TuningProgress
    from anytasktune.training.loop import tune as run_loop

    needed: tuple[Split, ...] = ("train", "validation")
    for split in needed:
        if not job.data.splits[split]:
            raise TrainingError(f"{job.task.id} has no {split} rows; tuning needs both train and validation.")
    place = locate(job.base, job.say)
    loaded = load(
        place.where,
        revision=place.revision or None,
        device=job.device,
        dtype=job.dtype,
        trust_remote_code=job.trust_remote_code,
    )
    form = Encoder(loaded.tokenizer, config=loaded.model.config)
    identity = _identity(job, place, loaded.revision, form)
    told_before: list[bool] = []

    def told(now: TuningProgress) -> None:
        if not told_before:  # known before the first step
            told_before.append(True)
            learnt = now.plan.train
            job.say(
                f"{len(learnt.rows)} train rows, {learnt.answer_tokens} answer tokens an epoch, "
                f"{learnt.end_tokens} of them end the answer"
            )
        progress(now.step, now.steps, now.loss, now.validation_loss, now.tokens_per_second)

    result = run_loop(
        TuningJob(
            model=loaded.model,
            encoder=form,
            train=_rows(job, "train", form),
            validation=_rows(job, "validation", form),
            recipe=job.recipe,
            seed=job.seed,
            folder=_folder(job, place, identity["prompt_hash"]),
            identity=identity,
            progress=told,
            scored_by="generation",
        )
    )
    return result.adapter, tuning_record(result.adapter)


def _rows(job: Tuning, split: Split, form: PromptFormat) -> list[TrainingText]:
    from anytasktune.training.texts import TrainingText

    shown = {example.id for example in job.data.fewshot[: job.recipe.shots]}  # a shot is not asked for its own answer
    examples = [example for example in job.data.splits[split] if example.id not in shown]
    return [TrainingText(id=id, context=context, answer=answer) for id, context, answer in texts(job, examples, form)]


def _identity(job: Tuning, place: Place, revision: str, form: PromptFormat) -> dict[str, str]:
    """What the adapter belongs to: base, prompt, data."""
    from anytasktune.training.adapter import PROMPT

    words = prompts.prompt_words(job.task.id, job.task.card, job.language, form)
    return {
        "task": job.task.id,
        "version": str(job.task.card.version),
        "variant": job.data.variant,
        "data_fingerprint": job.data.fingerprint,
        "base": place.public_name,
        "base_spec": place.spec,
        "base_label": place.label,
        "base_revision": revision,
        "base_licence": place.licence,
        "data_licence": job.task.card.licence,
        "prompt_hash": prompts.hash_of(words),
        PROMPT: words,
        "language": job.language,
        "train_rows": str(len(job.data.splits["train"])),
        "validation_rows": str(len(job.data.splits["validation"])),
    }


def _folder(job: Tuning, place: Place, hash: str) -> Path:
    name = f"{slug(place.label)}.{job.recipe.hash()}.{job.data.fingerprint[:8]}.{hash[:8]}.seed-{job.seed}"
    return job.root / job.task.slug / name


def tuning_record(adapter: Path) -> TuningRecord:
    """What an adapter folder says of how it came about.

    Raises:
        AdapterError: the folder is not an adapter of ours.
    """
    from anytasktune.training.adapter import read_adapter

    info = read_adapter(adapter)
    return TuningRecord(
        recipe=dict(info.recipe),
        seed=info.seed,
        train_rows=int(info.identity["train_rows"]),
        validation_rows=int(info.identity["validation_rows"]),
        steps=info.steps,
        best_step=info.best_step,
        best_validation_loss=info.best_validation_loss,
        seconds=round(info.seconds, 1),
        tokens=info.tokens,
        adapter_bytes=sum(file.stat().st_size for file in adapter.glob("*.safetensors")),
    )
