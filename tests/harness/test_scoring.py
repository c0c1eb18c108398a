from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import pytest
from sklearn.metrics import f1_score
from statsmodels.stats.proportion import proportion_confint

from anytasktune.errors import DataError
from anytasktune.examples import Example
from anytasktune.metrics.choice import F1, Accuracy, MatthewsCorrelation
from anytasktune.metrics.grading import Grade, MeanOfRows, Metric
from anytasktune.records import Sample
from anytasktune.scoring import counts_of, summarise

LABELS = ("ham", "spam")


def graded(metric: Metric, golds: Sequence[str], answers: Sequence[str | None]) -> list[Grade]:
    return [
        metric.grade(Example(id=f"d:{n}", input=f"{n}", targets=(gold,)), answer)
        for n, (gold, answer) in enumerate(zip(golds, answers, strict=True))
    ]


def half_right(n: int) -> tuple[list[str], list[str | None]]:
    return ["ham", "spam"] * (n // 2), ["ham"] * n


class Mean(MeanOfRows):
    name = "mean"

    def grade(self, example: Example, answer: str | None) -> Grade:
        return Grade(score=float(answer or 0), status="read")


def scores(*values: float) -> list[Grade]:
    return [Grade(score=value, status="read") for value in values]


def test_accuracy_has_wilsons_interval() -> None:
    scored = summarise(Accuracy(LABELS), graded(Accuracy(LABELS), *half_right(40)))
    low, high = proportion_confint(20, 40, method="wilson")
    assert (scored.score.value, scored.score.n, scored.score.method) == (0.5, 40, "Wilson")
    assert (scored.score.low, scored.score.high) == pytest.approx((low, high))
    assert scored.scores == {"accuracy": 0.5}


def test_any_other_metric_is_bootstrapped_through_its_own_resampling() -> None:
    golds, answers = ["ham"] * 30 + ["spam"] * 10, ["ham"] * 25 + ["spam"] * 15
    scored = summarise(F1(LABELS), graded(F1(LABELS), golds, answers))
    assert scored.score.value == pytest.approx(f1_score(golds, answers, average="macro"))
    assert scored.score.method == "BCa bootstrap"
    assert scored.score.low is not None
    assert scored.score.high is not None
    assert scored.score.low < scored.score.value < scored.score.high < 1
    assert set(scored.scores) == {"macro F1", "accuracy"}


def test_groups_of_several_rows_widen_the_interval_and_are_named_in_the_method() -> None:
    metric = Accuracy(LABELS)
    grades = graded(metric, ["ham"] * 60, ["ham"] * 30 + ["spam"] * 30)
    alone = summarise(metric, grades, clusters=[f"g{n}" for n in range(60)]).score
    grouped = summarise(metric, grades, clusters=[f"g{n // 6}" for n in range(60)]).score
    assert alone.method == "Wilson"
    assert grouped.method == "BCa bootstrap over groups"
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)  # type: ignore[operator]  # both are defined


def test_rows_without_a_group_are_not_one_group() -> None:
    metric = Accuracy(LABELS)
    grades = graded(metric, *half_right(40))
    assert summarise(metric, grades, clusters=[""] * 40).score.method == "Wilson"


def test_skipped_rows_are_left_out_of_score_and_n() -> None:
    skipped = Grade(score=0.0, status="read", skip=True)
    scored = summarise(Mean(), [*scores(1, 1, 0, 0), skipped, skipped])
    assert (scored.score.value, scored.score.n, scored.counts.skipped) == (0.5, 4, 2)


