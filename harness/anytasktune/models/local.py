"""A local model as lm-eval sees one: scores and answers from this project's engines, kept in a journal as
they come.

``TemplateLM`` gives the contract; what is done with a request is that of lm-eval's ``HFLM`` (which tokens,
what is cut off), only computed otherwise.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import normalize_gen_kwargs
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from anytasktune.models import journal as journals
from anytasktune.models.answers import Answered, GenerationRequest, check_room
from anytasktune.models.generation import Generator
from anytasktune.models.journal import Journal, Value
from anytasktune.models.likelihood import LikelihoodScorer, Scored, ScoreRequest
from anytasktune.models.loading import LoadedModel
from anytasktune.models.tokens import Encoder

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

DEFAULT_LIMIT = 256
"""Tokens of an answer where a task names no limit; lm-eval's own default."""

_OF_SAMPLING = frozenset({"temperature", "top_p", "top_k", "min_p", "typical_p"})

Keep = Callable[[Mapping[int, Value]], None]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a call has come."""

    kind: str
    """``loglikelihood``, ``loglikelihood_rolling`` or ``generate_until``."""
    done: int
    total: int
    tokens_per_second: float
    """Tokens that went through the model in this call, padding included, by its seconds so far."""


@dataclass(kw_only=True)
class Usage:
    """What the calls so far took and met; answers taken from the journal took nothing."""

    prompt_tokens: int = 0
    """Computed, padding included; for scores the continuations count too."""
    answer_tokens: int = 0
    """Generated, end tokens included."""
    seconds: float = 0.0
    limit_hits: int = 0
    """Answers cut off at their limit, those from the journal included."""
    truncated: int = 0
    """Prompts that lost their beginning because they are too long, those from the journal included."""
    reused: int = 0
    """Requests answered from the journal."""


def identity(loaded: LoadedModel) -> dict[str, str]:
    """What of a model an answer depends on, for a journal's header."""
    encoder = _encoder(loaded)
    return {
        "model": loaded.label,
        "revision": loaded.revision,
        "adapter": loaded.adapter_hash,
        "dtype": loaded.dtype,
        "chat_template": encoder.template_hash,
        "context_length": str(encoder.context_length),
        "engine": "anytasktune",
    }


