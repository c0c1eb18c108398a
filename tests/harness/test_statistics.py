"""Statistics against independent oracles: published tables, other libraries, enumeration and simulation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats
from sklearn.metrics import f1_score
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from anytasktune.errors import DataError, UsageError
from anytasktune.statistics import (
    FloatVector,
    IndexMatrix,
    Interval,
    Resampling,
    Statistic,
    SwapStatistic,
    benjamini_hochberg,
    bootstrap_interval,
    holm,
    mcnemar,
    mcnemar_power,
    mean_statistic,
    paired_difference,
    paired_proportion_interval,
    permutation_test,
    proportion_interval,
    rows_needed,
    shared_ranks,
    smallest_detectable_difference,
    smallest_significant_difference,
)

FEW = Resampling(resamples=300, permutations=500)


def ends(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None, interval
    assert interval.high is not None, interval
    return interval.low, interval.high


def constant(value: float) -> Statistic:
    return lambda rows: np.full(len(rows), value)


def f1_statistic(gold: NDArray[np.int_], answers: NDArray[np.int_]) -> Statistic:
    """Binary F1, vectorised as a metric would: a score that is no mean over rows."""

    def score(rows: IndexMatrix) -> FloatVector:
        hits = (gold & answers)[rows].sum(axis=1)
        return np.asarray(2 * hits / (gold[rows].sum(axis=1) + answers[rows].sum(axis=1)), dtype=np.float64)

    return score


def f1_swap(gold: NDArray[np.int_], a: NDArray[np.int_], b: NDArray[np.int_]) -> SwapStatistic:
    def difference(mask: NDArray[np.bool_]) -> FloatVector:
        def f1(answers: NDArray[np.int_]) -> FloatVector:
            return np.asarray(2 * (gold & answers).sum(1) / (gold.sum() + answers.sum(1)), dtype=np.float64)

        return f1(np.where(mask, b, a)) - f1(np.where(mask, a, b))

    return difference


def f1_rows(n: int = 60, seed: int = 5) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 2, n)
    a, b = (np.where(rng.random(n) < share, gold, 1 - gold) for share in (0.9, 0.6))
    return gold, a, b


def paired_grades(
    n: int, samples: int, discordance: float, difference: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n10, n01) of many samples of n rows."""
    only_a, only_b = (discordance + difference) / 2, (discordance - difference) / 2
    counts = np.random.default_rng(seed).multinomial(n, [only_a, only_b, 1 - discordance], size=samples)
    return counts[:, 0], counts[:, 1]


class TestProportionInterval:
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    )
    def test_agrees_with_newcombe_1998_table_1_method_3(self, successes: int, n: int, low: float, high: float) -> None:
        assert ends(proportion_interval(successes, n)) == pytest.approx((low, high), abs=5e-5)

    @settings(deadline=None)
    @given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
    def test_agrees_with_scipy_and_holds_the_proportion(self, n: int, data: st.DataObject, confidence: float) -> None:
        successes = data.draw(st.integers(0, n))
        low, high = ends(proportion_interval(successes, n, confidence))
        oracle = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
        assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=1e-12)
        assert 0 <= low <= successes / n <= high <= 1

    def test_field_case_44_one_row_has_a_wide_interval_and_no_rows_have_none(self) -> None:
        assert ends(proportion_interval(1, 1)) == pytest.approx((0.2065, 1.0), abs=1e-4)
        none = proportion_interval(0, 0)
        assert (none.low, none.high, none.reason) == (None, None, "not defined for n = 0")

    def test_impossible_requests_are_refused(self) -> None:
        with pytest.raises(DataError, match="3 right answers of 2 rows"):
            proportion_interval(3, 2)
        with pytest.raises(UsageError, match="between 0 and 1, not 95"):
            proportion_interval(1, 2, confidence=95)


