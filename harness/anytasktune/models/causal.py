"""Causal language models on this machine: where they are, how an adapter is applied, what a record says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from anytasktune import prompts
from anytasktune.errors import AdapterError, ModelError, UsageError
from anytasktune.examples import Example
from anytasktune.models.journal import Journal
from anytasktune.models.kinds import ModelRequest, Notes, Say
from anytasktune.models.loading import LoadedModel, adapter_hash, computes_bfloat16, folder_hash
from anytasktune.models.local import LocalModel, engine_versions
from anytasktune.models.shelf import Shelf
from anytasktune.models.tokens import Encoder
from anytasktune.prompts import AskedAs
from anytasktune.records import EngineRecord, Method, ModelRecord
from anytasktune.subtask import SubTask
from anytasktune.training import adapter as adapters

PACKAGED = ("smollm2-135m",)
NEAREST_HUB_NAME = {"smollm2-135m": "HuggingFaceTB/SmolLM2-135M-Instruct"}
"""What an adapter's config names as base, so that plain PEFT finds one: the hub's weights before quantisation."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a model is, and what it is called in public.

    Args:
        spec: what the command line takes, without a path of this machine.
        where: folder or hub name.
        label: shown on boards.
        public_name: what an adapter's config names as its base.
        revision: of the hub or package; "" lets the folder's content hash stand.
        licence: of the weights; "" when not known.
    """

    spec: str
    where: str
    label: str
    public_name: str
    revision: str = ""
    licence: str = ""


def locate(spec: str, say: Say) -> Place:
    """Where a spec's model is; a packaged model is fetched on first use.

    Raises:
        UsageError: the folder does not exist.
        SourceError: the packaged model cannot be fetched.
    """
    if spec in PACKAGED:
        from anytasktune.models.packaged import fetch

        found = fetch(spec, say)
        return Place(
            spec=spec,
            where=str(found.path),
            label=found.label,
            public_name=NEAREST_HUB_NAME[spec],
            revision=found.revision,
            licence=found.licence,
        )
    if spec.startswith("hf:"):
        name, _, revision = spec.removeprefix("hf:").partition("@")
        return Place(spec=spec, where=name, label=name, public_name=name, revision=revision)
    folder = Path(spec.removeprefix("local:")).expanduser()
    if not folder.is_dir():
        raise UsageError(
            f"There is no model folder {folder.name!r}.", where=str(folder), fix="see `anytasktune models`"
        )
    name = folder.resolve().name
    return Place(spec=f"local:{name}", where=str(folder), label=name, public_name=name)


def place_of(model: str | None, adapter: Path | None) -> tuple[Place, str]:
    """The base that was named, or that an adapter says it was tuned on; and the adapter's prompt language.

    Raises:
        UsageError: the adapter was tuned on a local folder, which must be named.
    """
    info = adapters.read_adapter(adapter) if adapter is not None else None
    spec = model or str(info.identity.get("base_spec", "") if info else "")
    if model is None and (not spec or spec.startswith("local:")):
        raise UsageError(
            f"The adapter was tuned on a local folder, {spec.removeprefix('local:')!r}.", fix="name it: --model FOLDER"
        )
    return locate(spec, lambda line: None), info.identity.get("language", "") if info else ""


@dataclass
class CausalModel:
    """A causal language model, with its adapter merged where it has one."""

    record: ModelRecord
    loaded: LoadedModel
    form: Encoder
    rows_at_once: int | None = None
    seed: int = 0
    say: Say = field(default=lambda line: None)
    methods: tuple[Method, ...] = ("generate", "likelihood")
    shelf: Shelf = field(default_factory=lambda: Shelf(keeps=False), repr=False)
    turn: int = 0
    _lm: LocalModel | None = field(default=None, repr=False)

    def answering(self, journal: Journal, progress: Callable[[int, int, float], None]) -> LocalModel:
        """Our engine over lm-eval's requests, each finished batch journalled.

        Raises:
            ModelError: its weights have become another model's since it was opened.
        """
        if self.turn != self.shelf.turn:
            raise ModelError(
                f"{self.record.label} was opened before another adapter went into the same weights.",
                fix="open it again, or open the two models on shelves of their own",
            )
        self._lm = LocalModel(
            self.loaded,
            journal=journal,
            rows_at_once=self.rows_at_once,
            seed=self.seed,
            progress=lambda now: progress(now.done, now.total, now.tokens_per_second),
            say=self.say,
        )
        return self._lm

    def engine(self) -> EngineRecord:
        """What computes: engine, device, precision, versions."""
        if self._lm is None:
            versions = engine_versions(self.loaded)
            return EngineRecord(name="", device=self.loaded.device, dtype=self.loaded.dtype, versions=versions)
        engine = self._lm.engine
        return EngineRecord(
            name=str(engine["name"]),
            device=self.loaded.device,
            dtype=self.loaded.dtype,
            attention=str(engine["attention"]),
            batch_tokens=engine["batch_tokens"],
            halvings=int(engine["halvings"]),
            versions=dict(engine["versions"]),
        )

    def notes(self) -> Notes:
        """What the last requests took and met."""
        if self._lm is None:
            return Notes()
        usage = self._lm.usage
        return Notes(
            prompt_tokens=usage.prompt_tokens,
            answer_tokens=usage.answer_tokens,
            cut_off=frozenset(self._lm.limited),
            reused=usage.reused,
        )


def open_causal(request: ModelRequest) -> CausalModel:
    """Open a base, or a base with an adapter after the adapter was probed.

    Raises:
        ModelError: the model cannot be loaded.
        AdapterError: the adapter does nothing, or belongs to another base or prompt.
    """
    return open_place(
        locate(request.spec, request.say),
        request.task,
        adapter=request.adapter,
        language=request.language,
        seed=request.seed,
        device=request.device,
        dtype=request.dtype,
        trust_remote_code=request.trust_remote_code,
        rows_at_once=request.rows_at_once,
        say=request.say,
        shelf=request.shelf,
    )


def open_place(
    place: Place,
    task: SubTask,
    *,
    adapter: Path | None,
    language: str,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    trust_remote_code: bool = False,
    rows_at_once: int | None = None,
    say: Say = lambda line: None,
    shelf: Shelf | None = None,
) -> CausalModel:
    """``open_causal`` for a model that was located already; ``language`` is that of the prompts that will be asked."""
    shelf = shelf or Shelf(keeps=False)
    loaded = shelf.base(
        place.where,
        revision=place.revision or None,
        label=place.label,
        device=device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
    )
    if dtype == "auto" and loaded.dtype == "float32" and computes_bfloat16(loaded.device):
        say("this CPU has bfloat16 units: --dtype bfloat16 is about 3 times as fast, and less exact")
    form = Encoder(loaded.tokenizer, config=loaded.model.config, generation_config=loaded.model.generation_config)
    record = ModelRecord(
        spec=place.spec,
        label=place.label,
        family="base",
        revision=loaded.revision,
        parameters=loaded.parameters,
    )
    base = CausalModel(
        record=record,
        loaded=loaded,
        form=form,
        rows_at_once=rows_at_once,
        seed=seed,
        say=say,
        shelf=shelf,
        turn=shelf.turn,
    )
    return base if adapter is None else _with_adapter(base, adapter, task, language)


def _with_adapter(base: CausalModel, adapter: Path, task: SubTask, language: str) -> CausalModel:
    """The base with an adapter merged into it, once it is sure that the two and the prompt belong together."""
    loaded, form = base.loaded, base.form
    info = adapters.read_adapter(adapter)
    tuned_on = info.identity.get("base_revision", loaded.revision)
    other_base = []
    if tuned_on != loaded.revision:
        other_base = [f"tuned on {info.identity.get('base_label')} {tuned_on}", f"here {loaded.revision}"]
    words = prompts.prompt_words(task.id, task.card, language, form)
    adapters.check_prompt_hash(info, prompts.hash_of(words), words, other_base)  # a changed template is a changed base
    if other_base:
        raise AdapterError(
            f"The adapter was tuned on another base than {base.record.label}.",
            evidence=[*other_base, "the prompt is the same; weights, tokenizer, config or another file is not"],
            fix="name the base that it was tuned on with --model",
        )
    adapters.probe(loaded.model, adapter, form, [_probe_context(task, language, form)])
    merged = base.shelf.merge(adapter)
    hashed = folder_hash(adapter) if info.method == "full" else adapter_hash(adapter)
    tuned = ModelRecord(
        spec=base.record.spec,
        label=f"{base.record.label} adapter",
        family="adapter",
        revision=loaded.revision,
        base=base.record.label,
        adapter_hash=hashed,
        recipe_hash=info.recipe_hash,
        seed=info.seed,
        parameters=loaded.parameters,
    )
    return replace(base, record=tuned, loaded=replace(loaded, model=merged, adapter_hash=hashed), turn=base.shelf.turn)


def _probe_context(task: SubTask, language: str, form: Encoder) -> str:
    example = Example(id="probe:0", input="123", targets=("",))
    asked = AskedAs(method="generate", shots=0, language=language)
    (document,) = prompts.render(task.id, task.card, [example], asked, [], form).documents
    return prompts.context(document, [], form, prompts.target_delimiter(language))
