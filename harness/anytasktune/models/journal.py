"""Finished answers on disk, so that a run killed at any point never asks a model the same thing twice.

One JSON object a line: first the header (whose answers these are), then ``{"key": …, "value": …}``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from anytasktune.errors import RecordError
from anytasktune.records import run_id, slug

if TYPE_CHECKING:
    from anytasktune.models.kinds import Model

FORMAT = 1

Value = Any
"""What JSON holds; a score is ``[log-probability, is greedy]``, an answer ``{"text", "tokens", "limit"}``."""


def key_of(kind: str, context: str, rest: object) -> str:
    """The key of a request: SHA-256 of its type, context, and continuation or generation settings."""
    return hashlib.sha256(_dump([kind, context, rest]).encode()).hexdigest()


def journal_of(model: Model, folder: Path, who: str) -> Journal:
    """The answers of a model, from whatever run; ``who`` is the readable part of the file's name.

    They outlive the run: more rows, another version of the data or a new metric ask only for what was not asked yet.
    The header, and with it the file's name, holds whatever an answer depends on besides prompt and settings, which
    make its key; so an adapter never finds an answer of its base, nor one engine that of another. What is looked up
    rather than asked (recorded answers, classical models) is kept in memory only.
    """
    if model.methods == ("direct",):
        return Journal(None, {})
    record, form, engine = model.record, model.form, model.engine()
    header = {
        "model": record.spec,
        "revision": record.revision,
        "adapter": record.adapter_hash,
        "context": str(form.context_length if form else ""),
        "device": engine.device,
        "dtype": engine.dtype,
        "versions": " ".join(f"{name} {number}" for name, number in sorted(engine.versions.items())),
        "anytasktune": version("anytasktune"),
    }
    return Journal(folder / f"{slug(who)}.{run_id(header)}.jsonl", header)


class Journal:
    """Answers by key, appended to a file batch by batch.

    Args:
        path: the file; made, with its folders, when it is not there. None keeps answers in memory only.
        header: everything an answer depends on besides the request (model, adapter, prompt, engine, …).

    Raises:
        RecordError: the file belongs to another header, is damaged before its last line, or is being
        written by
            another process.
    """

    def __init__(self, path: Path | None, header: Mapping[str, str]) -> None:
        import filelock

        self.header = dict(header)
        self._values: dict[str, Value] = {}
        self._waiting: list[str] = []
        self._file: BinaryIO | None = None
        if path is None:
            return
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(path.with_name(path.name + ".lock"))
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout as held:
            raise RecordError(
                "The journal is being written by another process.",
                where=str(path),
                fix="wait for that run to end, or stop it",
            ) from held
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> None:
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]  # a killed process leaves half a line: that answer is asked again
        lines = whole.splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                if number == 1:
                    self._compare(entry["header"], entry["journal"])
                else:
                    self._values[entry["key"]] = entry["value"]
            except (ValueError, KeyError, TypeError) as error:
                if number == len(lines) and number > 1:
                    whole = whole[: len(whole) - len(line) - 1]  # a power cut may leave a last line of zeros
                    break
                raise RecordError(
                    "The journal is damaged.",
                    where=f"{self.path}:{number}",
                    evidence=[repr(line[:80])],
                    fix="move the file away; its answers will be asked again",
                ) from error
        file = self._file = self.path.open("r+b" if self.path.exists() else "w+b")
        file.truncate(len(whole))
        file.seek(len(whole))
        if not lines:
            self._waiting.append(_dump({"journal": FORMAT, "header": self.header}))
            self.flush()

    def _compare(self, found: Mapping[str, str], version: int) -> None:
        if version != FORMAT:
            raise RecordError(
                f"The journal has format {version}, this version writes {FORMAT}.",
                where=str(self.path),
                fix="move the file away; its answers will be asked again",
            )
        names = sorted(set(found) | set(self.header))
        differ = [name for name in names if found.get(name) != self.header.get(name)]
        if differ:
            raise RecordError(
                "The journal holds the answers of another model, prompt or engine.",
                where=str(self.path),
                evidence=[f"{name}: journal {found.get(name)!r}, now {self.header.get(name)!r}" for name in differ],
                fix="use another output folder, or move the journal away to ask everything again",
            )

    def get(self, key: str) -> Value | None:
        """The value put under this key, now or in an earlier process; None when there is none."""
        return self._values.get(key)

    def put(self, key: str, value: Value) -> None:
        """Keeps a value; it is on disk after the next ``flush``.

        Raises:
            ValueError: the value is not JSON (NaN and infinity are not).
        """
        self._waiting.append(_dump({"key": key, "value": value}))
        self._values[key] = value

    def flush(self) -> None:
        """Writes what was put since the last flush, and waits until the disk has it."""
        if self._waiting and self._file is not None:
            self._file.write(("\n".join(self._waiting) + "\n").encode())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._waiting.clear()

    def close(self) -> None:
        """Flushes and lets another process have the file; closing twice does nothing."""
        if self._file is not None and not self._file.closed:
            self.flush()
            self._file.close()
            self._lock.release()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, allow_nan=False, separators=(",", ":"))
