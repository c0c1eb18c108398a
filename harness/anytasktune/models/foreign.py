"""Any model that lm-eval supports: ``lm-eval:KIND,key=value,…``."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM
from lm_eval.api.registry import get_model

from anytasktune.errors import ModelError, UsageError
from anytasktune.models.journal import Journal, key_of
from anytasktune.models.kinds import ModelRequest, Notes
from anytasktune.models.loading import folder_hash
from anytasktune.models.tokens import Encoder
from anytasktune.prompts import PromptFormat
from anytasktune.records import EngineRecord, Method, ModelRecord, is_secret, publishable

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

CHUNK = 64
"""Requests handed over at once: what a killed process may have to ask again."""


class JournalledLM(LM):  # type: ignore[misc]  # lm-eval is untyped
    """Another ``LM`` whose answers are kept as they come, a chunk of requests at a time."""

    def __init__(self, inner: LM, journal: Journal, progress: Callable[[int, int, float], None]) -> None:
        super().__init__()
        self._inner, self._journal, self._progress = inner, journal, progress

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The inner model's own."""
        return str(self._inner.apply_chat_template(chat_history, add_generation_prompt=add_generation_prompt))

    @property
    def tokenizer_name(self) -> str:
        """The inner model's own."""
        return str(getattr(self._inner, "tokenizer_name", ""))

    def _through(self, kind: str, requests: list[Instance]) -> list[Any]:
        keys = [
            key_of(kind, str(request.args[0]), request.args[1] if len(request.args) > 1 else "") for request in requests
        ]
        wanted = [i for i, key in enumerate(keys) if self._journal.get(key) is None]
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            for i, answer in zip(part, getattr(self._inner, kind)([requests[i] for i in part]), strict=True):
                self._journal.put(keys[i], list(answer) if isinstance(answer, tuple) else answer)
            self._journal.flush()
            self._progress(len(requests) - len(wanted) + start + len(part), len(requests), 0.0)
        found = [self._journal.get(key) for key in keys]
        return [tuple(answer) if isinstance(answer, list) else answer for answer in found]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Through the journal."""
        return self._through("loglikelihood", requests)

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Through the journal."""
        return self._through("loglikelihood_rolling", requests)

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Through the journal."""
        return self._through("generate_until", requests)


@dataclass
class ForeignModel:
    """A model of lm-eval's own."""

    record: ModelRecord
    inner: LM
    form: PromptFormat | None
    methods: tuple[Method, ...] = ("generate", "likelihood")
    versions: dict[str, str] = field(default_factory=lambda: {"lm_eval": version("lm_eval")})

    def answering(self, journal: Journal, progress: Callable[[int, int, float], None]) -> LM:
        """The model behind a journal."""
        return JournalledLM(self.inner, journal, progress)

    def engine(self) -> EngineRecord:
        """lm-eval's own backend."""
        return EngineRecord(
            name=f"lm-eval {self.record.spec.removeprefix('lm-eval:').partition(',')[0]}",
            device=str(getattr(self.inner, "device", "")),
            versions=self.versions,
        )

    def notes(self) -> Notes:
        """lm-eval's models do not say what they used."""
        return Notes()


def open_foreign(request: ModelRequest) -> ForeignModel:
    """A model of lm-eval's table.

    Raises:
        UsageError: lm-eval knows no such kind.
        ModelError: it cannot be made from these arguments.
    """
    kind, _, arguments = request.spec.removeprefix("lm-eval:").partition(",")
    if "chat-completions" in kind:
        raise UsageError(
            f"lm-eval's {kind} is not supported: it has no tokenizer to render a prompt with.",
            fix="use its completions model with tokenizer=…, or record the answers and use recorded:FILE",
        )
    try:
        made = get_model(kind)
    except (KeyError, ValueError, ImportError) as error:
        raise UsageError(f"lm-eval has no model {kind!r}.", evidence=[str(error)[:300]]) from None
    try:
        inner = made.create_from_arg_string(arguments, {"device": _device(made, request.device)})
        tokenizer = getattr(inner, "tokenizer", None)  # some fetch it only now
    except Exception as error:  # each of lm-eval's models raises its own kinds
        raise ModelError(f"lm-eval's {kind} cannot be made: {type(error).__name__}: {error}") from error
    config = getattr(getattr(inner, "model", None), "config", None)
    form = Encoder(tokenizer, config=config) if hasattr(tokenizer, "chat_template") else None
    return ForeignModel(
        record=ModelRecord(
            spec=_shown(request.spec),
            label=_label(kind, arguments),
            family="general",
            revision=_revision(arguments),
        ),
        inner=inner,
        form=form,
    )


def _device(kind: type[LM], wanted: str) -> str | None:
    """The device for a model of lm-eval's; None where it has a say of its own or needs none."""
    import torch

    if wanted != "auto":
        return wanted
    device = inspect.signature(kind).parameters.get("device")
    # lm-eval's default for local models is "cuda" even where there is none
    return "cpu" if device is not None and device.default == "cuda" and not torch.cuda.is_available() else None


def _label(kind: str, arguments: str) -> str:
    pairs = dict(pair.partition("=")[::2] for pair in arguments.split(",") if pair)
    name = pairs.get("pretrained") or pairs.get("model") or arguments
    return f"{Path(name).name if Path(name).exists() else name} ({kind})"


def _revision(arguments: str) -> str:
    """Stands for every argument but secrets, and for the content of a local folder of weights."""
    pairs = [pair for pair in arguments.split(",") if pair and not is_secret(pair.partition("=")[0])]
    folder = Path(dict(pair.partition("=")[::2] for pair in pairs).get("pretrained", ""))
    content = folder_hash(folder) if folder.name and folder.is_dir() else ""
    return hashlib.sha256(json.dumps([*sorted(pairs), content]).encode()).hexdigest()[:16]


def _shown(spec: str) -> str:
    """The spec for a record: secrets left out, a path of this machine shortened to its last part."""
    return publishable(spec)
