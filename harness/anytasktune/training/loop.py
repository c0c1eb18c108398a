"""The tuning loop, from top to bottom: set-up, steps, evaluation, clean-up.

A run lives in one folder::

    adapter/                   the result; when it exists the run is finished
    best-00000042.safetensors  weights of the best step so far
    checkpoint-00000060/       where a killed run goes on

Nothing random is carried from step to step: the order of rows follows from the seed and the epoch, dropout
from the seed and the step. So a run that was killed and goes on ends with the weights of one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from anytasktune.errors import TrainingError, did_you_mean
from anytasktune.recipes import Recipe
from anytasktune.training import checkpoints
from anytasktune.training.adapter import (
    PROMPT,
    AdapterInfo,
    Evaluation,
    read_adapter,
    require_public,
    untouched,
    versions,
    without_peft_warnings,
    write_adapter,
)
from anytasktune.training.batches import (
    Batch,
    batches_of,
    head_takes_mask,
    step_rows,
    token_losses,
    unusable_rows,
)
from anytasktune.training.lora_function import fast_lora
from anytasktune.training.prefix import SharedPrefix, shareable, worthwhile_length
from anytasktune.training.texts import (
    EncodedText,
    EncodedTexts,
    Encodes,
    Scoring,
    TrainingText,
    encode_texts,
    fingerprint,
)

CHECKPOINT_SECONDS = 30.0
CHECKPOINT_SECONDS_AT_MOST = 50.0
REPEATABLE = {"cpu": 1e-5}
"""Share by which a validation loss may change when it is computed again, by kind of device."""
REPEATABLE_ELSEWHERE = 1e-3


@dataclass(frozen=True, kw_only=True)
class TuningJob:
    """All that one adapter is made from.

    Args:
        model: transformers causal language model without an adapter. For LoRA it is left as it was; the
            method ``full`` leaves it tuned.
        encoder: of the model's tokenizer.
        train, validation: rows; validation picks the step that is kept.
        recipe, seed: how, and from which random numbers.
        folder: of the run; state and adapter go there.
        identity: what the adapter belongs to. ``base`` (public name of the base model) is required;
            ``prompt_hash`` is what ``adapter.check_prompt_hash`` looks at; ``task``, ``base_revision``,
            ``base_licence``, ``data_fingerprint`` and others are shown in the card. A run goes on only
            under the same identity.
        progress: called before the first step, after each step and after each evaluation.
        scored_by: see ``encode_texts``.
    """

    model: Any
    encoder: Encodes
    train: Sequence[TrainingText]
    validation: Sequence[TrainingText]
    recipe: Recipe
    seed: int
    folder: Path
    identity: Mapping[str, str]
    progress: Callable[[TuningProgress], None]
    scored_by: Scoring = "likelihood"


@dataclass(frozen=True, kw_only=True)
class TuningPlan:
    """What is known before the first step.

    Args:
        steps: of the whole run.
        first_step: steps that an earlier process has done.
        train, validation: the splits as tokens.
        adapted_modules: layers with an adapter (0 for the method ``full``).
        fast_modules: those among them that use ``lora_function``.
        trainable_parameters: numbers that are learnt.
        shares_prefix: whether tokens that all rows of a step begin with are computed once.
    """

    steps: int
    first_step: int
    train: EncodedTexts
    validation: EncodedTexts
    adapted_modules: int
    fast_modules: int
    trainable_parameters: int
    shares_prefix: bool


@dataclass(frozen=True, kw_only=True)
class TuningProgress:
    """One moment of a run; losses are means over answer tokens, in nats; rates count this process only.

    Args:
        step, steps: done, and of the whole run.
        loss: of the step just done.
        validation_loss: where it was measured after this step.
        best_step: so far, 0 before the first evaluation.
        examples_per_second, tokens_per_second: of training, evaluations left out.
        seconds_left: estimate, evaluations included.
        plan: see ``TuningPlan``.
    """

    step: int
    steps: int
    loss: float | None
    validation_loss: float | None
    best_step: int
    examples_per_second: float
    tokens_per_second: float
    seconds_left: float | None
    plan: TuningPlan


@dataclass(frozen=True, kw_only=True)
class TuningResult:
    """Where the adapter is and what ``anytasktune.json`` in it says.

    Args:
        adapter: the folder.
        info: losses, best step, identity, versions.
        first_step: steps that an earlier process had done; equal to ``info.steps`` when it had finished.
    """

    adapter: Path
    info: AdapterInfo
    first_step: int

    @property
    def validation_loss(self) -> float:
        """Of the adapter in the folder."""
        return self.info.best_validation_loss


@dataclass(kw_only=True)
class _Counters:
    """What changes from step to step, weights aside; goes into each checkpoint."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    examples: int = 0
    tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0

    @property
    def best(self) -> Evaluation | None:
        """The lowest validation loss, the earlier step on a tie."""
        return min(self.evaluations, key=lambda evaluation: evaluation.loss, default=None)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What stays the same from step to step."""

    job: TuningJob
    identity: Mapping[str, str]
    model: Any
    network: Any
    parameters: Mapping[str, torch.nn.Parameter]
    optimiser: torch.optim.Optimizer
    device: torch.device
    masked_head: bool
    plan: TuningPlan
    examples: int
    evaluate_after: frozenset[int]


def tune(job: TuningJob) -> TuningResult:
    """Tunes an adapter, or goes on where a killed run stopped, or returns what a finished one left.

    Raises:
        TrainingError: rows cannot be learnt from; the recipe does not fit the model; the folder belongs to
            another run; a loss is not a number; memory ran out.
    """
    from filelock import FileLock, Timeout

    require_public(job.identity)
    identity = {
        **job.identity,
        "train_texts": fingerprint(job.train),
        "validation_texts": fingerprint(job.validation),
        "scored_by": job.scored_by,
    }
    job.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(job.folder / ".lock", timeout=0):
            finished = _finished(job, identity)
            return finished or _tune(job, identity)
    except Timeout as problem:
        raise TrainingError(
            "Another process is tuning in this folder.",
            where=str(job.folder),
            fix="wait for it, or use another folder",
        ) from problem


def _tune(job: TuningJob, identity: Mapping[str, str]) -> TuningResult:
    splits = _encoded(job)
    with (
        _own_random_numbers(job.seed, next(iter(job.model.parameters())).device),
        untouched(job.model),
        _trainable(job) as model,
        fast_lora(model) as fast,
    ):
        run, counters = _set_up(job, identity, model, splits, fast=fast)
        _report(run, counters)
        try:
            _train(run, counters)
            info = _finish(run, counters)
        except torch.OutOfMemoryError as problem:
            raise TrainingError(
                f"Memory ran out in step {counters.step + 1}.",
                evidence=[str(problem).splitlines()[0]],
                fix="lower the recipe's micro_batch_tokens or max_length; the loss stays the same",
            ) from problem
        _clean_up(job.folder)
    return TuningResult(adapter=job.folder / "adapter", info=info, first_step=run.plan.first_step)


# ---------------------------------------------------------------------------------------------------- set-up


def _finished(job: TuningJob, identity: Mapping[str, str]) -> TuningResult | None:
    folder = job.folder / "adapter"
    if not folder.is_dir():
        return None
    info = read_adapter(folder)
    _require_same(job, identity, {"identity": info.identity, "recipe": info.recipe, "seed": info.seed})
    _clean_up(job.folder)
    return TuningResult(adapter=folder, info=info, first_step=info.steps)


def _require_same(job: TuningJob, identity: Mapping[str, str], stored: Mapping[str, Any]) -> None:
    """Refuses to mix two runs in one folder."""
    recipe = json.loads(json.dumps(job.recipe.as_dict()))
    now = {**identity, **{f"recipe.{key}": value for key, value in recipe.items()}, "seed": job.seed}
    then = {
        **stored["identity"],
        **{f"recipe.{key}": value for key, value in stored["recipe"].items()},
        "seed": stored["seed"],
    }
    differences = [
        f"{key}: stored {then.get(key)!r}, now {now.get(key)!r}"
        for key in sorted({*now, *then} - {PROMPT})  # its hash is among them, and older runs have the hash alone
        if then.get(key) != now.get(key)
    ]
    if differences:
        raise TrainingError(
            "The folder holds another tuning run, which would be mixed with this one.",
            where=str(job.folder),
            evidence=differences,
            fix="use another folder, or remove this one to start anew",
        )


def _encoded(job: TuningJob) -> tuple[EncodedTexts, EncodedTexts]:
    longest = min(job.recipe.max_length, job.encoder.context_length)
    train, validation = (
        encode_texts(texts, job.encoder, longest, scored_by=job.scored_by, name=name)
        for name, texts in (("train", job.train), ("validation", job.validation))
    )
    return train, validation


@contextmanager
def _own_random_numbers(seed: int, device: torch.device) -> Iterator[None]:
    """The seed for what is drawn inside; the caller's random numbers go on afterwards as if nothing was
    drawn.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextmanager
