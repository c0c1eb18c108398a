"""Single checks of made sub-tasks, each with one fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from demo_tasks import rows, subtask
from examining import Examine, Row, examined

from anytasktune.conformance.findings import Finding
from anytasktune.examples import Example, Kind


@pytest.fixture
def examine(tmp_path: Path) -> Examine:
    """One check of a made sub-task: its rows, fields of its card and of the sub-task itself can be changed."""

    def run(
        check: str, kind: Kind = "choice", examples: Sequence[Any] | None = None, *, fields: Any = None, **card: Any
    ) -> Finding:
        task = subtask(tmp_path, kind, examples, **card)
        return examined(replace(task, **(fields or {})), check)

    return run


@pytest.fixture
def example() -> Row:
    """A row that says something of its own."""

    def make(name: str, split: str = "train", **changes: Any) -> Example:
        fields = {"id": name, "split": split, "input": f"kettle lamp river stone cloud violin paper {name}"}
        return replace(rows("choice")[0], **{**fields, **changes})

    return make
