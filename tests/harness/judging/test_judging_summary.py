"""Figures against what is worked out by hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pytest

from anytasktune.judging import TEXT, Compared, Graded, Winner, summarise_grades, summarise_pairs
from anytasktune.judging.agreement import fleiss, kappa, quadratic_kappa, rank_correlation
from anytasktune.judging.held_against import better, between_judges, with_metric, with_people
from anytasktune.judging.human import HumanLabels
from anytasktune.records import Sample
from anytasktune.statistics import bootstrap_interval, mean_statistic


def graded(*points: tuple[int, int, int]) -> list[Graded]:
    return [Graded(id=f"r:{n}", status="read", points=given) for n, given in enumerate(points)]


def compared(*verdicts: tuple[Winner, Winner]) -> list[Compared]:
    return [Compared(id=f"r:{n}", status="read", verdicts=given) for n, given in enumerate(verdicts)]


def sample(score: float, id: str = "r:0", *, skip: bool = False, status: str = "read") -> Sample:
    return Sample(id=id, content_hash="", answer="a", status=status, score=score, skip=skip)


W: tuple[Winner, Winner] = ("second", "second")
L: tuple[Winner, Winner] = ("first", "first")
T: tuple[Winner, Winner] = ("tie", "tie")
FIRST: tuple[Winner, Winner] = ("first", "second")
SECOND: tuple[Winner, Winner] = ("second", "first")


def test_the_mean_grade_and_the_means_of_the_criteria() -> None:
    rows = graded((5, 3, 2), (1, 0, 2), (3, 3, 0), (0, 0, 0))
    summary = summarise_grades(rows, TEXT, seed=3)
    assert summary.score.value == pytest.approx((10 + 3 + 6 + 0) / 4)
    assert summary.criteria == {"correctness": 9 / 4, "completeness": 6 / 4, "form": 1.0}
    assert (summary.out_of, summary.score.n) == (10, 4)
    oracle = bootstrap_interval(mean_statistic([10, 3, 6, 0]), 4, seed=3, bounds=(0, 10))
    assert (summary.score.low, summary.score.high) == (oracle.low, oracle.high)


def test_the_win_rate_counts_ties_and_contradictions_half() -> None:
    rows = [*compared(W, W, W, L, T, FIRST, SECOND, ("tie", "second")), Compared(id="r:8", status="identical")]
    summary = summarise_pairs(rows)
    assert (summary.won, summary.tied, summary.lost) == (3, 5, 1)
    assert summary.score.value == pytest.approx((3 + 5 / 2) / 9)
    assert (summary.counts.inconsistent, summary.shown_first, summary.shown_second) == (3, 1, 1)
    assert (summary.counts.identical, summary.counts.judged, summary.score.n) == (1, 9, 9)
    (positions,) = summary.agreement
    assert (positions.same, positions.n) == (5 / 8, 8), "pairs that nobody was asked about say nothing of consistency"


def by_hand(ours: Sequence[str], theirs: Sequence[str]) -> float:
    n = len(ours)
    seen = sum(a == b for a, b in zip(ours, theirs, strict=True)) / n
    a, b = Counter(ours), Counter(theirs)
    chance = sum(a[word] * b[word] for word in a) / n**2
    return (seen - chance) / (1 - chance)


def test_kappa_between_the_two_places_is_cohens() -> None:
    verdicts = [W, W, L, L, T, FIRST, ("tie", "second")]
    (positions,) = summarise_pairs(compared(*verdicts)).agreement
    straight, swapped = zip(*verdicts, strict=True)
    assert positions.value == pytest.approx(by_hand(straight, swapped))
    assert positions.same == 5 / 7


def test_a_judge_of_places_has_a_kappa_of_minus_one_or_none_and_a_win_rate_of_one_half() -> None:
    summary = summarise_pairs(compared(*[FIRST, FIRST, FIRST]))
    assert summary.score.value == 0.5
    assert summary.agreement[0].value == 0.0
    assert summary.agreement[0].same == 0.0
    assert (summary.counts.inconsistent, summary.shown_first) == (3, 3)


@pytest.mark.parametrize(("lost", "has_score"), [(0, True), (2, True), (3, False), (10, False)])
@pytest.mark.parametrize("how", ["unreadable", "unanswered"])
def test_more_than_a_fifth_without_judgement_leaves_no_score(lost: int, has_score: bool, how: str) -> None:
    rows = graded(*[(5, 3, 2)] * (10 - lost))
    rows += [Graded(id=f"x:{n}", status=how) for n in range(lost)]  # type: ignore[arg-type]  # one of the two
    summary = summarise_grades(rows, TEXT)
    assert (summary.score.value is not None) == has_score
    assert getattr(summary.counts, how) == lost
    if has_score:
        assert summary.score.value == 10.0, "what could not be read is neither 0 nor anything else"
        assert summary.score.n == 10 - lost
    else:
        assert f"of 10 rows asked about, the judgement of {lost}" in summary.score.reason
        assert summary.criteria == {}
        assert (summary.score.low, summary.score.high) == (None, None)


def test_unreadable_pairs_are_no_ties() -> None:
    rows = [*compared(W, W, W, W), Compared(id="x", status="unreadable", verdicts=("first", None))]
    summary = summarise_pairs(rows)
    assert (summary.score.value, summary.score.n, summary.tied) == (1.0, 4, 0)
    identical = [Compared(id=f"i:{n}", status="identical") for n in range(20)]
    judged = [*identical, *compared(W), Compared(id="x", status="unreadable")]
    assert summarise_pairs(judged).score.value is None, (
        "rows that nobody was asked about do not hide the unreadable ones"
    )


@pytest.mark.parametrize(("missing", "has_score"), [(1, True), (2, False)])
def test_too_many_missing_answers_leave_no_score(missing: int, has_score: bool) -> None:
    rows = graded(*[(1, 1, 1)] * (20 - missing)) + [Graded(id=f"x:{n}", status="missing") for n in range(missing)]
    summary = summarise_grades(rows, TEXT)
    assert (summary.score.value is not None, summary.counts.missing) == (has_score, missing)
    assert has_score or "2 of 20 rows have no answer to judge" in summary.score.reason


def test_nothing_judged_is_no_score() -> None:
    assert summarise_pairs([]).score.reason == "no row was judged"
    assert summarise_grades([], TEXT).score.value is None


def test_rows_of_one_group_are_drawn_together() -> None:
    rows = graded((5, 3, 2), (5, 3, 2), (0, 0, 0), (0, 0, 0), (3, 1, 1), (3, 1, 1))
    summary = summarise_grades(rows, TEXT, groups=["a", "a", "b", "b", "c", "c"])
    oracle = bootstrap_interval(mean_statistic([10, 10, 0, 0, 5, 5]), 6, clusters=list("aabbcc"), bounds=(0, 10))
    assert summary.score.method == oracle.method
    assert "groups" in summary.score.method
    assert (summary.score.low, summary.score.high) == (oracle.low, oracle.high)
    rows[1] = Graded(id="r:1", status="unreadable")
    assert summarise_grades(rows, TEXT, groups=["a", "a", "b", "b", "c", "c"]).score.n == 5


def test_agreement_with_the_metric_is_a_rank_correlation_of_grades() -> None:
    rows = graded((5, 3, 2), (3, 1, 1), (1, 0, 0), (0, 0, 0))
    found = with_metric("ROUGE-L", rows, [(sample(s),) for s in (0.4, 0.9, 0.3, 0.1)])
    ranks = [(4, 3), (3, 4), (2, 2), (1, 1)]
    squares = sum((a - b) ** 2 for a, b in ranks)
    assert found.value == pytest.approx(1 - 6 * squares / (4 * (16 - 1)))
    assert (found.other, found.same, found.n) == ("metric ROUGE-L", None, 4)
    left_out = with_metric(
        "m", rows, [(sample(0.1, skip=True),), (sample(0, status="missing"),), *[(sample(1.0),)] * 2]
    )
    assert left_out.n == 2


def test_agreement_with_the_metric_is_a_kappa_of_winners() -> None:
    rows = [*compared(W, L, T, W), Compared(id="r:4", status="identical")]
    samples = [(sample(a), sample(b)) for a, b in ((0.1, 0.2), (0.5, 0.2), (0.3, 0.3), (0.9, 0.2), (1.0, 1.0))]
    found = with_metric("accuracy", rows, samples)
    ours, theirs = ["second", "first", "tie", "second"], ["second", "first", "tie", "first"]
    assert (found.value, found.same, found.n) == (pytest.approx(by_hand(ours, theirs)), 0.75, 4)
    assert better(0.1 + 0.2, 0.3) == "tie"


def test_agreement_with_people_is_over_the_rows_that_both_have() -> None:
    rows = compared(W, L, T, FIRST)
    labels = HumanLabels(points={}, winners={"r:0": "second", "r:1": "second", "r:3": "tie", "r:9": "first"}, sha256="")
    found = with_people(rows, labels, TEXT)
    assert (found.n, found.same) == (3, pytest.approx(2 / 3))
    assert found.value == pytest.approx(by_hand(["second", "first", "tie"], ["second", "second", "tie"]))
    points = HumanLabels(points={"r:0": 10, "r:1": 0, "r:2": 4}, winners={}, sha256="")
    grades = graded((5, 3, 2), (1, 0, 0), (4, 0, 0), (0, 0, 0))
    quadratic = with_people(grades, points, TEXT)
    pairs = [(10, 10), (1, 0), (4, 4)]
    apart = sum((a - b) ** 2 for a, b in pairs) / 3
    chance = sum((a - b) ** 2 for a, _ in pairs for _, b in pairs) / 9
    assert quadratic.value == pytest.approx(1 - apart / chance)
    assert quadratic.same == pytest.approx(2 / 3)


def test_judges_agree_two_by_two_and_all_together() -> None:
    one, two = compared(W, L, T, W), compared(W, L, W, W)
    three = [*compared(W, L, L), Compared(id="r:3", status="unreadable")]
    found = between_judges([("a", one), ("b", two), ("c", three)], TEXT)
    assert [(f.other, f.n) for f in found] == [("a and b", 4), ("a and c", 3), ("b and c", 3), ("all judges", 3)]
    assert found[0].value == pytest.approx(
        by_hand(["second", "first", "tie", "second"], ["second", "first", "second", "second"])
    )
    shares = {"second": 4 / 9, "first": 4 / 9, "tie": 1 / 9}
    seen = (1 + 1 + 0) / 3  # three rows: all agree, all agree, nobody does
    chance = sum(share**2 for share in shares.values())
    assert found[3].value == pytest.approx((seen - chance) / (1 - chance))
    assert found[3].same == pytest.approx(2 / 3)
    assert between_judges([("a", one)], TEXT) == []
    (grades,) = between_judges([("a", graded((5, 3, 2), (0, 0, 0))), ("b", graded((5, 3, 2), (1, 0, 0)))], TEXT)
    assert grades.measure == "quadratic kappa"


@pytest.mark.parametrize(
    "found",
    [
        kappa("x", [], []),
        kappa("x", ["tie", "tie"], ["tie", "tie"]),
        quadratic_kappa("x", [3, 3], [3, 3], 10),
        rank_correlation("x", [1.0, 2.0], [1.0, 2.0]),
        rank_correlation("x", [1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        rank_correlation("x", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
        fleiss([["tie"], ["tie"], ["tie"]]),
        fleiss([[], [], []]),
    ],
)
def test_agreement_that_is_not_defined_has_a_reason_and_no_number(found: object) -> None:
    assert found.value is None  # type: ignore[attr-defined]
    assert found.reason  # type: ignore[attr-defined]


def test_the_same_seed_gives_the_same_interval() -> None:
    rows = compared(W, L, T, W, W, L)
    assert summarise_pairs(rows, seed=5) == summarise_pairs(rows, seed=5)
    low, high = summarise_pairs(rows).score.low, summarise_pairs(rows).score.high
    assert low is not None
    assert high is not None
    assert 0 <= low < high <= 1
    assert not math.isnan(low)