class TestBootstrapInterval:
    def test_agrees_with_a_direct_bca_on_skewed_rows(self) -> None:
        """Efron's formula written out here, over resamples of our own; Monte-Carlo error remains."""
        values = np.random.default_rng(3).exponential(size=40)
        rng = np.random.default_rng(4)
        drawn = np.sort(values[rng.integers(0, 40, (40_000, 40))].mean(1))
        left_out = (values.sum() - values) / 39
        centred = left_out.mean() - left_out
        acceleration = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
        bias = stats.norm.ppf((drawn < values.mean()).mean())
        tails = bias + stats.norm.ppf([0.025, 0.975])
        oracle = np.quantile(drawn, stats.norm.cdf(bias + tails / (1 - acceleration * tails)))
        interval = bootstrap_interval(mean_statistic(values), 40, resamples=20_000)
        assert interval.method == "BCa bootstrap"
        assert ends(interval) == pytest.approx(tuple(oracle), abs=0.015)
        assert abs(oracle[0] + oracle[1] - 2 * values.mean()) > 0.05, "rows too symmetric to tell BCa from percentile"

    def test_scores_a_corpus_metric_and_not_a_mean_of_rows(self) -> None:
        gold, a, _ = f1_rows(80)
        statistic = f1_statistic(gold, a)
        assert statistic(np.arange(80)[None, :])[0] == pytest.approx(f1_score(gold, a))

        def slow(answers: NDArray[np.int_], truth: NDArray[np.int_]) -> float:
            return float(f1_score(truth, answers))

        oracle = stats.bootstrap(
            (a, gold), slow, paired=True, vectorized=False, n_resamples=400, rng=np.random.default_rng(1)
        ).confidence_interval
        assert ends(bootstrap_interval(statistic, 80)) == pytest.approx((oracle.low, oracle.high), abs=0.03)

    def test_same_seed_same_bytes_and_another_seed_others(self) -> None:
        statistic = mean_statistic(np.random.default_rng(0).random(30))
        assert bootstrap_interval(statistic, 30, seed=7) == bootstrap_interval(statistic, 30, seed=7)
        assert bootstrap_interval(statistic, 30, seed=7) != bootstrap_interval(statistic, 30, seed=8)

    def test_many_rows_are_scored_in_turns_that_stay_small(self) -> None:
        largest = 0

        def statistic(rows: IndexMatrix) -> FloatVector:
            nonlocal largest
            largest = max(largest, rows.size)
            return np.asarray((rows % 7).mean(axis=1), dtype=np.float64)

        assert bootstrap_interval(statistic, 3000).method == "BCa bootstrap"
        assert largest <= 4_000_000

    @pytest.mark.parametrize("n", [0, 1])
    def test_field_case_44_too_few_rows_have_no_interval_but_a_reason(self, n: int) -> None:
        interval = bootstrap_interval(mean_statistic(np.ones(n)), n)
        assert (interval.low, interval.high) == (None, None)
        assert interval.reason == f"not defined for n = {n}"

    def test_field_case_44_rows_that_are_all_equal_have_no_interval_unless_bounds_are_known(self) -> None:
        nothing = bootstrap_interval(mean_statistic(np.full(20, 0.3)), 20)
        assert (nothing.low, nothing.high) == (None, None)
        assert nothing.reason.startswith("all values equal")
        for right in (0, 20):
            known = bootstrap_interval(mean_statistic(np.full(20, right / 20)), 20, bounds=(0, 1))
            assert ends(known) == pytest.approx(ends(proportion_interval(right, 20)))
            assert known.reason == "all values equal"

    def test_degenerate_bca_falls_back_to_percentile_and_says_so(self) -> None:
        """No single row's absence lifts the mean over 0.8, so the jack-knife sees no spread; resamples do."""
        values = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])

        def median_like(rows: IndexMatrix) -> FloatVector:
            return np.asarray(values[rows].mean(axis=1) > 0.8, dtype=np.float64)

        interval = bootstrap_interval(median_like, 8, resamples=500)
        assert interval.method == "percentile bootstrap"
        assert interval.reason == "BCa is degenerate on these rows"
        assert ends(interval) == (0.0, 1.0)

    def test_resamples_without_a_score_are_counted_and_named(self) -> None:
        values = np.random.default_rng(0).random(12)

        def partial(rows: IndexMatrix) -> FloatVector:
            has_score = (rows == 0).any(axis=1)
            return np.where(has_score, values[rows].mean(axis=1), np.nan)

        interval = bootstrap_interval(partial, 12)
        assert interval.method == "percentile bootstrap"
        count = int(interval.reason.split()[0])
        assert count == pytest.approx(2000 * (11 / 12) ** 12, abs=150)
        assert interval.reason.endswith("of 2000 resamples have no score")
        low, high = ends(interval)
        assert low < values.mean() < high

    def test_a_score_that_is_not_defined_or_hardly_ever_has_no_interval(self) -> None:
        assert bootstrap_interval(constant(np.nan), 9).reason == "the score is not defined on these rows"

        def rarely(rows: IndexMatrix) -> FloatVector:
            distinct = np.array([len(set(line)) for line in rows.tolist()])
            return np.where(distinct == rows.shape[1], 0.5, np.nan)

        interval = bootstrap_interval(rarely, 9, resamples=100)
        assert interval.low is None
        assert interval.reason.endswith("resamples have no score")

    def test_groups_of_one_row_change_nothing_but_the_name(self) -> None:
        statistic = mean_statistic(np.random.default_rng(2).random(25))
        plain = bootstrap_interval(statistic, 25)
        grouped = bootstrap_interval(statistic, 25, clusters=[f"case {row}" for row in range(25)])
        assert ends(plain) == ends(grouped)
        assert grouped.method == "BCa bootstrap over groups"

    def test_whole_groups_are_drawn_also_when_they_differ_in_size(self) -> None:
        clusters = np.array([2, 0, 0, 1, 2, 2, 0, 3, 1, 2])
        seen: set[tuple[int, ...]] = set()

        def statistic(rows: IndexMatrix) -> FloatVector:
            for line in rows.tolist():
                times = np.bincount(line, minlength=10)
                seen.add(tuple(times))
                for group in range(4):
                    assert len(set(times[clusters == group])) == 1, "a group was torn apart"
            return np.asarray(rows.mean(axis=1), dtype=np.float64)

        interval = bootstrap_interval(statistic, 10, clusters=clusters, resamples=500)
        low, high = ends(interval)
        assert low < 4.5 < high
        assert len({sum(times) for times in seen}) > 5, "lines of differing length were not reached"

    def test_repeated_rows_in_groups_are_no_extra_evidence(self) -> None:
        values = np.random.default_rng(1).random(30)
        once = bootstrap_interval(mean_statistic(values), 30)
        repeated = mean_statistic(np.repeat(values, 4))
        grouped = bootstrap_interval(repeated, 120, clusters=np.repeat(np.arange(30), 4))
        assert ends(grouped) == pytest.approx(ends(once))
        low, high = ends(bootstrap_interval(repeated, 120))
        assert high - low < 0.6 * (ends(once)[1] - ends(once)[0])

    def test_impossible_requests_are_refused(self) -> None:
        statistic = mean_statistic([0.0, 1.0])
        with pytest.raises(DataError, match="3 group ids were given for 2 rows"):
            bootstrap_interval(statistic, 2, clusters=[1, 2, 3])
        with pytest.raises(UsageError, match="too few"):
            bootstrap_interval(statistic, 2, resamples=1)
        with pytest.raises(DataError, match="not finite"):
            mean_statistic([0.1, np.nan])
        one_group = bootstrap_interval(statistic, 2, clusters=["x", "x"])
        assert one_group.reason == "not defined for number of groups = 1"


