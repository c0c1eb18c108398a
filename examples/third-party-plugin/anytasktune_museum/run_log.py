"""A line of JSON for each finished run, in the file that ``MUSEUM_RUN_LOG`` names; nothing where it names none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anytasktune.records import RunRecord


def append(record: RunRecord) -> None:
    """One line: what was asked, who answered, what came of it."""
    named = os.environ.get("MUSEUM_RUN_LOG")
    if not named:
        return
    line = {
        "created": record.created,
        "task": record.task.id,
        "model": record.model.label,
        "protocol": record.protocol.name,
        "score": record.score.value,
        "n": record.score.n,
        "run": record.run_id,
    }
    with Path(named).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