@pytest.mark.parametrize(("absent", "scored"), [(1, True), (5, True), (6, False), (100, False)])
def test_field_case_43_missing_answers_stand_beside_n_and_more_than_five_per_cent_leave_no_score(
    absent: int, scored: bool
) -> None:
    metric = Accuracy(LABELS)
    golds, answers = half_right(100)
    answers = [None if n < absent else answer for n, answer in enumerate(answers)]
    result = summarise(metric, graded(metric, golds, answers))
    assert (result.counts.missing, result.score.n) == (absent, 100 - absent)
    if scored:
        assert result.score.value == pytest.approx((50 - (absent + 1) // 2) / (100 - absent))
    else:
        assert result.score.value is result.score.low is result.score.high is None
        assert result.score.reason == f"{absent} of 100 answers are missing"
        assert set(result.scores.values()) == {None}


def test_skipped_rows_do_not_dilute_the_share_of_missing_ones() -> None:
    grades = [
        *scores(*[1] * 18),
        *[Grade(score=0, status="missing")] * 2,
        *[Grade(score=0, status="read", skip=True)] * 80,
    ]
    assert summarise(Mean(), grades).score.reason == "2 of 20 answers are missing"


@pytest.mark.parametrize("grades", [[], [Grade(score=0.0, status="read", skip=True)]])
def test_without_a_row_there_is_no_score_and_a_reason(grades: list[Grade]) -> None:
    score = summarise(Accuracy(LABELS), grades).score
    assert (score.value, score.low, score.high, score.n, score.reason) == (
        None,
        None,
        None,
        0,
        "no row counts",
    )


def strict(record: object) -> object:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(json.dumps(record, allow_nan=False), parse_constant=refuse)


ANSWERS: list[tuple[str, list[str], list[str | None]]] = [
    ("one row", ["ham"], ["ham"]),
    ("all right", ["ham", "spam"] * 10, ["ham", "spam"] * 10),
    ("all wrong", ["ham", "spam"] * 10, ["spam", "ham"] * 10),
    ("constant answers", ["ham", "spam"] * 10, ["ham"] * 20),
    ("all unreadable", ["ham", "spam"] * 10, ["?"] * 20),
]


@pytest.mark.parametrize("make", [Accuracy, F1, MatthewsCorrelation])
@pytest.mark.parametrize(("golds", "answers"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
def test_field_case_44_one_row_and_equal_rows_have_an_interval_or_a_reason_never_nan(
    make: Callable[[Sequence[str]], Metric], golds: list[str], answers: list[str | None]
) -> None:
    metric = make(LABELS)
    scored = summarise(metric, graded(metric, golds, answers))
    score = scored.score
    assert score.value is not None
    assert (score.low is None) == (score.high is None)
    if score.low is None:
        assert score.reason
    else:
        assert score.low <= score.value <= (score.high or math.nan)
    assert strict(score.model_dump())
    assert strict(scored.scores)


class Undefined(Mean):
    name = "undefined"

    def summarise(self, grades: Sequence[Grade]) -> dict[str, float]:
        return {self.name: math.nan, "other": math.inf}


def test_field_case_44_a_metric_that_is_nan_gives_none_with_a_reason() -> None:
    scored = summarise(Undefined(), scores(1, 0))
    assert scored.score.value is None
    assert scored.score.reason == "undefined is not defined on these rows"
    assert scored.scores == {"undefined": None, "other": None}


def test_slices_have_scores_of_their_own_rows_only() -> None:
    metric = Accuracy(LABELS)
    grades = graded(metric, *half_right(8))
    slices = [{"register": "chat" if n % 2 else "letter"} for n in range(7)] + [{}]
    scored = summarise(metric, grades, slices=slices)
    assert list(scored.slices) == ["register"]
    found = {value: (part.value, part.n) for value, part in scored.slices["register"].items()}
    assert found == {"chat": (0.0, 3), "letter": (1.0, 4)}
    assert all(part.low is not None for part in scored.slices["register"].values())


def test_same_seed_same_interval_and_another_seed_another() -> None:
    grades = graded(F1(LABELS), ["ham", "spam", "spam"] * 12, ["ham", "spam", "ham"] * 12)
    first, again, other = (summarise(F1(LABELS), grades, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.score.low != other.score.low


def test_groups_and_slices_must_be_one_a_row() -> None:
    with pytest.raises(DataError, match="2 groups were given for 3 grades"):
        summarise(Mean(), scores(1, 0, 1), clusters=["a", "b"])
    with pytest.raises(DataError, match="1 slices were given for 3 grades"):
        summarise(Mean(), scores(1, 0, 1), slices=[{}])


def test_counts_of_samples_holds_every_kind_of_row() -> None:
    def sample(**more: object) -> Sample:
        return Sample.model_validate(
            {"id": "d:0", "content_hash": "", "answer": "x", "status": "read", "score": 0, **more}
        )

    counts = counts_of(
        [
            sample(status="missing", answer=None),
            sample(status="empty"),
            sample(status="unreadable", hit_limit=True),
            sample(skip=True),
            sample(run_on=True, shortened=True),
            sample(shortened=True),
        ]
    )
    assert counts.model_dump() == {
        "missing": 1,
        "empty": 1,
        "unreadable": 1,
        "skipped": 1,
        "shortened": 2,
        "hit_limit": 1,
        "run_on": 1,
    }