class TestMcNemar:
    @pytest.mark.parametrize(
        ("n10", "n01", "p_value"),
        # Fagerland, Lydersen and Laake 2013 (airway reactivity, 1 against 7): exact conditional p 0.0703.
        [(1, 7, 0.0703), (3, 13, 0.0213), (0, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 64)],
    )
    def test_agrees_with_published_and_counted_p_values(self, n10: int, n01: int, p_value: float) -> None:
        a, b = np.repeat([1, 0, 1, 0], [n10, n01, 4, 3]), np.repeat([0, 1, 1, 0], [n10, n01, 4, 3])
        result = mcnemar(a, b)
        assert (result.n10, result.n01, result.n) == (n10, n01, n10 + n01 + 7)
        assert result.p_value == pytest.approx(p_value, abs=5e-5)

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
    def test_agrees_with_statsmodels_in_any_order_of_rows_and_models(self, rows: list[tuple[bool, bool]]) -> None:
        a, b = np.array(rows).T
        table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
        result = mcnemar(a, b)
        assert result.p_value == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, abs=1e-12)
        assert mcnemar(a[::-1], b[::-1]) == result
        assert mcnemar(b, a).p_value == result.p_value

    def test_refuses_grades_that_are_not_right_or_wrong_or_not_paired(self) -> None:
        with pytest.raises(DataError, match="0 or 1"):
            mcnemar([0.5, 1], [1, 1])
        with pytest.raises(DataError, match="2 and 3 graded rows"):
            mcnemar([1, 0], [1, 0, 1])


