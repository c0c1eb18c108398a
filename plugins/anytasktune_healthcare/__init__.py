"""Sub-tasks of healthcare."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_healthcare import (
    information_extraction,
    medical_entities_zh,
    question_enhancement,
    question_match_zh,
    question_standardise,
    research_answer,
    symptom_advice,
    trial_criterion_zh,
)


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    modules = (
        information_extraction,
        medical_entities_zh,
        question_enhancement,
        question_match_zh,
        question_standardise,
        trial_criterion_zh,
        research_answer,
        symptom_advice,
    )
    return [module.SUBTASK for module in modules]
