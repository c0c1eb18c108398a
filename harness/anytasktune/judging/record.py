"""What judging leaves: ``judgement.json`` (this schema) and ``judgements.jsonl`` (one line a judge and row).

Both are written whole, the record last, and hold everything that the figures rest on: the judges' own words too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from anytasktune.errors import RecordError
from anytasktune.judging.agreement import Agreement
from anytasktune.judging.judged import Status, Winner
from anytasktune.judging.rubric import Rubric
from anytasktune.records import EngineRecord, ModelRecord, ScoreRecord, TaskRecord, Usage, write_whole

SCHEMA_VERSION: Literal[1] = 1
JUDGEMENT = "judgement.json"
JUDGEMENTS = "judgements.jsonl"

Way = Literal["rubric", "pairwise"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JudgedRun(_Part):
    """A run whose answers were judged; the judge was not told whose they are."""

    run_id: str
    model: str
    spec: str
    protocol: str
    samples_sha256: str


class JudgementCounts(_Part):
    """Rows by what became of them; a row is judged, unreadable, unanswered or missing.

    ``identical`` (ties without a question) and ``inconsistent`` (the place decided, counted as ties) are among the
    judged. ``cut`` rows showed the judge an answer without its middle, ``shortened`` ones a task or reference.
    ``hit_limit`` counts judgements, not rows.
    """

    rows: int
    judged: int
    unreadable: int
    unanswered: int
    missing: int
    identical: int = 0
    inconsistent: int = 0
    cut: int = 0
    shortened: int = 0
    hit_limit: int = 0


class Summary(_Part):
    """What one judge says over all rows.

    Args:
        measure: ``mean grade`` in points, or ``win rate`` of the second run over the first, ties counted half.
        score: with a 95 % interval; None with a reason where too much could not be read.
        out_of: the highest score that there can be.
        criteria: mean points of each criterion of the rubric.
        won, tied, lost: pairs, from the second run's side.
        shown_first, shown_second: inconsistent pairs where both judgements preferred the answer in place A, or B.
        agreement: with itself (places swapped), the sub-task's metric, people.
    """

    measure: Literal["mean grade", "win rate"]
    score: ScoreRecord
    out_of: float
    criteria: dict[str, float] = {}
    won: int = 0
    tied: int = 0
    lost: int = 0
    shown_first: int = 0
    shown_second: int = 0
    counts: JudgementCounts
    agreement: list[Agreement] = []


class JudgeRecord(_Part):
    """One judge: who it is, how it was asked, what computed, what it says.

    ``own_answers``: it is the model whose answers it judges, or one of the two.
    """

    model: ModelRecord
    prompt_hash: str
    own_answers: bool
    engine: EngineRecord
    usage: Usage
    summary: Summary


class JudgementRecord(_Part):
    """One or two runs, judged by one or more judges."""

    schema_version: Literal[1] = SCHEMA_VERSION
    judgement_id: str
    way: Way
    task: TaskRecord
    runs: list[JudgedRun]
    metric: str
    rubric: Rubric
    rubric_hash: str
    language: str
    judges: list[JudgeRecord]
    between_judges: list[Agreement] = []
    human_sha256: str = ""
    seed: int
    anytasktune: str
    commit: str = ""
    command: str
    created: str
    judgements_sha256: str


class Line(_Part):
    """One row as one judge sees it: its points, or whom it prefers (``first`` run, ``second`` run, ``tie``)."""

    judge: str
    id: str
    content_hash: str
    status: Status
    points: list[int] = []
    verdicts: list[Winner | None] = []
    winner: Winner | None = None
    cut: bool = False
    shortened: bool = False
    said: list[str | None] = []


def lines_bytes(lines: Sequence[Line]) -> bytes:
    """The lines as JSON lines, keys in a fixed order; characters that could break a line are escaped."""
    text = "".join(json.dumps(line.model_dump(), ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
    for char in ("\u2028", "\u2029", "\x85"):
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "surrogatepass")


def sha256_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def write_judgement(folder: Path, record: JudgementRecord, lines: Sequence[Line]) -> JudgementRecord:
    """Write the lines, then the record; one that is there with the same judgements stays as it is.

    Returns:
        The record that stands in the folder.

    Raises:
        RecordError: the lines are not those of the record, or what stands there cannot be read.
    """
    content = lines_bytes(lines)
    if sha256_of(content) != record.judgements_sha256:
        raise RecordError("The judgements are not those that the record was made from.", where=str(folder))
    if (folder / JUDGEMENT).exists():
        there = read_judgement(folder)
        whole = (folder / JUDGEMENTS).is_file() and (folder / JUDGEMENTS).read_bytes() == content
        if whole and there.judgement_id == record.judgement_id and there.judgements_sha256 == record.judgements_sha256:
            return there
    write_whole(folder / JUDGEMENTS, content)
    write_whole(folder / JUDGEMENT, (record.model_dump_json(indent=1) + "\n").encode())
    return record


def read_judgement(folder: Path) -> JudgementRecord:
    """The record of a judgement.

    Raises:
        RecordError: there is none, or it is not of this schema.
    """
    path = folder / JUDGEMENT
    try:
        return JudgementRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise RecordError("There is no judgement here.", where=str(folder), fix="anytasktune judge RUN") from None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise RecordError(
            f"{JUDGEMENT} is not a judgement of schema {SCHEMA_VERSION}.",
            where=str(path),
            evidence=faults,
            fix="move the folder away; its judgements are kept and are not asked for again",
        ) from None


def read_lines(folder: Path, record: JudgementRecord) -> list[Line]:
    """The lines of a judgement, in the order of judges and rows.

    Raises:
        RecordError: they are missing, torn, or not the bytes that the record names.
    """
    path = folder / JUDGEMENTS
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RecordError("The judgement has no lines.", where=str(path)) from None
    if sha256_of(content) != record.judgements_sha256:
        raise RecordError("The judgements were changed after the record was written.", where=str(path))
    text = content.decode("utf-8", "surrogatepass")
    return [Line.model_validate(json.loads(line)) for line in text.split("\n") if line]