class TestPairedProportionInterval:
    @pytest.mark.parametrize(
        ("n10", "n01", "n", "confidence", "low", "high"),
        [
            (9, 3, 32, 0.95, -0.027, 0.390),  # Tango 1998
            (0, 1, 44, 0.90, -0.096, 0.037),  # Tango 1998, contact lenses
            (16, 8, 86, 0.95, -0.020, 0.207),  # Agresti and Min 2005
            (1, 7, 21, 0.95, -0.517, -0.026),  # Fagerland, Lydersen and Laake 2014
        ],
    )
    def test_agrees_with_published_intervals(
        self, n10: int, n01: int, n: int, confidence: float, low: float, high: float
    ) -> None:
        assert ends(paired_proportion_interval(n01, n10, n, confidence)) == pytest.approx((low, high), abs=6e-4)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
    def test_ends_are_where_the_score_test_turns(self, n10: int, n01: int, agreeing: int) -> None:
        """Oracle: the likelihood under a fixed difference, maximised numerically."""
        n = n10 + n01 + agreeing
        interval = paired_proportion_interval(n01, n10, n)
        if n == 0:
            assert interval.reason == "not defined for n = 0"
            return
        low, high = ends(interval)
        assert -1 <= low <= (n10 - n01) / n <= high <= 1
        assert ends(paired_proportion_interval(n10, n01, n)) == pytest.approx((-high, -low))
        for end in (low, high):
            if not 1e-3 < abs(end) < 0.999:
                continue

            def unlikeliness(share_b: float, end: float = end) -> float:
                shares = np.array([share_b + end, share_b, 1 - 2 * share_b - end])
                return -float(stats.multinomial.logpmf([n10, n01, agreeing], n, shares / shares.sum()))

            inside = (max(0.0, -end) + 1e-12, (1 - end) / 2 - 1e-12)
            share_b = optimize.minimize_scalar(
                unlikeliness, bounds=inside, method="bounded", options={"xatol": 1e-12}
            ).x
            z = ((n10 - n01) / n - end) / np.sqrt((2 * share_b + end - end**2) / n)
            assert abs(z) == pytest.approx(1.95996, abs=2e-3)

    def test_full_agreement_still_leaves_room_as_wide_as_wilsons(self) -> None:
        low, high = ends(paired_proportion_interval(0, 0, 80))
        assert high == pytest.approx(ends(proportion_interval(0, 80))[1])
        assert low == -high

    def test_refuses_more_discordant_rows_than_rows(self) -> None:
        with pytest.raises(DataError, match="4 \\+ 3 discordant rows of 6"):
            paired_proportion_interval(4, 3, 6)


class TestPermutationTest:
    def test_few_rows_are_enumerated_as_by_hand(self) -> None:
        differences = np.array([0.5, -0.1, 0.3, 0.2, -0.4, 0.6, 0.1])
        observed = abs(differences.mean())
        as_far = sum(abs((differences * signs).mean()) >= observed - 1e-12 for signs in product((1, -1), repeat=7))
        result = permutation_test(lambda mask: np.where(mask, -differences, differences).mean(axis=1), 7)
        assert (result.exact, result.swaps) == (True, 128)
        assert result.p_value == as_far / 128

    def test_random_swaps_agree_with_scipy(self) -> None:
        differences = np.random.default_rng(8).normal(0.25, 1, 60)

        def mean(sample: FloatVector, axis: int) -> FloatVector:
            return np.asarray(sample.mean(axis=axis), dtype=np.float64)

        oracle = stats.permutation_test(
            (differences,), mean, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(0)
        )
        result = permutation_test(lambda mask: np.where(mask, -differences, differences).mean(axis=1), 60)
        assert not result.exact
        assert 0.01 < result.p_value < 0.5
        assert result.p_value == pytest.approx(oracle.pvalue, abs=0.015)

    def test_p_is_never_zero_and_one_where_nothing_differs(self) -> None:
        assert permutation_test(lambda mask: mask.mean(axis=1) * -2.0 + 1.0, 40).p_value == 1 / 10_001
        assert permutation_test(lambda mask: np.zeros(len(mask)), 40).p_value == 1.0

    def test_rounding_does_not_break_ties(self) -> None:
        """0.1 + 0.2 + … in another order must still count as equally far."""
        a, b = np.array([0.1, 0.2, 0.7] * 4), np.array([0.7, 0.1, 0.2] * 4)
        forward = paired_difference(mean_statistic(a), mean_statistic(b), 12)
        assert forward.p_value == 1.0

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.floats(-1, 1), min_size=1, max_size=10))
    def test_exact_p_ignores_order_and_sign(self, differences: list[float]) -> None:
        def p_value(values: list[float]) -> float:
            array = np.array(values)
            result = permutation_test(lambda mask: np.where(mask, -array, array).mean(axis=1), len(array))
            return result.p_value

        assert p_value(differences) == p_value(differences[::-1]) == p_value([-value for value in differences])

    def test_whole_groups_are_swapped(self) -> None:
        clusters = np.array(["b", "a", "b", "c", "a", "b"])

        def swap(mask: NDArray[np.bool_]) -> FloatVector:
            for group in "abc":
                assert (mask[:, clusters == group].all(axis=1) == mask[:, clusters == group].any(axis=1)).all()
            return np.asarray(1 - 2 * mask.mean(axis=1), dtype=np.float64)

        result = permutation_test(swap, 6, clusters=clusters)
        assert result.swaps == 8
        assert result.p_value == 2 / 8

    def test_a_swap_without_a_score_counts_against_the_difference(self) -> None:
        result = permutation_test(lambda mask: np.where(mask.any(axis=1), np.nan, 0.9), 6)
        assert result.p_value == 1.0

    def test_impossible_requests_are_refused(self) -> None:
        with pytest.raises(UsageError, match="needs rows"):
            permutation_test(lambda mask: np.zeros(len(mask)), 0)
        with pytest.raises(DataError, match="not defined"):
            permutation_test(lambda mask: np.full(len(mask), np.nan), 3)


