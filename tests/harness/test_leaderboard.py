from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import LABELS, board_of, built, make_run, right_on, rows, subtask, usual_runs
from scipy import stats
from statsmodels.stats.multitest import multipletests

from anytasktune.errors import RecordError, UsageError
from anytasktune.leaderboard import Board, DataKey, Row, Run, make_board
from anytasktune.metrics.choice import F1
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask


@pytest.fixture
def task(tmp_path: Path) -> SubTask:
    return subtask(tmp_path, rows(100))


@pytest.fixture
def data(task: SubTask) -> DataSet:
    return built(task)


@pytest.fixture
def board(task: SubTask, data: DataSet) -> Board:
    return board_of(task, data, usual_runs(task, data))


def row(board: Board, label: str, protocol: str = "") -> Row:
    (found,) = [r for r in board.rows if r.label == label and r.protocol.startswith(protocol)]
    return found


def names(rows: Sequence[Row]) -> list[str]:
    return [row.name for row in rows]


def test_rows_stand_best_first_with_score_interval_and_n_of_their_records(board: Board) -> None:
    (section,) = board.sections
    assert names(section.rows) == [
        "SmolLM2-135M-Instruct-routing (zero-shot)",
        "GPT-4 (direct)",
        "tfidf-logreg (direct)",
        "SmolLM2-135M-Instruct (few-shot 8)",
        "SmolLM2-135M-Instruct (likelihood)",
        "majority (direct)",
        "SmolLM2-135M-Instruct (zero-shot)",
    ]
    assert [r.record.score.value for r in section.rows] == [0.85, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4]
    assert (section.asked, section.metric, section.split) == (100, "accuracy", "test")
    assert (row(board, "GPT-4").tokens, row(board, "GPT-4").adapter_bytes) == (1010, None)
    adapter = row(board, "SmolLM2-135M-Instruct-routing")
    assert (adapter.adapter_bytes, adapter.tuning_minutes) == (4096, 1.5)


def test_differences_are_held_against_the_base_at_its_best_on_the_same_rows(board: Board) -> None:
    # The adapter is right on rows 5 to 89, the few-shot base on 0 to 59: 30 rows only it, 5 only the base.
    done = row(board, "SmolLM2-135M-Instruct-routing").versus_base
    best = row(board, "SmolLM2-135M-Instruct", "few-shot")
    assert best.is_best_base
    assert best.versus_base is None
    assert done is not None
    assert done.against == best.record.run_id
    assert done.difference == pytest.approx(0.25)
    assert done.p == pytest.approx(stats.binomtest(5, 35, 0.5).pvalue)
    assert (done.test, done.n, done.discordance, done.verdict) == ("exact McNemar", 100, 0.35, "better")


def test_verdicts_are_after_holm_over_the_claims_and_over_the_other_rows(board: Board) -> None:
    # (rarer, both) of the rows that one of two has right alone. The adapter has 5..89, against the base's
    # 0..59, tfidf's 0..69 and GPT-4's 20..99.
    claims = [stats.binomtest(*pair, 0.5).pvalue for pair in ((5, 35), (5, 25), (10, 25))]
    # The base against GPT-4, tfidf (0..69), likelihood (0..54), majority (even rows), zero-shot (0..39).
    others = [stats.binomtest(*pair, 0.5).pvalue for pair in ((20, 60), (0, 10), (0, 5), (20, 50), (0, 20))]
    adapter = row(board, "SmolLM2-135M-Instruct-routing").record.run_id
    decided = board.sections[0].comparisons
    assert [c.p_holm for c in decided if c.row == adapter] == pytest.approx(multipletests(claims, method="holm")[1])
    found = [c.p_holm for c in decided if c.row != adapter]
    assert found == pytest.approx(multipletests(others, method="holm")[1])
    assert row(board, "GPT-4").versus_base.verdict == "better"  # type: ignore[union-attr]  # it is compared
    assert row(board, "SmolLM2-135M-Instruct", "zero-shot").versus_base.verdict == "worse"  # type: ignore[union-attr]
    assert row(board, "majority").versus_base.verdict == "no difference shown"  # type: ignore[union-attr]


def test_those_that_cannot_be_told_from_the_leader_share_its_rank(board: Board) -> None:
    assert [r.rank for r in board.rows] == [1, 1, 3, 4, 4, 4, 7]


