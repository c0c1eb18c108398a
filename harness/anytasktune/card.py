"""The card of a sub-task: the ``metadata`` of its YAML, checked against a schema.

The YAML itself is a task of lm-eval: its top-level keys are lm-eval's, everything of ours stands under
``metadata``, since lm-eval refuses unknown top-level keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from anytasktune.errors import CardError, did_you_mean
from anytasktune.examples import Kind

Language = Literal["en", "zh"]


GENERATION = {"max_new_tokens": "generation_kwargs.max_gen_toks", "until": "generation_kwargs.until"}
"""Fields of the card that stand among lm-eval's own keys."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=False)


class Prompt(_Strict):
    """What is asked, in one language. Both are Jinja templates over ``input`` and ``labels``."""

    instruction: str = Field(min_length=1, description="the one fixed instruction, shown as the system message")
    question: str = Field(min_length=1, description="the user message of one row; ends in the answer cue")

    @model_validator(mode="after")
    def _names_the_input(self) -> Prompt:
        if not re.search(r"\{[{%][^}]*\binput\b", self.question):
            raise ValueError("prompt.question must contain {{input}}")
        return self


class Label(_Strict):
    """One label: the text that stands in the data, and its name in each language."""

    id: str
    en: str = ""
    zh: str = ""

    def name(self, language: str) -> str:
        """The name in that language; the id where none is given."""
        return str(getattr(self, language, "")) or self.id


class Source(_Strict):
    """Where the data come from."""

    citation: str
    url: str = ""
    authored: bool = False
    canary: str = ""


class Splits(_Strict):
    """How rows without a published split are shared out, by content hash.

    ``shares``: of rows that have no split. ``validation_from_train``: share of a published train split that
    becomes validation, where none was published. ``salt``: sub-tasks with one salt and one group key split alike.
    """

    shares: dict[Literal["train", "validation", "test"], Annotated[float, Field(ge=0, le=1)]] | None = None
    validation_from_train: Annotated[float, Field(ge=0, lt=1)] = 0.0
    salt: str = ""
    on_bad_row: Literal["fail", "skip"] = "fail"

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Splits:
        if self.shares is not None and abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"splits.shares must sum to 1, not {sum(self.shares.values())}")
        return self


class Card(_Strict):
    """Everything about a sub-task that is words rather than code."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*/[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: str
    kind: Kind
    languages: list[Language] = Field(min_length=1)
    prompts: dict[Language, Prompt] = Field(min_length=1)
    prompt_language: Language
    labels: list[Label] = []
    separator: str = "; "
    shots: int = Field(default=8, ge=0)
    licence: str
    source: Source
    source_task: str = ""
    wrong_answer_costs: str
    splits: Splits = Splits()
    variants: list[str] = []
    fingerprints: dict[str, str] = {}
    language: Language | None = Field(default=None, description="lm-eval's --metadata may set it: prompt language")

    max_new_tokens: int = Field(ge=1)
    until: list[str]

    @model_validator(mode="after")
    def _is_consistent(self) -> Card:
        if self.prompt_language not in self.prompts:
            raise ValueError(f"prompt_language {self.prompt_language!r} has no entry in prompts")
        ids = [label.id for label in self.labels]
        if len(set(ids)) != len(ids):
            raise ValueError("labels: an id stands twice")
        for language in self.prompts:
            twice = [name for name, times in Counter(self.label_names(language)).items() if times > 1]
            if twice:
                raise ValueError(f"labels: the {language} name {twice[0]!r} stands twice")
        if self.kind == "choice" and len(ids) < 2:
            raise ValueError("a choice needs at least two labels")
        return self

    def label_names(self, language: str) -> list[str]:
        """The labels' names in that language, in the card's order."""
        return [label.name(language) for label in self.labels]


class _Loader(yaml.SafeLoader):
    """Reads lm-eval's ``!function`` as the plain text behind it."""


_Loader.add_constructor("!function", lambda loader, node: str(node.value))


def read_yaml(path: Path) -> dict[str, Any]:
    """The YAML as plain data, ``!function`` values as text.

    Raises:
        CardError: missing, not YAML, or not a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    except FileNotFoundError:
        raise CardError(f"The card {path.name} is missing.", where=str(path), fix="put the YAML there") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CardError(f"The card {path.name} is not YAML: {error}", where=str(path)) from None
    if not isinstance(content, dict):
        raise CardError(f"The card {path.name} is not a mapping of keys to values.", where=str(path))
    return content


def read_card(path: Path, *, expected_id: str = "") -> Card:
    """The card in a sub-task's YAML; all faults at once.

    Raises:
        CardError: a key is unknown, missing or wrong, or lm-eval's keys contradict the card.
    """
    content = read_yaml(path)
    metadata = content.get("metadata")
    if not isinstance(metadata, Mapping):
        raise CardError(f"The card {path.name} has no metadata.", where=str(path), fix="see docs/card.md")
    generation = content.get("generation_kwargs")
    generation = generation if isinstance(generation, Mapping) else {}
    fields = dict(metadata)
    fields["max_new_tokens"] = generation.get("max_gen_toks")
    fields["until"] = generation.get("until", [])
    fields.pop("config_source", None)
    faults = [f"metadata.{name}: is not read; {key} is" for name, key in GENERATION.items() if name in metadata]
    try:
        card = Card.model_validate(fields)
    except ValidationError as error:
        faults += _sentences(error)
    if faults:
        raise CardError(f"The card {path.name} is invalid.", where=str(path), evidence=faults, fix="see docs/card.md")
    name = card.id.replace("/", "_").replace("-", "_")
    if content.get("task", name) != name:
        raise CardError(
            f"The card of {card.id} calls its lm-eval task {content['task']!r}, not {name!r}.", where=str(path)
        )
    if expected_id and card.id != expected_id:
        raise CardError(f"The card says {card.id!r}, the plugin registers {expected_id!r}.", where=str(path))
    return card


def _sentences(error: ValidationError) -> list[str]:
    known = {name for part in (Card, Prompt, Label, Source, Splits) for name in part.model_fields} - GENERATION.keys()
    sentences = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "metadata"
        if fault["type"] == "extra_forbidden":
            name = str(fault["loc"][-1])
            sentences.append(f"metadata.{place}: unknown key; {did_you_mean(name, known)}")
        elif place == "max_new_tokens":
            sentences.append("generation_kwargs.max_gen_toks: a whole number above 0 is needed")
        else:
            sentences.append(f"metadata.{place}: {fault['msg']}")
    return sentences
