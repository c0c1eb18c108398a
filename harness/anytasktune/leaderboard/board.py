"""The nouns of a board: what is compared, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from anytasktune.examples import Example
from anytasktune.records import ProtocolRecord, RunRecord, Sample

Verdict = Literal["better", "worse", "no difference shown", "not compared"]
Golds = Mapping["DataKey", Mapping[str, Example]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A record with its samples; ``path`` is where a reader finds it, relative to the board."""

    record: RunRecord
    samples: Sequence[Sample]
    path: str = ""


class DataKey(NamedTuple):
    """The data that a run was made on."""

    task: str
    version: int
    variant: str
    fingerprint: str

    @classmethod
    def of(cls, record: RunRecord) -> DataKey:
        """The data of this record."""
        task = record.task
        return cls(task.id, task.version, task.variant, task.data_fingerprint)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One row held against another over the rows that both have answered.

    Args:
        row, against: run ids.
        difference, low, high: score(row) - score(against) and its 95 % interval.
        p, p_holm: two-sided, as tested and corrected over the board.
        test: how p was made.
        n: rows that both have.
        discordance: share of rows that exactly one has right; None where rows are not just right or wrong.
        verdict: at 5 % of the corrected p.
        reason: why nothing was compared.
    """

    row: str
    against: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    test: str = ""
    n: int = 0
    discordance: float | None = None
    verdict: Verdict = "not compared"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model under one protocol.

    Args:
        label: the model's name, with what tells it from a namesake behind it.
        protocol: ``zero-shot``, ``few-shot 8``, ``likelihood``, ``direct``.
        rank: 1 is best; shared by those that cannot be told apart from the first of their group; None for
            what has no score or cannot be compared.
        versus_base: held against the base at its best; None for that base itself and where there is none.
        is_best_base: this is the base at its best.
        record, path: what it rests on.
    """

    label: str
    protocol: str
    rank: int | None
    versus_base: Comparison | None
    is_best_base: bool
    record: RunRecord
    path: str

    @property
    def name(self) -> str:
        """Model and protocol, for sentences."""
        return f"{self.label} ({self.protocol})"

    @property
    def tokens(self) -> int:
        """Tokens computed, of prompts and answers."""
        return self.record.usage.prompt_tokens + self.record.usage.answer_tokens

    @property
    def tuning_minutes(self) -> float | None:
        """What tuning took; None for what was not tuned."""
        return self.record.tuning.seconds / 60 if self.record.tuning else None

    @property
    def adapter_bytes(self) -> int | None:
        """Size of the adapter; None for what has none."""
        return self.record.tuning.adapter_bytes if self.record.tuning else None


@dataclass(frozen=True, kw_only=True)
class Section:
    """Runs that answered the same rows of the same data.

    Args:
        asked: how many rows.
        limit: the ``--limit`` of these runs; such figures are not for publication.
        comparisons: everything that was tested here.
        smallest_difference: the true difference that these rows show in four of five cases.
    """

    data: DataKey
    split: str
    metric: str
    asked: int
    limit: int | None
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...] = ()
    smallest_difference: float | None = None

    @property
    def title(self) -> str:
        """What was answered, in one line."""
        variant = f", {self.data.variant}" if self.data.variant else ""
        return f"{self.data.task} version {self.data.version}{variant}, {self.split}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a section shows, in words: one sentence each on base, classical rows and general models."""

    section: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.sentences)


@dataclass(frozen=True, kw_only=True)
class Board:
    """Sections in the order of their sub-tasks, what they show, and what the reader must know besides."""

    sections: tuple[Section, ...]
    claims: tuple[Claim, ...]
    notes: tuple[str, ...]
    opponent: str | None = None
    published: bool = False
    command: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row of every section."""
        return tuple(row for section in self.sections for row in section.rows)


def protocol_words(protocol: ProtocolRecord) -> str:
    """How a board names a protocol."""
    if protocol.method == "direct":
        return "direct"
    shots = f"few-shot {protocol.shots}" if protocol.shots else "zero-shot"
    if protocol.method == "likelihood":
        return f"likelihood {shots}" if protocol.shots else "likelihood"
    return shots


def signed(value: float) -> str:
    """A difference with its sign, three decimals."""
    return f"{value:+.3f}"


def p_words(p: float) -> str:
    """``p = 0.0123``, or ``p < 0.0001``."""
    return f"p = {p:.4f}" if p >= 0.0001 else "p < 0.0001"
