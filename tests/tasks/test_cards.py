"""What holds for the card of every sub-task that is registered."""

from __future__ import annotations

import pytest

from anytasktune import plugins
from anytasktune.card import read_yaml
from anytasktune.examples import Example
from anytasktune.lm_eval_tasks import stock_config
from anytasktune.prompts import answer_text, document, prompt_hash
from anytasktune.splits import build, version_name
from anytasktune.subtask import SubTask

TASKS = plugins.load().subtasks
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


@every_task
def test_the_yaml_itself_is_the_generation_task_of_the_cards_language(task: SubTask) -> None:
    own = read_yaml(task.yaml)
    generated = stock_config(task, task.card.prompt_language, likelihood=False)
    assert own.pop("task") == task.slug
    generated.pop("task")
    generated["metadata"].pop("language")
    assert own == generated
    assert own["fewshot_config"] == {"sampler": "first_n"}
    assert own["fewshot_delimiter"] == "\n\n"
    assert own["generation_kwargs"]["do_sample"] is False


@every_task
def test_every_published_version_has_a_committed_fingerprint(task: SubTask) -> None:
    wanted = {version_name(task.card.version, variant) for variant in ("", *task.card.variants)}
    assert wanted <= set(task.card.fingerprints)


@every_task
def test_prompts_are_there_in_both_languages_and_end_in_a_cue(task: SubTask) -> None:
    card = task.card
    probe = Example(id="x:0", input="INPUT", targets=tuple(label.id for label in card.labels[:1]) or ("x",))
    assert set(card.prompts) == {"en", "zh"}
    assert len({prompt_hash(task.id, card, language, None) for language in card.prompts}) == 2
    for language in card.prompts:
        question = document(task.id, card, probe, language)["question"]
        assert "INPUT" in question
        assert question[-1] in ":："


@every_task
def test_licence_source_and_cost_of_an_error_are_said(task: SubTask) -> None:
    card = task.card
    assert card.licence
    assert card.source.authored or card.source.url.startswith("https://")
    assert len(card.wrong_answer_costs) > 20
    assert task.origin


OFFICIAL_GOLDS_SCORE_LESS = {"law/charge-prediction"}
"""Sub-tasks whose official scorer does not give its own golds 1; see docs/decisions.md."""


@every_task
def test_right_answers_in_every_prompt_language_are_read_and_score_best(
    task: SubTask, request: pytest.FixtureRequest
) -> None:
    if not task.card.source.authored:
        request.getfixturevalue("mirror")
    rows = [row for row in build(task).splits["test"] if any(target.strip() for target in row.targets)][:100]
    for language in task.card.prompts:
        grades = [task.metric.grade(row, answer_text(task.card, row, language)) for row in rows]
        counted = [grade.score for grade in grades if not grade.skip]
        if task.id in OFFICIAL_GOLDS_SCORE_LESS:
            assert sum(counted) / len(counted) >= 0.9, language
        else:
            assert {grade.status for grade in grades} == {"read"}, language
            assert min(counted) == pytest.approx(1.0), language
