"""Labels that cannot be told apart, and texts that are not whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from demo_tasks import rows
from examining import PUBLIC, Examine, Row

from anytasktune.examples import Example
from anytasktune.metrics.choice import Accuracy
from anytasktune.metrics.grading import Grade


def test_field_case_22_labels_that_fold_to_one_are_called_out_with_counts(examine: Examine) -> None:
    five = ["ham", "spam", "Spam", "smishing", "Smishing"]
    found = examine(
        "label-spellings",
        examples=[replace(row, targets=(five[n % 5],)) for n, row in enumerate(rows("choice"))],
        labels=[{"id": label} for label in five],
    )
    assert found.status == "fail"
    assert "2 labels are spelt in several ways" in found.message
    assert set(found.evidence[:2]) == {"'Spam' × 2 = 'spam' × 3", "'Smishing' × 2 = 'smishing' × 2"}


def test_labels_that_differ_in_more_than_their_spelling_pass(examine: Examine) -> None:
    found = examine(
        "label-spellings",
        examples=[replace(row, targets=(("01", "1")[n % 2],)) for n, row in enumerate(rows("choice"))],
        labels=[{"id": "01"}, {"id": "1"}],
    )
    assert found.status == "pass"


def test_a_span_type_in_two_spellings_is_called_out(examine: Examine) -> None:
    spans = [
        replace(row, targets=(("Place" if n % 2 else "place") + ": Rome",)) for n, row in enumerate(rows("extract"))
    ]
    assert examine("label-spellings", "extract", spans).status == "fail"


def test_a_constant_answer_fails(examine: Examine) -> None:
    found = examine("label-shares", examples=[replace(row, targets=("refund",)) for row in rows("choice")])
    assert found.message == "All 4 rows of test have one answer, 'refund': every model could be right."


def test_labels_that_train_never_shows_or_nobody_has_are_noted(examine: Examine) -> None:
    labels = [{"id": "billing"}, {"id": "refund"}, {"id": "account"}]
    examples = [replace(row, targets=("billing",)) if row.split == "train" else row for row in rows("choice")]
    found = examine("label-shares", examples=examples, labels=labels)
    assert found.status == "note"
    assert "no row has the label 'account'" in found.message.lower()
    assert "train never shows 'refund'" in found.message


class Substring(Accuracy):
    """What a careless author writes: the first label that stands anywhere in the answer."""

    def grade(self, example: Example, answer: str | None) -> Grade:
        read = next((id for name, id in self.names.items() if name in (answer or "").lower()), None)
        if answer is None or read is None:
            return super().grade(example, answer)
        return Grade(score=float((read,) == example.targets), status="read", read=(read,), gold=example.targets)


FRAUD = [{"id": "fraud"}, {"id": "credit fraud"}, {"id": "not fraud"}]


@pytest.mark.parametrize("metric", [Accuracy, Substring])
def test_field_case_28_a_label_that_is_part_of_another_is_told_apart(examine: Examine, metric: type[Accuracy]) -> None:
    ids = [label["id"] for label in FRAUD]
    examples = [replace(row, targets=(ids[n % 3],)) for n, row in enumerate(rows("choice"))]
    found = examine("labels-apart", examples=examples, labels=FRAUD, fields={"metric": metric(ids)})
    if metric is Accuracy:
        assert found.status == "pass"
    else:
        assert found.status == "fail"
        assert "en: 'credit fraud' as 'fraud' instead of 'credit fraud'" in found.evidence


def test_a_name_that_the_metric_was_not_told_is_found(examine: Examine) -> None:
    found = examine("labels-apart", fields={"metric": Accuracy(("billing", "refund"))})
    assert found.status == "fail"
    assert "zh: '账单' as no label instead of 'billing'" in found.evidence


def test_a_repeated_instruction_is_no_right_answer(examine: Examine) -> None:
    prompts = {"en": {"instruction": "Answer refund where one is due.", "question": "{{ input }}\nQueue:"}}
    found = examine("labels-apart", prompts=prompts)
    assert found.status == "fail"
    assert "en: the instruction, repeated as an answer, is read as 'refund'" in found.evidence
    assert examine("labels-apart", prompts=prompts, **PUBLIC).status == "note"  # an official scorer keeps its rule


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("the caf\ufffd in town was closed", "letters that were lost"),
        ("itâ€™s paid twice and i want it back", "UTF-8 that was read as Latin-1"),
        ("das StÃ¼ck kam nie an, ich warte", "UTF-8 that was read as Latin-1"),
        ("客服锟斤拷没有回复", "wrong encoding"),
        ("a bell \x07 rang in the text here", "control characters"),
    ],
)
def test_damaged_text_is_named(examine: Examine, example: Row, text: str, what: str) -> None:
    language = "zh" if "客" in text else "en"
    examples = [*rows("choice"), example("bad:0", input=text, language=language)]
    found = examine("text-damage", examples=examples)
    assert found.status == "fail"
    assert what in found.evidence[0]
    assert "bad:0" in found.evidence[0]
    assert examine("text-damage", examples=examples, **PUBLIC).status == "note"


def test_html_may_be_what_the_sub_task_is_about(examine: Examine, example: Row) -> None:
    found = examine(
        "text-damage", examples=[*rows("choice"), example("html:0", input="paid &amp; not delivered<br>today")]
    )
    assert found.status == "note"


def test_a_row_in_another_language_than_it_says_is_named(examine: Examine, example: Row) -> None:
    wrong: list[Any] = [
        example("bad:0", input="我的包裹还没有到", language="en"),
        example("bad:1", input="my parcel has not come yet, where is it", language="zh"),
        example("good:0", input="Wi-Fi坏了", language="zh"),
    ]
    found = examine("languages", examples=[*rows("choice"), *wrong])
    assert found.status == "fail"
    assert [line.partition(" ")[0] for line in found.evidence] == ["bad:0", "bad:1"]


def test_a_language_without_rows_fails(examine: Examine) -> None:
    english = [row for row in rows("choice", train=12, validation=4, test=8) if row.language == "en"]
    assert examine("languages", examples=english).message == "The card names the language 'zh', and no row has it."


@pytest.mark.parametrize("ending", ["\nLabel: refund", "\n答案：退款", "\nAnswer: REFUND."])
def test_an_input_that_ends_in_its_answer_is_named(examine: Examine, example: Row, ending: str) -> None:
    row = example("told:0", targets=("refund",))
    found = examine("answer-in-input", examples=[*rows("choice"), replace(row, input=row.input + ending)])
    assert found.status == "fail"
    assert found.evidence[0].startswith("told:0 ends in ")


def test_inputs_that_all_name_their_label_need_no_reading(examine: Examine) -> None:
    told = [
        replace(row, input=f"{row.input} {row.targets[0]} please")
        for row in rows("choice", train=12, validation=4, test=8)
    ]
    found = examine("answer-in-input", examples=told)
    assert found.status == "fail"
    assert "100% of the inputs name their own label and no other" in found.message