def test_a_claim_says_base_classical_general_and_what_the_rows_can_show(board: Board) -> None:
    (claim,) = board.claims
    assert "beats its base at its best (SmolLM2-135M-Instruct (few-shot 8)" in claim.text
    assert "the best of few-shot 8, likelihood, zero-shot): +0.250" in claim.text
    assert "It beats the best classical row, tfidf-logreg (direct): +0.150" in claim.text
    assert "It is not shown to differ from the general model GPT-4 (direct): +0.050" in claim.text
    assert "This is one adapter" in claim.text
    assert f"A true difference of {board.sections[0].smallest_difference:.3f}" in claim.text


def test_a_classical_row_that_wins_is_named_plainly(task: SubTask, data: DataSet) -> None:
    test = data.splits["test"]
    board = board_of(
        task,
        data,
        [
            make_run(task, data, "tfidf-logreg", "classical", right_on(test, range(90)), protocol="direct"),
            make_run(task, data, "smol", "base", right_on(test, range(50))),
            make_run(task, data, "smol-tuned", "adapter", right_on(test, range(51)), base="smol", seed=1),
        ],
    )
    assert "The classical row tfidf-logreg (direct) beats it: +0.390" in board.claims[0].text
    assert "is not shown to differ from its base at its best" in board.claims[0].text


def test_a_gain_is_not_claimed_without_a_base_row_or_of_another_base(task: SubTask, data: DataSet) -> None:
    test = data.splits["test"]
    adapter = make_run(task, data, "tuned", "adapter", right_on(test, range(90)), base="smol", seed=1)
    other = make_run(task, data, "gemma", "base", right_on(test, range(50)))
    assert "no base row beside it: no gain is claimed" in board_of(task, data, [adapter]).claims[0].text
    assert "beats the best base row (gemma" in board_of(task, data, [adapter, other]).claims[0].text


def test_each_adapter_is_held_against_its_own_base(task: SubTask, data: DataSet) -> None:
    test = data.splits["test"]
    runs = [
        make_run(task, data, "small", "base", right_on(test, range(30))),
        make_run(task, data, "large", "base", right_on(test, range(80))),
        make_run(task, data, "small-tuned", "adapter", right_on(test, range(60)), base="small", seed=1),
    ]
    done = row(board_of(task, data, runs), "small-tuned").versus_base
    assert done is not None
    assert done.difference == pytest.approx(0.3)


def test_seeds_stay_separate_rows_and_are_counted(task: SubTask, data: DataSet) -> None:
    test = data.splits["test"]
    runs = [make_run(task, data, "smol", "base", right_on(test, range(50)))]
    for seed, right in ((1, 90), (2, 80), (3, 51)):
        answers = right_on(test, range(right))
        runs.append(make_run(task, data, "tuned", "adapter", answers, base="smol", seed=seed))
    board = board_of(task, data, runs)
    assert [r.label for r in board.rows] == ["tuned, seed 1", "tuned, seed 2", "tuned, seed 3", "smol"]
    assert "2 of 3 adapters beat the base at its best." in board.claims[0].text


def test_an_opponent_takes_the_place_of_the_general_models(task: SubTask, data: DataSet) -> None:
    runs = usual_runs(task, data)
    text = board_of(task, data, runs, opponent="majority").claims[0].text
    assert "majority (direct)" in text
    assert "GPT-4" not in text
    with pytest.raises(UsageError, match="did you mean GPT-4"):
        board_of(task, data, runs, opponent="GPT4")


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_runs_does_not_matter(task: SubTask, data: DataSet, seed: int) -> None:
    runs = usual_runs(task, data)
    runs += [make_run(task, data, "majority", "classical", ["spam"] * 100, protocol="direct", created="2026-02")]
    runs += [make_run(task, data, "lim", "general", ["ham"] * 10, limit=10)]
    shuffled = random.Random(seed).sample(runs, len(runs))
    assert board_of(task, data, shuffled) == board_of(task, data, runs)


def test_ties_stand_in_the_order_of_their_labels_and_share_a_rank(task: SubTask, data: DataSet) -> None:
    answers = right_on(data.splits["test"], range(50))
    runs = [make_run(task, data, label, "general", answers) for label in ("c", "a", "b")]
    board = board_of(task, data, runs)
    assert [(r.label, r.rank) for r in board.rows] == [("a", 1), ("b", 1), ("c", 1)]


def test_the_newest_of_two_runs_of_one_model_and_protocol_is_kept_and_the_other_named(
    task: SubTask, data: DataSet
) -> None:
    test = data.splits["test"]
    old = make_run(task, data, "m", "general", right_on(test, range(90)), created="2026-01-01T00:00:00+00:00")
    new = make_run(task, data, "m", "general", right_on(test, range(10)), created="2026-03-01T00:00:00+00:00")
    board = board_of(task, data, [new, old])
    assert [r.record.score.value for r in board.rows] == [0.1]
    assert any("older run of m (zero-shot)" in note and "2026-01-01" in note for note in board.notes)


