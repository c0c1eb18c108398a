"""A language model as a judge: answers graded on a rubric, or two answers to one task compared.

For plugin authors: :func:`judge_answers` and :func:`judge_pairs` take rows, an :class:`Asking` and any function from
prompts to judgements; :func:`summarise_grades` and :func:`summarise_pairs` make one figure of what they return. What a
judge said that cannot be read is no score, and what is judged cannot talk to the judge; see docs/judge.md.
"""

from __future__ import annotations

from anytasktune.judging.judged import (
    Answered,
    Ask,
    Compared,
    Graded,
    Paired,
    Status,
    Winner,
    judge_answers,
    judge_pairs,
)
from anytasktune.judging.questions import Asking, Material
from anytasktune.judging.rubric import TEXT, Criterion, Rubric, read_rubric
from anytasktune.judging.summary import UNREADABLE_ALLOWED, summarise_grades, summarise_pairs

__all__ = [
    "TEXT",
    "UNREADABLE_ALLOWED",
    "Answered",
    "Ask",
    "Asking",
    "Compared",
    "Criterion",
    "Graded",
    "Material",
    "Paired",
    "Rubric",
    "Status",
    "Winner",
    "judge_answers",
    "judge_pairs",
    "read_rubric",
    "summarise_grades",
    "summarise_pairs",
]