class TestPairedDifference:
    def test_right_or_wrong_grades_get_mcnemar_and_tango(self) -> None:
        a, b = np.repeat([1, 0, 1, 0], [16, 8, 53, 9]), np.repeat([0, 1, 1, 0], [16, 8, 53, 9])
        result = paired_difference(mean_statistic(a), mean_statistic(b), 86)
        assert result.difference == pytest.approx(8 / 86)
        assert (result.test, result.interval.method, result.n) == ("exact McNemar", "Tango", 86)
        assert result.p_value == pytest.approx(2 * sum(comb(24, k) for k in range(9)) / 2**24)
        assert ends(result.interval) == pytest.approx((-0.020, 0.207), abs=6e-4)

    def test_right_or_wrong_grades_in_groups_do_not_get_mcnemar(self) -> None:
        """Copies of a row in its group are no extra evidence: p and interval stay those of the groups."""
        rng = np.random.default_rng(0)
        a, b = rng.random(12) < 0.8, rng.random(12) < 0.4
        once = paired_difference(mean_statistic(a), mean_statistic(b), 12, clusters=np.arange(12))
        copies = paired_difference(
            mean_statistic(np.repeat(a, 5)),
            mean_statistic(np.repeat(b, 5)),
            60,
            clusters=np.repeat(np.arange(12), 5),
        )
        assert once.test == copies.test == "paired permutation of groups, all 4096 swaps"
        assert copies.p_value == once.p_value
        assert ends(copies.interval) == pytest.approx(ends(once.interval))

    def test_other_row_grades_get_the_permutation_test_and_a_paired_bootstrap(self) -> None:
        rng = np.random.default_rng(1)
        hardness = rng.random(50)
        a, b = hardness, np.clip(hardness - 0.05 + rng.normal(0, 0.02, 50), 0, 1)
        result = paired_difference(mean_statistic(a), mean_statistic(b), 50, bounds=(0, 1))
        low, high = ends(result.interval)
        assert result.difference is not None
        assert low < result.difference < high
        # Were the rows drawn for each model apart, the interval would be as wide as the hardness is.
        assert high - low < 0.02
        assert result.p_value == 1 / 10_001
        assert result.test == "paired permutation of rows, random 10000 swaps"

    def test_a_corpus_metric_is_computed_anew_for_each_swap(self) -> None:
        gold, a, b = f1_rows(10)
        result = paired_difference(f1_statistic(gold, a), f1_statistic(gold, b), 10, swap_statistic=f1_swap(gold, a, b))
        observed = f1_score(gold, a) - f1_score(gold, b)
        as_far = 0
        for mask in product((False, True), repeat=10):
            swapped = f1_score(gold, np.where(mask, b, a)) - f1_score(gold, np.where(mask, a, b))
            as_far += abs(swapped) >= abs(observed) - 1e-12
        assert result.difference == pytest.approx(observed)
        assert result.p_value == as_far / 1024

    def test_is_antisymmetric_and_repeatable(self) -> None:
        gold, a, b = f1_rows()

        def compare(x: NDArray[np.int_], y: NDArray[np.int_]) -> tuple[float, float, float, float]:
            result = paired_difference(
                f1_statistic(gold, x),
                f1_statistic(gold, y),
                60,
                swap_statistic=f1_swap(gold, x, y),
                resampling=Resampling(seed=3),
            )
            assert result.difference is not None
            assert result.p_value is not None
            return result.difference, *ends(result.interval), result.p_value

        forward, backward = compare(a, b), compare(b, a)
        assert forward == compare(a, b)
        assert backward == pytest.approx((-forward[0], -forward[2], -forward[1], forward[3]))

    def test_field_case_44_identical_models_have_no_difference_and_a_stated_interval(self) -> None:
        same = mean_statistic(np.random.default_rng(0).random(50))
        unknown = paired_difference(same, same, 50, resampling=FEW)
        assert (unknown.difference, unknown.p_value, unknown.interval.low) == (0.0, 1.0, None)
        known = paired_difference(same, same, 50, bounds=(0, 1), resampling=FEW)
        share = ends(proportion_interval(0, 50))[1]
        assert ends(known.interval) == pytest.approx((-share, share))
        none = paired_difference(mean_statistic([]), mean_statistic([]), 0)
        assert (none.difference, none.p_value, none.interval.reason) == (None, None, "not defined for n = 0")
        one = paired_difference(mean_statistic([0.4]), mean_statistic([0.1]), 1)
        assert (one.p_value, one.interval.reason) == (1.0, "not defined for n = 1")
        undefined = paired_difference(constant(np.nan), constant(0.5), 9, swap_statistic=lambda m: np.zeros(len(m)))
        assert (undefined.difference, undefined.p_value, undefined.interval.low) == (None, None, None)

    def test_wrong_use_is_refused(self) -> None:
        gold, a, b = f1_rows()
        with pytest.raises(UsageError, match="needs swap_statistic"):
            paired_difference(f1_statistic(gold, a), f1_statistic(gold, b), 60)
        with pytest.raises(UsageError, match="Without a swap"):
            paired_difference(
                f1_statistic(gold, a),
                f1_statistic(gold, b),
                60,
                swap_statistic=f1_swap(gold, b, a),
                resampling=FEW,
            )
        with pytest.raises(DataError, match="3 and 2 graded rows; 3 were expected"):
            paired_difference(mean_statistic([1, 0, 1]), mean_statistic([1, 0]), 3)


