"""What a run leaves: one versioned, self-contained, immutable record and its samples beside it.

A run folder holds ``record.json`` (this schema) and ``samples.jsonl`` (one line a row, in row order). Both are
written whole (temporary file, fsync, rename), the record last: a folder with a record is a finished run.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import math
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, field_serializer

from anytasktune.errors import RecordError
from anytasktune.examples import Split
from anytasktune.metrics.grading import Grade

SCHEMA_VERSION: Literal[1] = 1
RECORD = "record.json"
SAMPLES = "samples.jsonl"

Method = Literal["generate", "likelihood", "direct"]
"""How an answer is had: generated; the likeliest label; or given directly (recorded answers, classical models)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreRecord(_Part):
    """The primary score over some rows, with its interval; ``None`` with a reason where it is not defined."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    reason: str = ""


class TaskRecord(_Part):
    """Which rows were answered."""

    id: str
    version: int
    variant: str
    split: Split | Literal["all"]
    data_fingerprint: str
    rows: int
    limit: int | None


class ModelRecord(_Part):
    """Who answered.

    ``spec`` is what the command line takes; ``family`` groups rows of a board: ``classical``, ``base``, ``adapter``,
    ``general``.
    """

    spec: str
    label: str
    family: Literal["classical", "base", "adapter", "general"]
    revision: str = ""
    base: str = ""
    adapter_hash: str = ""
    recipe_hash: str = ""
    seed: int | None = None
    parameters: int | None = None
    chosen: dict[str, Any] = {}


class ProtocolRecord(_Part):
    """How the model was asked.

    ``shots`` were shown, ``shots_asked`` wished for: what does not fit beside a question is left out whole. None in a
    record from before this was kept.
    """

    name: str
    method: Method
    shots: int
    shots_asked: int | None = None
    language: str
    chat_template: bool
    prompt_hash: str
    begin_token: str = ""
    chosen_on_validation: dict[str, float] = {}


class Counts(_Part):
    """Rows that need a second look, each counted apart from right and wrong."""

    missing: int = 0
    empty: int = 0
    unreadable: int = 0
    skipped: int = 0
    shortened: int = 0
    hit_limit: int = 0
    run_on: int = 0


class EngineRecord(_Part):
    """What computed the answers.

    ``attention`` is the kernel's name in transformers; ``batch_tokens`` the tokens of a batch at the end, padding
    included; ``halvings`` how often memory ran out and the batch was halved.
    """

    name: str
    device: str = ""
    dtype: str = ""
    attention: str = ""
    batch_tokens: int | None = None
    halvings: int = 0
    versions: dict[str, str] = {}


class Usage(_Part):
    """What it took: tokens computed (or, of an API, billed) and wall-clock seconds.

    ``reused`` requests were answered before, by an interrupted or an earlier run; the tokens and the cost of an API's
    answers count for them too, the seconds do not. ``cost_usd`` is None where no price is known.
    """

    prompt_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0
    reused: int = 0
    cost_usd: float | None = None


class TuningRecord(_Part):
    """How the adapter came about."""

    recipe: dict[str, Any]
    seed: int
    train_rows: int
    validation_rows: int
    steps: int
    best_step: int
    best_validation_loss: float
    seconds: float
    tokens: int
    adapter_bytes: int


class RunRecord(_Part):
    """One model on one sub-task under one protocol."""

    schema_version: Literal[1] = SCHEMA_VERSION
    run_id: str
    task: TaskRecord
    model: ModelRecord
    protocol: ProtocolRecord
    metric: str
    score: ScoreRecord
    scores: dict[str, float | None]
    slices: dict[str, dict[str, ScoreRecord]] = {}
    counts: Counts
    engine: EngineRecord
    usage: Usage
    tuning: TuningRecord | None = None
    seed: int
    commit: str = ""
    command: str
    created: str
    samples_sha256: str

    @field_serializer("scores")
    def _finite(self, scores: dict[str, float | None]) -> dict[str, float | None]:
        return {name: finite(value) for name, value in scores.items()}


class Sample(_Part):
    """One row of a run.

    A *committed* sample of other people's data holds no text of theirs: ``answer`` and ``read`` are left out for
    recorded answers of third parties, and inputs and golds are never written at all.
    """

    id: str
    content_hash: str
    answer: str | None
    withheld: bool = False
    status: str
    score: float
    read: list[str] = []
    skip: bool = False
    run_on: bool = False
    shortened: bool = False
    hit_limit: bool = False
    slices: dict[str, str] = {}

    def grade(self, gold: Sequence[str]) -> Grade:
        """The grade again, once the gold has been joined by id."""
        return Grade(
            score=self.score,
            status=self.status,  # type: ignore[arg-type]  # validated when it was written
            read=tuple(self.read),
            gold=tuple(gold),
            skip=self.skip,
            run_on=self.run_on,
        )


def finite(value: float | None) -> float | None:
    """The number, or None for NaN and infinities, which JSON cannot hold."""
    return value if value is not None and math.isfinite(value) else None


def run_id(identity: Mapping[str, Any]) -> str:
    """Sixteen hex digits that stand for everything that determines a run's answers."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


SECRETS = {"key", "token", "password", "secret", "header", "headers", "auth", "authorization", "bearer", "hf_token"}


