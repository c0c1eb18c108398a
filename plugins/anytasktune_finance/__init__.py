"""Sub-tasks of finance."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_finance import banking_intent, fomc_stance, news_sentiment, question_standardise


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    return [module.SUBTASK for module in (banking_intent, fomc_stance, news_sentiment, question_standardise)]