P_VALUES = st.lists(st.floats(0, 1), min_size=0, max_size=12)


class TestCorrection:
    def test_agrees_with_published_examples(self) -> None:
        """Holm by hand; then the 15 p values of Benjamini and Hochberg 1995, who keep four (Holm: three)."""
        assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
        published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
        published += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
        assert (benjamini_hochberg(published) <= 0.05).tolist() == [True] * 4 + [False] * 11
        assert (holm(published) <= 0.05).tolist() == [True] * 3 + [False] * 12

    # Each correction collects garbage inside statsmodels: 30 ms, whatever the size.
    @settings(max_examples=30, deadline=None)
    @given(P_VALUES)
    def test_benjamini_hochberg_agrees_with_scipy_and_is_milder_than_holm(self, p_values: list[float]) -> None:
        adjusted = benjamini_hochberg(p_values)
        oracle = stats.false_discovery_control(p_values) if p_values else []
        assert adjusted.tolist() == pytest.approx(list(oracle))
        assert (adjusted <= holm(p_values) + 1e-12).all()
        assert (adjusted >= np.array(p_values) - 1e-12).all()

    # Each correction collects garbage inside statsmodels: 30 ms, whatever the size.
    @settings(max_examples=30, deadline=None)
    @given(P_VALUES)
    def test_holm_steps_down_as_defined(self, p_values: list[float]) -> None:
        expected, running = [0.0] * len(p_values), 0.0
        for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            running = max(running, min(1.0, (len(p_values) - place) * p_values[index]))
            expected[index] = running
        assert holm(p_values).tolist() == pytest.approx(expected)

    @pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
    def test_refuses_what_is_no_p_value(self, correct: Callable[[list[float]], FloatVector]) -> None:
        for wrong in (-0.1, 1.5, float("nan")):
            with pytest.raises(DataError, match="between 0 and 1"):
                correct([0.2, wrong])


class TestSharedRanks:
    @pytest.mark.parametrize(
        ("scores", "width", "ranks"),
        [
            ([0.9, 0.7, 0.89, 0.5], 0.05, (1, 3, 1, 4)),
            # Each step is small, but the third can be told apart from the leader: no chain.
            ([0.90, 0.86, 0.82, 0.80], 0.05, (1, 1, 3, 3)),
            ([0.5, 0.5, 0.4], 0.0, (1, 1, 3)),
            ([], 0.1, ()),
        ],
    )
    def test_models_share_the_rank_of_a_leader_they_cannot_be_told_from(
        self, scores: list[float], width: float, ranks: tuple[int, ...]
    ) -> None:
        assert shared_ranks(scores, lambda i, j: abs(scores[i] - scores[j]) < width) == ranks

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0, 0.5))
    def test_rank_is_one_more_than_the_models_above_the_group(self, scores: list[float], width: float) -> None:
        ranks = shared_ranks(scores, lambda i, j: abs(scores[i] - scores[j]) <= width)
        assert all(rank == 1 + sum(other < rank for other in ranks) for rank in ranks)
        assert all(
            ranks[i] <= ranks[j] for i in range(len(scores)) for j in range(len(scores)) if scores[i] > scores[j]
        )

    def test_a_missing_score_is_no_rank(self) -> None:
        with pytest.raises(DataError, match="without a score"):
            shared_ranks([0.3, float("nan")], lambda i, j: False)