def _trainable(job: TuningJob) -> Iterator[Any]:
    """The model in training mode with the recipe's parameters trainable; the base alone again
    afterwards.
    """
    recipe = job.recipe
    if recipe.method == "full":
        if any(parameter.dtype in (torch.float16, torch.bfloat16) for parameter in job.model.parameters()):
            raise TrainingError(
                "Half-precision weights cannot be tuned in full: small updates vanish in rounding.",
                fix="load the base model in float32, or use the method lora",
            )
        yield job.model.requires_grad_(True).train()
        return
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=recipe.rank,
        lora_alpha=recipe.alpha,  # PEFT computes alpha / r; a fraction is fine
        lora_dropout=recipe.dropout,
        use_dora=recipe.method == "dora",
        use_rslora=recipe.method == "rslora",
        target_modules=_targets(job.model, recipe.target_modules),
    )
    with without_peft_warnings():
        model = get_peft_model(job.model, config).train()
    try:
        yield model
    finally:
        model.unload()


def _targets(model: Any, names: tuple[str, ...]) -> str | list[str]:
    """The recipe's module names as PEFT takes them; each must match a module."""
    if names == ("all-linear",):
        return "all-linear"
    known = [name for name, module in model.named_modules() if name and not list(module.children())]
    missing = [name for name in names if not any(full == name or full.endswith(f".{name}") for full in known)]
    if missing:
        ends = sorted({full.rpartition(".")[2] for full in known if hasattr(model.get_submodule(full), "weight")})
        raise TrainingError(
            f"The recipe's target_modules name {len(missing)} that the model does not have.",
            evidence=[f"{name}: {did_you_mean(name, ends)}" for name in missing],
            fix=f'use ("all-linear",) or some of: {", ".join(ends)}',
        )
    return list(names)


