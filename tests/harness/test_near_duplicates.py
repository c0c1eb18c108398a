from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytasktune.near_duplicates import THRESHOLD, NearIndex, comparison_key, shingles

SENTENCE = "the committee decided to keep the target range for the federal funds rate where it was in the spring"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my CARD?", "  where is my card "),
        ("Ｗｈｅｒｅ　ｉｓ　ｍｙ　ｃａｒｄ？", "Where is my card?"),  # full width
        ("你好，世界！", "你好 世界"),
        ("STRASSE", "straße"),
        ("zero\u200bwidth", "zerowidth"),
        ("paid $9,500 twice", "paid $9500 twice"),
        ("line\r\nbreak", "line break"),
    ],
)
def test_key_folds_case_width_space_and_punctuation(one: str, other: str) -> None:
    assert comparison_key(one) == comparison_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 percent", "15 percent"),
        ("is it 3-5?", "is it 3+5?"),
        ("at -5 degrees", "at 5 degrees"),
        ("???", "!!!"),
    ],
)
def test_key_keeps_what_changes_the_meaning(one: str, other: str) -> None:
    assert comparison_key(one) != comparison_key(other)


@given(st.text())
def test_key_of_a_key_is_itself(text: str) -> None:
    key = comparison_key(text)
    assert comparison_key(key) == key


def test_chinese_is_compared_by_character() -> None:
    assert shingles("盗窃财物") == {"盗 窃 财", "窃 财 物"}


def test_one_word_added_to_a_long_text_is_a_near_duplicate() -> None:
    index = NearIndex([SENTENCE, SENTENCE + " again", "quite another sentence about the weather in the mountains"])
    assert index.matches([1, 2], [0]) == {1: 0}


def test_texts_that_differ_in_a_numeral_are_no_near_duplicates() -> None:
    assert NearIndex([f"{SENTENCE} of 2019", f"{SENTENCE} of 2020"]).matches([1], [0]) == {}


def test_short_texts_are_never_near_duplicates() -> None:
    assert NearIndex(["lost card", "stolen card", "lost my card"]).earlier(range(3)) == {}


def test_a_text_does_not_match_itself() -> None:
    assert NearIndex([SENTENCE]).matches([0], [0]) == {}


def test_search_finds_exactly_the_pairs_that_comparing_all_with_all_finds() -> None:
    draw = random.Random(7)
    words = [f"w{letter}" for letter in "abcdefghij"]
    texts = []
    for _ in range(120):
        base = [draw.choice(words) for _ in range(draw.randint(3, 30))]
        texts.append(" ".join(base))
        for _ in range(2):
            changed = list(base)
            changed[draw.randrange(len(base))] = draw.choice(words)
            texts.append(" ".join(changed))
    texts = list(dict.fromkeys(texts))
    sets = [shingles(text) for text in texts]

    def jaccard(i: int, j: int) -> float:
        return len(sets[i] & sets[j]) / len(sets[i] | sets[j])

    index = NearIndex(texts)
    pairs = [p for p in itertools.combinations(range(len(texts)), 2) if jaccard(*p) >= THRESHOLD - 1e-9]
    assert len(pairs) > 20
    found = [(i, j) for i, j in itertools.combinations(range(len(texts)), 2) if index.matches([j], [i])]
    assert found == pairs


def test_one_planted_pair_is_found_among_many_thousand_rows() -> None:
    draw = random.Random(1)
    words = [f"word{number}" for number in range(400)]
    keys = [" ".join(draw.choice(words) for _ in range(draw.randint(12, 20))) for _ in range(6000)]
    keys[5000] = keys[100] + " more"
    assert NearIndex(keys).matches(range(1500, 6000), range(1500)) == {5000: 100}