class TestPower:
    def test_eighty_rows_show_no_less_than_about_twelve_points(self) -> None:
        """Fewer than 12.5 observed points are not significant; 14.2 true ones are found 4 times in 5."""
        assert smallest_significant_difference(80, 0.2) == pytest.approx(0.125)
        detectable = smallest_detectable_difference(80, 0.2)
        assert detectable == pytest.approx(0.142, abs=5e-4)
        assert mcnemar([1] * 12 + [0] * 4, [0] * 12 + [1] * 4).p_value > 0.05
        assert mcnemar([1] * 13 + [0] * 3, [0] * 13 + [1] * 3).p_value < 0.05

    def test_power_agrees_with_enumeration(self) -> None:
        n, only_a, only_b = 12, 0.45, 0.1
        expected = sum(
            stats.multinomial.pmf([n10, n01, n - n10 - n01], n, [only_a, only_b, 1 - only_a - only_b])
            for n10 in range(n + 1)
            for n01 in range(n + 1 - n10)
            if n10 + n01 and stats.binomtest(n10, n10 + n01).pvalue <= 0.05
        )
        assert mcnemar_power(n, only_a + only_b, only_a - only_b) == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize(("n", "discordance", "difference"), [(80, 0.2, 0.142), (300, 0.1, 0.055)])
    def test_power_agrees_with_simulation(self, n: int, discordance: float, difference: float) -> None:
        n10, n01 = paired_grades(n, 20_000, discordance, difference, seed=1)
        p_values = 2 * stats.binom.cdf(np.minimum(n10, n01), n10 + n01, 0.5)
        power = mcnemar_power(n, discordance, difference)
        assert 0.75 < power < 0.9
        assert (p_values <= 0.05).mean() == pytest.approx(power, abs=4 * (0.16 / 20_000) ** 0.5)

    @pytest.mark.parametrize(("margin", "discordance"), [(0.12, 0.2), (0.05, 0.1), (0.02, 0.3), (0.3, 0.3)])
    def test_rows_needed_is_the_inverse_and_never_below_connors_normal_formula(
        self, margin: float, discordance: float
    ) -> None:
        n = rows_needed(margin, discordance)
        assert mcnemar_power(n, discordance, margin) >= 0.8 > mcnemar_power(n - 1, discordance, margin)
        assert smallest_detectable_difference(n, discordance) == pytest.approx(margin, rel=0.02)
        alpha_part = 1.959964 * discordance**0.5
        connor = ((alpha_part + 0.841621 * (discordance - margin**2) ** 0.5) / margin) ** 2
        assert connor <= n <= 1.1 * connor + 2 / margin

    def test_what_cannot_be_shown_is_none_and_what_cannot_be_is_refused(self) -> None:
        assert smallest_detectable_difference(5, 0.2) is None
        assert smallest_detectable_difference(0, 0.2) is None
        assert smallest_detectable_difference(80, 0.0) is None
        assert smallest_significant_difference(20, 0.2) is None
        assert smallest_significant_difference(0, 0.2) is None
        assert rows_needed(0.05, 0.01) == rows_needed(0.05, 0.05)
        for wrong in (lambda: rows_needed(0, 0.2), lambda: smallest_detectable_difference(80, 1.2)):
            with pytest.raises(UsageError):
                wrong()
        with pytest.raises(UsageError, match="cannot be"):
            mcnemar_power(80, 0.1, 0.2)

    @settings(max_examples=40, deadline=None)
    @given(st.integers(6, 500), st.floats(0.05, 1.0), st.floats(0, 1))
    def test_power_grows_with_the_difference_and_is_at_most_alpha_without_one(
        self, n: int, discordance: float, share: float
    ) -> None:
        powers = [mcnemar_power(n, discordance, discordance * part) for part in (0.0, share / 2, share)]
        assert powers[0] <= 0.05 + 1e-9
        assert powers[0] <= powers[1] + 1e-9
        assert powers[1] <= powers[2] + 1e-9