class LocalModel(TemplateLM):  # type: ignore[misc]  # lm-eval ships no types
    """A loaded model behind lm-eval's interface.

    Args:
        loaded: from ``loading.load``.
        journal: finished answers; what is in it is not computed again, what is computed is put into it
        batch by
            batch. The caller closes it.
        token_budget: tokens of a batch, padding included; the device's default when None.
        rows_at_once: contexts scored and answers written at a time, at most.
        context_length: tokens that prompt and answer may have together; the model's own when None.
        seed: for requests that sample.
        progress: told after every batch.
        say: told once when an engine has to fall back to a slower way.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        journal: Journal | None = None,
        token_budget: int | None = None,
        rows_at_once: int | None = None,
        context_length: int | None = None,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self.loaded = loaded
        self.tokenizer = loaded.tokenizer
        self.encoder = _encoder(loaded)
        if context_length is not None:
            self.encoder.context_length = context_length  # in place of what is read from config and tokenizer
        self.usage = Usage()
        self.limited: set[str] = set()
        """Journal keys (``journal.key_of``) of answers that were cut off at their limit."""
        self._journal = journal
        self._seed = seed
        self._progress = progress
        self._used: dict[str, set[str]] = {}
        self._scorer = LikelihoodScorer(
            loaded.model,
            context_length=self.encoder.context_length,
            token_budget=token_budget,
            rows_at_once=rows_at_once,
            say=say,
        )
        self._generator = Generator(
            loaded.model, self.encoder, token_budget=token_budget, rows_at_once=rows_at_once, say=say
        )

    # -- scores --------------------------------------------------------------------------------------------

    def loglikelihood(
        self,
        requests: list[Instance],
        disable_tqdm: bool = False,  # noqa: ARG002  # lm-eval's contract has it
    ) -> list[tuple[float, bool]]:
        """Log-probability of each continuation behind its context, and whether it is the greedy answer.

        Raises:
            PromptError: a continuation has no token of its own, or is longer than the model's context.
            ModelError: a score is not a finite number.
        """
        pairs = [(str(request.args[0]), str(request.args[1])) for request in requests]
        asked = [ScoreRequest(context=c, continuation=k) for c, k in self.encoder.encode_pairs(pairs)]
        room = self.max_length + 1
        self.usage.truncated += len({r.context for r in asked if len(r.context) + len(r.continuation) > room})
        keys = [journals.key_of("loglikelihood", context, continuation) for context, continuation in pairs]

        def compute(todo: Sequence[int], keep: Keep) -> None:
            def done(scored: Scored) -> None:
                keep({todo[i]: [score.logprob, score.greedy] for i, score in scored.items()})

            self._scorer.score([asked[i] for i in todo], done)

        values = self._through_journal("loglikelihood", keys, compute)
        return [(float(value[0]), bool(value[1])) for value in values]

    def loglikelihood_rolling(
        self,
        requests: list[Instance],
        disable_tqdm: bool = False,  # noqa: ARG002  # lm-eval's contract has it
    ) -> list[float]:
        """Log-probability of whole texts, in windows of the model's context (lm-eval's windows)."""
        texts = [str(request.args[0]) for request in requests]
        keys = [journals.key_of("loglikelihood_rolling", text, "") for text in texts]

        def compute(todo: Sequence[int], keep: Keep) -> None:
            windows: list[ScoreRequest] = []
            owners: list[int] = []
            for index, ids in zip(todo, self.encoder.encode_batch([texts[i] for i in todo]), strict=True):
                for context, continuation in self._windows(ids):
                    windows.append(ScoreRequest(context=tuple(context), continuation=tuple(continuation)))
                    owners.append(index)
            sums = dict.fromkeys(todo, 0.0)
            missing = {index: owners.count(index) for index in todo}
            keep({index: [0.0, True] for index in todo if not missing[index]})  # an empty text

            def done(scored: Scored) -> None:
                for number, score in scored.items():
                    sums[owners[number]] += score.logprob
                    missing[owners[number]] -= 1
                touched = {owners[number] for number in scored}
                keep({index: [sums[index], False] for index in sorted(touched) if not missing[index]})

            self._scorer.score(windows, done)

        return [float(value[0]) for value in self._through_journal("loglikelihood_rolling", keys, compute)]

    def _windows(self, ids: list[int]) -> list[tuple[list[int], list[int]]]:
        windows = get_rolling_token_windows(
            token_list=ids, prefix_token=self.prefix_token_id, max_seq_len=self.max_length, context_len=1
        )
        return [make_disjoint_window(window) for window in windows]

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[tuple[str, str], list[int], list[int]]],
        **kwargs: Any,  # noqa: ARG002  # lm-eval's contract has it
    ) -> list[tuple[float, bool]]:
        asked = [ScoreRequest(context=tuple(c), continuation=tuple(k)) for _, c, k in requests]
        return [(score.logprob, score.greedy) for score in self._scorer.score(asked)]

    # -- answers -------------------------------------------------------------------------------------------

    def generate_until(
        self,
        requests: list[Instance],
        disable_tqdm: bool = False,  # noqa: ARG002  # lm-eval's contract has it
    ) -> list[str]:
        """Answers; ``until``, ``max_gen_toks``, ``do_sample``, ``temperature`` and their like as in lm-eval.

        Raises:
            PromptError: an answer's limit leaves no room for its prompt.
            ModelError: a generation setting is not known.
        """
        contexts = [str(request.args[0]) for request in requests]
        settings = [dict(request.args[1]) for request in requests]
        asked, keys = self._generation_requests(contexts, settings)
        check_room(asked, self.max_length)
        self.usage.truncated += len({r.context for r in asked if len(r.context) + r.limit > self.max_length})

        def compute(todo: Sequence[int], keep: Keep) -> None:
            def done(answered: Answered) -> None:
                self.usage.answer_tokens += sum(answer.tokens for answer in answered.values())
                keep(
                    {
                        todo[i]: {"text": answer.text, "tokens": answer.tokens, "limit": answer.limit}
                        for i, answer in answered.items()
                    }
                )

            self._generator.generate([asked[i] for i in todo], done)

        values = self._through_journal("generate_until", keys, compute)
        cut_off = [key for key, value in zip(keys, values, strict=True) if value["limit"]]
        self.limited.update(cut_off)
        self.usage.limit_hits += len(cut_off)
        return [str(value["text"]) for value in values]

    def _generation_requests(
        self, contexts: Sequence[str], settings: Sequence[dict[str, Any]]
    ) -> tuple[list[GenerationRequest], list[str]]:
        """The requests, and their keys; a prompt that is sampled several times has a key and a seed for
        each time.
        """
        asked, keys = [], []
        times: dict[str, int] = {}
        for context, given, ids in zip(contexts, settings, self.encoder.encode_batch(contexts), strict=True):
            known = dict(normalize_gen_kwargs(given, DEFAULT_LIMIT))
            until, limit = tuple(known.pop("until")), int(known.pop("max_gen_toks"))
            sampled = bool(known.pop("do_sample")) and float(known.get("temperature", 0.0)) > 0.0
            options = {name: value for name, value in known.items() if sampled or name not in _OF_SAMPLING}
            key = journals.key_of("generate_until", context, given)
            if sampled:
                options["do_sample"] = True
                times[key] = times.get(key, 0) + 1
                key = journals.key_of("generate_until", context, [given, self._seed, times[key]])
            asked.append(
                GenerationRequest(
                    context=tuple(ids) or (self.prefix_token_id,),
                    limit=limit,
                    until=until,
                    options=options,
                    seed=int(key[:12], 16),
                )
            )
            keys.append(key)
        return asked, keys

    # -- the journal ---------------------------------------------------------------------------------------

    def _through_journal(
        self, kind: str, keys: Sequence[str], compute: Callable[[Sequence[int], Keep], None]
    ) -> list[Value]:
        """Values by request; ``compute`` is asked for those that are neither known nor asked for twice."""
        start, before = time.perf_counter(), self._computed()
        values: dict[str, Value] = {}
        todo: dict[str, int] = {}
        for index, key in enumerate(keys):
            known = self._journal.get(key) if self._journal is not None else None
            if known is not None:
                values[key] = known
            else:
                todo.setdefault(key, index)
        self.usage.reused += sum(key in values for key in keys)

        def keep(found: Mapping[int, Value]) -> None:
            for index, value in found.items():
                values[keys[index]] = value
                if self._journal is not None:
                    self._journal.put(keys[index], value)
            if self._journal is not None:
                self._journal.flush()
            if self._progress is not None:
                speed = (self._computed() - before) / max(1e-9, time.perf_counter() - start)
                done = sum(key in values for key in keys)
                self._progress(Progress(kind=kind, done=done, total=len(keys), tokens_per_second=speed))

        try:
            compute(list(todo.values()), keep)
        finally:
            self.usage.seconds += time.perf_counter() - start
            self.usage.prompt_tokens = self._scorer.computed + self._generator.prompt_computed
            self._note_engine(kind, computed=bool(todo))
        return [values[key] for key in keys]

    def _note_engine(self, kind: str, *, computed: bool) -> None:
        """Remembers, in the journal too, which engine answered requests of a kind."""
        key = journals.key_of("engine", kind, "")
        known = set(self._journal.get(key) or []) if self._journal is not None else set()
        used: set[str] = set(self._generator.used if kind == "generate_until" else self._scorer.used)
        now = known | used if computed else known
        if self._journal is not None and now != known:
            self._journal.put(key, sorted(now))
            self._journal.flush()
        self._used.setdefault(kind, set()).update(now)

    def _computed(self) -> int:
        return self._scorer.computed + self._generator.computed

    # -- what lm-eval and records ask for ------------------------------------------------------------------

    @property
    def engine(self) -> dict[str, Any]:
        """What computed the answers: name, number type, device, attention kernel, batch size, versions."""
        names = sorted(set().union(*self._used.values()))
        sizes = [self._generator.size if kind == "generate_until" else self._scorer.size for kind in self._used]
        return {
            "name": " + ".join(names) or "anytasktune",
            "dtype": self.loaded.dtype,
            "device": self.loaded.device,
            "attention": str(getattr(self.loaded.model.config, "_attn_implementation", "") or ""),
            "batch_tokens": min((size.tokens for size in sizes), default=None),
            "halvings": sum(size.halvings for size in sizes),
            "versions": engine_versions(self.loaded),
        }

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The prompt of a conversation; see ``Encoder.apply_chat_template``."""
        return self.encoder.apply_chat_template(chat_history, add_generation_prompt)

    @property
    def tokenizer_name(self) -> str:
        """Identifies tokenizer and chat template together."""
        name = hashlib.sha256(f"{self.loaded.label}\n{self.loaded.revision}".encode()).hexdigest()[:8]
        return f"{name}-{self.encoder.template_hash[:8]}"

    def tok_encode(
        self,
        string: str,
        add_special_tokens: bool | None = None,
        **kwargs: Any,  # noqa: ARG002  # lm-eval's contract has it
    ) -> list[int]:
        """Token ids; with None, never two begin tokens."""
        if add_special_tokens is None:
            return self.encoder.encode(string)
        ids: list[int] = self.tokenizer(string, add_special_tokens=add_special_tokens, verbose=False)["input_ids"]
        return ids

    @property
    def eot_token_id(self) -> int:
        """The end token."""
        return self.encoder.eos_token_id

    @property
    def prefix_token_id(self) -> int:
        """Stands for an empty context."""
        return self.encoder.prefix_token_id

    @property
    def max_length(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self.encoder.context_length

    @property
    def max_gen_toks(self) -> int:
        """Tokens of an answer where a task names no limit."""
        return DEFAULT_LIMIT


def engine_versions(loaded: LoadedModel) -> dict[str, str]:
    """Installed versions of the packages that answers depend on."""
    packages = ["torch", "transformers", "tokenizers", "lm-eval", *(["peft"] if loaded.adapter_hash else [])]
    return {package: version(package) for package in packages}


def _encoder(loaded: LoadedModel) -> Encoder:
    model = loaded.model
    return Encoder(loaded.tokenizer, config=model.config, generation_config=model.generation_config)
