"""Sub-tasks of law."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_law import (
    article_prediction,
    case_analysis,
    charge_prediction,
    clause_type,
    consultation_topic,
    crime_amount,
    crime_entities,
    marital_disputes,
    news_summary,
    prison_term,
)


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    modules = (
        article_prediction,
        case_analysis,
        charge_prediction,
        clause_type,
        consultation_topic,
        crime_amount,
        crime_entities,
        marital_disputes,
        news_summary,
        prison_term,
    )
    return [module.SUBTASK for module in modules]
