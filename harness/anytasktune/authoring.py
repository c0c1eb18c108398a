"""What the author of a plugin imports: this is the public face, and a test locks its names.

A sub-task is a module like this one, with its YAML and a table beside it::

    from pathlib import Path
    from anytasktune.authoring import CHOICE, SubTask, hookimpl, metric, rows

    YAML = Path(__file__).with_suffix(".yaml")
    TABLE = Path(__file__).with_suffix(".csv")

    @hookimpl
    def register_subtasks():
        build = lambda request: rows(TABLE, input="text", target="label")
        return [SubTask(id="demo/mood", yaml=YAML, build=build, metric=metric("accuracy", YAML), recipe=CHOICE)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from anytasktune.errors import DataError
from anytasktune.examples import SPLITS, DataRequest, Example, Split
from anytasktune.hookspecs import hookimpl
from anytasktune.metrics import named as metric
from anytasktune.metrics.grading import Grade, MeanOfRows, Metric
from anytasktune.recipes import CHOICE, EXTRACT, LABELS, NUMBER, TEXT, Recipe
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import as_text, column_name, read_rows, row_id

__all__ = [
    "CHOICE",
    "EXTRACT",
    "LABELS",
    "NUMBER",
    "SPLITS",
    "TEXT",
    "DataRequest",
    "Example",
    "Grade",
    "MeanOfRows",
    "Metric",
    "PinnedFile",
    "Recipe",
    "SubTask",
    "hookimpl",
    "metric",
    "rows",
]

SPLIT_NAMES: Final[Mapping[str, Split]] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "development": "validation",
    "test": "test",
    "testing": "test",
}
"""How publishers call the splits, in lower case."""


def rows(
    path: Path,
    *,
    input: str = "input",
    target: str = "target",
    split: str = "",
    separator: str = "",
    language: str = "",
    group: str = "",
    slices: Sequence[str] = (),
) -> Iterator[Example]:
    """The examples of a table: CSV, TSV, XLSX, Parquet, JSON or JSON Lines, read by its suffix; text stays text.

    Ids are ``<file's name without suffix>:<row>``, so that a row may be appended. A value that is not there becomes
    an empty text, which the build names by row.

    Args:
        path: the file.
        input: the column of the inputs.
        target: the column of the answers; a list in it is several targets (labels, spans, references).
        split: ``train``, ``validation`` or ``test`` for all rows, or the column that says it; "" lets the card's
            shares decide.
        separator: between the targets of one cell: ``;``. Then an empty cell is no target at all.
        language: the column with the input's language, ``en`` or ``zh``.
        group: the column whose equal values never fall into two splits.
        slices: columns by which scores are broken down.

    Raises:
        SourceError: no such file.
        DataError: a torn row, a column that is not there, or a value that is no text.
    """
    table = read_rows(path)
    prefix = re.sub(r"\s+", "-", path.stem)
    target_column = column_name(table, target)
    names = {name: column_name(table, name) for name in (input, language, group, *slices) if name}
    by_column = "" if not split or split in SPLITS else column_name(table, split)
    for row in table.rows:
        place = f"row {row.number} of {table.name}" + (f", line {row.line}" if row.line else "")
        said = {name: _text(row.values.get(column), place) for name, column in names.items()}
        published = _text(row.values.get(by_column), place) if by_column else split
        yield Example(
            id=row_id(prefix, row),
            input=said[input],
            targets=_targets(row.values.get(target_column), separator, place),
            # a name that is no split stays, so that the row is named as bad
            split=SPLIT_NAMES.get(published.strip().lower(), published),  # type: ignore[arg-type]
            language=said.get(language, ""),
            group=said.get(group, ""),
            slices={name: said[name] for name in slices},
        )


def _targets(value: Any, separator: str, place: str) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(item, place) for item in value)
    text = _text(value, place)
    if separator:
        return tuple(part.strip() for part in text.split(separator) if part.strip())
    return (text,)


def _text(value: Any, place: str) -> str:
    try:
        return as_text(value) or ""
    except DataError as error:
        raise DataError(error.problem, where=place, evidence=error.evidence, fix=error.fix) from None
