from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_tasks import PROMPTS, metadata, yaml_text

from anytasktune.card import Card, read_card, read_yaml
from anytasktune.errors import CardError


def read(folder: Path, card: dict[str, Any], **expected: str) -> Card:
    path = folder / "card.yaml"
    path.write_text(yaml_text(card), encoding="utf-8")
    return read_card(path, **expected)


def refusal(folder: Path, card: dict[str, Any]) -> str:
    with pytest.raises(CardError) as refused:
        read(folder, card)
    return str(refused.value)


def test_a_card_is_read_with_lm_evals_own_limits(tmp_path: Path) -> None:
    card = read(tmp_path, metadata("choice"), expected_id="demo/choice")
    assert (card.max_new_tokens, card.until, card.kind) == (8, ["\n"], "choice")
    assert card.label_names("en") == ["billing", "refund"]
    assert card.label_names("zh") == ["账单", "退款"]


def test_functions_of_the_yaml_are_read_as_text_and_never_imported(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("custom_dataset: !function gone.module.function\n", encoding="utf-8")
    assert read_yaml(path) == {"custom_dataset": "gone.module.function"}


def test_a_yaml_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("metadata: !!python/object/apply:os.system ['true']\n", encoding="utf-8")
    with pytest.raises(CardError, match="not YAML"):
        read_yaml(path)


def test_all_faults_are_named_at_once_with_their_place_and_a_suggestion(tmp_path: Path) -> None:
    card = {**metadata("choice"), "licens": "CC0", "kind": "choise", "version": 0, "prompt_language": "fr"}
    card["prompts"] = {"en": {"instruction": "Which?", "qestion": "{{ input }}"}}
    card["splits"] = {"shares": {"train": 0.5, "test": 0.4}, "slat": "x"}
    del card["licence"]
    text = refusal(tmp_path, card)
    for place, said in {
        "licens": "did you mean licence?",
        "licence": "required",
        "kind": "'choice'",
        "version": "greater than or equal to 1",
        "prompt_language": "'en' or 'zh'",
        "prompts.en.qestion": "question",
        "prompts.en.question": "required",
        "splits.slat": "did you mean salt",
    }.items():
        assert any(line.startswith(f"  - metadata.{place}: ") and said in line for line in text.splitlines()), (
            place,
            text,
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": [{"id": "a"}, {"id": "a"}]}, "an id stands twice"),
        ({"labels": [{"id": "a", "zh": "甲"}, {"id": "b", "zh": "甲"}]}, "'甲' stands twice"),
        ({"labels": [{"id": "a"}, {"id": "b", "en": "a"}]}, "'a' stands twice"),
        ({"labels": [{"id": "a"}]}, "at least two labels"),
        ({"prompt_language": "zh", "prompts": {"en": PROMPTS["en"]}}, "no entry in prompts"),
        ({"prompts": {"en": {"instruction": "i", "question": "Your input:"}}}, "must contain {{input}}"),
        ({"splits": {"shares": {"train": 0.5, "test": 0.4}}}, "sum to 1"),
        ({"splits": {"validation_from_train": 1.0}}, "less than 1"),
        ({"id": "Demo/x"}, "pattern"),
        ({"id": "demo"}, "pattern"),
        ({"languages": []}, "at least 1"),
        ({"source": {"citation": "c", "autored": True}}, "did you mean authored?"),
        ({"until": ["x"]}, "generation_kwargs.until"),
        ({"max_new_tokens": 5}, "generation_kwargs.max_gen_toks"),
        ({1: 2}, "1"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[Any, Any], said: str) -> None:
    card = metadata("choice")
    card.update(changes)
    path = tmp_path / "card.yaml"
    path.write_text(yaml_text(card).replace("task: Demo_x", "task: demo_x"), encoding="utf-8")
    with pytest.raises(CardError) as refused:
        read_card(path)
    assert said in str(refused.value)


@pytest.mark.parametrize("written", ["001", "1.0", "1e3", "true", "no", "null", "2024-01-01", "~"])
def test_field_case_18_a_label_that_yaml_reads_as_something_else_is_refused_never_changed(
    tmp_path: Path, written: str
) -> None:
    text = yaml_text(metadata("choice", labels=[{"id": "LABEL"}, {"id": "other"}]))
    path = tmp_path / "card.yaml"
    path.write_text(text.replace("id: LABEL", f"id: {written}"), encoding="utf-8")
    try:
        labels = read_card(path).labels
    except CardError as error:
        assert "metadata.labels.0.id" in str(error)  # noqa: PT017  # either of the two is right
    else:
        assert labels[0].id == written
    path.write_text(text.replace("id: LABEL", f"id: '{written}'"), encoding="utf-8")
    assert read_card(path).labels[0].id == written


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max_gen_toks: 8", "max_gen_toks: 0", "max_gen_toks: a whole number above 0"),
        ("  max_gen_toks: 8\n", "", "max_gen_toks: a whole number above 0"),
        ("task: demo_choice", "task: demo/choice", "'demo/choice', not 'demo_choice'"),
        ("metadata:", "metadate:", "has no metadata"),
    ],
)
def test_keys_of_lm_eval_that_do_not_fit_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "card.yaml"
    text = yaml_text(metadata("choice"))
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CardError) as refused:
        read_card(path)
    assert said in str(refused.value)


@pytest.mark.parametrize("content", ["", "- a", "a: [", "metadata: 5", "metadata: {}\ngeneration_kwargs: [1]"])
def test_what_is_no_card_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CardError, match=r"card\.yaml"):
        read_card(path)


def test_a_missing_card_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"gone\.yaml is missing") as refused:
        read_card(tmp_path / "gone.yaml")
    assert str(tmp_path) in str(refused.value)


def test_a_card_of_another_sub_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="'demo/choice', the plugin registers 'demo/other'"):
        read(tmp_path, metadata("choice"), expected_id="demo/other")
