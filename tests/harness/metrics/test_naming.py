from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from anytasktune.card import Card, Label, Prompt, Source
from anytasktune.errors import CardError, UsageError
from anytasktune.examples import KINDS, Example, Kind
from anytasktune.metrics import metric_names, named
from anytasktune.metrics.grading import bounds_of
from anytasktune.metrics.naming import _OFFERED
from anytasktune_tasks import card_path

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


def card(kind: Kind, **changes: Any) -> Card:
    fields: dict[str, Any] = {
        "id": "demo/x", "version": 1, "title": "t", "kind": kind, "languages": ["en"], "prompt_language": "en",
        "prompts": {"en": Prompt(instruction="i", question="{{input}}")}, "licence": "CC0",
        "labels": [Label(id="1", en="good", zh="好"), Label(id="0", zh="坏")] if kind in ("choice", "labels") else [],
        "source": Source(citation="c"), "wrong_answer_costs": "w", "max_new_tokens": 4, "until": [],
    }  # fmt: skip
    return Card(**(fields | changes))


def example(*targets: str) -> Example:
    return Example(id="t:0", input="x", targets=targets)


@pytest.mark.parametrize(("answer", "score"), [("1", 1), ("good", 1), ("好", 1), ("Good.", 1), ("坏", 0)])
def test_a_label_is_right_by_any_name_that_the_card_has(answer: str, score: float) -> None:
    assert named("accuracy", card("choice")).grade(example("1"), answer).score == score
    assert named("set-f1", card("labels")).grade(example("1"), answer).score == score


def test_a_card_may_be_given_by_the_path_of_its_yaml() -> None:
    path = card_path("consumer/ticket_routing")
    for given in (path, str(path)):
        assert named("macro-f1", given).name == "macro F1"
    with pytest.raises(CardError, match="missing"):
        named("macro-f1", path.with_name("no_such.yaml"))
    with pytest.raises(UsageError, match="not for int"):
        named("macro-f1", 7)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_every_offered_metric_is_made_and_takes_its_options(kind: Kind) -> None:
    values: dict[str, Any] = {"labels": {"yes": "1", "no": "0"}, "tolerance": 0.5, "relative": 0.1, "limit": 10,
                              "scale": (1, 5), "tokenizer": "char"}  # fmt: skip
    for name, _ in metric_names(kind):
        options = _OFFERED[kind][name].options
        for option in options:
            made = named(name, card(kind), **{option: values[option]})
            assert made.name == named(name, card(kind)).name
    assert named("numeric-match", card("number"), tolerance=0.5).grade(example("1"), "1.5").score == 1
    assert (
        named("accuracy", card("choice", id="demo/y"), labels={"yes": "1", "no": "0"}).grade(example("1"), "yes").score
    )


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("acuracy", "choice", "did you mean accuracy"),
        ("Macro_F1", "choice", "did you mean macro-f1"),
        ("F1", "labels", "did you mean macro-f1"),
        ("qwk", "number", "did you mean quadratic-kappa"),
        ("entity-f1", "extract", "did you mean span-f1"),
        ("bleu", "choice", "is for kind text; demo/x is of kind choice"),
        ("micro-f1", "text", "is for kind choice and labels"),
        ("nonsense", "number", "known: log-distance, numeric-match"),
        ("", "number", "known: log-distance"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_with_the_nearest(name: str, kind: Kind, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(name, card(kind))
    assert says in str(caught.value)
    assert "demo/x" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind", "options", "says"),
    [
        ("numeric-match", "number", {"tolerence": 1}, "did you mean tolerance"),
        ("numeric-match", "number", {"tolerance": -1}, "tolerance must be a number of at least 0, not -1"),
        ("numeric-match", "number", {"tolerance": "1"}, "not '1'"),
        ("log-distance", "number", {"limit": 1}, "limit must be above 1"),
        ("pearson", "number", {"scale": (5, 1)}, "the lower one first"),
        ("bleu", "text", {"tokenizer": "flores"}, "one of 13a, zh"),
        ("bleu", "text", {"tokenizer": ["zh"]}, "one of 13a, zh"),
        ("rouge-l", "text", {"n": 2}, "has no option 'n'"),
        ("macro-f1", "choice", {"average": "micro"}, "has no option 'average'"),
        ("macro-f1", "choice", {"labels": "ab"}, "must be label ids"),
        ("macro-f1", "choice", {"labels": []}, "must be label ids"),
        ("macro-f1", "choice", {"labels": [1, 2]}, "must be label ids"),
        ("macro-f1", "choice", {"labels": 7}, "must be label ids"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(name: str, kind: Kind, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(name, card(kind), **options)
    assert says in str(caught.value)


def test_labels_are_needed_where_the_answer_is_one() -> None:
    with pytest.raises(UsageError, match="lists none"):
        named("set-f1", card("labels", labels=[]))
    metric = named("set-f1", card("labels", labels=[]), labels=["a b", "c d"])
    assert metric.grade(example("a b"), "a b").score == 1.0
    with pytest.raises(CardError, match="both written"):
        named("accuracy", card("choice", labels=[Label(id="a", zh="甲"), Label(id="甲", zh="乙")]))


def test_types_of_spans_are_the_cards_labels_where_it_has_some() -> None:
    metric = named("span-f1", card("extract", labels=[Label(id="drug", zh="药物")]))
    assert metric.grade(example("drug: 布洛芬"), "药物：布洛芬").score == 1.0
    assert named("span-f1", card("extract")).grade(example("any: x"), "any: x").score == 1.0


def test_bleu_splits_chinese_where_the_card_has_chinese() -> None:
    answer, gold = "今天天气不错", example("今天天气很好")
    assert named("bleu", card("text")).grade(gold, answer).score == 0.0
    assert 0 < named("bleu", card("text", languages=["zh", "en"])).grade(gold, answer).score < 1
    assert named("bleu", card("text", languages=["zh"]), tokenizer="13a").grade(gold, answer).score == 0.0


def test_the_others_are_told_beside_the_first() -> None:
    metric = named("mcc", card("choice"))
    scores = metric.summarise([metric.grade(example("1"), "good"), metric.grade(example("0"), "坏")])
    assert {*scores} == {"Matthews correlation", "accuracy", "balanced accuracy", "macro F1", "micro F1", "weighted F1"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of answer called 'choise'"):
        metric_names("choise")


def rows_of_the_table() -> list[list[str]]:
    lines = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_page_holds_every_metric_with_its_line_range_and_options() -> None:
    told = {
        (kind, name.strip("`")): (line, span, options) for name, kind, line, _, span, _, options in rows_of_the_table()
    }
    offered = {}
    for kind in KINDS:
        for name, line in metric_names(kind):
            low, high = bounds_of(named(name, card(kind)))
            options = ", ".join(f"`{option}`" for option in _OFFERED[kind][name].options)
            offered[kind, name] = (line, f"{low:g} to {high:g}", options)
    assert told == offered


def test_importing_the_metrics_loads_no_heavy_library() -> None:
    heavy = "numpy sklearn scipy pandas sacrebleu rapidfuzz torch transformers datasets lm_eval"
    code = (
        "import sys; from anytasktune.metrics import named, metric_names; from anytasktune_tasks import card_path; "
        "named('macro-f1', card_path('consumer/ticket_routing')); metric_names('text'); "
        f"print([m for m in '{heavy}'.split() if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
