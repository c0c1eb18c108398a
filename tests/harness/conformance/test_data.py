"""What the builder yields: each fault is named by its rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from demo_tasks import rows
from examining import PUBLIC, Examine, Row

from anytasktune.examples import Example


@pytest.mark.parametrize(
    "check",
    ["schema", "row-ids", "leaks", "groups", "duplicates", "conflicts", "text-damage", "languages", "label-shares"],
)
def test_sound_data_pass(examine: Examine, check: str) -> None:
    assert examine(check).status == "pass"


def test_few_test_rows_are_noted_with_what_they_can_show(examine: Examine) -> None:
    found = examine("splits")
    assert found.status == "note"
    assert "test has 4 rows: an accuracy of 50 % is known to ± 49 points only" in found.message


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_empty_split_fails(examine: Examine, split: str) -> None:
    found = examine("splits", examples=rows("choice", **{split: 0}))
    assert (found.status, found.message) == ("fail", f"There is no row in {split}.")


def test_rows_that_do_not_fit_their_kind_are_named(examine: Examine, example: Row) -> None:
    strange: list[Any] = [*rows("choice"), example("odd:0", targets=("reefund",)), {"id": "a"}, example("noid")]
    found = examine("schema", examples=strange)
    assert found.status == "fail"
    assert found.message == "3 rows cannot be used."
    assert "odd:0 (row 12): label 'reefund' is not on the card" in found.evidence[0]
    assert "yields dict, not Example" in found.evidence[1]
    assert "noid (row 14): its id is not <prefix>:<row>" in found.evidence[2]


def test_rows_that_the_card_leaves_out_are_noted(examine: Examine, example: Row) -> None:
    found = examine("schema", examples=[*rows("choice"), example("odd:0", targets=())], splits={"on_bad_row": "skip"})
    assert found.status == "note"
    assert "odd:0" in found.evidence[0]


def test_an_id_that_stands_twice_is_named_once_and_only_there(examine: Examine, example: Row) -> None:
    twice = [*rows("choice"), example("test:3")]
    found = examine("row-ids", examples=twice)
    assert (found.status, found.evidence) == ("fail", ("test:3: rows 11, 12",))
    assert examine("schema", examples=twice).status == "pass"


@pytest.mark.parametrize(
    ("again", "how"),
    [
        (lambda row: row.input, "is test test:2"),
        (lambda row: f"  {row.input.upper()}!", "is test test:2"),
        (lambda row: row.input.replace("test", "testing", 0) + " ok", "is nearly test test:2"),
    ],
)
def test_field_case_23_a_test_row_in_train_is_a_leak_where_the_rows_were_written_for_it(
    examine: Examine, again: Callable[[Example], str], how: str
) -> None:
    many = [replace(row, input=f"{row.input} so that it is long enough to be nearly alike") for row in rows("choice")]
    tested = many[-2]
    copied = replace(tested, id="train:99", split="train", input=again(tested))
    found = examine("leaks", examples=[*many, copied])
    assert found.status == "fail"
    assert "1 row leaks" in found.message
    assert found.evidence == (f"train train:99 {how}",)
    assert examine("leaks", examples=[*many, copied], **PUBLIC).status == "note"


def test_what_the_core_itself_shared_out_is_never_the_authors_leak(examine: Examine) -> None:
    alike = [
        Example(id=f"all:{n}", input=f"a long enough text about one kettle and a lamp {'x' * n}", targets=(label,))
        for n, label in zip(range(40), ["billing", "refund"] * 20, strict=True)
    ]
    shares = {"shares": {"train": 0.5, "validation": 0.2, "test": 0.3}}
    found = examine("leaks", examples=alike, splits=shares, languages=["en"])
    assert found.status == "note"
    assert "leak" in found.message


def test_a_group_in_two_splits_fails_where_the_rows_were_written_for_it(examine: Examine, example: Row) -> None:
    torn = [
        *rows("choice"),
        example("g:0", group="case 7"),
        example("g:1", "test", group="case 7"),
        example("g:2", group="8"),
    ]
    found = examine("groups", examples=torn)
    assert found.status == "fail"
    assert found.evidence == ("group 'case 7' in train and test: g:0, g:1",)
    assert examine("groups", examples=torn, **PUBLIC).status == "note"


def test_one_group_for_all_rows_fails(examine: Examine) -> None:
    found = examine("groups", examples=[replace(row, group="a", split="train") for row in rows("choice")])
    assert "All 12 rows that have a group have the same one: 'a'" in found.message


def test_duplicates_within_a_split_are_noted(examine: Examine, example: Row) -> None:
    row = example("same:0")
    found = examine("duplicates", examples=[*rows("choice"), row, replace(row, id="same:1", input=row.input.upper())])
    assert (found.status, found.evidence) == ("note", ("same:0 = same:1",))


def test_field_case_23_conflicting_labels_for_equal_inputs_are_named_by_row(examine: Examine, example: Row) -> None:
    row = example("same:0")
    other = replace(row, id="same:1", input=f" {row.input.upper()}", targets=("refund",))
    found = examine("conflicts", examples=[*rows("choice"), row, other])
    assert (found.status, found.evidence) == ("fail", ("same:0 (billing) / same:1 (refund)",))
    assert examine("conflicts", examples=[*rows("choice"), row, other], **PUBLIC).status == "note"


def test_field_case_36_references_that_say_nothing_are_named(examine: Examine) -> None:
    texts = rows("text")
    blank = replace(texts[-1], targets=("Paris", "???"))
    found = examine("empty-references", "text", [*texts[:-1], blank])
    assert (found.status, found.evidence) == ("note", (blank.id,))
    unlearnable = replace(texts[0], targets=("",))
    found = examine("empty-references", "text", [unlearnable, *texts[1:]])
    assert (found.status, found.evidence) == ("fail", ("train:0",))
    assert "tuning refuses" in found.message


def test_a_builder_that_yields_nothing_fails(examine: Examine) -> None:
    assert examine("builder", examples=[]).message == "The builder yields no row."


def test_a_builder_that_raises_is_named_with_the_line(examine: Examine) -> None:
    def build(_: object) -> Any:
        yield rows("choice")[0]
        raise KeyError("text")

    found = examine("builder", fields={"build": build})
    assert found.message.startswith("The builder raises KeyError: 'text' (test_data.py:")


def test_a_builder_that_leaves_is_told(examine: Examine) -> None:
    def build(_: object) -> Any:
        raise SystemExit(0)

    assert "The builder raises SystemExit: 0" in examine("builder", fields={"build": build}).message


def test_a_builder_that_yields_other_rows_the_second_time_is_found_with_the_row(examine: Examine) -> None:
    def build(_: object) -> Any:
        return [
            replace(row, slices={"drawn": str(random.random())}) if row.id == "train:3" else row
            for row in rows("choice")
        ]

    found = examine("determinism", fields={"build": build})
    assert found.status == "fail"
    assert found.evidence == ("first difference: row 3 (train:3)",)