def test_limited_runs_are_marked_and_never_published(task: SubTask, data: DataSet) -> None:
    limited = make_run(task, data, "quick", "general", ["ham"] * 10, limit=10)
    full = make_run(task, data, "whole", "general", ["ham"] * 100)
    board = board_of(task, data, [limited, full])
    assert [(s.limit, s.asked, names(s.rows)) for s in board.sections] == [
        (None, 100, ["whole (zero-shot)"]),
        (10, 10, ["quick (zero-shot)"]),
    ]
    assert any("Limited to 10 rows" in claim.text for claim in board.claims)
    published = board_of(task, data, [limited, full], published=True)
    assert names(published.rows) == ["whole (zero-shot)"]
    assert any("quick" in note and "limited to 10 rows" in note for note in published.notes)
    with pytest.raises(RecordError, match="No run is left"):
        board_of(task, data, [limited], published=True)


def test_runs_that_answered_other_rows_are_not_compared(task: SubTask, data: DataSet) -> None:
    whole = make_run(task, data, "whole", "general", ["ham"] * 100)
    torn = make_run(task, data, "torn", "general", ["ham"] * 50, limit=50)
    record = torn.record.model_copy(update={"task": torn.record.task.model_copy(update={"limit": None})})
    board = board_of(task, data, [whole, replace(torn, record=record)])
    assert [len(section.rows) for section in board.sections] == [1, 1]
    assert any("torn (zero-shot) answered 50 rows that are not the 100" in note for note in board.notes)


def test_field_case_45_an_older_data_version_is_kept_out_and_named(tmp_path: Path, task: SubTask) -> None:
    old_task = subtask(tmp_path, rows(100)[:99], version=1)
    new_task = subtask(tmp_path, rows(100), version=2)
    old, new = built(old_task), built(new_task)
    runs = [
        make_run(old_task, old, "C", "general", ["ham"] * 99),
        make_run(new_task, new, "A", "general", ["ham"] * 100),
    ]
    board = board_of(new_task, new, runs)
    assert names(board.rows) == ["A (zero-shot)"]
    assert "Kept out: C (zero-shot) on demo/routing version 1, test: data version 1, the others have version 2." in (
        board.notes
    )


def test_field_case_45_data_that_changed_under_one_version_are_kept_out_and_named(
    tmp_path: Path, task: SubTask, data: DataSet
) -> None:
    changed = [*rows(99), replace(rows(100)[99], input="another text")]
    other = built(subtask(tmp_path, changed))
    runs = [
        make_run(task, other, "old", "general", ["ham"] * 100),
        make_run(task, data, "now", "general", ["ham"] * 100),
    ]
    board = board_of(task, data, runs)
    assert names(board.rows) == ["now (zero-shot)"]
    assert any("old (zero-shot)" in note and "not those that are built now" in note for note in board.notes)
    without_data = make_board(runs, {}, {task.id: task.metric})
    assert [names(section.rows) for section in without_data.sections] in (
        [["old (zero-shot)"], ["now (zero-shot)"]],
        [["now (zero-shot)"], ["old (zero-shot)"]],
    )


def test_field_case_45_a_model_that_lacks_a_sub_task_leaves_a_gap_that_is_named(tmp_path: Path) -> None:
    tasks = [subtask(tmp_path, rows(20), id=f"demo/{name}") for name in ("easy", "hard")]
    sets = [built(task) for task in tasks]
    runs = [make_run(task, data, "A", "general", ["ham"] * 20) for task, data in zip(tasks, sets, strict=True)]
    runs.append(make_run(tasks[0], sets[0], "B", "general", ["ham"] * 20))
    golds = {
        DataKey(task.id, 1, "", data.fingerprint): {e.id: e for e in data.all}
        for task, data in zip(tasks, sets, strict=True)
    }
    board = make_board(runs, golds, {task.id: task.metric for task in tasks})
    assert [names(s.rows) for s in board.sections] == [["A (zero-shot)", "B (zero-shot)"], ["A (zero-shot)"]]
    assert board.notes == ("Gap: B was not run on demo/hard. No mean over sub-tasks is taken.",)


