"""A built data set as a folder of Parquet files, for other tools; nothing here is read back as a cache.

``train.parquet``, ``validation.parquet``, ``test.parquet`` and ``all.parquet`` hold the rows, ``report.json``
the rest. The rows that train and validation lost stand in ``all``; the column ``split`` is the published one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from anytasktune.errors import DataError
from anytasktune.examples import SPLITS, Example
from anytasktune.leaks import Leak
from anytasktune.row_checks import BadRow
from anytasktune.splits import BuildReport, DataSet, fingerprint_of

FORMAT: Final = 1
REPORT: Final = "report.json"


def save(dataset: DataSet, folder: Path) -> Path:
    """Write the data set; what stood in the folder is replaced as a whole, or stays when writing fails.

    Returns:
        The folder.

    Raises:
        DataError: the folder holds something else than a data set, or cannot be written.
    """
    if folder.exists() and not (folder / REPORT).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is no data set and is not replaced.", fix="name another folder, or empty this one")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name[:100]}-") as beside:
            new = Path(beside) / "new"
            new.mkdir()
            parts: dict[str, tuple[Example, ...]] = {**dict(dataset.splits.items()), "all": dataset.all}
            for name, rows in parts.items():
                _write_rows(rows, new / f"{name}.parquet")
            _write(new / REPORT, json.dumps(_contents(dataset), ensure_ascii=False, indent=1).encode())
            _replace(folder, new, Path(beside) / "old")
    except OSError as error:
        raise DataError(f"The data set {folder} cannot be written: {error}", where=str(folder)) from error
    return folder


def load(folder: Path) -> DataSet:
    """Read a data set back.

    Raises:
        DataError: it is missing, incomplete, of another format, or was changed after it was written.
    """
    contents = _read_report(folder)
    parts = {name: _read_rows(folder / f"{name}.parquet") for name in (*SPLITS, "all")}
    splits = {split: parts[split] for split in SPLITS}
    found = fingerprint_of(parts["all"], splits, contents["version"], contents["variant"])
    if found != contents["fingerprint"]:
        raise DataError(
            f"The data set {folder} was changed after it was built.",
            evidence=[f"its report says {contents['fingerprint']}", f"its rows give {found}"],
            fix="build it again",
        )
    train = {row.id: row for row in splits["train"]}
    return DataSet(
        id=contents["id"],
        version=contents["version"],
        variant=contents["variant"],
        source=contents["source"],
        group_scope=contents["group_scope"],
        fingerprint=found,
        splits=splits,
        all=parts["all"],
        fewshot=tuple(train[key] for key in contents["fewshot"]),
        report=_report_from(contents["report"]),
    )


def _contents(dataset: DataSet) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": dataset.id,
        "version": dataset.version,
        "variant": dataset.variant,
        "source": dataset.source,
        "group_scope": dataset.group_scope,
        "fingerprint": dataset.fingerprint,
        "fewshot": [row.id for row in dataset.fewshot],
        "report": asdict(dataset.report),
    }


def _read_report(folder: Path) -> dict[str, Any]:
    path = folder / REPORT
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"There is no data set in {folder}.", fix="anytasktune build writes one") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{REPORT} cannot be read: {error}", where=str(path), fix="build it again") from error
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise DataError(f"{REPORT} is not of format {FORMAT}.", where=str(path), fix="build it again")
    return contents


def _report_from(plain: Mapping[str, Any]) -> BuildReport:
    fields = dict(plain)
    fields["bad_rows"] = tuple(BadRow(**row) for row in plain["bad_rows"])
    fields["leaks"] = tuple(Leak(**leak) for leak in plain["leaks"])
    fields["conflicts"] = tuple(tuple(ids) for ids in plain["conflicts"])
    fields["empty_inputs"] = tuple(plain["empty_inputs"])
    fields["empty_targets"] = tuple(plain["empty_targets"])
    fields["label_spellings"] = tuple(tuple((label, n) for label, n in group) for group in plain["label_spellings"])
    return BuildReport(**fields)


def _schema() -> Any:
    import pyarrow as pa

    text = pa.string()
    fields: list[tuple[str, Any]] = [
        ("id", text),
        ("input", text),
        ("targets", pa.list_(text)),
        ("split", text),
    ]
    return pa.schema([*fields, ("group", text), ("language", text), ("slices", pa.map_(text, text))])


def _write_rows(rows: Sequence[Example], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "id": [row.id for row in rows],
        "input": [row.input for row in rows],
        "targets": [list(row.targets) for row in rows],
        "split": [row.split for row in rows],
        "group": [row.group for row in rows],
        "language": [row.language for row in rows],
        "slices": [sorted(row.slices.items()) for row in rows],
    }
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns, schema=_schema()), sink)
    _write(path, sink.getvalue().to_pybytes())


def _read_rows(path: Path) -> tuple[Example, ...]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path, schema=_schema()).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read: {error}", where=str(path), fix="build it again") from error
    return tuple(Example(**{**row, "targets": tuple(row["targets"]), "slices": dict(row["slices"])}) for row in rows)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _replace(folder: Path, new: Path, old: Path) -> None:
    """Two renames, as no call swaps two folders everywhere; the old one comes back if the second fails."""
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        with contextlib.suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