@pytest.mark.slow
class TestSimulations:
    """Fixed seeds; bounds are four Monte-Carlo standard errors around what theory says."""

    @pytest.mark.parametrize(("n", "share"), [(30, 0.5), (80, 0.8), (200, 0.95)])
    def test_wilson_covers_at_the_stated_rate(self, n: int, share: float) -> None:
        intervals = [ends(proportion_interval(right, n)) for right in range(n + 1)]
        exact = sum(stats.binom.pmf(k, n, share) for k, (low, high) in enumerate(intervals) if low <= share <= high)
        drawn = np.random.default_rng(2).binomial(n, share, 5000)
        covered = np.mean([intervals[right][0] <= share <= intervals[right][1] for right in drawn])
        assert covered == pytest.approx(exact, abs=4 * (0.05 * 0.95 / 5000) ** 0.5)
        assert 0.93 <= covered <= 0.98

    def test_bca_covers_a_skewed_mean_at_about_the_stated_rate(self) -> None:
        rng = np.random.default_rng(10)
        covered = 0
        for trial in range(600):
            values = rng.beta(2, 5, 60)
            low, high = ends(bootstrap_interval(mean_statistic(values), 60, resamples=1000, seed=trial))
            covered += low <= 2 / 7 <= high
        # The bootstrap is a little short for small n: within 0.02 of 0.95, and Monte-Carlo error.
        assert 0.93 - 4 * 0.009 <= covered / 600 <= 0.95 + 4 * 0.009

    def test_clustered_bca_covers_where_the_plain_one_does_not(self) -> None:
        rng = np.random.default_rng(11)
        clustered = plain = 0
        groups = np.repeat(np.arange(40), 5)
        for trial in range(300):
            values = np.repeat(rng.normal(0, 1, 40), 5) + rng.normal(0, 0.3, 200)
            statistic = mean_statistic(values)
            low, high = ends(bootstrap_interval(statistic, 200, resamples=600, seed=trial, clusters=groups))
            clustered += low <= 0 <= high
            low, high = ends(bootstrap_interval(statistic, 200, resamples=600, seed=trial))
            plain += low <= 0 <= high
        assert clustered / 300 >= 0.93 - 4 * 0.0126
        assert plain / 300 < 0.75

    @pytest.mark.parametrize(("n", "discordance", "difference"), [(80, 0.2, 0.0), (80, 0.2, 0.12), (300, 0.05, 0.02)])
    def test_tango_covers_at_the_stated_rate(self, n: int, discordance: float, difference: float) -> None:
        n10, n01 = paired_grades(n, 3000, discordance, difference, seed=12)
        covered = 0
        for a, b in zip(n10.tolist(), n01.tolist(), strict=True):
            low, high = ends(paired_proportion_interval(b, a, n))
            covered += low <= difference <= high
        assert 0.94 - 4 * 0.004 <= covered / 3000 <= 0.96 + 4 * 0.004

    def test_equal_models_are_rarely_called_different(self) -> None:
        """A/A: p at most alpha in at most alpha of the comparisons, plus noise."""
        rng = np.random.default_rng(13)
        grades, right = 0, 0
        for trial in range(400):
            a, b = rng.beta(2, 3, (2, 40))
            resampling = Resampling(resamples=2, permutations=1000, seed=trial)
            graded = paired_difference(mean_statistic(a), mean_statistic(b), 40, resampling=resampling)
            a, b = rng.random((2, 80)) < 0.7
            counted = paired_difference(mean_statistic(a), mean_statistic(b), 80)
            assert graded.p_value is not None
            assert counted.p_value is not None
            grades += graded.p_value <= 0.05
            right += counted.p_value <= 0.05
        noise = 4 * (0.05 * 0.95 / 400) ** 0.5
        assert 0.05 - noise <= grades / 400 <= 0.05 + noise
        assert right / 400 <= 0.05 + noise

    def test_a_gate_with_the_rows_needed_passes_an_equal_candidate_and_no_worse_one(self) -> None:
        margin, discordance = 0.12, 0.2
        n = rows_needed(margin, discordance)
        passed = {}
        for true in (0.0, -margin):
            n10, n01 = paired_grades(n, 3000, discordance, true, seed=14)
            pairs = zip(n10.tolist(), n01.tolist(), strict=True)
            passed[true] = np.mean([ends(paired_proportion_interval(b, a, n))[0] > -margin for a, b in pairs])
        assert passed[0.0] >= 0.8 - 4 * (0.16 / 3000) ** 0.5
        assert passed[-margin] <= 0.025 + 4 * (0.025 * 0.975 / 3000) ** 0.5 + 0.005


def test_importing_statistics_does_not_import_torch() -> None:
    program = "import sys, anytasktune.statistics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
