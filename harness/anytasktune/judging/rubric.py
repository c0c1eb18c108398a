"""What a judge gives points for: a rubric, read from YAML or the built-in one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from anytasktune.errors import UsageError, did_you_mean
from anytasktune.examples import Kind

Line = Annotated[str, Field(min_length=1, max_length=1000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Criterion(_Strict):
    """One thing that earns points.

    Args:
        name, description: as the judge is told them; in Chinese prompts ``name_zh`` and ``description_zh`` where given.
        points: the most that it is worth; the least is 0.
    """

    name: Line
    description: Line
    points: int = Field(ge=1, le=100)
    name_zh: str = ""
    description_zh: str = ""

    @field_validator("name", "description", "name_zh", "description_zh")
    @classmethod
    def _on_one_line(cls, text: str) -> str:
        return " ".join(text.split())

    def told(self, language: str) -> tuple[str, str]:
        """Name and description in the language of the prompt."""
        if language == "zh":
            return self.name_zh or self.name, self.description_zh or self.description
        return self.name, self.description


class Rubric(_Strict):
    """What an answer is graded by; its scale runs from 0 to the sum of all points."""

    criteria: list[Criterion] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _names_differ(self) -> Rubric:
        names = [criterion.name for criterion in self.criteria]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"criterion {twice[0]!r} stands twice")
        return self

    @property
    def total(self) -> int:
        """The most points that an answer can have."""
        return sum(criterion.points for criterion in self.criteria)

    def hash(self) -> str:
        """Sixteen hex digits over every word and point of it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


TEXT = Rubric(
    criteria=[
        Criterion(
            name="correctness",
            description="what it says is right, agrees with the reference where there is one, and nothing is made up",
            points=5,
            name_zh="正确",
            description_zh="内容正确，与参考答案（如有）一致，没有编造",
        ),
        Criterion(
            name="completeness",
            description="everything that the task asks for is there, and nothing that it does not ask for",
            points=3,
            name_zh="完整",
            description_zh="任务要求的内容都有，没有多余的内容",
        ),
        Criterion(
            name="form",
            description="it is written in the language and form that the task asks for, and reads well",
            points=2,
            name_zh="形式",
            description_zh="语言和格式符合任务要求，表达通顺",
        ),
    ]
)
"""The built-in rubric, for free text; ten points."""


def built_in(kind: Kind, task: str) -> Rubric:
    """The built-in rubric for a kind of answer.

    Raises:
        UsageError: there is none for it.
    """
    if kind != "text":
        raise UsageError(
            f"The built-in rubric is for free text, and {task} is a {kind}, which its own metric scores.",
            fix="give --rubric FILE.yaml to have it judged all the same; see docs/judge.md",
        )
    return TEXT


def read_rubric(path: Path) -> Rubric:
    """A rubric from YAML: ``criteria``, each with ``name``, ``description`` and ``points``.

    Raises:
        UsageError: missing, not YAML, or not a rubric; every fault is named.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The rubric {path.name!r} cannot be read: {error.strerror}.", where=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"The rubric {path.name} is not YAML: {error}", where=str(path)) from None
    try:
        return Rubric.model_validate(content)
    except ValidationError as error:
        raise UsageError(
            f"The rubric {path.name} is invalid.",
            where=str(path),
            evidence=_sentences(error),
            fix="a list `criteria`, each with name, description and points; see docs/judge.md",
        ) from None


def _sentences(error: ValidationError) -> list[str]:
    known = {*Rubric.model_fields, *Criterion.model_fields}
    sentences = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "rubric"
        unknown = fault["type"] == "extra_forbidden"
        said = f"unknown key; {did_you_mean(str(fault['loc'][-1]), known)}" if unknown else fault["msg"]
        sentences.append(f"{place}: {said}")
    return sentences