def is_secret(name: str) -> bool:
    """Whether an argument of that name holds what must not be written down."""
    name = name.strip().lower().strip("-").replace("-", "_")
    return name in SECRETS or name.endswith(
        ("api_key", "access_token", "auth_token", "secret_key", "secret", "password")
    )


def without_secrets(arguments: str) -> str:
    """``key=value,…`` with the values of secrets replaced by ``***``."""
    arguments = re.sub(r"(?i)(headers?)=\{[^}]*\}", r"\1=***", arguments)  # holds commas of its own
    parts = [part.partition("=") for part in arguments.split(",")]
    return ",".join(f"{name}=***" if mark and is_secret(name) else name + mark + value for name, mark, value in parts)


def is_private_host(host: str) -> bool:
    """Whether a host is this machine or one of a private network, by its name or address."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(
            (".local", ".localhost", ".lan", ".internal", ".intranet", ".home.arpa")
        )


def publishable(argument: str) -> str:
    """An argument of a command line as a record may show it: no secret, no folder and no host of one's own.

    An absolute path keeps its last part, the address of a private host becomes ``LOCAL-SERVER``.
    """
    parts = []
    for part in without_secrets(argument).split(","):
        name, mark, value = part.rpartition("=")
        prefix, colon, rest = value.partition(":")
        if "://" in value:
            shown = "LOCAL-SERVER" if is_private_host(urlsplit(value).hostname or "") else value
        elif colon and not prefix.count("/") and _is_own_path(rest):
            shown = f"{prefix}:{Path(rest).name}"
        else:
            shown = Path(value).name if _is_own_path(value) else value
        parts.append(name + mark + shown)
    return ",".join(parts)


def _is_own_path(text: str) -> bool:
    return text.startswith(("/", "~")) or (len(text) > 2 and text[0].isalpha() and text[1:3] in (":\\", ":/"))


def slug(name: str) -> str:
    """A file name for any name: readable, at most 80 characters, and different for different names.

    Letters of every script stay; all else becomes ``-``. A short hash follows whenever anything was changed, so
    that ``m:1`` and ``m/1`` do not become one folder.
    """
    normal = unicodedata.normalize("NFC", name)
    readable = re.sub(r"[^\w.-]+", "-", normal).strip("-.")[:60]
    while len(readable.encode()) > 120:
        readable = readable[:-1]
    if readable == name and readable:
        return readable
    return f"{readable or 'x'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all: temporary file, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def samples_bytes(samples: Iterable[Sample]) -> bytes:
    """The samples as JSON lines, keys in a fixed order, no NaN; characters that could break a line are escaped."""
    lines = (json.dumps(s.model_dump(), ensure_ascii=False, allow_nan=False) for s in samples)
    text = "".join(line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029") + "\n" for line in lines)
    return text.encode("utf-8", "surrogatepass")


def write_run(folder: Path, record: RunRecord, samples: Sequence[Sample]) -> None:
    """Write samples, then the record. Never overwrites another run's record.

    Raises:
        RecordError: the folder holds a record of another run, or the samples are not those of the record.
    """
    content = samples_bytes(samples)
    if hashlib.sha256(content).hexdigest() != record.samples_sha256:
        raise RecordError("The samples are not those that the record was made from.", where=str(folder))
    if (folder / RECORD).exists() and read_record(folder).run_id != record.run_id:
        raise RecordError("The folder holds the record of another run.", where=str(folder), fix="use another folder")
    write_whole(folder / SAMPLES, content)
    write_whole(folder / RECORD, (record.model_dump_json(indent=1) + "\n").encode())


def read_record(folder: Path) -> RunRecord:
    """The record of a finished run.

    Raises:
        RecordError: there is none, it is not JSON, or its schema is another version's.
    """
    path = folder / RECORD
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise RecordError("There is no finished run here.", where=str(folder)) from None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors()]
        raise RecordError(
            f"{RECORD} is not a record of schema {SCHEMA_VERSION}.", where=str(path), evidence=faults
        ) from None


def read_samples(folder: Path, record: RunRecord | None = None) -> list[Sample]:
    """The samples of a run, in row order.

    Raises:
        RecordError: they are missing, torn, or not the bytes that the record names.
    """
    path = folder / SAMPLES
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RecordError("The run has no samples.", where=str(path)) from None
    if record is not None and hashlib.sha256(content).hexdigest() != record.samples_sha256:
        raise RecordError("The samples were changed after the record was written.", where=str(path))
    try:
        lines = content.decode("utf-8", "surrogatepass").split("\n")
        # pydantic's own reader refuses half a surrogate pair, which a recorded answer may hold
        return [Sample.model_validate(json.loads(line, parse_constant=_not_json)) for line in lines if line]
    except ValueError as error:  # pydantic's, json's and the decoder's are all of this kind
        raise RecordError("A line of the samples is not a sample.", where=str(path), evidence=[error]) from None


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def find_runs(folder: Path) -> Iterator[Path]:
    """Every finished run below a folder, in the order of their names.

    Raises:
        RecordError: the folder does not exist.
    """
    if not folder.is_dir():
        raise RecordError("There is no such folder of runs.", where=str(folder), fix="anytasktune run SUITE.yaml")
    yield from sorted(path.parent for path in folder.rglob(RECORD))
