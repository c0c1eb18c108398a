"""A model as a judge: asked through its ``LM`` and a journal, so that no judgement is ever asked for twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from anytasktune.errors import UsageError
from anytasktune.judging.questions import JUDGEMENT_TOKENS
from anytasktune.models.kinds import Model

if TYPE_CHECKING:
    from anytasktune.models.journal import Journal

CUT_OFF = "[cut off at its limit of {limit} tokens]"
"""Is put behind a judgement that ran into its limit: nobody knows what it would have ended in."""

_SETTINGS = {"until": [], "max_gen_toks": JUDGEMENT_TOKENS, "do_sample": False}


class ModelJudge:
    """What is asked of a model, as an ``Ask``.

    Args:
        model: that can be asked in words.
        journal: of its judgements; the caller closes it.
        progress: told ``(done, total, tokens per second)``.

    Raises:
        UsageError: the model cannot be asked in words.
    """

    def __init__(self, model: Model, journal: Journal, progress: Callable[[int, int, float], None]) -> None:
        self._model, self._journal, self._progress = model, journal, progress
        self.hit_limit = 0
        """Judgements of the last call that were cut off."""

    def __call__(self, prompts: list[str]) -> list[str | None]:
        """One greedy judgement a prompt; None where none came."""
        from lm_eval.api.instance import Instance

        from anytasktune.lm_eval_tasks import quiet
        from anytasktune.models.journal import key_of

        requests = [
            Instance(
                request_type="generate_until",
                doc={"id": f"judgement {place}", "prompt": hashlib.sha256(prompt.encode()).hexdigest()[:16]},
                arguments=(prompt, dict(_SETTINGS)),
                idx=0,
                metadata=("judgement", place, 1),
            )
            for place, prompt in enumerate(prompts)
        ]
        with quiet():
            said = self._model.answering(self._journal, self._progress).generate_until(requests)
        cut_off = self._model.notes().cut_off
        ended = [key_of("generate_until", *request.args) not in cut_off for request in requests]
        self.hit_limit = ended.count(False)
        return [
            words if words is None or whole else f"{words}\n{CUT_OFF.format(limit=JUDGEMENT_TOKENS)}"
            for words, whole in zip(said, ended, strict=True)
        ]


def require_words(model: Model) -> None:
    """Refuse a model that cannot be asked in words.

    Raises:
        UsageError: it takes rows, or gives likelihoods only.
    """
    if "generate" not in model.methods:
        raise UsageError(
            f"{model.record.label} cannot judge: it answers rows of its sub-task and cannot be asked in words.",
            fix="name a language model: --judge openai-chat:MODEL, anthropic:MODEL, hf:OWNER/NAME or a folder",
        )
