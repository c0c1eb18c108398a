"""The order of it all: build → tune → evaluate → record. Each step is skipped when its result is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from anytasktune import splits
from anytasktune.errors import AdapterError, UsageError
from anytasktune.evaluation import Evaluation, evaluate
from anytasktune.examples import DataRequest
from anytasktune.launchers.base import Job, Launcher
from anytasktune.models.kinds import Model, ModelKind, ModelRequest, find_kind
from anytasktune.models.shelf import Shelf
from anytasktune.plugins import Registry
from anytasktune.progress import Reporter
from anytasktune.prompts import AskedAs, showable
from anytasktune.records import RunRecord, TuningRecord, publishable, read_record
from anytasktune.scoring import alarms
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask
from anytasktune.suite import ModelEntry, ProtocolName, Suite
from anytasktune.tuning import Tuning, tune


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for every run of a command.

    Args:
        root: folder of runs and adapters.
        device, dtype, rows_at_once, trust_remote_code: of local models.
        limit: only the first rows.
        seed: of bootstrap and sampling.
        language: of the prompts; each card's own when None.
    """

    root: Path
    device: str = "auto"
    dtype: str = "auto"
    rows_at_once: int | None = None
    trust_remote_code: bool = False
    limit: int | None = None
    seed: int = 0
    language: str | None = None


@dataclass
class Workshop:
    """Opens models, builds data and runs jobs; keeps what is open while a command runs."""

    registry: Registry
    settings: Settings
    reporter: Reporter = field(default_factory=Reporter)
    _data: dict[tuple[str, str], DataSet] = field(default_factory=dict)
    _shelf: Shelf = field(default_factory=Shelf)

    def data(self, task: SubTask, variant: str = "") -> DataSet:
        """The rows of a sub-task, built once a command."""
        key = (task.id, variant)
        if key not in self._data:
            with self.reporter.step(f"build {task.id}"):
                self._data[key] = splits.build(task, DataRequest(variant=variant))
        return self._data[key]

    def kind(self, spec: str) -> ModelKind:
        """The kind of model that a spec names."""
        return find_kind(spec, self.registry.model_kinds)

    def open(
        self, spec: str, task: SubTask, data: DataSet, adapter: Path | None = None, language: str | None = None
    ) -> Model:
        """Open a model for a sub-task.

        Raises:
            UsageError: unknown, or not able to answer this kind of sub-task.
            ModelError, AdapterError: it cannot be loaded, or the adapter does nothing.
        """
        kind = self.kind(spec)
        if kind.kinds and task.card.kind not in kind.kinds:
            raise UsageError(f"{publishable(spec)} answers {', '.join(kind.kinds)}; {task.id} is a {task.card.kind}.")
        if adapter is not None and not kind.tunable:
            raise UsageError(
                f"{publishable(spec)} takes no adapter.", fix="name the model that the adapter was tuned on"
            )
        settings = self.settings
        request = ModelRequest(
            spec=spec,
            task=task,
            data=data,
            adapter=adapter,
            language=language or settings.language or task.card.prompt_language,
            device=settings.device,
            dtype=settings.dtype,
            rows_at_once=settings.rows_at_once,
            trust_remote_code=settings.trust_remote_code,
            seed=settings.seed,
            say=self.reporter.say,
            shelf=self._shelf,
        )
        if adapter is not None:
            self._require_unseen(task, data, adapter)
        with self.reporter.step(f"open {publishable(spec)}{' + adapter' if adapter else ''}"):
            return kind.open(request)

    def _require_unseen(self, task: SubTask, data: DataSet, adapter: Path) -> None:
        """Refuse an adapter that was tuned on rows which give away rows that are scored here.

        Its own data set was cleaned when it was built; under another variant, the train rows of the one may well be
        the test rows of the other.
        """
        from anytasktune.training.adapter import read_adapter

        identity = read_adapter(adapter).identity
        if identity.get("task") != task.id or identity.get("data_fingerprint") == data.fingerprint:
            return  # another sub-task's adapter is refused by its prompt
        trained = self.data(task, identity.get("variant", ""))
        if trained.fingerprint != identity.get("data_fingerprint"):
            raise AdapterError(
                f"The adapter was tuned on other data of {task.id}, which cannot be built any more.",
                evidence=[f"tuned on {identity.get('data_fingerprint')}", f"now {trained.fingerprint}"],
                fix="tune it again: what it has seen cannot be held against the rows that are scored",
            )
        leaks = splits.union_leaks([trained], [data])
        if leaks:
            raise AdapterError(
                f"{len(leaks)} rows that the adapter was tuned on give away rows that are scored here.",
                evidence=[f"{leak.id} gives away {leak.of} ({leak.how})" for leak in leaks],
                fix=f"evaluate it on the variant that it was tuned on: {trained.variant or 'the default'}",
            )

    def protocols(
        self, task: SubTask, data: DataSet, model: Model, names: Sequence[ProtocolName], shots: int | None
    ) -> list[AskedAs]:
        """The protocols among ``names`` that the model and the sub-task allow."""
        language = self.settings.language or task.card.prompt_language
        if "direct" in model.methods:
            return [AskedAs(method="direct", shots=0, language=language)]
        count = min(shots or task.card.shots, len(showable(data.fewshot)))
        asked = []
        for name in names:
            if name == "zero-shot" and "generate" in model.methods:
                asked.append(AskedAs(method="generate", shots=0, language=language))
            if name == "few-shot" and "generate" in model.methods and count:
                asked.append(AskedAs(method="generate", shots=count, language=language))
            if name == "likelihood" and "likelihood" in model.methods and task.card.kind == "choice":
                asked.append(AskedAs(method="likelihood", shots=0, language=language))
        if not asked:
            raise UsageError(f"None of the protocols {', '.join(names)} fits {model.record.label} on {task.id}.")
        return asked

    def evaluate(self, job: Evaluation) -> tuple[Path, RunRecord]:
        """Evaluate with progress, tell plugins of a run that is new, and return its record."""
        what = f"{job.model.record.label}, {job.asked.name} on {job.task.id} {job.split}"
        before = set((job.root / job.task.slug).glob("*/record.json"))
        with self.reporter.bar(what) as bar:
            folder = evaluate(job, bar)
        record = read_record(folder)
        for alarm in alarms(record.counts, record.task.rows):
            self.reporter.warn(alarm)
        if folder / "record.json" not in before:
            for complaint in self.registry.run_finished(record):
                self.reporter.say(complaint)
        return folder, record

    def job(self, job: Job) -> list[Path]:
        """One model entry on one sub-task: tune where asked, evaluate, record."""
        (task,) = self.registry.select([job.task_id])
        data = self.data(task, job.variant)
        if job.entry.tune is not None:
            return [self._adapter_job(task, data, job)]
        model = self.open(job.entry.model, task, data)
        return [
            self.evaluate(self._evaluation(task, data, model, asked))[0]
            for asked in self.protocols(task, data, model, job.entry.protocols, job.entry.shots)
        ]

    def _adapter_job(self, task: SubTask, data: DataSet, job: Job) -> Path:
        entry, seed = job.entry, job.seed or 0
        recipe = task.recipe.but(**(entry.tune or {}))
        adapter, tuning = self.tune(task, data, entry.model, recipe_changes=entry.tune or {}, seed=seed)
        model = self.open(entry.model, task, data, adapter)
        asked_as = self.protocols(task, data, model, entry.protocols, entry.shots)
        scores: dict[str, float] = {}
        for asked in asked_as if len(asked_as) > 1 and data.splits["validation"] else []:
            trial = self._evaluation(task, data, model, asked, split="validation", tuning=tuning)
            _, record = self.evaluate(trial)
            scores[asked.name] = record.score.value if record.score.value is not None else float("-inf")
        best = max(asked_as, key=lambda asked: scores.get(asked.name, 0.0)) if scores else asked_as[0]
        self.reporter.say(f"recipe {recipe.hash()}: validation chose {best.name}" if scores else "one protocol")
        chosen = {name: score for name, score in scores.items() if score != float("-inf")}
        return self.evaluate(self._evaluation(task, data, model, best, tuning=tuning, chosen=chosen))[0]

    def _evaluation(
        self,
        task: SubTask,
        data: DataSet,
        model: Model,
        asked: AskedAs,
        *,
        split: str = "test",
        tuning: TuningRecord | None = None,
        chosen: dict[str, float] | None = None,
    ) -> Evaluation:
        return Evaluation(
            task=task,
            data=data,
            split=split,  # type: ignore[arg-type]  # "test" or "validation"
            model=model,
            asked=asked,
            root=self.settings.root / ("selection" if split == "validation" else "results"),
            limit=self.settings.limit,
            seed=self.settings.seed,
            tuning=tuning,
            chosen_on_validation=chosen or {},
        )

    def tune(
        self, task: SubTask, data: DataSet, base: str, *, recipe_changes: dict[str, object], seed: int
    ) -> tuple[Path, TuningRecord]:
        """Tune an adapter, or find it where it was tuned before.

        Raises:
            UsageError: the model cannot be tuned, or the recipe has no such field.
            TrainingError: tuning cannot start or must stop.
        """
        if not self.kind(base).tunable:
            raise UsageError(f"{base} cannot be tuned.", fix="name smollm2-135m, hf:OWNER/NAME or a folder")
        job = Tuning(
            task=task,
            data=data,
            base=base,
            recipe=task.recipe.but(**recipe_changes),
            seed=seed,
            root=self.settings.root / "adapters",
            device=self.settings.device,
            dtype=self.settings.dtype,
            trust_remote_code=self.settings.trust_remote_code,
            language=self.settings.language or task.card.prompt_language,
            say=self.reporter.say,
        )
        with self.reporter.tuning(f"tune {base} on {task.id}, seed {seed}") as progress:
            return tune(job, progress)


