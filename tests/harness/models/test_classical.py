from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from anytasktune.card import Card, Label, Prompt, Source
from anytasktune.errors import ModelError
from anytasktune.examples import KINDS, Example, Kind
from anytasktune.metrics.choice import F1, Accuracy
from anytasktune.metrics.grading import Metric
from anytasktune.metrics.label_sets import SetF1
from anytasktune.metrics.numbers import NumericMatch
from anytasktune.metrics.spans import SpanF1
from anytasktune.metrics.texts import RougeL
from anytasktune.models.classical import ClassicalModel, classical_model, classical_models

METRICS: dict[Kind, Metric] = {
    "choice": Accuracy(("sport", "money")),
    "labels": SetF1(("sport", "money", "health")),
    "extract": SpanF1(),
    "text": RougeL(),
    "number": NumericMatch(),
}
WORDS = {
    "sport": "goal match team 进球 比赛",
    "money": "bank rate loan 贷款 利率",
    "health": "doctor fever pill 医生 发烧",
}


def card(kind: Kind) -> Card:
    return Card(
        id="demo/x", version=1, title="t", kind=kind, languages=["en"],
        prompts={"en": Prompt(instruction="i", question="{{input}}")}, prompt_language="en",
        labels=[Label(id=name) for name in WORDS], licence="CC0", source=Source(citation="c"),
        wrong_answer_costs="w", max_new_tokens=4, until=[],
    )  # fmt: skip


def row(number: int, text: str, *targets: str) -> Example:
    return Example(id=f"t:{number}", input=text, targets=targets)


def rows(kind: Kind, n: int, seed: int) -> list[Example]:
    draw = random.Random(seed)
    made = []
    for number in range(n):
        topics = sorted(draw.sample(list(WORDS), 2 if kind == "labels" and number % 2 else 1))
        if kind == "choice":
            topics = [draw.choice(["sport", "money"])]
        text = " ".join(draw.choice(WORDS[topic].split()) for topic in topics for _ in range(4))
        if kind == "extract":
            found = [f"{topics[0]}: {word}" for word in dict.fromkeys(text.split())]
            made.append(row(number, text, *found))
        elif kind == "number":
            made.append(row(number, text, str(10 * list(WORDS).index(topics[0]) + 5)))
        elif kind == "text":
            made.append(row(number, text, f"about {topics[0]} only"))
        else:
            made.append(row(number, text, *topics))
    return made


def fitted(kind: Kind, name: str, train: Sequence[Example], validation: Sequence[Example] = ()) -> ClassicalModel:
    model = classical_model(kind, name)
    model.fit(train, validation, card(kind), METRICS[kind])
    return model


def score(kind: Kind, model: ClassicalModel, test: Sequence[Example]) -> float:
    metric = METRICS[kind]
    grades = [metric.grade(e, answer) for e, answer in zip(test, model.answer(test), strict=True)]
    return metric.summarise(grades)[metric.name]


LEARNERS: list[tuple[Kind, str]] = [
    ("choice", "tfidf-logreg"),
    ("labels", "tfidf-ovr"),
    ("number", "tfidf-ridge"),
    ("extract", "span-dictionary"),
    ("text", "nearest-answer"),
]


@pytest.mark.parametrize(("kind", "name"), LEARNERS)
def test_a_learner_beats_the_majority_and_says_what_it_chose(kind: Kind, name: str) -> None:
    train, validation, test = rows(kind, 60, 0), rows(kind, 20, 1), rows(kind, 30, 2)
    model = fitted(kind, name, train, validation)
    majority = fitted(kind, "majority", train, validation)
    assert score(kind, model, test) > score(kind, majority, test) + 0.15
    assert model.chosen["validation rows"] == 20
    assert METRICS[kind].name in model.chosen


@pytest.mark.parametrize(("kind", "name"), LEARNERS)
def test_the_same_rows_give_the_same_answers(kind: Kind, name: str) -> None:
    train, validation, test = rows(kind, 40, 0), rows(kind, 15, 1), rows(kind, 20, 2)
    first, second = (fitted(kind, name, train, validation) for _ in range(2))
    assert first.answer(test) == second.answer(test)
    assert dict(first.chosen) == dict(second.chosen)


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_answers_degenerate_rows(kind: Kind) -> None:
    target = {"choice": "sport", "labels": "sport", "extract": "a: b", "text": "x", "number": "3"}[kind]
    for name in classical_models(kind):
        for train in ([row(0, "", target)], [row(0, "。", target), row(1, "", target)], rows(kind, 5, 0)):
            model = fitted(kind, name, train)
            assert model.answer([]) == []
            answers = model.answer([row(9, "", target), row(10, "goal 进球", target)])
            assert len(answers) == 2
            assert all(isinstance(answer, str) for answer in answers)


