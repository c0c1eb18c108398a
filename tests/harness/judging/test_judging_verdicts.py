from __future__ import annotations

import pytest

from anytasktune.judging import TEXT
from anytasktune.judging.verdicts import read_points, read_verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("VERDICT: A", "A"),
        ("Both are fine, the second names the law.\n\nVERDICT: B\n\n", "B"),
        ("两份都可以。\r\nVERDICT：TIE", "TIE"),
        ("Verdict: tie", "TIE"),
        ("**VERDICT: B**", "B"),
        ("**VERDICT:** A.", "A"),
        ("ＶＥＲＤＩＣＴ：Ｂ。", "B"),
        ("<think>\nVERDICT: A\nno, wait\n</think>\nVERDICT: B", "B"),
        ("| VERDICT: A stands in the answer\nVERDICT: B", "B"),
    ],
)
def test_a_verdict_is_the_last_line_and_nothing_else(said: str, verdict: str) -> None:
    assert read_verdict(said) == verdict


@pytest.mark.parametrize(
    "said",
    [
        "",
        "   \n",
        "A",
        "The verdict is A",
        "VERDICT: C",
        "VERDICT: A or B",
        "VERDICT: A\nbecause it is longer",
        "VERDICT: A\nVERDICT: B",
        "VERDICT: A\nVERDICT: B\nVERDICT: TIE",
        "<think>the first one\nVERDICT: A",
        "VERDICT: A\n[cut off at its limit of 512 tokens]",
        "| VERDICT: A",
        "SCORE: 3",
        "VERDICT: AB",
    ],
)
def test_anything_else_is_no_verdict(said: str) -> None:
    assert read_verdict(said) is None


@pytest.mark.parametrize(
    ("said", "points"),
    [
        ("SCORE: 5, 3, 2", (5, 3, 2)),
        ("It is right.\nSCORE: 0,0,0", (0, 0, 0)),
        ("SCORE：4，3、1。", (4, 3, 1)),
        ("**Score: 1, 2, 2**", (1, 2, 2)),
    ],
)
def test_points_are_one_whole_number_a_criterion(said: str, points: tuple[int, ...]) -> None:
    assert read_points(said, TEXT) == points


@pytest.mark.parametrize(
    "said",
    [
        "SCORE: 6, 3, 2",  # more than the criterion is worth
        "SCORE: 5, 3",
        "SCORE: 5, 3, 2, 1",
        "SCORE: 4.5, 3, 2",
        "SCORE: -1, 3, 2",
        "SCORE: n, n, n",
        "SCORE: 5/5, 3/3, 2/2",
        "SCORE: 10",
        "SCORE: 5, 3, 2 of 10",
        "SCORE: 5, 3, 2\nSCORE: 4, 3, 2",
        "SCORE: ٥, 3, 2",
        "5, 3, 2",
        "SCORE: 5, 3, 2\nThat is all.",
    ],
)
def test_anything_else_is_no_grade(said: str) -> None:
    assert read_points(said, TEXT) is None


def test_the_same_line_said_twice_is_one_verdict() -> None:
    assert read_verdict("VERDICT: B\nSo:\nVERDICT: B") == "B"