def plan(suite: Suite, registry: Registry) -> list[Job]:
    """The jobs of a suite, in order: sub-task by sub-task, models in the suite's order, then seeds.

    Raises:
        UsageError: a sub-task, model or variant does not exist.
    """
    jobs = []
    for wanted in suite.tasks:
        for task in registry.select([wanted.task]):
            if wanted.variant and wanted.variant not in task.card.variants:
                raise UsageError(f"{task.id} has no variant {wanted.variant!r}.", evidence=task.card.variants)
            for entry in suite.models:
                if not _fits(entry, task, registry):
                    continue
                seeds: list[int | None] = list(entry.seeds) if entry.tune is not None else [None]
                jobs += [Job(task_id=task.id, variant=wanted.variant, entry=entry, seed=seed) for seed in seeds]
    return jobs


def _fits(entry: ModelEntry, task: SubTask, registry: Registry) -> bool:
    """Whether a model entry can answer a sub-task; a suite of several kinds names one classical model for each."""
    kind = find_kind(entry.model, registry.model_kinds)
    if kind.kinds and task.card.kind not in kind.kinds:
        return False
    if kind.name != "recorded:":
        return True
    name = entry.model.removeprefix("recorded:")
    elsewhere = any(name in other.recorded for other in registry.subtasks.values())
    return name in task.recorded or not elsewhere  # a name that nobody records is a file, or an error when opened


def run_suite(suite: Suite, workshop: Workshop, launcher: Launcher) -> list[Path]:
    """Everything that a suite names; returns the run folders."""
    return launcher.launch(plan(suite, workshop.registry), workshop.job)
