"""What the formats for people have in common: how a row's figures read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anytasktune.leaderboard import Comparison, Row

VERDICTS = {
    "better": "better",
    "worse": "worse",
    "no difference shown": "none shown",
    "not compared": "not compared",
}
"""Verdicts as they fit a narrow column."""

HOW_TO_READ = (
    "score, 95 % interval, n rows. Rows of one rank cannot be told apart from the first of them. "
    "vs best base: difference on the same rows; every p and verdict (5 %) is after Holm's correction over "
    "the board."
)


def kind_and_protocol(row: Row, shown: str) -> str:
    """``adapter zero-shot``; the protocol alone where the name, as it is shown, says adapter already.

    Other families are told by their names.
    """
    unsaid = row.record.model.family == "adapter" and "adapter" not in shown.casefold()
    return f"adapter {row.protocol}" if unsaid else row.protocol


def interval(low: float | None, high: float | None, sign: str = "") -> str:
    """``[0.581, 0.645]``; empty where it is not defined."""
    return "" if low is None or high is None else f"[{low:{sign}.3f}, {high:{sign}.3f}]"


def score(row: Row) -> str:
    """``0.613``, or ``none``."""
    value = row.record.score.value
    return "none" if value is None else f"{value:.3f}"


def difference(row: Row) -> str:
    """``+0.123 better``; ``best base``; empty where nothing was compared."""
    if row.is_best_base:
        return "best base"
    done = row.versus_base
    if done is None:
        return ""
    verdict = VERDICTS[done.verdict]
    return verdict if done.difference is None else f"{done.difference:+.3f} {verdict}"


def remark(row: Row) -> str:
    """What a reader of the score must know besides: rows without a usable answer, why there is no figure."""
    from anytasktune.scoring import alarms

    counts, protocol = row.record.counts, row.record.protocol
    named = {
        "missing": counts.missing,
        "empty": counts.empty,
        "unreadable": counts.unreadable,
        "skipped by the metric": counts.skipped,
        "with shortened input": counts.shortened,
        "cut off at the answer limit": counts.hit_limit,
        "ran on after the answer": counts.run_on,
    }
    found = [f"{count} {what}" for what, count in named.items() if count]
    parts = [alarm.partition(":")[0] for alarm in alarms(counts, row.record.task.rows)]
    parts += [f"of {row.record.task.rows} rows {', '.join(found)}"] if found else []
    if protocol.shots < (protocol.shots_asked or 0):
        parts.append(f"{protocol.shots} of {protocol.shots_asked} few-shot examples fit")
    return "; ".join([*parts, *filter(None, [row.record.score.reason])])


def tested(done: Comparison | None) -> str:
    """``[+0.081, +0.165], p = 0.0004``; empty where nothing was compared."""
    from anytasktune.leaderboard import p_words

    if done is None or done.p_holm is None:
        return ""
    return ", ".join(part for part in (interval(done.low, done.high, "+"), p_words(done.p_holm)) if part)
