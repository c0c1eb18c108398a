from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytasktune.examples import Example
from anytasktune.metrics.grading import Grade
from anytasktune.metrics.json_fields import JsonFieldF1, fields_of
from anytasktune.metrics.reading import read_json

GOLD = '{"name": "Ann Lee", "address": {"city": "上海"}, "born": 1990, "tags": ["a", "b"], "fax": null}'


def grade(answer: str | None, *golds: str) -> Grade:
    return JsonFieldF1().grade(Example(id="t:0", input="x", targets=golds or (GOLD,)), answer)


def test_nested_fields_and_lists_are_flattened_and_counted() -> None:
    assert fields_of(GOLD) == {
        ("name", "ann lee"): 1,
        ("address.city", "上海"): 1,
        ("born", "1990"): 1,
        ("tags[]", "a"): 1,
        ("tags[]", "b"): 1,
    }
    assert fields_of('{"a": [[1, 1], {"b": true}]}') == {("a[][]", "1"): 2, ("a[].b", "true"): 1}


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (GOLD, 1.0),
        (f"```json\n{GOLD}\n```", 1.0),
        (f"Sure, here it is:\n\n{GOLD}\n\nAnything else?", 1.0),
        ('{"tags": ["b", "a"], "born": "1990", "name": "ＡＮＮ  lee.", "address": {"city": "上海"}}', 1.0),
        ('{"name": "Ann Lee"}', 2 * 1 / (1 + 5)),
        ('{"name": "Bob", "born": 1990.0}', 2 * 1 / (2 + 5)),
        ('{"city": "上海"}', 0.0),
        ('{"Name": "Ann Lee"}', 0.0),
        ('{"born": "01990"}', 0.0),
        ("{}", 0.0),
        ('{"tags": ["a", "a", "a"]}', 2 * 1 / (3 + 5)),
    ],
)
def test_a_row_scores_the_f1_of_its_fields(answer: str, score: float) -> None:
    graded = grade(answer)
    assert graded.score == pytest.approx(score)
    assert graded.status == "read"


@pytest.mark.parametrize(
    "answer",
    [
        "The name is Ann Lee",
        "{'name': 'Ann Lee'}",
        '{"name": "Ann Lee"',
        '{"name": {"inner": {"name": "Ann Lee"}}',
        '{"name": "Ann Lee", {"born": 1990}}',
        '{"name": NaN}',
        '{"name": "Ann Lee",}',
        '["Ann Lee"]',
        '"Ann Lee"',
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        '{"a":' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_what_is_no_valid_object_is_unreadable(answer: str) -> None:
    assert (grade(answer).status, grade(answer).score) == ("unreadable", 0.0)


def test_validity_is_told_beside_the_score() -> None:
    grades = [grade(answer) for answer in (GOLD, "{}", "no", "", None)]
    assert JsonFieldF1().summarise(grades) == {"JSON field F1": 0.25, "JSON validity": 0.5}


@pytest.mark.parametrize(
    ("answer", "value", "run_on"),
    [
        ('{"a": "}{"} {"b": 1}', '{"a": "}{"}', True),
        ('{x} means: {"a": 1}', '{"a": 1}', False),
        ('{"a": "say \\"{\\""}', '{"a": "say \\"{\\""}', False),
        ('<think>{"a": 0}</think>{"a": 1}', '{"a": 1}', False),
        ('{"a": 1}<|im_end|>\n{"a": 2}', '{"a": 1}', True),
    ],
)
def test_the_first_object_is_read_as_it_is_written(answer: str, value: str, run_on: bool) -> None:
    reading = read_json(answer)
    assert (reading.value, reading.run_on) == ((value,), run_on)


def test_field_case_37_the_object_of_a_run_on_is_not_read() -> None:
    after = grade(f"{GOLD}\n\nText: next\nAnswer: {{}}")
    assert (after.score, after.run_on) == (1.0, True)
    before = grade(f"I cannot tell.\n\nText: next\nAnswer: {GOLD}")
    assert (before.status, before.run_on) == ("unreadable", True)


@pytest.mark.parametrize(
    ("golds", "answer", "score"),
    [
        (("{}",), "{}", 1.0),
        (('{"a": null}',), '{"b": " "}', 1.0),
        (("{}",), '{"a": 1}', 0.0),
        (("{}",), "", 0.0),
        (("",), "", 1.0),
        (("",), '{"a": 1}', 0.0),
        (("no object", GOLD), GOLD, 1.0),
        (('{"a": 1}', '{"a": 2, "b": 3}'), '{"a": 2}', 2 / 3),
    ],
)
def test_field_case_36_empty_meets_empty_and_one_usable_reference_suffices(
    golds: tuple[str, ...], answer: str, score: float
) -> None:
    assert grade(answer, *golds).score == pytest.approx(score)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1.0", True),
        ("1e3", "1000", True),
        ("-0", "0", True),
        ('"2024"', "2024", True),
        ('"007"', "7", False),
        ("1e400", "10e399", True),
        ("1e99999999999999999999999", "1", False),
        ("123456789012345678901234567890123", "123456789012345678901234567890124", False),
        ("true", '"True"', True),
        ("false", "0", False),
        ("0.1", "0.10000000000000001", False),
    ],
)
def test_numbers_are_compared_as_numbers_and_texts_as_texts(one: str, other: str, same: bool) -> None:
    assert grade(f'{{"x": {one}}}', f'{{"x": {other}}}').score == float(same)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5), st.booleans(), st.sampled_from([None, 2]))
def test_any_object_is_found_again_however_it_is_written(
    value: dict[str, object], ascii: bool, indent: int | None
) -> None:
    gold, answer = json.dumps(value), json.dumps(value, ensure_ascii=ascii, indent=indent)
    graded = grade(f"```json\n{answer}\n```", gold)
    assert (graded.score, graded.status, graded.run_on) == (1.0, "read", False)