def test_a_run_whose_data_are_not_at_hand_is_shown_but_neither_ranked_nor_compared(
    task: SubTask, data: DataSet
) -> None:
    board = make_board(usual_runs(task, data), {}, {})
    assert [(r.rank, r.versus_base.verdict if r.versus_base else None) for r in board.rows[:2]] == [
        (None, "not compared"),
        (None, "not compared"),
    ]
    assert "was not compared with" in board.claims[0].text


def test_a_record_that_its_samples_contradict_is_not_compared_and_cannot_be_published(
    task: SubTask, data: DataSet
) -> None:
    runs = usual_runs(task, data)
    record = runs[-1].record
    boasting = record.model_copy(update={"score": record.score.model_copy(update={"value": 0.99})})
    runs[-1] = replace(runs[-1], record=boasting)
    board = board_of(task, data, runs)
    assert row(board, "GPT-4").rank is None
    assert any("come to 0.800000, its record says 0.990000" in note for note in board.notes)
    with pytest.raises(RecordError, match="cannot be published"):
        board_of(task, data, runs, published=True)


def test_a_run_without_a_score_stands_last_with_no_rank(task: SubTask, data: DataSet) -> None:
    answers: list[str | None] = [None] * 50 + ["ham"] * 50
    runs = [*usual_runs(task, data), make_run(task, data, "flaky", "general", answers)]
    board = board_of(task, data, runs, published=True)
    assert (board.rows[-1].label, board.rows[-1].rank, board.rows[-1].versus_base) == ("flaky", None, None)
    assert "flaky" not in board.claims[0].text


def test_rows_that_one_of_two_has_not_answered_are_left_out_of_their_comparison(task: SubTask, data: DataSet) -> None:
    test = data.splits["test"]
    answers = [None if n < 4 else answer for n, answer in enumerate(right_on(test, range(90)))]
    runs = [
        make_run(task, data, "smol", "base", right_on(test, range(50))),
        make_run(task, data, "tuned", "adapter", answers, base="smol", seed=1),
    ]
    done = row(board_of(task, data, runs), "tuned").versus_base
    assert done is not None
    assert (done.n, done.difference) == (96, pytest.approx(40 / 96))


def test_withheld_answers_are_compared_by_their_stored_grades_where_the_score_is_a_mean(
    task: SubTask, data: DataSet
) -> None:
    test = data.splits["test"]
    runs = [
        make_run(task, data, "smol", "base", right_on(test, range(50))),
        make_run(task, data, "GPT-4", "general", right_on(test, range(90)), withhold=True),
    ]
    done = row(board_of(task, data, runs), "GPT-4").versus_base
    assert done is not None
    assert done.verdict == "better"


def test_a_metric_that_is_no_mean_is_compared_by_bootstrap_and_permutation(tmp_path: Path) -> None:
    task = subtask(tmp_path, rows(60, groups=True), metric=F1(LABELS))
    data = built(task)
    test = data.splits["test"]
    runs = [
        make_run(task, data, "smol", "base", right_on(test, range(20))),
        make_run(task, data, "tuned", "adapter", right_on(test, range(50)), base="smol", seed=1),
    ]
    board = board_of(task, data, runs)
    done = row(board, "tuned").versus_base
    assert done is not None
    expected = runs[1].record.score.value - runs[0].record.score.value  # type: ignore[operator]  # both defined
    assert done.difference == pytest.approx(expected)
    assert done.test.startswith("paired permutation of groups")
    assert done.verdict == "better"
    assert done.discordance is None
    assert board.sections[0].smallest_difference is not None


def test_a_board_without_a_run_is_empty(task: SubTask, data: DataSet) -> None:
    assert board_of(task, data, []) == Board(sections=(), claims=(), notes=())


def test_runs_scored_by_another_metric_are_kept_out(task: SubTask, data: DataSet) -> None:
    run: Run = make_run(task, data, "m", "general", ["ham"] * 100)
    other = replace(run, record=run.record.model_copy(update={"metric": "macro F1"}))
    board = board_of(task, data, [other])
    assert board.rows == ()
    assert "scored by macro F1, the sub-task is scored by accuracy" in board.notes[0]


def test_a_label_that_says_adapter_is_not_called_adapter_twice(task: SubTask, data: DataSet) -> None:
    test = data.splits["test"]
    runs = [
        make_run(task, data, "smol", "base", right_on(test, range(50))),
        make_run(task, data, "smol adapter", "adapter", right_on(test, range(90)), base="smol", seed=1),
    ]
    assert board_of(task, data, runs).claims[0].text.startswith("smol adapter (zero-shot) beats its base")
