"""A suite file: which sub-tasks, which models, how they are asked and tuned."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from anytasktune.errors import SuiteError, UsageError, did_you_mean
from anytasktune.recipes import Recipe

ProtocolName = Literal["zero-shot", "few-shot", "likelihood"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskEntry(_Strict):
    """A sub-task, or a glob of them, and which variant of its data."""

    task: str
    variant: str = ""


class ModelEntry(_Strict):
    """A model and how it is asked; with ``tune`` it is the adapter tuned on it.

    ``tune`` holds changes to the sub-task's own recipe. A base model has a row a protocol; of an adapter's protocols
    validation chooses the one that is reported.
    """

    model: str
    protocols: list[ProtocolName] = ["zero-shot", "few-shot", "likelihood"]
    shots: int | None = Field(default=None, ge=1)
    tune: dict[str, Any] | None = None
    seeds: list[int] = [0]

    @field_validator("tune")
    @classmethod
    def _fields_of_a_recipe(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        try:
            Recipe().but(**(value or {}))
        except UsageError as error:
            raise ValueError(f"{error.problem} {error.fix}") from None
        return value


class Suite(_Strict):
    """Sub-tasks × models."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = ""
    tasks: list[TaskEntry] = Field(min_length=1)
    models: list[ModelEntry] = Field(min_length=1)
    limit: int | None = Field(default=None, ge=1)
    seed: int = 0
    language: Literal["en", "zh"] | None = None

    @field_validator("tasks", mode="before")
    @classmethod
    def _short_tasks(cls, value: object) -> object:
        return [{"task": v} if isinstance(v, str) else v for v in value] if isinstance(value, list) else value

    @field_validator("models", mode="before")
    @classmethod
    def _short_models(cls, value: object) -> object:
        return [{"model": v} if isinstance(v, str) else v for v in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _no_model_twice(self) -> Suite:
        seen = [entry.model_dump_json() for entry in self.models]
        if len(set(seen)) != len(seen):
            raise ValueError("models: an entry stands twice")
        return self


def read_suite(path: Path) -> Suite:
    """The suite in a YAML file; all faults at once, each with its place.

    Raises:
        SuiteError: the file is missing, not YAML, or does not fit the schema.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError(f"There is no suite file {path.name!r}.", where=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteError(f"The suite {path.name} is not YAML: {error}", where=str(path)) from None
    if not isinstance(content, dict):
        raise SuiteError(f"The suite {path.name} is not a mapping of keys to values.", where=str(path))
    try:
        return Suite.model_validate(content)
    except ValidationError as error:
        raise SuiteError(
            f"The suite {path.name} has {error.error_count()} faults.", where=str(path), evidence=_sentences(error)
        ) from None


def _sentences(error: ValidationError) -> list[str]:
    known = {*Suite.model_fields, *ModelEntry.model_fields, *TaskEntry.model_fields}
    known |= {field.name for field in dataclass_fields(Recipe)}
    sentences = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "suite"
        if fault["type"] == "extra_forbidden":
            sentences.append(f"{place}: unknown key; {did_you_mean(str(fault['loc'][-1]), known)}")
        else:
            sentences.append(f"{place}: {fault['msg']}")
    return sentences
