"""A board as strict JSON: full precision, ``null`` where a figure is not defined, never NaN.

Keys of the document: ``schema_version`` (1); ``published``; ``opponent`` (a model's label, or null);
``command``; ``sections``; ``claims`` (``section``, ``sentences``); ``notes`` (sentences).

Of a section: ``task``, ``version``, ``variant``, ``data_fingerprint``, ``split``, ``metric``,
``asked`` (rows), ``limit`` (or null), ``smallest_difference`` (that these rows show four times of five),
``rows``, ``comparisons``.

Of a row: ``rank``, ``label``, ``family``, ``protocol``, ``score`` / ``low`` / ``high`` (95 % interval) /
``n`` / ``interval_method`` / ``reason``, ``scores``, ``slices``, ``counts``, ``is_best_base``,
``versus_base`` (a comparison or null), ``seconds``, ``tokens``, ``adapter_bytes``, ``tuning_minutes``,
``parameters``, ``revision``, ``adapter_hash``, ``recipe_hash``, ``prompt_hash``, ``model_seed``, ``seed``,
``engine``, ``device``, ``dtype``, ``versions``, ``commit``, ``created``, ``command``, ``run_id``, ``record``
(path of the run's folder).

Of a comparison: ``row``, ``against`` (run ids), ``difference``, ``low``, ``high``, ``p``, ``p_holm``,
``test``, ``n``, ``discordance``, ``verdict``, ``reason``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from anytasktune.records import finite
from anytasktune.reports.inert import json_text

if TYPE_CHECKING:
    from anytasktune.leaderboard import Board, Comparison, Row, Section

SCHEMA_VERSION = 1


def render(board: Board) -> str:
    """The document as text."""
    return json_text(json.dumps(as_dict(board), ensure_ascii=False, allow_nan=False, indent=1)) + "\n"


def as_dict(board: Board) -> dict[str, Any]:
    """The document as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "published": board.published,
        "opponent": board.opponent,
        "command": board.command,
        "sections": [_section(section) for section in board.sections],
        "claims": [{"section": claim.section, "sentences": list(claim.sentences)} for claim in board.claims],
        "notes": list(board.notes),
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "task": section.data.task,
        "version": section.data.version,
        "variant": section.data.variant,
        "data_fingerprint": section.data.fingerprint,
        "split": section.split,
        "metric": section.metric,
        "asked": section.asked,
        "limit": section.limit,
        "smallest_difference": section.smallest_difference,
        "rows": [_row(row) for row in section.rows],
        "comparisons": [_comparison(comparison) for comparison in section.comparisons],
    }


def _row(row: Row) -> dict[str, Any]:
    record = row.record
    score, model, engine = record.score, record.model, record.engine
    return {
        "rank": row.rank,
        "label": row.label,
        "family": model.family,
        "protocol": row.protocol,
        "score": finite(score.value),
        "low": finite(score.low),
        "high": finite(score.high),
        "n": score.n,
        "interval_method": score.method,
        "reason": score.reason,
        "scores": {name: finite(value) for name, value in record.scores.items()},
        "slices": {
            name: {value: part.model_dump() for value, part in parts.items()} for name, parts in record.slices.items()
        },
        "counts": record.counts.model_dump(),
        "is_best_base": row.is_best_base,
        "versus_base": _comparison(row.versus_base) if row.versus_base else None,
        "seconds": record.usage.seconds,
        "tokens": row.tokens,
        "adapter_bytes": row.adapter_bytes,
        "tuning_minutes": row.tuning_minutes,
        "parameters": model.parameters,
        "revision": model.revision,
        "adapter_hash": model.adapter_hash,
        "recipe_hash": model.recipe_hash,
        "prompt_hash": record.protocol.prompt_hash,
        "model_seed": model.seed,
        "seed": record.seed,
        "engine": engine.name,
        "device": engine.device,
        "dtype": engine.dtype,
        "versions": engine.versions,
        "commit": record.commit,
        "created": record.created,
        "command": record.command,
        "run_id": record.run_id,
        "record": row.path,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return asdict(comparison)
