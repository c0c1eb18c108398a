"""Every shape in which rows are published, recognised from outside: a file in, a draft out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scaffolded import as_csv, as_jsonl, drafted, evidence, guess, loaded, texts, written

from anytasktune.errors import DataError, UsageError

ASKED = texts(20)
SAID = [f"the answer to this is {n * 13 + 5} and a bit" for n in range(20)]


def pairs_in(draft: Any) -> list[tuple[str, str]]:
    return [(row.input, *row.targets) for row in draft.rows]


def turn(who: str, text: str, keys: tuple[str, str] = ("role", "content")) -> dict[str, str]:
    return {keys[0]: who, keys[1]: text}


SHARE = ("from", "value")
ROWS: dict[str, list[dict[str, Any]]] = {
    "plain": [{"question": a, "answer": b} for a, b in zip(ASKED, SAID, strict=True)],
    "alpaca": [{"instruction": "Say it.", "input": a, "output": b} for a, b in zip(ASKED, SAID, strict=True)],
    "sharegpt": [
        {"conversations": [turn("human", a, SHARE), turn("gpt", b, SHARE)]} for a, b in zip(ASKED, SAID, strict=True)
    ],
    "messages": [
        {"messages": [turn("system", "Be brief."), turn("user", a), turn("assistant", b)]}
        for a, b in zip(ASKED, SAID, strict=True)
    ],
    "prompt and completion": [{"prompt": a, "completion": b} for a, b in zip(ASKED, SAID, strict=True)],
    "prompt and completion, as turns": [
        {"prompt": [turn("user", a)], "completion": [turn("assistant", b)]} for a, b in zip(ASKED, SAID, strict=True)
    ],
    "prompt and response": [{"prompt": a, "response": b} for a, b in zip(ASKED, SAID, strict=True)],
}


@pytest.mark.parametrize("shape", ROWS)
def test_each_shape_gives_the_same_pairs(shape: str, tmp_path: Path) -> None:
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", ROWS[shape]))
    assert draft.kind == "text"
    assert sorted(pairs_in(draft)) == sorted(zip(ASKED, SAID, strict=True))
    known = {
        "plain": "",
        "prompt and response": "prompt and completion",
        "prompt and completion, as turns": "prompt and",
    }
    assert known.get(shape, shape) in guess(draft, "shape")


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_conversations_in_other_files_too(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps(ROWS["messages"]), encoding="utf-8")
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS["messages"]), path)
    assert sorted(pairs_in(drafted(path))) == sorted(zip(ASKED, SAID, strict=True))


@pytest.mark.parametrize(("shape", "told"), [("alpaca", "Say it."), ("messages", "Be brief.")])
def test_what_every_row_is_told_becomes_the_cards_instruction(shape: str, told: str, tmp_path: Path) -> None:
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", ROWS[shape]))
    assert loaded(written(draft, tmp_path / "out")).card.prompts["en"].instruction == told


def test_an_instruction_that_looks_like_a_template_is_shown_letter_by_letter(tmp_path: Path) -> None:
    from anytasktune import prompts, splits

    told = "Fill {{ name }} and {% x %} in."
    rows = [{**row, "instruction": told} for row in ROWS["alpaca"]]
    task = loaded(written(drafted(as_jsonl(tmp_path / "mine.jsonl", rows)), tmp_path / "out"))
    row = splits.build(task).all[0]
    assert prompts.document(task.id, task.card, row, "en")["instruction"].strip() == told


def test_instructions_that_differ_stand_before_their_inputs(tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Do thing {n}.", "input": a if n % 2 else "", "output": b}
        for n, (a, b) in enumerate(zip(ASKED, SAID, strict=True))
    ]
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", rows))
    assert pairs_in(draft)[:2] == [("Do thing 0.", SAID[0]), (f"Do thing 1.\n{ASKED[1]}", SAID[1])]
    assert "20 distinct instructions, 10 rows with an input" in guess(draft, "input")


def test_system_turns_that_differ_and_earlier_turns_are_part_of_the_input(tmp_path: Path) -> None:
    rows = [
        {
            "messages": [
                turn("system", f"You are number {n}."),
                turn("user", "Hello."),
                turn("assistant", "Yes?"),
                turn("user", a),
                turn("assistant", b),
            ]
        }
        for n, (a, b) in enumerate(zip(ASKED, SAID, strict=True))
    ]
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", rows))
    assert draft.rows[3].input == f"You are number 3.\n\nUser: Hello.\nAssistant: Yes?\nUser: {ASKED[3]}"
    assert "20 of 20 conversations have several" in guess(draft, "input")


def test_conversations_that_give_no_pair_are_left_out_by_row(tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS["messages"]]
    rows[2] = {"messages": [turn("user", "And?")]}
    rows[5] = {"messages": [turn("tool", "42"), turn("assistant", "x")]}
    rows[7] = {"messages": None}
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", rows))
    assert [line.partition(": ")[0] for line in evidence(draft, "left out")] == [
        "row 2 (line 3)",
        "row 5 (line 6)",
        "row 7 (line 8)",
    ]
    assert "'tool'" in evidence(draft, "left out")[1]
    assert len(draft.rows) == 17


# --- columns of plain tables ---


def test_columns_are_guessed_by_length_where_names_say_nothing(tmp_path: Path) -> None:
    rows = [["code", "words"], *([["x", "y"][n % 2], text * 3] for n, text in enumerate(ASKED))]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows))
    assert "'words' (the longest: " in guess(draft, "input")
    assert "'code' (the only one that is left)" in guess(draft, "target")
    assert draft.kind == "choice"


@pytest.mark.parametrize(
    ("header", "what", "named"),
    [
        (["premise", "hypothesis", "label"], "input", {"inputs": ["premise", "hypothesis"]}),
        (["text", "label", "category"], "target", {"target": "label"}),
        (["left", "right", "label"], "input", {"inputs": ["left"]}),
        (["text", "one", "two"], "target", {"target": "two"}),
    ],
)
def test_without_a_sure_guess_the_columns_are_listed_and_naming_one_helps(
    header: list[str], what: str, named: dict[str, Any], tmp_path: Path
) -> None:
    long, other = ASKED, [text + "!" for text in texts(20, "b ")]
    if what == "target":
        columns = [long, *(["x", "y"] * 10 for _ in range(2))]
        columns[1] = ["p", "p", "q", "r"] * 5
    else:
        columns = [long, other, ["x", "y"] * 10]
    path = as_csv(tmp_path / "mine.csv", [header, *map(list, zip(*columns, strict=True))])
    with pytest.raises(UsageError) as refused:
        drafted(path)
    assert f"which column of mine.csv is the {what}" in str(refused.value)
    assert all(f"'{name}': 20 filled" in str(refused.value) for name in header)
    assert drafted(path, **named).kind == "choice"


def test_several_inputs_are_joined_with_their_names(tmp_path: Path) -> None:
    rows = [["premise", "hypothesis", "label"], *([text, f"so {n}", "yn"[n % 2]] for n, text in enumerate(ASKED))]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows), inputs=["premise", "hypothesis"])
    assert draft.rows[4].input == f"premise: {ASKED[4]}\nhypothesis: so 4"


def test_of_codes_and_their_names_the_names_are_taken(tmp_path: Path) -> None:
    rows = [
        ["text", "label", "label_text"],
        *([text, str(n % 2), ["ham", "spam"][n % 2]] for n, text in enumerate(ASKED)),
    ]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows))
    assert [label.id for label in draft.labels] == ["ham", "spam"]
    assert "'label'" in guess(draft, "not used")


def test_a_column_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    path = as_jsonl(tmp_path / "mine.jsonl", ROWS["plain"])
    for asked in ({"target": "anwser"}, {"inputs": ["qestion"]}, {"group": "answre"}, {"slices": ["questoin"]}):
        with pytest.raises(UsageError, match="did you mean (answer|question)"):
            drafted(path, **asked)
    with pytest.raises(UsageError, match="both input and target"):
        drafted(path, inputs=["answer"], target="answer")


def test_rows_that_give_nothing_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'label' is empty in every row"):
        drafted(as_csv(tmp_path / "a.csv", [["text", "label"], *([text, ""] for text in ASKED)]), target="label")
    with pytest.raises(DataError, match="says 'x' in every row"):
        drafted(as_csv(tmp_path / "b.csv", [["text", "label"], *([text, "x"] for text in ASKED)]))
    half = [["text", "label"], *([text, "x" if n % 3 else ""] for n, text in enumerate(ASKED))]
    with pytest.raises(DataError, match="cannot be used as number"):
        drafted(as_csv(tmp_path / "c.csv", half), kind="number")
    with pytest.raises(DataError, match="Too few different inputs, 2"):
        drafted(
            as_csv(tmp_path / "d.csv", [["text", "label"], ["one", "x"], ["two", "y"], ["ONE!", "x"], ["Two", "y"]])
        )


# --- tokens and tags ---


def test_tokens_with_tags_are_spans_in_a_text(tmp_path: Path) -> None:
    rows = [
        {
            "tokens": ["Ann", "Lee", "flies", "to", "Rome", ",", f"({n}", ")", "."],
            "ner_tags": ["B-PER", "I-PER", "O", "O", "B-LOC", "O", "O", "O", "O"],
        }
        for n in range(20)
    ]
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", rows))
    assert (draft.kind, draft.rows[3].input) == ("extract", "Ann Lee flies to Rome, (3).")
    assert draft.rows[3].targets == ("PER: Ann Lee", "LOC: Rome")


def test_tags_of_chinese_characters_and_of_one_type(tmp_path: Path) -> None:
    rows = [{"words": list(f"李雷去北京{n}次"), "skill": list("BIOBIOO" + "O" * (len(str(n)) - 1))} for n in range(20)]
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", rows))
    assert (draft.rows[0].input, draft.rows[0].targets) == ("李雷去北京0次", ("skill: 李雷", "skill: 北京"))


def test_of_two_columns_of_tags_one_must_be_named(tmp_path: Path) -> None:
    rows = [{"tokens": ["a", f"b{n}"], "one": ["B", "O"], "two": ["O", "B"]} for n in range(20)]
    path = as_jsonl(tmp_path / "mine.jsonl", rows)
    with pytest.raises(UsageError, match="'one', 'two'"):
        drafted(path)
    assert drafted(path, target="two").rows[7].targets == ("two: b7",)
