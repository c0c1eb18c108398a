"""What the checks, a build, and the warnings of ``anytasktune new --data`` say of a data set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clean_data import CleanSet, sub_task
from faults_in_files import as_bytes, json_lines
from planting import Planted

from anytasktune.conformance.findings import Fault
from anytasktune.conformance.kit import CHECKS, Examination
from anytasktune.conformance.subject import Subject
from anytasktune.errors import AnyTaskTuneError
from anytasktune.examples import Example
from anytasktune.scaffold.from_data import Asked, data_draft
from anytasktune.scaffold.names import Names

LEFT_OUT: Final = frozenset(
    ["registration", "light-import", "one-owner", "odd-answers", "yaml", "stock-lm-eval", "recipe", "recorded"]
)
"""Checks that are not about rows; what they find is tried in tests/harness/conformance and tests/harness/cli."""
TOKENS: Final = frozenset(["answer-length", "prompt-length"])
"""Checks that need the default model's tokenizer."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one of them says.

    Args:
        status: of a check; ``said`` or ``refused`` of the others; ``pass`` where nothing is said.
        words: sentence and evidence, a line each.
        places: other ways in which rows are named, by id: ``row 7 (line 8)``.
    """

    status: str
    words: str
    places: tuple[tuple[str, str], ...] = ()

    @property
    def raised(self) -> bool:
        """Something is said."""
        return self.status not in ("pass", "skipped")

    def names(self, marks: Sequence[str], before: Seen | None) -> bool:
        """One of the marks stands in what is said, and did not before; without marks any words do."""
        if not marks:
            return True
        known = before.words if before is not None else ""
        places = dict(self.places)
        wanted = [form for mark in marks for form in (mark, places.get(mark, mark))]
        return any(_stands(form, self.words) and not _stands(form, known) for form in dict.fromkeys(wanted))


def _stands(mark: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(mark)}(?!\w)", words) is not None


def looked_at(
    data: CleanSet, planted: Planted | None, folder: Path, *, tokens: bool, prompt_length: bool
) -> dict[str, Seen]:
    """By check, ``build`` and ``new``: what is said.

    Args:
        data: the set.
        planted: the set with a fault; None for the set as it is.
        folder: to write into.
        tokens: run the checks that need a tokenizer.
        prompt_length: the slowest of them too.
    """
    if planted is not None and planted.file is not None:
        return {"new": _of_new(data, *planted.file, [], folder)}
    rows = data.rows if planted is None else planted.rows
    changes = dict(planted.changes) if planted else {}
    if planted and planted.build:
        changes["build"] = planted.build
    task = sub_task(data, rows, folder, metric_=planted.metric if planted else None, **changes)
    subject = Subject(task, None, lambda line: None)
    examination = Examination(task.id, subject)
    skipped = LEFT_OUT | (TOKENS if not tokens else frozenset() if prompt_length else {"prompt-length"})
    if "fingerprints" not in changes:
        skipped |= {"fingerprint"}  # any change of a row is one of the data
    seen = {}
    for check in CHECKS:
        if check.name not in skipped:
            found = examination.finding(check.name)
            seen[check.name] = Seen(status=found.status, words="\n".join([found.message, *found.evidence]))
    seen["build"] = _of_build(subject)
    examples = [row for row in rows if isinstance(row, Example)]
    seen["new"] = _of_new(data, "rows.jsonl", as_bytes(json_lines(data.kind, examples)), examples, folder)
    return seen


def _of_build(subject: Subject) -> Seen:
    """What `anytasktune build` says: it refuses bad rows, and reports the rest."""
    try:
        bad = [str(row) for row in subject.checked.bad]
        notes = [
            *subject.data.report.notes(),
            *(f"{leak.id} gives away {leak.of}" for leak in subject.data.report.leaks),
        ]
    except Fault as fault:
        return Seen(status="refused", words="\n".join([fault.message, *fault.evidence]))
    return Seen(status="refused" if bad else "said" if notes else "pass", words="\n".join([*bad, *notes]))


def _of_new(data: CleanSet, name: str, content: bytes, rows: Sequence[Example], folder: Path) -> Seen:
    """What `anytasktune new --data` says of the rows in a file; it may refuse the file."""
    path = folder / name
    path.write_bytes(content)
    grouped = "group" if any(row.group for row in rows) else ""
    asked = Asked(path=path, kind=data.kind, inputs=("text",), target="label", group=grouped)
    places = tuple((row.id, f"row {number}") for number, row in enumerate(rows))
    try:
        draft = data_draft(Names(id=str(data.card["id"])), asked)
    except AnyTaskTuneError as error:
        return Seen(status="refused", words="\n".join([error.problem, error.where, *error.evidence]), places=places)
    said = [line for finding in draft.findings for line in (finding.what, *finding.evidence)]
    notes = [note for note in draft.notes if "columns" not in note]
    return Seen(status="said" if said or notes else "pass", words="\n".join([*said, *notes]), places=places)
