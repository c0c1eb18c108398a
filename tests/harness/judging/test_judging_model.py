"""A model as the judge: what it was cut off in is not read, and what it said once is not asked again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judge_double import pair

from anytasktune.errors import UsageError
from anytasktune.judging import TEXT, Asking, judge_pairs
from anytasktune.judging.model_judge import ModelJudge, require_words
from anytasktune.models.journal import Journal, journal_of, key_of
from anytasktune.models.kinds import Notes
from anytasktune.records import EngineRecord, ModelRecord


class CutOff:
    """A model that says A to everything, and is cut off in its first answer."""

    methods = ("generate",)
    form = None
    record = ModelRecord(spec="double", label="double", family="general", revision="1")

    def __init__(self) -> None:
        self.cut_off: frozenset[str] = frozenset()
        self.asked = 0

    def answering(self, journal: Journal, progress: Callable[[int, int, float], None]) -> Any:
        return self

    def generate_until(self, requests: list[Any]) -> list[str | None]:
        self.asked += len(requests)
        self.cut_off = frozenset([key_of("generate_until", *requests[0].args)])
        return ["VERDICT: A" for _ in requests]

    def engine(self) -> EngineRecord:
        return EngineRecord(name="double")

    def notes(self) -> Notes:
        return Notes(cut_off=self.cut_off)


def test_a_judgement_that_ran_into_its_limit_is_not_read(tmp_path: Path) -> None:
    model = CutOff()
    with journal_of(model, tmp_path, "judge double") as journal:  # type: ignore[arg-type]  # what a judge needs of a model
        judge = ModelJudge(model, journal, lambda done, total, rate: None)  # type: ignore[arg-type]
        cut, whole = judge_pairs([pair("a", "b", "r:0"), pair("a", "b", "r:1")], Asking(rubric=TEXT), judge)
    assert (cut.status, cut.verdicts) == ("unreadable", (None, "second"))
    assert cut.said[0] == "VERDICT: A\n[cut off at its limit of 512 tokens]"
    assert (whole.status, judge.hit_limit) == ("read", 1)


def test_another_revision_of_a_judge_has_a_journal_of_its_own(tmp_path: Path) -> None:
    one, other = CutOff(), CutOff()
    other.record = ModelRecord(spec="double", label="double", family="general", revision="2")
    paths = set()
    for model in (one, other, one):
        with journal_of(model, tmp_path, "judge double") as journal:  # type: ignore[arg-type]
            paths.add(journal.path)
    assert len(paths) == 2


def test_a_model_that_gives_likelihoods_only_cannot_judge() -> None:
    model = CutOff()
    model.methods = ("likelihood",)
    with pytest.raises(UsageError, match="double cannot judge"):
        require_words(model)  # type: ignore[arg-type]