def _set_up(
    job: TuningJob,
    identity: Mapping[str, str],
    model: Any,
    splits: tuple[EncodedTexts, EncodedTexts],
    *,
    fast: int,
) -> tuple[_Run, _Counters]:
    """The run, and its counters, which with weights and optimiser come from the newest checkpoint."""
    recipe, (train, validation) = job.recipe, splits
    parameters = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    adapted = sum(".lora_A." in name for name in parameters)
    if recipe.method != "full" and not adapted:
        raise TrainingError("The recipe adapts no module.", fix='use target_modules ("all-linear",)')
    network = model if recipe.method == "full" else model.get_base_model()
    optimiser = torch.optim.AdamW(list(parameters.values()), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    counters = _resumed(job, identity, parameters, optimiser)
    steps, examples = _length(recipe, len(train.rows))
    times = min(recipe.evaluations, steps)
    masked_head = head_takes_mask(network)
    shares_prefix = counters.step < steps and shareable(
        network, parameters, train.rows, masked_head=masked_head, budget=recipe.micro_batch_tokens
    )
    plan = TuningPlan(
        steps=steps,
        first_step=counters.step,
        train=train,
        validation=validation,
        adapted_modules=adapted,
        fast_modules=fast,
        trainable_parameters=sum(parameter.numel() for parameter in parameters.values()),
        shares_prefix=shares_prefix,
    )
    run = _Run(
        job=job,
        identity=identity,
        model=model,
        network=network,
        parameters=parameters,
        optimiser=optimiser,
        device=next(iter(parameters.values())).device,
        masked_head=masked_head,
        plan=plan,
        examples=examples,
        evaluate_after=frozenset(math.ceil(steps * (place + 1) / times) for place in range(times)),
    )
    return run, counters


def _resumed(
    job: TuningJob,
    identity: Mapping[str, str],
    parameters: Mapping[str, torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
) -> _Counters:
    """Counters of the newest checkpoint, whose weights and optimiser are put in place; zeros without
    one.
    """
    newest = checkpoints.newest(job.folder)
    if newest is None:
        return _Counters()
    stored = checkpoints.counters(newest)
    _require_same(job, identity, stored)  # before the weights: another recipe has other parameters
    checkpoints.load(newest, parameters, optimiser)
    data = dict(stored["counters"])
    data["evaluations"] = [Evaluation(*pair) for pair in data["evaluations"]]
    return _Counters(**data)


def _length(recipe: Recipe, rows: int) -> tuple[int, int]:
    """Optimiser steps of the whole run, and the examples that they read."""
    examples = math.ceil(recipe.epochs * rows) if recipe.epochs > 0 else recipe.max_steps * recipe.batch_size
    steps = math.ceil(examples / recipe.batch_size)
    if 0 < recipe.max_steps < steps:
        steps = recipe.max_steps
    return steps, min(examples, steps * recipe.batch_size)


# ----------------------------------------------------------------------------------------------------- steps


def _train(run: _Run, counters: _Counters) -> None:
    """All steps that are left, with evaluations and checkpoints between them."""
    clock = _Clock(run.plan.first_step, counters)
    while counters.step < run.plan.steps:
        with clock.training():
            loss = _step(run, counters)
        counters.step += 1
        counters.losses.append(loss)
        _report(run, counters, clock, loss=loss)
        evaluated = counters.step in run.evaluate_after
        if evaluated:
            with clock.evaluating():
                measured = _validation_loss(run, counters)
            _keep_if_best(run, counters, Evaluation(counters.step, measured))
            _report(run, counters, clock, loss=loss, validation_loss=measured)
        if evaluated or clock.checkpoint_due():
            with clock.saving():
                _save(run, counters)


def _step(run: _Run, counters: _Counters) -> float:
    """One optimiser step; its loss: the mean over the answer tokens of all its rows, however they were
    grouped.
    """
    recipe, step = run.job.recipe, counters.step
    rows = [
        run.plan.train.rows[index]
        for index in step_rows(
            step,
            rows=len(run.plan.train.rows),
            batch_size=recipe.batch_size,
            examples=run.examples,
            seed=run.job.seed,
        )
    ]
    answer_tokens = sum(row.answer_tokens for row in rows)
    torch.manual_seed((run.job.seed * 1_000_003 + step) % 2**63)  # dropout
    run.optimiser.zero_grad(set_to_none=True)
    total = 0.0
    prefix, length = _shared_prefix(run, rows, gradients=True)
    for batch in batches_of(rows, budget=recipe.micro_batch_tokens, device=run.device, shared=length):
        inputs = prefix.inputs(len(batch.rows)) if prefix else {"use_cache": False}
        losses = token_losses(run.network, batch, masked_head=run.masked_head, **inputs)
        part = losses.sum()
        total += _finite(part, losses, batch, f"in step {step + 1}")
        (part / answer_tokens).backward()  # type: ignore[no-untyped-call]
    if prefix:
        prefix.backward()
    norm = torch.nn.utils.clip_grad_norm_(run.parameters.values(), recipe.max_grad_norm or math.inf)
    if not bool(torch.isfinite(norm)):
        raise _not_a_number("The gradient", f"in step {step + 1}", [row.id for row in rows])
    for group in run.optimiser.param_groups:
        group["lr"] = recipe.learning_rate * rate(recipe, step, run.plan.steps)
    run.optimiser.step()
    counters.examples += len(rows)
    counters.tokens += sum(len(row.ids) for row in rows)
    counters.answer_tokens += answer_tokens
    return total / answer_tokens


def _shared_prefix(run: _Run, rows: Sequence[EncodedText], *, gradients: bool) -> tuple[SharedPrefix | None, int]:
    """The tokens that all rows begin with, computed once, and how many; ``None`` and 0 where it does not
    pay.
    """
    length = worthwhile_length(rows, run.device) if run.plan.shares_prefix else 0
    prefix = SharedPrefix(run.network, rows[0].ids[:length], gradients=gradients) if length else None
    return prefix, length


def rate(recipe: Recipe, step: int, steps: int) -> float:
    """Share of the peak learning rate in a step (from 0) of ``steps``."""
    warmup = math.ceil(recipe.warmup_ratio * steps)
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    if recipe.schedule == "linear":
        return 1 - done
    if recipe.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    return 1.0


def _finite(part: torch.Tensor, losses: torch.Tensor, batch: Batch, when: str) -> float:
    value = float(part.detach())
    if not math.isfinite(value):
        raise _not_a_number("The loss", when, unusable_rows(losses, batch))
    return value


def _not_a_number(what: str, when: str, rows: Sequence[str]) -> TrainingError:
    return TrainingError(
        f"{what} is not a finite number {when}; tuning stops before it spoils the weights.",
        evidence=[f"row {row}" for row in rows],
        fix="look at these rows; lower the learning rate; load the base in float32 or bfloat16, not float16",
    )


# ------------------------------------------------------------------------------------------------ evaluation


def _validation_loss(run: _Run, counters: _Counters) -> float:
    """Mean over the answer tokens of the whole validation split."""
    split, budget = run.plan.validation, run.job.recipe.micro_batch_tokens
    total = 0.0
    run.model.eval()
    with torch.no_grad():
        prefix, length = _shared_prefix(run, split.rows, gradients=False)
        for batch in batches_of(split.rows, budget=budget, device=run.device, shared=length):
            inputs = prefix.inputs(len(batch.rows)) if prefix else {"use_cache": False}
            losses = token_losses(run.network, batch, masked_head=run.masked_head, **inputs)
            total += _finite(losses.sum(), losses, batch, f"on the validation split after step {counters.step}")
    run.model.train()
    return total / split.answer_tokens


def _keep_if_best(run: _Run, counters: _Counters, evaluation: Evaluation) -> None:
    """Notes the evaluation; the weights are on the disk before anything says that they are the best."""
    if counters.best is None or evaluation.loss < counters.best.loss:
        checkpoints.save_tensors(_best_weights(run.job.folder, evaluation.step), run.parameters)
    counters.evaluations.append(evaluation)


def _best_weights(folder: Path, step: int) -> Path:
    return folder / f"best-{step:08d}.safetensors"


def _save(run: _Run, counters: _Counters) -> None:
    """A checkpoint; then the best weights that it no longer names are removed."""
    data = {
        "identity": dict(run.identity),
        "recipe": run.job.recipe.as_dict(),
        "seed": run.job.seed,
        "counters": asdict(counters),
    }
    checkpoints.save(run.job.folder, counters.step, run.parameters, run.optimiser, data)
    keep = _best_weights(run.job.folder, counters.best.step) if counters.best else None
    for path in run.job.folder.glob("best-*.safetensors"):
        if path != keep:
            path.unlink()


# -------------------------------------------------------------------------------------------------- clean-up


def _finish(run: _Run, counters: _Counters) -> AdapterInfo:
    """The adapter of the best step, its validation loss computed again before it is written."""
    best = counters.best
    if best is None:
        raise TrainingError("The run ended without an evaluation.", where=str(run.job.folder))
    path = _best_weights(run.job.folder, best.step)
    try:
        checkpoints.load_weights(run.parameters, checkpoints.load_tensors(path), where=path)
    except (OSError, ValueError) as problem:
        raise TrainingError(
            f"The weights of the best step {best.step} cannot be read.",
            where=str(path),
            evidence=[problem],
            fix="remove the folder of this run and tune again",
        ) from problem
    again = _validation_loss(run, counters)
    tolerance = REPEATABLE.get(run.device.type, REPEATABLE_ELSEWHERE)
    if not math.isclose(again, best.loss, rel_tol=tolerance, abs_tol=tolerance):
        raise TrainingError(
            f"The stored weights of the best step {best.step} do not have its validation loss.",
            where=str(path),
            evidence=[
                f"measured in step {best.step}: {best.loss:.6f}",
                f"from the stored weights: {again:.6f}",
            ],
            fix="tune again; if it stays, report it with the recipe",
        )
    info = AdapterInfo(
        identity=dict(run.identity),
        recipe=run.job.recipe.as_dict(),
        recipe_hash=run.job.recipe.hash(),
        seed=run.job.seed,
        steps=counters.step,
        best_step=best.step,
        evaluations=tuple(counters.evaluations),
        losses=tuple(counters.losses),
        examples=counters.examples,
        tokens=counters.tokens,
        answer_tokens=counters.answer_tokens,
        seconds=round(counters.seconds, 1),
        shortened={"train": len(run.plan.train.shortened), "validation": len(run.plan.validation.shortened)},
        adapted_modules=run.plan.adapted_modules,
        trainable_parameters=run.plan.trainable_parameters,
        versions=versions(),
    )
    write_adapter(run.model, run.job.folder / "adapter", info)
    return info


def _clean_up(folder: Path) -> None:
    checkpoints.remove(folder)
    for path in folder.glob("best-*.safetensors"):
        path.unlink()


# ------------------------------------------------------------------------------------------ clock and report


class _Clock:
    """Seconds of this process by what they went into, and when the next checkpoint is due."""

    def __init__(self, first_step: int, counters: _Counters) -> None:
        self.first_step = first_step
        self.counters = counters
        self.first_examples, self.first_tokens = counters.examples, counters.tokens
        self.trained = 0.0
        self.evaluated = 0.0
        self.evaluations = 0
        self.saved_at = time.monotonic()
        self.saving_took = 0.0

    @contextmanager
    def training(self) -> Iterator[None]:
        start = time.monotonic()
        yield
        self._add(start)
        self.trained += time.monotonic() - start

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        start = time.monotonic()
        yield
        self._add(start)
        self.evaluated += time.monotonic() - start
        self.evaluations += 1

    @contextmanager
    def saving(self) -> Iterator[None]:
        start = time.monotonic()
        yield
        self._add(start)
        self.saved_at = time.monotonic()
        self.saving_took = self.saved_at - start

    def _add(self, start: float) -> None:
        self.counters.seconds += time.monotonic() - start

    def checkpoint_due(self) -> bool:
        """Every half minute, later where writing itself takes long, but never a minute."""
        wait = min(max(CHECKPOINT_SECONDS, 10 * self.saving_took), CHECKPOINT_SECONDS_AT_MOST)
        return time.monotonic() - self.saved_at >= wait

    def seconds_left(self, run: _Run) -> float | None:
        """Steps and evaluations that are left at the pace so far."""
        done = self.counters.step - self.first_step
        if not done:
            return None
        left = (run.plan.steps - self.counters.step) * self.trained / done
        still = sum(step > self.counters.step for step in run.evaluate_after) + 1  # the last one checks the weights
        if self.evaluations:
            return left + still * self.evaluated / self.evaluations
        # Without gradients a token costs about a third.
        per_token = self.trained / max(1, self.counters.tokens - self.first_tokens)
        return left + still * run.plan.validation.tokens * per_token / 3


def _report(
    run: _Run,
    counters: _Counters,
    clock: _Clock | None = None,
    *,
    loss: float | None = None,
    validation_loss: float | None = None,
) -> None:
    trained = clock.trained if clock and clock.trained > 0 else math.inf
    run.job.progress(
        TuningProgress(
            step=counters.step,
            steps=run.plan.steps,
            loss=loss,
            validation_loss=validation_loss,
            best_step=counters.best.step if counters.best else 0,
            examples_per_second=(counters.examples - clock.first_examples) / trained if clock else 0.0,
            tokens_per_second=(counters.tokens - clock.first_tokens) / trained if clock else 0.0,
            seconds_left=clock.seconds_left(run) if clock else None,
            plan=run.plan,
        )
    )
