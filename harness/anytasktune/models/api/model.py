"""A model behind an HTTP interface, as evaluation sees one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from anytasktune.models.api.arguments import Arguments, parse, public_name
from anytasktune.models.api.forms import ChatForm, TemplateForm, template_form
from anytasktune.models.api.lm import ApiLM
from anytasktune.models.journal import Journal
from anytasktune.models.kinds import ModelRequest, Notes, Say
from anytasktune.records import EngineRecord, Method, ModelRecord


@dataclass
class ApiModel:
    """Somebody's model, asked by its name."""

    arguments: Arguments
    form: ChatForm | TemplateForm | None
    say: Say = field(default=lambda line: None)
    methods: tuple[Method, ...] = ("generate",)
    _lm: ApiLM | None = field(default=None, repr=False)

    @property
    def record(self) -> ModelRecord:
        """Who it is; once it has been asked, also who it says it is, and why rows are missing."""
        chosen: dict[str, object] = {}
        if self._lm is not None:
            served = sorted({public_name(str(value["model"])) for value in self._lm.values.values()} - {""})
            missing = Counter(loss.reason for loss in self._lm.lost.values())
            chosen |= {"served_model": ", ".join(served)} if served else {}
            chosen |= {"missing": dict(sorted(missing.items()))} if missing else {}
        template = self.form.template_hash if self.form is not None else ""
        return ModelRecord(
            spec=self.arguments.shown,
            label=self.arguments.label,
            family="general",
            revision=self.arguments.answers_hash(template),
            chosen=chosen,
        )

    def answering(self, journal: Journal, progress: Callable[[int, int, float], None]) -> ApiLM:
        """The server behind a journal."""
        self._lm = ApiLM(self.arguments, self.form, journal, progress, self.say)
        return self._lm

    def engine(self) -> EngineRecord:
        """The interface. No versions: the answers are the server's, and none may be paid for again because a library
        of ours, which only carries them, was updated.
        """
        return EngineRecord(name=self.arguments.wire.engine)

    def notes(self) -> Notes:
        """What all answers took, those of interrupted runs included; the cost is None where anything is not known."""
        if self._lm is None:
            return Notes()
        values = self._lm.values
        prompt = [value["prompt_tokens"] for value in values.values()]
        answer = [value["tokens"] for value in values.values()]
        known = None not in prompt and None not in answer
        price_in, price_out = self.arguments.price_in, self.arguments.price_out
        tokens_in, tokens_out = sum(count or 0 for count in prompt), sum(count or 0 for count in answer)
        cost = None
        if price_in is not None and price_out is not None and known:
            cost = round((tokens_in * price_in + tokens_out * price_out) / 1e6, 8)
        return Notes(
            prompt_tokens=tokens_in,
            answer_tokens=tokens_out,
            cut_off=frozenset(key for key, value in values.items() if value["limit"]),
            reused=self._lm.reused,
            cost_usd=cost,
        )


def open_api(request: ModelRequest) -> ApiModel:
    """A model by its spec; nothing is asked yet.

    Raises:
        UsageError: the spec is wrong.
        ModelError: the tokenizer that it names cannot be loaded.
    """
    arguments = parse(request.spec, os.environ)
    if request.rows_at_once is not None:
        arguments = replace(arguments, concurrency=min(arguments.concurrency, request.rows_at_once))
    form: ChatForm | TemplateForm | None = ChatForm()
    if arguments.kind == "openai-completions":
        form = template_form(arguments.tokenizer, request.trust_remote_code) if arguments.tokenizer else None
    return ApiModel(arguments=arguments, form=form, say=request.say)
