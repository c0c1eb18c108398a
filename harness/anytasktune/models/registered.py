"""Our engine under lm-eval's command line: the model that ``--model anytasktune --model_args …`` names."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.models.utils import normalize_gen_kwargs
from lm_eval.utils import simple_parse_args_string

from anytasktune.errors import AdapterError, UsageError, did_you_mean
from anytasktune.models.causal import locate
from anytasktune.models.journal import Value
from anytasktune.models.loading import ADAPTER_FILES, LoadedModel, adapter_hash, folder_hash, load
from anytasktune.models.local import Keep, LocalModel, Progress, identity
from anytasktune.models.tokens import Encoder
from anytasktune.training import adapter as adapters

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

NAME = "anytasktune"
"""What ``--model`` calls it."""

PREPARED: ContextVar[RegisteredModel | None] = ContextVar("prepared_model", default=None)
"""A model that was opened before lm-eval asks for it."""

_KNOWN = (
    "pretrained",
    "revision",
    "adapter",
    "peft",
    "dtype",
    "device",
    "batch_size",
    "max_batch_size",
    "max_length",
    "seed",
    "trust_remote_code",
)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_PROBED = ("The capital of France is", "1 2 3 4")


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What ``--model_args`` says.

    Args:
        pretrained: a model as ``anytasktune models`` lists it, or ``OWNER/NAME`` of the hub.
        adapter: a folder of ours or of PEFT; merged.
        dtype, device: as ``loading.load`` takes them.
        rows_at_once: at most; None for what the memory holds.
        max_length: tokens that prompt and answer may have together; the model's own when None.
        seed: for requests that sample; torch's, which lm-eval sets, when None.
        trust_remote_code: whether the model may bring code of its own.
    """

    pretrained: str
    adapter: Path | None = None
    dtype: str = "auto"
    device: str = "auto"
    rows_at_once: int | None = None
    max_length: int | None = None
    seed: int | None = None
    trust_remote_code: bool = False


def read_arguments(given: Mapping[str, object]) -> Arguments:
    """``--model_args``, with the flags that lm-eval adds (``batch_size``, ``max_batch_size``, ``device``).

    Raises:
        UsageError: an unknown name, a value that does not fit, no model.
    """
    said = {name: value for name, value in given.items() if value is not None}
    for name in said:
        if name not in _KNOWN:
            raise UsageError(f"--model_args of {NAME} knows no {name!r}.", fix=did_you_mean(name, _KNOWN))
    if "adapter" in said and "peft" in said:
        raise UsageError("--model_args has adapter and peft, which are two names of one thing.", fix="give one of them")
    adapter = said.get("adapter", said.get("peft"))
    pretrained, revision = str(said.get("pretrained", "")), str(said.get("revision", ""))
    if not pretrained:
        raise UsageError(
            "--model_args names no model.",
            fix="--model_args pretrained=smollm2-135m (or hf:OWNER/NAME, or a folder); see `anytasktune models`",
        )
    return Arguments(
        pretrained=_spec(pretrained, revision),
        adapter=Path(str(adapter)).expanduser() if adapter is not None else None,
        dtype=str(said.get("dtype", "auto")).removeprefix("torch."),
        device=str(said.get("device", "auto")),
        rows_at_once=_rows(said),
        max_length=_whole("max_length", said["max_length"], least=1) if "max_length" in said else None,
        seed=_whole("seed", said["seed"], least=0) if "seed" in said else None,
        trust_remote_code=_truth("trust_remote_code", said.get("trust_remote_code", False)),
    )


def _spec(pretrained: str, revision: str) -> str:
    """The model as ``causal.locate`` takes it; the hub's names are known by their slash, as lm-eval's own loader."""
    if _HUB_NAME.fullmatch(pretrained) and not Path(pretrained).expanduser().exists():
        pretrained = f"hf:{pretrained}"
    if not revision:
        return pretrained
    if not pretrained.startswith("hf:") or "@" in pretrained:
        raise UsageError(f"revision={revision} says nothing about {pretrained!r}.", fix="leave it out")
    return f"{pretrained}@{revision}"


