"""A sub-task: what a plugin registers. Its words (prompts, labels, licence) stand in the YAML beside its module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from anytasktune.card import Card, read_card
from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import Metric
from anytasktune.recipes import Recipe

Builder = Callable[[DataRequest], Iterable[Example]]
"""Yields every published row, in a fixed order, unaltered; called only when data are wanted."""

RecordedAnswers = Callable[[DataRequest], Iterable[tuple[str, str | None]]]
"""Yields ``(example id, answer)`` of a general model, as its publisher recorded it; ``None`` is missing."""


@dataclass(frozen=True, kw_only=True)
class SubTask:
    """One narrow thing that a domain's people do.

    Args:
        id: ``domain/name``.
        yaml: the file with its card: prompts, labels, limits, licence, source, version; a valid lm-eval task.
        build: its dataset builder.
        metric: what it is scored by.
        recipe: how an adapter for it is tuned.
        recorded: answers of general models that were published with the data, by the model's name.
        origin: the plugin that registered it; filled in by the core.
    """

    id: str
    yaml: Path
    build: Builder
    metric: Metric
    recipe: Recipe
    recorded: Mapping[str, RecordedAnswers] = field(default_factory=lambda: MappingProxyType({}))
    origin: str = ""

    @property
    def domain(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    @property
    def slug(self) -> str:
        """The id as a name without a slash: ``law_charge_prediction``, lm-eval's task name."""
        return self.id.replace("/", "_").replace("-", "_")

    @cached_property
    def card(self) -> Card:
        """The card, read once from the YAML.

        Raises:
            CardError: the YAML is missing or invalid, every fault named.
        """
        return read_card(self.yaml, expected_id=self.id)
