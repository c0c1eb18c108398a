"""The tasks that stock lm-eval loads from YAML ask and score as ours do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_tasks import TARGETS, rows, subtask

from anytasktune import lm_eval_tasks, plugins
from anytasktune.card import read_yaml
from anytasktune.errors import PluginError, UsageError
from anytasktune.examples import KINDS, Kind
from anytasktune.prompts import AskedAs, render
from anytasktune.splits import build
from anytasktune.subtask import SubTask


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a sub-task known to the functions that a YAML names."""

    def known(task: SubTask) -> None:
        registry = plugins.Registry()
        registry.subtasks = {task.id: task}
        monkeypatch.setattr(lm_eval_tasks, "_registry", lambda: registry)
        lm_eval_tasks._examples.cache_clear()

    yield known
    lm_eval_tasks._examples.cache_clear()


def stock_tasks(folder: Path) -> dict[str, Any]:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(folder), include_defaults=False)
    with lm_eval_tasks.quiet():
        return dict(manager.load([read_yaml(path)["task"] for path in sorted(folder.glob("*.yaml"))])["tasks"])


def requests(task: Any, shots: int) -> list[tuple[Any, ...]]:
    task.set_config("num_fewshot", shots)
    task.set_fewshot_seed(0)
    with lm_eval_tasks.quiet():
        task.build_all_requests(fewshot_as_multiturn=True)
    return [instance.args for instance in task.instances]


@pytest.mark.parametrize("kind", KINDS)
def test_every_stock_task_asks_what_ours_asks(register: Any, tmp_path: Path, kind: Kind) -> None:
    task = subtask(tmp_path, kind)
    register(task)
    lm_eval_tasks.write_stock_yaml(task, tmp_path / "stock")
    loaded = stock_tasks(tmp_path / "stock")
    data = build(task)
    examples = {example.id: example for example in data.all}
    names = lm_eval_tasks.stock_names(task)
    assert set(loaded) == {name for name, _, _ in names}
    for name, language, likelihood in names:
        for shots in (0, 2):
            asked = AskedAs(method="likelihood" if likelihood else "generate", shots=shots, language=language)
            rendered = render(task.id, task.card, data.splits["test"], asked, data.fewshot, None)
            ours = lm_eval_tasks.configured(task, rendered, asked, examples)
            assert lm_eval_tasks.task_name(task, asked) == name
            assert requests(loaded[name], shots) == requests(ours, shots)


def test_the_cards_own_yaml_is_the_generation_task_of_its_language(register: Any, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    task = subtask(tmp_path / "own", "choice", prompt_language="zh")
    register(task)
    lm_eval_tasks.write_stock_yaml(task, tmp_path / "stock")
    (own,) = stock_tasks(tmp_path / "own").values()
    assert own.task_name == task.slug
    assert requests(own, 2) == requests(stock_tasks(tmp_path / "stock")["demo_choice_zh_generate"], 2)


def test_a_sub_task_without_train_rows_runs_zero_shot_under_stock_lm_eval(register: Any, tmp_path: Path) -> None:
    task = subtask(tmp_path, "choice", rows("choice", train=0, validation=0))
    register(task)
    lm_eval_tasks.write_stock_yaml(task, tmp_path / "stock")
    loaded = stock_tasks(tmp_path / "stock")
    assert len(requests(loaded["demo_choice_en_generate"], 0)) == 4


def test_stock_grades_and_aggregate_are_the_metrics_own(register: Any, tmp_path: Path) -> None:
    task = subtask(tmp_path, "choice")
    register(task)
    test = build(task).splits["test"]
    answers = ["billing", "退款", "neither", "refund"]
    documents = [{"id": example.id, "task": task.id, "choices": ["billing", "refund"]} for example in test]
    items = [
        lm_eval_tasks.process_results(document, [answer])["score"]
        for document, answer in zip(documents, answers, strict=True)
    ]
    grades = [task.metric.grade(example, answer) for example, answer in zip(test, answers, strict=True)]
    assert lm_eval_tasks.aggregate(items) == task.metric.summarise(grades)["accuracy"] == 0.75


def test_the_likeliest_label_is_the_answer_and_a_missing_answer_is_none() -> None:
    row = {"choices": ["a", "b", "c"]}
    assert lm_eval_tasks.answer_of(row, [(-3.0, False), (-1.0, True), (-1.0, False)]) == "b"
    assert lm_eval_tasks.answer_of(row, ["c"]) == "c"
    assert lm_eval_tasks.answer_of({"choices": []}, [None]) is None
    assert lm_eval_tasks.answer_of({"choices": []}, []) is None


def test_an_id_that_no_plugin_registers_is_named_with_the_nearest(register: Any, tmp_path: Path) -> None:
    register(subtask(tmp_path, "choice"))
    with pytest.raises(UsageError, match="demo/chioce") as refused:
        lm_eval_tasks.dataset(id="demo/chioce")
    assert "did you mean demo/choice?" in str(refused.value)


def test_a_yaml_without_what_lm_eval_needs_is_named(tmp_path: Path) -> None:
    task = subtask(tmp_path, "number")
    task.yaml.write_text(task.yaml.read_text(encoding="utf-8").replace("doc_to_text", "doc_to_image"), encoding="utf-8")
    with pytest.raises(PluginError, match="lacks doc_to_text"):
        lm_eval_tasks.stock_config(task, "en", likelihood=False)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_of_the_documents_are_in_the_prompts_language(register: Any, tmp_path: Path, language: str) -> None:
    task = subtask(tmp_path, "labels")
    register(task)
    test = lm_eval_tasks.dataset(id=task.id, language=language)["test"]
    wanted = {"en": ["billing; refund", "none", "refund"], "zh": ["账单; 退款", "无", "退款"]}[language]
    assert test["answer"][: len(TARGETS["labels"])] == wanted
