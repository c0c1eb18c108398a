from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
import yaml

from anytasktune import recipes
from anytasktune.errors import UsageError
from anytasktune.recipes import Recipe


def test_unknown_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as refused:
        Recipe().but(learning_rat=1)
    assert "'learning_rat'" in str(refused.value)
    assert "did you mean learning_rate?" in str(refused.value)


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ("learning_rate: 5e-5", "learning_rate", 5e-5),
        ("learning_rate: 1", "learning_rate", 1.0),
        ("epochs: 3", "epochs", 3.0),
        ("rank: 8.0", "rank", 8),
        ("target_modules: q_proj", "target_modules", ("q_proj",)),
        ("target_modules: [q_proj, v_proj]", "target_modules", ("q_proj", "v_proj")),
    ],
)
def test_a_value_as_yaml_reads_it_becomes_the_fields_type(written: str, field: str, value: object) -> None:
    changed = getattr(Recipe().but(**yaml.safe_load(written)), field)
    assert (changed, type(changed)) == (value, type(value))


@pytest.mark.parametrize(
    "changes",
    [
        {"rank": 0},
        {"rank": 8.5},
        {"rank": "8"},
        {"rank": True},
        {"learning_rate": -1e-4},
        {"learning_rate": "fast"},
        {"learning_rate": float("nan")},
        {"learning_rate": None},
        {"batch_size": 0},
        {"epochs": 0},
        {"dropout": 1.0},
        {"warmup_ratio": 2},
        {"shots": -1},
        {"method": "qlora"},
        {"method": 1},
        {"schedule": "cosin"},
        {"target_modules": []},
        {"target_modules": [1]},
        {"target_modules": None},
        {"evaluations": 0},
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_field(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(changes))):
        Recipe().but(**changes)


def test_the_same_recipe_has_the_same_hash_however_it_was_written() -> None:
    assert Recipe().but(epochs=3, alpha=32).hash() == Recipe(epochs=3.0, alpha=32.0).hash() == Recipe().hash()


def test_every_field_takes_part_in_the_hash() -> None:
    other: dict[str, Any] = {"method": "dora", "schedule": "cosine", "target_modules": ["q_proj"]}
    changed = {}
    for field in fields(Recipe):
        value = getattr(Recipe(), field.name)
        share = {"dropout": 0.5, "warmup_ratio": 0.5}
        new = other.get(field.name, share.get(field.name, value + 1 if not isinstance(value, str | tuple) else value))
        changed[field.name] = Recipe().but(**{field.name: new}).hash()
    assert len({*changed.values(), Recipe().hash()}) == len(changed) + 1


def test_a_recipe_is_plain_data_and_comes_back_from_it() -> None:
    recipe = Recipe(target_modules=("q_proj", "v_proj"), epochs=0.5)
    assert Recipe().but(**json.loads(json.dumps(recipe.as_dict(), allow_nan=False))) == recipe


def test_max_steps_stands_in_for_epochs() -> None:
    assert Recipe(epochs=0.0, max_steps=5).max_steps == 5


def test_the_stock_recipes_are_valid_and_differ_where_their_kinds_do() -> None:
    assert recipes.LABELS.max_length > recipes.CHOICE.max_length
    assert recipes.TEXT.learning_rate < recipes.CHOICE.learning_rate
