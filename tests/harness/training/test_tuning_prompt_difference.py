from __future__ import annotations

import json

from anytasktune.prompts import INPUT
from anytasktune.training.prompt_difference import alone, both


def words(prompt: str, *labels: str, answer: str = "yes") -> str:
    return json.dumps([prompt, answer, "; ", " ", *labels], ensure_ascii=False)


def marked(block: str) -> list[str]:
    return [line.removeprefix("      ! ") for line in block.splitlines() if line.startswith("      ! ")]


def test_both_prompts_are_shown_and_only_what_differs_is_marked() -> None:
    tuned, asked = both(words(f"Which?\n{INPUT}\nAnswer:", "yes"), words(f"Which one?\n{INPUT}\nAnswer:", "yes"))
    for block, first in ((tuned, "Which?"), (asked, "Which one?")):
        assert marked(block) == [repr(first + "\n")]
        assert block.count("'{{ input }}\\n'") == 1
        assert block.endswith("'label: yes'")
    assert marked(alone(words("Which?"))) == []
    assert "'Which?'" in alone(words("Which?"))


def test_what_cannot_be_seen_is_seen() -> None:
    tuned, asked = both(words("Answer: "), words("Answer:\u200b\n"))
    assert marked(tuned) == ["'Answer: '"]
    assert marked(asked) == ["'Answer:\\u200b\\n'"]


def test_a_long_line_is_shown_around_its_first_difference() -> None:
    tuned, asked = both(words("a" * 500 + "b" + "c" * 500), words("a" * 500 + "d" + "c" * 500))
    assert marked(tuned) == ["…'" + "a" * 30 + "b" + "c" * 69 + "'…"]
    assert marked(asked) == ["…'" + "a" * 30 + "d" + "c" * 69 + "'…"]


def test_long_stretches_are_counted_and_the_difference_is_in_sight() -> None:
    many = [f"label {number}" for number in range(300)]
    tuned, asked = both(words("Which?", *many), words("Which?", *many[:-1], "another"))
    assert "… 301 lines that are the same" in tuned
    assert marked(tuned) == ["'label: label 299'"]
    assert marked(asked) == ["'label: another'"]
    tuned, asked = both(words("Which?", *many), words("哪个？", *many[::-1]))
    assert all(len(block.splitlines()) < 50 and "more lines" in block for block in (tuned, asked))


def test_words_that_were_changed_by_hand_are_shown_as_they_are() -> None:
    tuned, asked = both("no JSON at all", words("Which?"))
    assert marked(tuned) == ["'no JSON at all'"]
    assert marked(asked)[0] == "'Which?'"