def _rows(said: Mapping[str, object]) -> int | None:
    """``batch_size``: a number, ``auto`` or lm-eval's ``auto:N``, which ``max_batch_size`` bounds."""
    size = str(said.get("batch_size", "auto"))
    if size.partition(":")[0] != "auto":
        return _whole("batch_size", size, least=1)
    return _whole("max_batch_size", said["max_batch_size"], least=1) if "max_batch_size" in said else None


def _whole(name: str, value: object, *, least: int) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{name} is a whole number, {least} at least, not {text!r}.")
    return int(text)


def _truth(name: str, value: object) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise UsageError(f"{name} is True or False, not {value!r}.")
    return text == "true"


def open_model(
    arguments: Arguments,
    *,
    seed: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> RegisteredModel:
    """The model, ready for lm-eval's requests.

    Args:
        arguments: of the model.
        seed: where the arguments name none; torch's own when None.
        progress: told after every batch.
        say: told what a person should know, one line at a time.

    Raises:
        UsageError: the model does not exist, or its context is shorter than ``max_length``.
        ModelError: it cannot be loaded.
        AdapterError: the adapter does nothing, or belongs to another base.
    """
    loaded = _loaded(arguments, say)
    if arguments.max_length is not None:
        _check_length(arguments.max_length, loaded)
    if arguments.seed is not None:
        seed = arguments.seed
    elif seed is None:
        import torch

        seed = torch.initial_seed()
    return RegisteredModel(
        loaded,
        rows_at_once=arguments.rows_at_once,
        context_length=arguments.max_length,
        seed=seed,
        progress=progress,
        say=say,
    )


def _loaded(arguments: Arguments, say: Callable[[str], None]) -> LoadedModel:
    adapter = arguments.adapter
    ours = adapter is not None and (adapter / adapters.INFO).is_file()
    place = locate(arguments.pretrained, say)
    if adapter is not None and not ours:
        _require_effect(adapter)
    loaded = load(
        place.where,
        revision=place.revision or None,
        label=place.label,
        device=arguments.device,
        dtype=arguments.dtype,
        adapter=None if ours else adapter,
        trust_remote_code=arguments.trust_remote_code,
    )
    return _with_adapter(loaded, adapter) if ours and adapter is not None else loaded


def _with_adapter(base: LoadedModel, folder: Path) -> LoadedModel:
    """The base with an adapter of ours merged into it, after it was probed; asked with whatever prompt a task has."""
    info = adapters.read_adapter(folder)
    tuned_on = info.identity.get("base_revision", base.revision)
    if tuned_on != base.revision:
        raise AdapterError(
            f"The adapter was tuned on another base than {base.label}.",
            where=str(folder),
            evidence=[f"tuned on {info.identity.get('base_label')} {tuned_on}", f"here {base.revision}"],
            fix="name the base that it was tuned on: pretrained=…",
        )
    encoder = Encoder(base.tokenizer, config=base.model.config, generation_config=base.model.generation_config)
    adapters.probe(base.model, folder, encoder, _PROBED)
    merged = adapters.load_merged(base.model, folder, keep_base=False)
    hashed = folder_hash(folder) if info.method == "full" else adapter_hash(folder)
    return replace(base, model=merged, adapter_hash=hashed)


def _require_effect(folder: Path) -> None:
    """Refuses a LoRA of PEFT's that changes nothing; other kinds of adapter are taken as they are."""
    from safetensors import SafetensorError, safe_open

    path = folder / ADAPTER_FILES[1]
    if not path.is_file():
        return  # `load` says what is missing
    try:
        with safe_open(path, framework="pt") as weights:
            second = [name for name in weights.keys() if ".lora_B." in name]  # noqa: SIM118  # it is no mapping
            nothing = bool(second) and not any(bool(weights.get_tensor(name).any()) for name in second)
    except (SafetensorError, OSError) as error:
        raise AdapterError("The adapter's weights cannot be read.", where=str(path), evidence=[error]) from error
    if nothing:
        raise AdapterError(
            f"The adapter does nothing: LoRA B is zero in all {len(second)} modules.",
            where=str(folder),
            fix="name the folder of an adapter that was tuned",
        )


def _check_length(length: int, loaded: LoadedModel) -> None:
    config = loaded.model.config.get_text_config(decoder=True)
    bounds = (getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "n_ctx"))
    bound = next((value for value in bounds if isinstance(value, int)), None)
    if bound is not None and length > bound:
        raise UsageError(f"max_length={length} is more than the {bound} tokens that {loaded.label} was made for.")


