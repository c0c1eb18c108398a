"""What kind of answer a column holds, and how it is read; every guess with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scaffolded import as_csv, as_jsonl, drafted, evidence, guess, loaded, texts, written

from anytasktune import prompts, splits
from anytasktune.errors import DataError
from anytasktune.scaffold.draft import Draft

ASKED = texts(24)
Of = Callable[..., Draft]


@pytest.fixture
def of(tmp_path: Path) -> Of:
    """A draft of rows with these targets."""

    def make(targets: list[Any], name: str = "target", inputs: list[str] = ASKED, **asked: Any) -> Draft:
        rows = [{"text": text, name: target} for text, target in zip(inputs, targets, strict=False)]
        return drafted(as_jsonl(tmp_path / "mine.jsonl", rows), **asked)

    return make


@pytest.mark.parametrize(
    ("targets", "name", "kind", "why"),
    [
        (["pos", "neg", "neutral"] * 8, "target", "choice", "3 distinct values of at most 7 characters in 24 rows"),
        (["是", "否"] * 12, "结果", "choice", "2 distinct values"),
        ([True, False] * 12, "target", "choice", "2 distinct values of at most 5"),
        ([["pos"], ["neg"]] * 12, "target", "choice", "lists of one; 2 distinct"),
        (
            [0, 1] * 12,
            "label",
            "choice",
            "2 distinct numerals in 24 rows, taken for classes because of the column's name",
        ),
        (["00", "07"] * 12, "target", "choice", "because of zeros in front"),
        ([0, 1] * 12, "target", "choice", "since they are so few; --kind number"),
        ([1, 2, 3, 4] * 6, "score", "number", "4 distinct numerals in 24 rows"),
        ([n * 7 for n in range(24)], "target", "number", "24 distinct numerals"),
        (["1,250", "-3.5", "１２"] * 8, "amount", "number", "3 distinct numerals"),
        ([f"some words about {n}" for n in range(24)], "target", "text", "24 distinct values of up to 19"),
        ([["one way", "another way"], ["a third"]] * 12, "target", "labels", "lists of 3 distinct labels"),
        ([[f"way {n}", f"way {n} too"] for n in range(24)], "target", "text", "lists of references, 48 distinct of 48"),
        ([["a", "b"], ["b"], [], ["c", "a"]] * 6, "target", "labels", "lists of 3 distinct labels, 30 in 24 rows"),
        (["a;b", "b", "c;a", "c"] * 6, "target", "labels", "12 of 24 hold several of 3 labels, set apart by ';'"),
        (["a、b", "b", "c、a", "c"] * 6, "target", "labels", "set apart by '、'"),
        (["Health, Fitness", "Food"] * 12, "target", "choice", "2 distinct values"),
    ],
)
def test_the_kind_and_the_reason(of: Of, targets: list[Any], name: str, kind: str, why: str) -> None:
    draft = of(targets, name)
    assert draft.kind == kind
    assert why in guess(draft, "kind")


SPANS = {
    "objects with texts": lambda n: [{"type": "PER", "text": f"Ann{n}"}, {"type": "LOC", "text": f"Rome{n}"}],
    "objects with offsets": lambda n: [
        {"start": 0, "end": len(f"Ann{n}"), "label": "PER"},
        {"start": len(f"Ann{n} in "), "end": len(f"Ann{n} in Rome{n}"), "label": "LOC"},
    ],
    "triples": lambda n: [[0, len(f"Ann{n}"), "PER"], [len(f"Ann{n} in "), len(f"Ann{n} in Rome{n}"), "LOC"]],
    "typed texts": lambda n: [f"PER: Ann{n}", f"LOC: Rome{n}"],
    "one typed text": lambda n: f"PER: Ann{n}; LOC：Rome{n}",
    "typed lines": lambda n: f"PER: Ann{n}\nLOC: Rome{n}",
    "objects by type": lambda n: {"PER": [f"Ann{n}"], "LOC": f"Rome{n}"},
    "JSON in a text": lambda n: json.dumps(
        [{"entity": "PER", "word": f"Ann{n}"}, {"entity": "LOC", "word": f"Rome{n}"}]
    ),
    "Python in a text": lambda n: str([{"entity": "PER", "word": f"Ann{n}"}, {"entity": "LOC", "word": f"Rome{n}"}]),
}


@pytest.mark.parametrize("form", SPANS)
def test_spans_in_every_form(of: Of, form: str, tmp_path: Path) -> None:
    inputs = [f"Ann{n} in Rome{n}" for n in range(24)]
    draft = of([SPANS[form](n) for n in range(24)], "entities", inputs)
    assert draft.kind == "extract"
    assert [row.targets for row in draft.rows] == [(f"PER: Ann{n}", f"LOC: Rome{n}") for n in range(24)]
    assert [label.id for label in draft.labels] == ["LOC", "PER"]
    assert "not stand in their input" not in str(draft.findings)


def test_offsets_that_lie_are_named(of: Of) -> None:
    inputs = [f"Ann{n} in Rome" for n in range(24)]
    spans = [[{"start": 0, "end": len(f"Ann{n}"), "label": "PER", "text": f"Ann{n}"}] for n in range(24)]
    spans[3] = [{"start": 0, "end": 99, "label": "PER"}]
    spans[5] = [{"start": 1, "end": 4, "label": "PER", "text": "Ann5"}]
    spans[7] = [{"start": 0, "end": 4, "label": "PER", "text": "Bob"}]
    draft = of(spans, "entities", inputs)
    assert evidence(draft, "left out") == ("row 3 (line 4): a span goes from 0 to 99, and the input has 12 characters",)
    assert evidence(draft, "offsets point at other words") == ("row 5 (line 6)", "row 7 (line 8)")
    assert evidence(draft, "does not stand in their input") == ("row 7 (line 8) 'PER: Bob'",)


def test_rows_without_a_label_or_span_are_kept_and_counted(of: Of) -> None:
    labels = of(["a;b", "", "c;a", "b"] * 6, "tags")
    assert len(labels.rows) == 24
    assert labels.rows[1].targets == ()
    assert evidence(labels, "no label holds: 6 of 24")[:2] == ("row 1 (line 2)", "row 5 (line 6)")
    spans = of([[{"type": "A", "text": "kettle"}], []] * 12, "entities")
    assert len(evidence(spans, "no span holds: 12 of 24")) == 12


def test_none_is_a_label_where_a_table_says_so(of: Of) -> None:
    assert {label.id for label in of(["none", "NA", "null"] * 8, "label").labels} == {"none", "NA", "null"}
    assert {label.id for label in of(["none", "a;b", "b;none"] * 8, "tags").labels} == {"none", "a", "b"}


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([["a", {"b": 1}]] * 24, "no label, span or text"),
        ([{"x": 1}] * 24, "no label, span or text"),
        ([["a"], "b"] * 12, "several types of value"),
        ([[]] * 24, "Every list in the column 'target' is empty"),
    ],
)
def test_what_has_no_kind_is_an_error_that_names_the_column(of: Of, targets: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        of(targets)


def test_a_kind_that_is_asked_for_is_taken(of: Of) -> None:
    assert of([0, 1] * 12, "label", kind="number").kind == "number"
    assert of(["a", "b"] * 12, "label", kind="text").kind == "text"
    assert of(["a", "b"] * 12, "label", kind="labels").rows[0].targets == ("a",)
    assert of(["a, b", "b", "a"] * 8, "label", kind="labels").rows[0].targets == ("a", "b")
    assert of([f"long free words {n}" for n in range(24)], kind="choice").kind == "choice"
    mixed = of([["a"], ["b"], ["a", "b"], ["b"]] * 6, "label", kind="choice")
    assert len(evidence(mixed, "left out: 6 of 24")) == 6
    with pytest.raises(DataError, match="24 of 24 rows of mine.jsonl cannot be used as extract"):
        of([f"long free words {n}" for n in range(24)], kind="extract")


# --- the card ---


def golds_score(task: Any) -> list[float]:
    rows = splits.build(task).all
    return [
        task.metric.grade(row, prompts.answer_text(task.card, row, language)).score
        for language in task.card.prompts
        for row in rows
    ]


HARD = [
    "a: b",
    "{{ y }}",
    "{% if %}",
    "# c",
    '"q"',
    "it's",
    "yes",
    "null",
    "back\\slash",
    "x; y",
    "x, y",
    "a|b",
    "\u202eabc",
]


def test_labels_of_any_letters_come_through_the_card_and_score(of: Of, tmp_path: Path) -> None:
    task = loaded(written(of([HARD[n % len(HARD)] for n in range(52)], "label", texts(52)), tmp_path / "out"))
    assert [label.id for label in task.card.labels] == sorted(HARD)
    assert golds_score(task) == [1.0] * 52


@pytest.mark.parametrize(
    ("labels", "separator", "until"),
    [
        (["red", "green", "blue"], "; ", ["\n"]),
        (["red; dark", "green", "blue"], "\n", ["\n\n"]),
        (["窃取、收买信息", "诈骗", "盗窃"], "\n", ["\n\n"]),
        (["red, dark", "green", "blue"], "; ", ["\n"]),
    ],
)
def test_no_label_holds_the_separator(
    of: Of, labels: list[str], separator: str, until: list[str], tmp_path: Path
) -> None:
    a, b, c = labels
    task = loaded(written(of([[a, b], [b], [c, a], []] * 6), tmp_path / "out"))
    assert (task.card.separator, task.card.until) == (separator, until)
    assert golds_score(task) == [1.0] * 24


def test_answers_of_several_lines_are_not_stopped_early(of: Of, tmp_path: Path) -> None:
    task = loaded(written(of([f"first {n}\nsecond\n\nthird {n}" for n in range(24)]), tmp_path / "out"))
    assert task.card.until == ["\n\n\n"]
    assert golds_score(task) == [1.0] * 24
    none = of([f"first {n}\n\n\n\nthird" for n in range(24)])
    assert none.until == []


def test_prompts_are_in_the_languages_of_the_data(tmp_path: Path) -> None:
    mixed = [["text", "label"], *([[f"第{n}条中文留言", text][n % 3 > 0], "xy"[n % 2]] for n, text in enumerate(ASKED))]
    draft = drafted(as_csv(tmp_path / "mine.csv", mixed))
    assert (list(draft.languages), list(draft.prompts)) == (["en", "zh"], ["en", "zh"])
    assert {row.language for row in draft.rows} == {"en", "zh"}
    assert "16 of 24 rows en, 8 of 24 rows zh" in guess(draft, "language")
    chinese = drafted(
        as_csv(tmp_path / "zh.csv", [["文本", "标签"], *([f"第{n}条留言", "好坏"[n % 2]] for n in range(24))])
    )
    assert list(chinese.prompts) == ["zh"]
    arabic = [["text", "label"], *([f"رسالة رقم {n}" if n < 3 else text, "xy"[n % 2]] for n, text in enumerate(ASKED))]
    assert len(evidence(drafted(as_csv(tmp_path / "ar.csv", arabic)), "neither language")) == 3


def test_a_long_answer_has_room_by_estimate_and_a_short_one_by_its_bytes() -> None:
    from anytasktune.scaffold.words import token_limit

    assert token_limit(["billing"]) == 8
    assert token_limit(["退款" * 4]) == 32
    assert token_limit([]) == 8
    prose = "the quick brown fox jumps over the lazy dog. " * 40
    assert len(prose) / 4 < token_limit([prose]) < len(prose)
    assert token_limit(["好" * 500]) == 1008


@pytest.mark.slow
def test_the_limit_holds_real_tokens_of_real_answers(small_model_dir: Path) -> None:
    from transformers import AutoTokenizer

    from anytasktune.scaffold.words import token_limit

    tokenizer = AutoTokenizer.from_pretrained(small_model_dir)
    answers = [
        "lost-property",
        "盗窃、抢夺枪支、弹药、爆炸物、危险物质罪",
        "1,234,567.89",
        "What are the treatments for a swollen knee after surgery, and who may have them? " * 4,
        "被告人某甲于二〇一九年三月在该市某区翻墙进入被害人家中，窃得现金人民币两千元以及手机一部。" * 4,
        "PER: Ann Lee; LOC: São Paulo; DATE: 2024-03-01T10:30:00Z; ID: A-17/334; URL: https://example.org/a?b=c",
    ]
    for answer in answers:
        assert len(tokenizer(" " + answer)["input_ids"]) <= token_limit([answer]), answer
