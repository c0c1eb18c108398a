"""What is asked, in words: one YAML a sub-task, and the data that were written for this project beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anytasktune.examples import Example

FOLDER = Path(__file__).parent

ROW = frozenset({"input", "target", "targets", "group", "canary"})
"""Keys of an authored row that are no slices."""


def card_path(name: str) -> Path:
    """The YAML of a sub-task, by its path without suffix: ``card_path("law/charge_prediction")``."""
    return FOLDER / f"{name}.yaml"


def authored_rows(yaml: Path) -> Iterator[Example]:
    """The rows that were written for a sub-task: six files ``<split>.<language>.jsonl`` in the folder beside its YAML.

    A row holds ``input``, ``target`` (or ``targets``, a list) and, where it belongs to one, a ``group``; every other
    key is a slice, true and false being ``yes`` and ``no``. Test rows carry a canary, which no model is shown. Ids are
    ``<split>-<language>:<row>``.
    """
    from anytasktune.examples import SPLITS, Example

    for split in SPLITS:
        for language in ("en", "zh"):
            path = yaml.with_suffix("") / f"{split}.{language}.jsonl"
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
                row = json.loads(line)
                yield Example(
                    id=f"{split}-{language}:{number}",
                    input=row["input"],
                    targets=tuple(row["targets"]) if "targets" in row else (row["target"],),
                    split=split,
                    group=row.get("group", ""),
                    language=language,
                    slices={name: _slice(value) for name, value in row.items() if name not in ROW},
                )


def _slice(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
