"""A board as CSV: one line a row of the board, numbers in full precision, empty where a figure is undefined.

Text is quoted, numbers are not, so that a label such as ``001`` stays text for readers that heed it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from anytasktune.reports.inert import csv_cell

if TYPE_CHECKING:
    from anytasktune.leaderboard import Board, Row, Section

Cell = str | int | float | None


def render(board: Board) -> str:
    """The table as text, with a header line; only the header where the board has no row."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section in board.sections:
        for row in section.rows:
            writer.writerow([_cell(value) for value in (*_place(section), *_figures(row), *_origin(row))])
    return file.getvalue()


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else value


_PLACE = ("task", "version", "variant", "data_fingerprint", "split", "metric", "limit")
_FIGURES = (
    *("rank", "label", "family", "protocol", "score", "low", "high", "n", "reason"),
    *("versus_base", "versus_base_low", "versus_base_high", "p", "p_holm", "test", "verdict", "is_best_base"),
    *("asked", "missing", "empty", "unreadable", "skipped", "shortened", "hit_limit", "run_on"),
    *("seconds", "tokens", "adapter_bytes", "tuning_minutes"),
)
_ORIGIN = (
    *("revision", "adapter_hash", "recipe_hash", "prompt_hash", "model_seed", "seed"),
    *("engine", "device", "dtype", "commit", "created", "command", "run_id", "record"),
)
COLUMNS = (*_PLACE, *_FIGURES, *_ORIGIN)
"""The header, in order."""


def _place(section: Section) -> tuple[Cell, ...]:
    data = section.data
    return (*data, section.split, section.metric, section.limit)


def _figures(row: Row) -> tuple[Cell, ...]:
    score, counts, done = row.record.score, row.record.counts, row.versus_base
    difference: tuple[Cell, ...] = (None,) * 7
    if done is not None:
        difference = (done.difference, done.low, done.high, done.p, done.p_holm, done.test, done.verdict)
    return (
        *(row.rank, row.label, row.record.model.family, row.protocol),
        *(score.value, score.low, score.high, score.n, score.reason),
        *difference,
        "yes" if row.is_best_base else "no",
        *(row.record.task.rows, counts.missing, counts.empty, counts.unreadable, counts.skipped),
        *(counts.shortened, counts.hit_limit, counts.run_on),
        *(row.record.usage.seconds, row.tokens, row.adapter_bytes, row.tuning_minutes),
    )


def _origin(row: Row) -> tuple[Cell, ...]:
    record = row.record
    return (
        *(record.model.revision, record.model.adapter_hash, record.model.recipe_hash),
        *(record.protocol.prompt_hash, record.model.seed, record.seed),
        *(record.engine.name, record.engine.device, record.engine.dtype),
        *(record.commit, record.created, record.command, record.run_id, row.path),
    )
