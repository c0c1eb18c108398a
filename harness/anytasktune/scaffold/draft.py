"""A new sub-task before it is written: its rows and every value of its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from anytasktune.examples import SPLITS, Kind
from anytasktune.prompts import NOTHING
from anytasktune.scaffold import words
from anytasktune.scaffold.columns import Guess
from anytasktune.scaffold.names import Names
from anytasktune.scaffold.rows import Finding, Row

METRICS: Final[dict[Kind, str]] = {
    "choice": "accuracy",
    "labels": "set-f1",
    "extract": "span-f1",
    "text": "rouge-l",
    "number": "numeric-match",
}
RECIPES: Final[dict[Kind, str]] = {kind: kind.upper() for kind in METRICS}
NOT_STATED: Final = "not stated"


@dataclass(frozen=True, kw_only=True)
class NewLabel:
    """A label, its names, and how many rows have it (0: not counted)."""

    id: str
    en: str = ""
    zh: str = ""
    rows: int = 0

    def name(self, language: str) -> str:
        """The name in that language; the id where none is given."""
        return str(getattr(self, language, "")) or self.id


@dataclass(frozen=True, kw_only=True)
class Told:
    """A prompt: two Jinja templates."""

    instruction: str
    question: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything that the templates of a package ask for.

    Args:
        names: of the package and its parts.
        kind, title, languages, prompts, labels, separator, until, max_gen_toks, shots, licence, citation, authored,
            costs, validation_from_train: as the card has them; the first language is the default prompt's.
        rows: every row, each with its split.
        notes: how the file was read.
        guesses: what was guessed, and why.
        findings: what to look at.
    """

    names: Names
    kind: Kind
    title: str
    languages: Sequence[str]
    prompts: Mapping[str, Told]
    labels: Sequence[NewLabel]
    separator: str
    until: Sequence[str]
    max_gen_toks: int
    shots: int
    rows: Sequence[Row]
    citation: str
    authored: bool = False
    licence: str = NOT_STATED
    costs: str = NOT_STATED
    validation_from_train: float = 0.0
    notes: Sequence[str] = ()
    guesses: Sequence[Guess] = ()
    findings: Sequence[Finding] = field(default=())

    @property
    def splits(self) -> list[str]:
        """The splits that have rows, each a file of the package."""
        there = {row.split for row in self.rows}
        return [split for split in SPLITS if split in there]

    def rows_of(self, split: str) -> list[Row]:
        """The rows of one split, in order."""
        return [row for row in self.rows if row.split == split]

    @property
    def slices(self) -> list[str]:
        """The columns by which scores are broken down."""
        return list(dict.fromkeys(name for row in self.rows for name in row.slices))

    @property
    def grouped(self) -> bool:
        """Some rows belong together."""
        return any(row.group for row in self.rows)

    @property
    def metric(self) -> str:
        """What the kind is usually scored by."""
        return METRICS[self.kind]

    @property
    def recipe(self) -> str:
        """The stock recipe's name."""
        return RECIPES[self.kind]


def answers_of(kind: Kind, rows: Sequence[Row], labels: Sequence[NewLabel], separator: str) -> list[str]:
    """Every right answer as a model may write it, in any language; of texts, every reference."""
    if kind == "choice":
        return [name for label in labels for name in {label.id, label.en or label.id, label.zh or label.id}]
    if kind not in ("labels", "extract"):
        return [target for row in rows for target in row.targets]
    found = list(NOTHING.values())
    for language in NOTHING:
        names = {label.id: label.name(language) for label in labels}
        found += [separator.join(names.get(target, target) for target in row.targets) for row in rows]
    return found


def limits_of(
    kind: Kind, rows: Sequence[Row], labels: Sequence[NewLabel], separator: str
) -> tuple[list[str], int, int]:
    """Stops, answer limit in tokens, and number of few-shot examples."""
    answers = answers_of(kind, rows, labels, separator)
    train = [row.input for row in rows if row.split == "train"]
    return words.stops_for(answers), words.token_limit(answers), words.shots_for(kind, train, len(train))
