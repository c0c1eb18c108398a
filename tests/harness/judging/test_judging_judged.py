from __future__ import annotations

import pytest
from judge_double import Judge, longer, material, pair, row

from anytasktune.errors import ModelError, UsageError
from anytasktune.judging import TEXT, Answered, Asking, Paired, judge_answers, judge_pairs

PLAIN = Asking(rubric=TEXT)


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [("long enough", "short", "first"), ("short", "long enough", "second"), ("abc", "xyz", "tie")],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_better_answer_wins_wherever_it_stands(first: str, second: str, winner: str, language: str) -> None:
    judge = Judge(longer)
    (compared,) = judge_pairs([pair(first, second)], Asking(rubric=TEXT, language=language), judge)
    assert (compared.status, compared.winner, compared.inconsistent) == ("read", winner, False)
    assert compared.verdicts == (winner, winner)
    assert len(judge.prompts) == 2


@pytest.mark.parametrize(("place", "verdicts"), [("A", ("first", "second")), ("B", ("second", "first"))])
def test_a_judge_that_looks_at_the_place_gives_a_tie_that_is_counted(place: str, verdicts: tuple[str, str]) -> None:
    (compared,) = judge_pairs([pair("one", "two")], PLAIN, Judge(lambda shown: f"VERDICT: {place}"))
    assert compared.verdicts == verdicts
    assert (compared.winner, compared.inconsistent) == ("tie", True)


def test_a_tie_in_one_order_and_a_winner_in_the_other_contradict_each_other() -> None:
    judge = Judge(lambda shown: "VERDICT: TIE" if shown["ANSWER A"] == "one" else "VERDICT: A")
    (compared,) = judge_pairs([pair("one", "two")], PLAIN, judge)
    assert (compared.verdicts, compared.winner, compared.inconsistent) == (("tie", "second"), "tie", True)


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize(("said", "status"), [("I like both", "unreadable"), (None, "unanswered")])
def test_a_pair_with_one_verdict_has_no_winner(lost: int, said: str | None, status: str) -> None:
    def ask(prompts: list[str]) -> list[str | None]:
        given: list[str | None] = ["VERDICT: A", "VERDICT: B"]
        given[lost] = said
        return given

    (compared,) = judge_pairs([pair("one", "two")], PLAIN, ask)
    assert (compared.status, compared.winner, compared.inconsistent) == (status, None, False)
    assert compared.said[lost] == said


def test_missing_answers_and_identical_ones_are_not_asked_about() -> None:
    judge = Judge(longer)
    rows = [
        pair(None, "b", "r:0"),
        pair("a", None, "r:1"),
        pair("same", " same\n", "r:2"),
        pair("", "b", "r:3"),
        pair(None, None, "r:4"),
    ]
    compared = judge_pairs(rows, PLAIN, judge)
    assert [(c.status, c.winner) for c in compared] == [
        ("missing", None),
        ("missing", None),
        ("identical", "tie"),
        ("read", "second"),
        ("missing", None),
    ]
    assert len(judge.prompts) == 2
    assert judge_pairs(rows[:3], PLAIN, lambda prompts: pytest.fail("nothing is to be asked"))


def test_grades_keep_the_row_order_and_every_way_of_having_none() -> None:
    said = {"good": "fine\nSCORE: 5, 3, 1", "bad": "SCORE: 0, 0, 0", "odd": "nine of ten", "gone": None}
    judge = Judge(lambda shown: said[shown["ANSWER"]])
    rows = [row(answer, f"r:{answer}") for answer in ("odd", None, "good", "gone", "bad")]
    graded = judge_answers(rows, PLAIN, judge)
    assert [(g.id, g.status, g.total) for g in graded] == [
        ("r:odd", "unreadable", None),
        ("r:None", "missing", None),
        ("r:good", "read", 9),
        ("r:gone", "unanswered", None),
        ("r:bad", "read", 0),
    ]
    assert graded[2].points == (5, 3, 1)
    assert graded[0].said == "nine of ten"


@pytest.mark.parametrize("given", [[], ["VERDICT: A"], ["VERDICT: A"] * 3, ["VERDICT: A", 3]])
def test_a_judge_that_gives_something_else_back_is_an_error(given: list[object]) -> None:
    with pytest.raises(ModelError, match="was given 2 prompts and gave"):
        judge_pairs([pair("one", "two")], PLAIN, lambda prompts: given)  # type: ignore[arg-type, return-value]


def test_an_id_that_stands_twice_is_an_error() -> None:
    with pytest.raises(UsageError, match="judged twice") as error:
        judge_answers([row("a"), row("b")], PLAIN, Judge(longer))
    assert error.value.evidence == ("row:0",)


def test_rows_with_the_same_words_are_asked_about_in_prompts_of_their_own() -> None:
    judge = Judge(longer)
    rows = [Paired(material=material(f"r:{n}"), first="a", second="bb") for n in range(3)]
    assert [c.winner for c in judge_pairs(rows, PLAIN, judge)] == ["second"] * 3
    assert len(set(judge.prompts)) == 6
    answers = [Answered(material=material(f"r:{n}"), answer="a") for n in range(2)]
    assert len(judge_answers(answers, PLAIN, Judge(lambda shown: "SCORE: 1, 1, 1"))) == 2