def test_majority_is_the_commonest_answer_of_each_kind() -> None:
    cases: list[tuple[Kind, list[tuple[str, ...]], str]] = [
        ("choice", [("b",), ("a",), ("a",)], "a"),
        ("labels", [("money", "sport"), ("sport", "money"), ("health",)], "sport; money"),
        ("number", [("1",), ("9",), ("2.5",)], "2.5"),
        ("extract", [("a: b",), ("a: b",)], ""),
        ("text", [("x", "other"), ("y",), ("y",)], "y"),
        ("text", [("x",), ("y",)], "x"),
    ]
    for kind, targets, expected in cases:
        train = [row(number, "text", *target) for number, target in enumerate(targets)]
        model = fitted(kind, "majority", train)
        assert model.answer(train) == [expected] * len(train)
        assert model.chosen == {"answer": expected}


def test_a_set_always_has_its_likeliest_label() -> None:
    model = fitted("labels", "tfidf-ovr", rows("labels", 40, 0), rows("labels", 10, 1))
    assert all(model.answer([row(0, "unrelated words"), row(1, "zzz")]))


def test_choices_on_validation_follow_the_sub_tasks_metric() -> None:
    """The dictionary keeps an entry that is often no span only where validation shows that it pays."""
    train = [row(i, "may rise", *(("m: may",) if i < 3 else ())) for i in range(10)]
    pays = [row(20, "may fall", "m: may")]
    harms = [row(20, "may fall")]
    assert fitted("extract", "span-dictionary", train, pays).answer(pays) == ["m: may"]
    assert fitted("extract", "span-dictionary", train, harms).answer(harms) == [""]


def test_a_dictionary_takes_the_longest_span_and_cuts_no_word() -> None:
    train = [
        row(0, "credit fraud", "c: credit fraud"),
        row(1, "fraud", "c: fraud"),
        row(2, "头痛发烧", "s: 头痛"),
    ]
    model = fitted("extract", "span-dictionary", train)
    assert model.answer([row(3, "fraud, credit fraud, defrauded; 他头痛")]) == ["c: fraud\nc: credit fraud\ns: 头痛"]


def test_nearest_and_copied_answers_are_texts_of_the_data() -> None:
    train = [row(0, "贷款 利率", "about money"), row(1, "发烧 医生", "about health")]
    assert fitted("text", "nearest-answer", train).answer([row(2, "发烧了")]) == ["about health"]
    assert fitted("text", "copy-input", train).answer([row(2, " 发烧了\n")]) == [" 发烧了\n"]


def test_ridge_writes_numbers_as_the_train_split_does() -> None:
    whole = fitted("number", "tfidf-ridge", [row(i, f"word{i}", str(i)) for i in range(6)])
    assert all(answer.lstrip("-").isdigit() for answer in whole.answer([row(0, "word3")]))
    tenths = fitted("number", "tfidf-ridge", [row(i, f"word{i}", f"{i}.5") for i in range(6)])
    assert all(len(answer.partition(".")[2]) == 1 for answer in tenths.answer([row(0, "word3")]))


def test_wrong_names_kinds_and_orders_are_errors_that_say_what_to_do() -> None:
    with pytest.raises(ModelError, match="did you mean tfidf-logreg"):
        classical_model("choice", "tfidf-logregg")
    with pytest.raises(ModelError, match="did you mean choice"):
        classical_models("choise")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="use one of majority, nearest-answer, copy-input"):
        classical_model("choice", "tfidf-logreg").fit([row(0, "x", "a")], [], card("text"), METRICS["text"])
    with pytest.raises(ModelError, match="train split is empty"):
        classical_model("choice", "majority").fit([], [], card("choice"), METRICS["choice"])
    with pytest.raises(ModelError, match="No train answer is a number"):
        classical_model("number", "tfidf-ridge").fit([row(0, "x", "many")], [], card("number"), METRICS["number"])
    for name in ("majority", "tfidf-logreg"):
        with pytest.raises(ModelError, match="before it was fitted"):
            classical_model("choice", name).answer([row(0, "x", "a")])


@pytest.mark.slow
def test_tfidf_logreg_reaches_the_known_score_on_central_bank_sentences(mirror: Path) -> None:
    """Weighted F1 0.61 on seed 5768 (0.61 to 0.64 on the three seeds); a first try of others had 0.59."""
    from anytasktune.examples import DataRequest
    from anytasktune_finance.fomc_stance import LABELS, build

    examples = list(build(DataRequest()))
    held_out = {e.id for e in examples if e.split == "train" and int(e.content_hash(), 16) % 10 == 0}
    train = [e for e in examples if e.split == "train" and e.id not in held_out]
    validation = [e for e in examples if e.id in held_out]
    test = [e for e in examples if e.split == "test"]
    metric = F1(LABELS, "weighted")
    model = classical_model("choice", "tfidf-logreg")
    model.fit(train, validation, card("choice"), metric)
    grades = [metric.grade(e, a) for e, a in zip(test, model.answer(test), strict=True)]
    assert metric.summarise(grades)["weighted F1"] > 0.58
