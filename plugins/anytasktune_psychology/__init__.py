"""Sub-tasks of psychology."""

from __future__ import annotations

from anytasktune.hookspecs import hookimpl
from anytasktune.subtask import SubTask
from anytasktune_psychology import cognitive_distortion, exam_zh, stress_cause, tweet_emotion


@hookimpl
def register_subtasks() -> list[SubTask]:
    """The sub-tasks of this domain."""
    modules = (
        cognitive_distortion,
        exam_zh,
        stress_cause,
        tweet_emotion,
    )
    return [module.SUBTASK for module in modules]
