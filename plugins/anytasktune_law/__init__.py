"""Sub-tasks of law."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_law import (
    article_prediction,
    case_analysis,
    case_splitting,
    charge_prediction,
    clause_type,
    consultation_topic,
    crime_amount,
    crime_entities,
    information_extraction,
    keyword_extraction,
    marital_disputes,
    news_summary,
    prison_term,
    question_enhancement,
    risk_assessment,
)


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    modules = (
        article_prediction,
        case_analysis,
        case_splitting,
        charge_prediction,
        clause_type,
        consultation_topic,
        crime_amount,
        crime_entities,
        information_extraction,
        keyword_extraction,
        marital_disputes,
        news_summary,
        prison_term,
        question_enhancement,
        risk_assessment,
    )
    return [module.SUBTASK for module in modules]
