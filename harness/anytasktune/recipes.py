"""How to tune: data only, no torch. The loop that reads it is ``anytasktune.training``."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from anytasktune.errors import UsageError, did_you_mean

Method = Literal["lora", "dora", "rslora", "full"]
Schedule = Literal["linear", "cosine", "constant"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to tune an adapter; every field takes part in the recipe's hash.

    Args:
        method: ``lora`` (Hu et al. 2021), ``dora`` (Liu et al. 2024), ``rslora`` (Kalajdzievski 2023) or
            ``full`` (every weight).
        rank, alpha, dropout: of the adapter.
        target_modules: module names as PEFT takes them; ``("all-linear",)`` means every linear layer but the head.
        learning_rate: peak rate of AdamW.
        schedule: ``linear`` or ``cosine`` decay to zero, or ``constant``, after the warm-up.
        warmup_ratio: share of all steps spent warming up.
        weight_decay, max_grad_norm: of AdamW and of the clipping.
        epochs: passes over the train split (may be fractional).
        max_steps: optimiser steps; stops before ``epochs`` when above zero.
        batch_size: examples in one optimiser step (the effective batch).
        micro_batch_tokens: real tokens computed at once; never changes the loss.
        max_length: longest prompt + answer in tokens; longer inputs are shortened in the middle.
        evaluations: how often validation loss is measured, evenly spaced over the steps.
        shots: few-shot examples in the prompt that is tuned on.
    """

    method: Method = "lora"
    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    target_modules: tuple[str, ...] = ("all-linear",)
    learning_rate: float = 5e-4
    schedule: Schedule = "linear"
    warmup_ratio: float = 0.05
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    epochs: float = 3.0
    max_steps: int = 0
    batch_size: int = 16
    micro_batch_tokens: int = 2048
    max_length: int = 1024
    evaluations: int = 6
    shots: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), field.default)
        positive = ("rank", "alpha", "learning_rate", "batch_size", "micro_batch_tokens", "max_length", "evaluations")
        for name in positive:
            if getattr(self, name) <= 0:
                raise UsageError(f"Recipe.{name} must be above 0, not {getattr(self, name)}.")
        if self.epochs <= 0 and self.max_steps <= 0:
            raise UsageError("A recipe needs epochs or max_steps above 0.")
        if not 0 <= self.dropout < 1 or not 0 <= self.warmup_ratio <= 1 or self.shots < 0:
            raise UsageError("Recipe.dropout is in [0, 1), warmup_ratio in [0, 1], shots 0 or more.")
        if not self.target_modules:
            raise UsageError("Recipe.target_modules names no module.", fix='use ("all-linear",)')
        for name, known in (("method", get_args(Method)), ("schedule", get_args(Schedule))):
            if getattr(self, name) not in known:
                raise UsageError(
                    f"Recipe.{name} cannot be {getattr(self, name)!r}.", fix=did_you_mean(getattr(self, name), known)
                )

    def but(self, **changes: Any) -> Recipe:
        """This recipe with some fields changed, as YAML or a command line gives them.

        Raises:
            UsageError: an unknown field, with a suggestion; a value of another type, or out of its range.
        """
        known = [f.name for f in fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"A recipe has no field {name!r}.", fix=did_you_mean(name, known))
        return replace(self, **{name: _from_yaml(value, getattr(self, name)) for name, value in changes.items()})

    def as_dict(self) -> dict[str, Any]:
        """Plain data for records and cards."""
        return {**asdict(self), "target_modules": list(self.target_modules)}

    def hash(self) -> str:
        """First twelve hex digits of the sha256 over all fields."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:12]


def _from_yaml(value: Any, now: object) -> Any:
    """The value as the field's type: YAML reads 5e-4 as text and 3.0 as no whole number."""
    if isinstance(now, tuple):
        return tuple(value) if isinstance(value, list | tuple) else (value,)
    if isinstance(now, float) and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(now, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _check_type(name: str, value: object, default: object) -> None:
    if isinstance(default, tuple):
        right = isinstance(value, tuple) and all(isinstance(item, str) and item for item in value)
        wanted = "module names"
    elif isinstance(default, float):
        right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        wanted = "a number"
    elif isinstance(default, int):
        right, wanted = isinstance(value, int) and not isinstance(value, bool), "a whole number"
    else:
        right, wanted = isinstance(value, str), "text"
    if not right:
        raise UsageError(f"Recipe.{name} is {wanted}, not {value!r}.")


CHOICE = Recipe(epochs=3.0)
LABELS = Recipe(epochs=4.0, max_length=1536)
EXTRACT = Recipe(epochs=4.0)
TEXT = Recipe(epochs=3.0, learning_rate=3e-4)
NUMBER = Recipe(epochs=3.0)
