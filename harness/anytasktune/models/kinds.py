"""What can be named as a model: the contract, and the kinds that the core brings.

A kind opens a *model*; a model gives an lm-eval ``LM`` that answers a sub-task's requests. Light: nothing heavy is
imported before a model is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from anytasktune.errors import UsageError, did_you_mean
from anytasktune.prompts import PromptFormat
from anytasktune.records import EngineRecord, Method, ModelRecord

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from anytasktune.examples import Kind
    from anytasktune.models.journal import Journal
    from anytasktune.models.shelf import Shelf
    from anytasktune.splits import DataSet
    from anytasktune.subtask import SubTask


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What the requests of the last ``LM`` took and met.

    Args:
        prompt_tokens, answer_tokens: computed, or billed by an API.
        cut_off: journal keys of answers that ran into their limit.
        reused: requests that were answered before.
        cost_usd: of an API with known prices.
    """

    prompt_tokens: int = 0
    answer_tokens: int = 0
    cut_off: frozenset[str] = frozenset()
    reused: int = 0
    cost_usd: float | None = None


Say = Callable[[str], None]
"""Tells the person what is going on; one short line."""


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """What a model is opened for.

    Args:
        spec: what the command line or suite names.
        task, data: the sub-task to be answered and its rows (classical models learn from train, recorded answers
            belong to a sub-task).
        adapter: folder of an adapter to apply.
        language: of the prompts that it will be asked with.
        device, dtype, rows_at_once, trust_remote_code: as the command line gives them.
        seed: of whatever is random.
        say: where progress is told.
        shelf: keeps a base from one opening to the next; each opening loads its own when None.
    """

    spec: str
    task: SubTask
    data: DataSet
    adapter: Path | None = None
    language: str = ""
    device: str = "auto"
    dtype: str = "auto"
    rows_at_once: int | None = None
    trust_remote_code: bool = False
    seed: int = 0
    say: Say = field(default=lambda line: None)
    shelf: Shelf | None = None


class Model(Protocol):
    """Anything that answers."""

    @property
    def record(self) -> ModelRecord:
        """Who it is, for the run's record."""
        ...

    @property
    def methods(self) -> tuple[Method, ...]:
        """How it can be asked."""
        ...

    @property
    def form(self) -> PromptFormat | None:
        """Its tokenizer's view of prompts; None when it takes rows rather than prompts."""
        ...

    def answering(self, journal: Journal, progress: Callable[[int, int, float], None]) -> LM:
        """An ``LM`` that keeps each finished answer in the journal and takes from it what is there already.

        Args:
            journal: of finished answers; the caller closes it.
            progress: told ``(done, total, tokens per second)``.
        """
        ...

    def engine(self) -> EngineRecord:
        """What computed the answers of the last ``LM``."""
        ...

    def notes(self) -> Notes:
        """What the last ``LM``'s requests took and met."""
        ...


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """A kind of model and the names that it answers to.

    Args:
        name: a fixed name (``majority``) or a prefix that ends in a colon (``hf:``).
        summary: one line for ``anytasktune models``.
        open: opens the model; every heavy import belongs in there.
        kinds: the kinds of sub-task that it can answer; all when empty.
        tunable: an adapter can be tuned on it.
    """

    name: str
    summary: str
    open: Callable[[ModelRequest], Model]
    kinds: tuple[Kind, ...] = ()
    tunable: bool = False

    def answers_to(self, spec: str) -> bool:
        """Whether a spec names this kind."""
        return spec.startswith(self.name) and spec != self.name if self.name.endswith(":") else spec == self.name


def find_kind(spec: str, kinds: list[ModelKind]) -> ModelKind:
    """The kind that a spec names; a folder that exists is a local model.

    Raises:
        UsageError: none does.
    """
    for kind in kinds:
        if kind.answers_to(spec):
            return kind
    if Path(spec).is_dir():
        return next(kind for kind in kinds if kind.name == "local:")
    raise UsageError(f"No model is called {spec!r}.", fix=did_you_mean(spec, [kind.name for kind in kinds]))


def _open_causal(request: ModelRequest) -> Model:
    from anytasktune.models.causal import open_causal

    return open_causal(request)


def _open_recorded(request: ModelRequest) -> Model:
    from anytasktune.models.direct import open_recorded

    return open_recorded(request)


def _open_classical(request: ModelRequest) -> Model:
    from anytasktune.models.direct import open_classical

    return open_classical(request)


def _open_lm_eval(request: ModelRequest) -> Model:
    from anytasktune.models.foreign import open_foreign

    return open_foreign(request)


def _open_api(request: ModelRequest) -> Model:
    from anytasktune.models.api.model import open_api

    return open_api(request)


def _classical(name: str, summary: str, *kinds: Kind) -> ModelKind:
    return ModelKind(name=name, summary=summary, open=_open_classical, kinds=kinds)


BUILT_IN: tuple[ModelKind, ...] = (
    ModelKind(
        name="smollm2-135m",
        summary="SmolLM2-135M-Instruct (de-quantised Q4_1), 98 MB, fetched once: the default",
        open=_open_causal,
        tunable=True,
    ),
    ModelKind(name="hf:", summary="hf:OWNER/NAME[@revision], from the model hub", open=_open_causal, tunable=True),
    ModelKind(name="local:", summary="local:FOLDER, or just the folder", open=_open_causal, tunable=True),
    ModelKind(
        name="recorded:",
        summary="recorded:FILE.jsonl, or recorded:NAME of answers published with the data (see show TASK)",
        open=_open_recorded,
    ),
    _classical("majority", "the most frequent answer of the train split"),
    _classical("tfidf-logreg", "TF-IDF and logistic regression", "choice"),
    _classical("tfidf-ovr", "TF-IDF and one-vs-rest logistic regression", "labels"),
    _classical("tfidf-ridge", "TF-IDF and ridge regression", "number"),
    _classical("span-dictionary", "spans seen in the train split", "extract"),
    _classical("nearest-answer", "the answer of the nearest train row", "text"),
    _classical("copy-input", "the input itself", "text"),
    ModelKind(
        name="lm-eval:",
        summary="lm-eval:KIND,key=value,… : any model that lm-eval supports",
        open=_open_lm_eval,
    ),
    ModelKind(
        name="openai-chat:",
        summary="openai-chat:MODEL,key=value,… : OpenAI, or any server that speaks its chat/completions",
        open=_open_api,
    ),
    ModelKind(
        name="openai-completions:",
        summary="openai-completions:MODEL,key=value,… : plain completions, for base models",
        open=_open_api,
    ),
    ModelKind(
        name="anthropic:",
        summary="anthropic:MODEL,key=value,… : Anthropic, or any server that speaks its messages",
        open=_open_api,
    ),
)
