"""Prompts that do not ask, answers that do not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from demo_tasks import PROMPTS, rows
from examining import Examine, Row

from anytasktune.examples import KINDS, Kind
from anytasktune.recipes import CHOICE

CHECKS = ("prompts", "few-shot", "stop-strings")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", KINDS)
def test_sound_prompts_pass(examine: Examine, kind: Kind, check: str) -> None:
    found = examine(check, kind)
    assert found.status == "pass", str(found)


@pytest.mark.parametrize("kind", KINDS)
def test_sound_answers_fit(examine: Examine, small_model_dir: object, kind: Kind) -> None:
    assert examine("answer-length", kind, max_gen_toks=24).status == "pass"
    assert examine("prompt-length", kind).status == "pass"


def test_an_input_that_its_prompt_cuts_is_named(examine: Examine, example: Row) -> None:
    prompts = {"en": {**PROMPTS["en"], "question": "{{ input[:60] }}\nAnswer:"}}
    found = examine("prompts", examples=[*rows("choice"), example("long:0", input="word " * 40)], prompts=prompts)
    assert (found.status, found.evidence) == ("fail", ("long:0: its en prompt does not hold its input",))


@pytest.mark.parametrize("text", ["{{ 7 * 7 }} is no template", "% and \\ and {# so on", "<|im_end|> is text here"])
def test_an_input_that_looks_like_markup_is_asked_as_it_stands(examine: Examine, example: Row, text: str) -> None:
    assert examine("prompts", examples=[*rows("choice"), example("odd:0", input=text)]).status == "pass"


def test_doubts_about_a_prompt_are_noted(examine: Examine) -> None:
    bare = {"instruction": "Name the queue.", "question": "{{ input }}"}
    found = examine("prompts", prompts={"en": bare, "zh": bare})
    assert found.status == "note"
    assert any("nothing stands behind the input" in line for line in found.evidence)
    assert any("does not say that 'billing', 'refund' can be answered" in line for line in found.evidence)
    assert "zh: the prompt is that of en, word for word" in found.evidence


def test_a_template_that_breaks_is_named_by_its_language(examine: Examine) -> None:
    prompts = {"en": PROMPTS["en"], "zh": {"instruction": "x", "question": "{{ input + 1 }}"}}
    found = examine("card", prompts=prompts)
    assert found.status == "fail"
    assert found.message.startswith("The zh prompt raises TypeError")


def test_a_shot_that_is_asked_about_is_named(examine: Examine) -> None:
    examples = rows("choice")
    twin = replace(examples[-1], id="train:99", split="train", input=examples[-1].input + "\u200b")
    shown = examine("few-shot", examples=[*(row for row in examples if row.split != "train"), twin])
    assert shown.status == "note"  # the core took the twin out of train: there is nothing to show


def test_an_answer_beyond_the_limit_is_named_with_its_tokens(examine: Examine, small_model_dir: object) -> None:
    examples = [
        replace(row, targets=("a rather long answer " * 4,)) if row.id == "test:1" else row for row in rows("text")
    ]
    found = examine("answer-length", "text", examples, max_gen_toks=16)
    assert found.status == "fail"
    assert found.evidence[0].startswith("test:1 (en): 17 tokens, 'a rather long answer")
    assert found.evidence[-1] == "next: set generation_kwargs.max_gen_toks to at least 17"


def test_prompts_beyond_the_recipe_are_noted(examine: Examine, small_model_dir: object, example: Row) -> None:
    examples = [*rows("choice"), example("long:0", input="kettle " * 400)]
    found = examine("prompt-length", examples=examples, fields={"recipe": CHOICE.but(max_length=256)})
    assert found.status == "note"
    assert "en: 1 of 7 rows of train exceed the recipe's 256 tokens" in found.evidence[0]


def test_a_stop_string_in_a_right_answer_is_named(examine: Examine) -> None:
    examples = [replace(row, targets=("two\nlines",)) if row.id == "test:1" else row for row in rows("text")]
    found = examine("stop-strings", "text", examples)
    assert (found.status, found.evidence) == ("fail", ("test:1: '\\n' cuts 'two\\nlines'",))


def test_an_empty_stop_string_fails(examine: Examine) -> None:
    assert "every answer would end before it begins" in examine("stop-strings", until=["\n", ""]).message
