"""Files of an author's own, the package that ``new`` makes of them, and that package loaded."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anytasktune import plugins
from anytasktune.examples import Kind
from anytasktune.scaffold.draft import Draft
from anytasktune.scaffold.from_data import Asked, data_draft
from anytasktune.scaffold.names import Names
from anytasktune.scaffold.package import write
from anytasktune.scaffold.samples import sample_draft
from anytasktune.subtask import SubTask


def as_csv(path: Path, rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


def as_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def drafted(path: Path, id: str = "demo/mine", **asked: Any) -> Draft:
    return data_draft(Names(id=id), Asked(path=path, **asked))


def sampled(kind: Kind, id: str = "demo/mine") -> Draft:
    return sample_draft(Names(id=id), kind)


def written(draft: Draft, parent: Path) -> Path:
    return write(draft, parent)[0]


def module_in(folder: Path) -> Path:
    """The plugin's file of a package."""
    (module,) = [path for path in folder.glob("src/*/*.py") if path.name != "__init__.py"]
    return module


def loaded(folder: Path, id: str = "demo/mine") -> SubTask:
    """The sub-task of a package, as a plugin in a single file."""
    return plugins.load([module_in(folder)]).subtasks[id]


def guess(draft: Draft, what: str) -> str:
    """What was guessed, with its reason."""
    return "; ".join(str(found) for found in draft.guesses if found.what == what)


def evidence(draft: Draft, words: str) -> tuple[str, ...]:
    """The rows or values of the one finding that says so."""
    (found,) = [finding for finding in draft.findings if words in finding.what]
    return found.evidence


def texts(count: int, salt: str = "") -> list[str]:
    """So many English inputs, no two of them alike."""
    words = "kettle lamp train river stone cloud violin paper harbour window garden letter".split()
    return [
        f"{salt}{words[n % 12]} {words[(n * 5 + 3) % 12]} {words[(n * 7 + 1) % 12]} number {n * 37 + 11}"
        for n in range(count)
    ]