class RegisteredModel(LocalModel):
    """``LocalModel`` with what lm-eval's evaluator asks of a model that it makes itself."""

    def __init__(self, loaded: LoadedModel, **options: Any) -> None:
        super().__init__(loaded, **options)
        self._device = loaded.device
        self._asked: Sequence[Instance] = ()
        self.opened_with_stop = 0
        """Answers that begin with white space which is a stop string: it did not end them, as it does in lm-eval's own
        loader.
        """

    @classmethod
    def create_from_arg_string(
        cls, arg_string: str, additional_config: Mapping[str, Any] | None = None
    ) -> RegisteredModel:
        """From ``key=value,key=value``; see ``create_from_arg_obj``."""
        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: Mapping[str, Any], additional_config: Mapping[str, Any] | None = None
    ) -> RegisteredModel:
        """The model that was prepared, or that ``--model_args`` names; see ``open_model`` for the errors."""
        return PREPARED.get() or open_model(read_arguments({**(additional_config or {}), **arg_dict}))

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """See ``LocalModel``."""
        self._asked = requests
        return super().loglikelihood(requests, disable_tqdm)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """See ``LocalModel``."""
        self._asked = requests
        return super().loglikelihood_rolling(requests, disable_tqdm)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """See ``LocalModel``."""
        self._asked = requests
        answers = super().generate_until(requests, disable_tqdm)
        settings = [normalize_gen_kwargs(dict(request.args[1]), self.max_gen_toks) for request in requests]
        self.opened_with_stop += sum(
            any(stop and stop in answer for stop in known["until"])
            for answer, known in zip(answers, settings, strict=True)
        )
        return answers

    def _through_journal(
        self, kind: str, keys: Sequence[str], compute: Callable[[Sequence[int], Keep], None]
    ) -> list[Value]:
        """Hands each batch to lm-eval's cache as it comes, so that a killed ``--use_cache`` run goes on from there."""

        def computed(todo: Sequence[int], keep: Keep) -> None:
            def both(found: Mapping[int, Value]) -> None:
                for index, value in found.items():
                    self.cache_hook.add_partial(kind, self._asked[index].args, _as_answered(kind, value))
                keep(found)

            compute(todo, both)

        return super()._through_journal(kind, keys, computed)

    @property
    def answers_key(self) -> str:
        """16 hex digits for everything an answer depends on besides its request."""
        parts = {**identity(self.loaded), "context_length": str(self.max_length)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def get_model_info(self) -> dict[str, Any]:
        """For lm-eval's results file: which weights, which adapter, and what computed the answers."""
        return {
            "model_num_parameters": self.loaded.parameters,
            "model_dtype": self.loaded.dtype,
            "model_revision": self.loaded.revision,
            "model_sha": self.loaded.revision,
            "adapter_sha": self.loaded.adapter_hash,
            "engine": self.engine,
        }


def _as_answered(kind: str, value: Value) -> Any:
    """What ``LocalModel`` answers where its journal keeps ``value``."""
    if kind == "loglikelihood":
        return float(value[0]), bool(value[1])
    return float(value[0]) if kind == "loglikelihood_rolling" else str(value["text"])
