"""A model without training: regular expressions by label, written by hand in five minutes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import yaml

from anytasktune.errors import UsageError, did_you_mean
from anytasktune.models.kinds import Model, ModelRequest
from anytasktune.records import EngineRecord, ModelRecord

Patterns = dict[str, list[re.Pattern[str]]]
"""By label, in the order of the file."""


def open_patterns(request: ModelRequest) -> Model:
    """The patterns of ``patterns:FILE.yaml`` as a model of the sub-task.

    Raises:
        UsageError: there is no such file, a label is not the sub-task's, or a pattern is malformed.
    """
    from anytasktune.models.direct import DirectModel  # imports lm-eval, which listing commands do without

    path = Path(request.spec.removeprefix("patterns:"))
    patterns = read_patterns(path, [label.id for label in request.task.card.labels])
    rows = {example.id: example.input for example in request.data.all}
    return DirectModel(
        record=ModelRecord(
            spec=f"patterns:{path.name}",
            label=f"patterns {path.stem}",
            family="classical",
            revision=hashlib.sha256(path.read_bytes()).hexdigest()[:16],
            chosen={"patterns": sum(map(len, patterns.values()))},
        ),
        answers=lambda ids: [answer(rows[id], patterns) for id in ids],
        engine_record=EngineRecord(name="patterns", versions={"anytasktune-museum": version("anytasktune-museum")}),
    )


def read_patterns(path: Path, labels: Sequence[str]) -> Patterns:
    """Patterns by label from a YAML file.

    Raises:
        UsageError: see :func:`open_patterns`.
    """
    if not path.is_file():
        raise UsageError(f"There is no file of patterns {path.name!r}.", where=str(path))
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not YAML: {error}", where=str(path)) from None
    if not isinstance(written, dict) or not written or not all(isinstance(found, list) for found in written.values()):
        raise UsageError(f"{path.name} does not map labels to lists of patterns.", where=str(path))
    for label in written:
        if label not in labels:
            raise UsageError(f"{path.name} has patterns for {label!r}.", fix=did_you_mean(str(label), labels))
    try:
        return {label: [re.compile(str(one), re.IGNORECASE) for one in found] for label, found in written.items()}
    except re.error as error:
        raise UsageError(f"A pattern of {path.name} is malformed: {error}: {error.pattern!r}") from None


def answer(text: str, patterns: Patterns) -> str:
    """The label with the most patterns in the text; the first of the file where several have, or none has."""
    return max(patterns, key=lambda label: sum(one.search(text) is not None for one in patterns[label]))
