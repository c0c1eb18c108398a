from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from demo_tasks import LABELS, PROMPTS, rows, subtask

from anytasktune import lm_eval_tasks, prompts
from anytasktune.errors import PromptError, UsageError
from anytasktune.examples import KINDS, Example, Kind
from anytasktune.models.tokens import Encoder
from anytasktune.prompts import AskedAs, Rendered, choose_shots, render
from anytasktune.recipes import CHOICE
from anytasktune.splits import build
from anytasktune.subtask import SubTask
from anytasktune.tuning import Tuning, texts

HOSTILE = [
    "{{ 7 * 7 }} and {{ labels }}",
    "{% for x in y %}",
    "{# not a comment #} }} {%- endraw %}",
    "line one\r\nline two\u2028three",
    "007",
    "[1, 2]",
    "None",
]


class Form:
    """A real tokenizer's view of prompts, with a context that can be made small, or a chat template left out."""

    def __init__(self, encoder: Encoder, context_length: int | None = None, *, chat: bool = True) -> None:
        self._encoder = encoder
        self.has_chat_template = chat and encoder.has_chat_template
        self.context_length = context_length or encoder.context_length

    def apply_chat_template(self, messages: Sequence[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return self._encoder.apply_chat_template(messages, add_generation_prompt)

    def count(self, text: str) -> int:
        return self._encoder.count(text)


@pytest.fixture(scope="module")
def encoder(small_model_dir: Path) -> Encoder:
    from transformers import AutoTokenizer

    return Encoder(AutoTokenizer.from_pretrained(small_model_dir))


@pytest.fixture(scope="module", params=["chat", "plain"])
def form(request: pytest.FixtureRequest, encoder: Encoder) -> Form:
    return Form(encoder, chat=request.param == "chat")


MakeTask = Callable[..., SubTask]


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    return partial(subtask, tmp_path)


def requests_of_lm_eval(task: SubTask, rendered: Rendered, asked: AskedAs, form: Form) -> list[tuple[Any, ...]]:
    """What lm-eval hands the model, request by request."""
    examples = {example.id: example for example in build(task).all}
    configured = lm_eval_tasks.configured(task, rendered, asked, examples)
    configured.set_fewshot_seed(0)
    with lm_eval_tasks.quiet():
        configured.build_all_requests(
            apply_chat_template=form.has_chat_template,
            fewshot_as_multiturn=True,
            chat_template=form.apply_chat_template if form.has_chat_template else None,
        )
    return [instance.args for instance in configured.instances]


def rendered_test(task: SubTask, asked: AskedAs, form: Form) -> Rendered:
    data = build(task)
    return render(task.id, task.card, data.splits["test"], asked, data.fewshot, form)


def ours(rendered: Rendered, form: Form, language: str) -> list[str]:
    delimiter = prompts.target_delimiter(language)
    return [prompts.context(document, rendered.shots, form, delimiter) for document in rendered.documents]


@pytest.mark.parametrize("shots", [0, 3])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_context_and_training_text_are_byte_for_byte_what_lm_eval_hands_the_model(
    make_task: MakeTask, form: Form, kind: Kind, language: str, shots: int
) -> None:
    task = make_task(kind)
    asked = AskedAs(method="generate", shots=shots, language=language)
    rendered = rendered_test(task, asked, form)
    handed = requests_of_lm_eval(task, rendered, asked, form)
    contexts = ours(rendered, form, language)
    assert [args[0].encode() for args in handed] == [text.encode() for text in contexts]
    assert all(args[1] == {"until": ["\n"], "max_gen_toks": 8, "do_sample": False} for args in handed)
    data = build(task)
    job = Tuning(task=task, data=data, base="", recipe=CHOICE.but(shots=shots), seed=0, root=Path(), language=language)
    test = data.splits["test"]
    delimiter = "" if form.has_chat_template else prompts.target_delimiter(language)
    answers = [prompts.answer_text(task.card, example, language) for example in test]
    assert texts(job, test, form) == [
        (example.id, args[0], delimiter + answer) for example, args, answer in zip(test, handed, answers, strict=True)
    ]


@pytest.mark.parametrize("shots", [0, 2])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_likelihood_requests_have_the_same_context_and_the_trained_continuation(
    make_task: MakeTask, form: Form, language: str, shots: int
) -> None:
    task = make_task("choice")
    asked = AskedAs(method="likelihood", shots=shots, language=language)
    rendered = rendered_test(task, asked, form)
    handed = requests_of_lm_eval(task, rendered, asked, form)
    names = task.card.label_names(language)
    delimiter = "" if form.has_chat_template else prompts.target_delimiter(language)
    assert handed == [(context, delimiter + name) for context in ours(rendered, form, language) for name in names]
    trained = texts(
        Tuning(
            task=task, data=build(task), base="", recipe=CHOICE.but(shots=shots), seed=0, root=Path(), language=language
        ),
        build(task).splits["test"],
        form,
    )
    assert all((context, answer) in handed for _, context, answer in trained)


def test_task_names_hold_no_slash_and_tell_the_protocols_apart(make_task: MakeTask) -> None:
    names = [name for name, _, _ in lm_eval_tasks.stock_names(make_task("choice", id="demo/two-words"))]
    assert names == [
        "demo_two_words_en_generate",
        "demo_two_words_en_likelihood",
        "demo_two_words_zh_generate",
        "demo_two_words_zh_likelihood",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_inputs_and_answers_with_the_syntax_of_templates_numbers_and_lists_stay_text(
    make_task: MakeTask, form: Form, text: str
) -> None:
    examples = [
        replace(example, input=f"{text} {example.id}", targets=(text,))
        for example in rows("text", validation=0, test=2)
    ]
    task = make_task("text", examples)
    asked = AskedAs(method="generate", shots=2, language="en")
    rendered = rendered_test(task, asked, form)
    handed = requests_of_lm_eval(task, rendered, asked, form)
    assert [args[0] for args in handed] == ours(rendered, form, "en")
    # SmolLM2's template takes texts as they are
    assert all(args[0].count(text) == 5 for args in handed)


@pytest.mark.parametrize("name", ["007", "[1]", "{{x}}", "1.0", "true", "None"])
def test_field_case_18_labels_that_look_like_something_else_reach_the_model_as_text(
    make_task: MakeTask, form: Form, name: str
) -> None:
    labels = [{"id": name}, {"id": "other"}]
    examples = [replace(example, targets=(name,)) for example in rows("choice")]
    task = make_task("choice", examples, labels=labels)
    asked = AskedAs(method="likelihood", shots=2, language="en")
    rendered = rendered_test(task, asked, form)
    handed = requests_of_lm_eval(task, rendered, asked, form)
    delimiter = "" if form.has_chat_template else " "
    contexts = ours(rendered, form, "en")
    assert handed == [(context, delimiter + label) for context in contexts for label in (name, "other")]
    assert all(document["answer"] == name for document in rendered.documents)


def test_shots_are_train_rows_the_same_for_every_row_in_the_builders_order(make_task: MakeTask, form: Form) -> None:
    task = make_task("choice")
    data = build(task)
    asked = AskedAs(method="generate", shots=4, language="en")
    rendered = rendered_test(task, asked, form)
    assert [shot["id"] for shot in rendered.shots] == [example.id for example in data.fewshot[:4]]
    train = {example.id for example in data.splits["train"]}
    assert all(shot["id"] in train for shot in rendered.shots)
    contexts = ours(rendered, form, "en")
    heads = {
        text.partition(document["question"])[0] for text, document in zip(contexts, rendered.documents, strict=True)
    }
    assert len(heads) == 1
    assert all(document["question"] not in head for document in rendered.documents for head in heads)


def test_field_case_10_shots_without_train_rows_are_refused_with_the_reason(
    make_task: MakeTask, encoder: Encoder
) -> None:
    task = make_task("choice", rows("choice", train=0, validation=0, test=5))
    asked = AskedAs(method="generate", shots=3, language="en")
    with pytest.raises(UsageError, match="0 train rows to show") as refused:
        rendered_test(task, asked, Form(encoder))
    assert "needs a train split" in str(refused.value)


def test_field_case_10_more_shots_than_train_rows_are_refused_with_the_number(make_task: MakeTask) -> None:
    data = build(make_task("choice", rows("choice", train=20)))
    with pytest.raises(UsageError, match=r"50 few-shot examples .* 20 train rows to show") as refused:
        choose_shots(data.fewshot, 50, "demo/choice")
    assert "at most 20" in str(refused.value)
    assert choose_shots(data.fewshot, 20, "demo/choice") == list(data.fewshot)


def test_a_train_row_without_an_answer_is_no_example_to_show(make_task: MakeTask, form: Form) -> None:
    """lm-eval leaves out the answer's turn where the answer is empty: two questions would follow each other."""
    examples = [
        replace(example, targets=("",)) if example.id in ("train:0", "train:3") else example for example in rows("text")
    ]
    task = make_task("text", examples)
    asked = AskedAs(method="generate", shots=4, language="en")
    rendered = rendered_test(task, asked, form)
    assert {shot["id"] for shot in rendered.shots} == {"train:1", "train:2", "train:4", "train:5"}
    handed = requests_of_lm_eval(task, rendered, asked, form)
    assert [args[0] for args in handed] == ours(rendered, form, "en")
    with pytest.raises(UsageError, match="5 few-shot examples"):
        rendered_test(task, AskedAs(method="generate", shots=5, language="en"), form)


# --- too long ---


LONG = "START " + "the delivery came a week late and nobody answered " * 200 + " END"


def test_field_case_6_long_input_loses_its_middle_and_keeps_instruction_shots_and_cue(
    make_task: MakeTask, encoder: Encoder
) -> None:
    examples = [replace(e, input=LONG) if e.id == "test:1" else e for e in rows("choice")]
    task = make_task("choice", examples)
    form = Form(encoder, 400)
    asked = AskedAs(method="generate", shots=2, language="en")
    rendered = rendered_test(task, asked, form)
    assert rendered.shortened == {"test:1"}
    assert (len(rendered.shots), rendered.left_out) == (2, 0)
    contexts = dict(zip([d["id"] for d in rendered.documents], ours(rendered, form, "en"), strict=True))
    text = contexts["test:1"]
    assert 400 - 8 - 4 <= form.count(text) <= 400 - 8
    assert text.count("Answer with one of: billing, refund.") == 1
    assert all(shot["question"] in text and shot["answer"] in text for shot in rendered.shots)
    question = next(d["question"] for d in rendered.documents if d["id"] == "test:1")
    assert question.startswith("START the delivery")
    assert question.endswith("nobody answered  END\nAnswer:")
    assert prompts.CUT in question
    whole = [d for d in rendered.documents if d["id"] != "test:1"]
    assert whole == [d for d in rendered_test(task, asked, Form(encoder)).documents if d["id"] != "test:1"]


def test_field_case_6_twenty_long_shots_leave_whole_ones_and_say_how_many_were_left_out(
    make_task: MakeTask, encoder: Encoder
) -> None:
    long_train = [
        replace(e, input=f"{e.input} " + "one more thing that happened yesterday " * 60) if e.split == "train" else e
        for e in rows("choice", train=24)
    ]
    task = make_task("choice", long_train)
    form = Form(encoder, 2048)
    asked = AskedAs(method="generate", shots=20, language="en")
    rendered = rendered_test(task, asked, form)
    data = build(task)
    assert 1 <= len(rendered.shots) < 20
    assert rendered.left_out == 20 - len(rendered.shots)
    whole = [prompts.document(task.id, task.card, e, "en") for e in data.fewshot[: len(rendered.shots)]]
    assert rendered.shots == whole
    assert not rendered.shortened
    for document, text in zip(rendered.documents, ours(rendered, form, "en"), strict=True):
        assert document["question"] in text
        assert "Answer with one of: billing, refund." in text
        assert form.count(text) <= 2048 - 8
    handed = requests_of_lm_eval(task, rendered, asked, form)
    assert [args[0] for args in handed] == ours(rendered, form, "en")


@pytest.mark.parametrize("limit", [2048, 2000, 4000])
def test_field_case_5_a_generation_limit_as_long_as_the_context_is_refused(
    make_task: MakeTask, encoder: Encoder, limit: int
) -> None:
    task = make_task("choice", max_gen_toks=limit)
    asked = AskedAs(method="generate", shots=0, language="en")
    if limit == 2000:
        assert not rendered_test(task, asked, Form(encoder, 2048 + 40)).shortened
    with pytest.raises(PromptError, match="no question fits") as refused:
        rendered_test(task, asked, Form(encoder, 2000))
    assert "max_gen_toks" in str(refused.value)


def test_shortened_input_is_cut_between_characters_and_never_to_nothing(make_task: MakeTask, encoder: Encoder) -> None:
    chinese = "原告诉称被告未按约定交付货物，" * 80
    examples = [replace(e, input=chinese, targets=("billing",)) for e in rows("choice", train=0, validation=0, test=1)]
    task = make_task("choice", examples)
    form = Form(encoder, 160)
    rendered = rendered_test(task, AskedAs(method="generate", shots=0, language="zh"), form)
    head, _, tail = rendered.documents[0]["question"].removesuffix("\n答案：").partition(prompts.CUT)
    assert chinese.startswith(head)
    assert chinese.endswith(tail)
    assert abs(len(head) - len(tail)) <= 1
    assert len(head) > 10


# --- hash and templates ---


def hash_of(task: SubTask, form: Any, language: str = "en") -> str:
    return prompts.prompt_hash(task.id, task.card, language, form)


class OtherTemplate(Form):
    """The same tokenizer behind a template with a default system sentence."""

    def apply_chat_template(self, messages: Sequence[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return "You are a helpful assistant.\n" + super().apply_chat_template(messages, add_generation_prompt)


@pytest.mark.parametrize("kind", ["choice", "labels"])
def test_field_case_9_the_hash_knows_every_word_around_an_input(
    make_task: MakeTask, encoder: Encoder, kind: Kind
) -> None:
    def with_prompt(**words: str) -> SubTask:
        return make_task(
            kind, prompts={**PROMPTS, "en": {"instruction": "Which?", "question": "{{ input }}\nA:", **words}}
        )

    form = Form(encoder)
    base = with_prompt()
    renamed = [LABELS[0], {**LABELS[1], "en": "money back"}]
    hashes = [
        hash_of(base, form),
        hash_of(with_prompt(instruction="Which queue?"), form),
        hash_of(with_prompt(question="{{ input }}\nQ:"), form),
        hash_of(make_task(kind, prompts=base.card.model_dump()["prompts"], labels=renamed), form),
        hash_of(base, form, "zh"),
        hash_of(base, Form(encoder, chat=False)),
        hash_of(base, OtherTemplate(encoder)),
        hash_of(base, None) + " no form",
    ]
    assert len(set(hashes)) == len(hashes)
    assert hash_of(base, form) == hash_of(with_prompt(), Form(encoder, 500))


def test_field_case_9_the_hash_is_not_about_shots_rows_or_limits(make_task: MakeTask, encoder: Encoder) -> None:
    form = Form(encoder)
    base = make_task("choice")
    others = [
        make_task("choice", shots=7),
        make_task("choice", rows("choice", train=2)),
        make_task("choice", max_gen_toks=30),
        make_task("choice", title="Another title"),
    ]
    assert {hash_of(task, form) for task in others} == {hash_of(base, form)}


def test_separator_takes_part_in_the_hash(make_task: MakeTask) -> None:
    assert hash_of(make_task("labels"), None) != hash_of(make_task("labels", separator=";"), None)


def test_unknown_name_and_broken_syntax_in_a_prompt_are_named(make_task: MakeTask) -> None:
    example = Example(id="t:0", input="x", targets=("billing",))
    for question, said in [("{{ input }} {{ question }}", "question"), ("{{ input }", "template")]:
        task = make_task("choice", prompts={"en": {"instruction": "Which?", "question": question}})
        with pytest.raises(PromptError, match=said):
            prompts.document(task.id, task.card, example, "en")


def test_a_language_without_a_prompt_is_refused(make_task: MakeTask) -> None:
    task = make_task("choice", prompts={"en": PROMPTS["en"]})
    with pytest.raises(UsageError, match="no prompt in 'zh'"):
        prompts.document(task.id, task.card, Example(id="t:0", input="x", targets=("billing",)), "zh")


@pytest.mark.parametrize(("kind", "language", "wanted"), [("labels", "en", "none"), ("extract", "zh", "无")])
def test_an_empty_set_is_written_as_a_word(make_task: MakeTask, kind: Kind, language: str, wanted: str) -> None:
    card = make_task(kind).card
    assert prompts.answer_text(card, Example(id="t:0", input="x", targets=()), language) == wanted


def test_a_prompt_that_says_nothing_about_the_input_is_refused_by_the_card(make_task: MakeTask) -> None:
    with pytest.raises(Exception, match="must contain"):
        _ = make_task("choice", prompts={"en": {"instruction": "Which?", "question": "Answer:"}}).card


@pytest.mark.parametrize(
    ("method", "shots", "name"),
    [
        ("generate", 0, "zero-shot"),
        ("generate", 8, "few-shot 8"),
        ("likelihood", 0, "likelihood"),
        ("likelihood", 2, "likelihood few-shot 2"),
        ("direct", 0, "direct"),
    ],
)
def test_protocols_have_names(method: Any, shots: int, name: str) -> None:
    assert AskedAs(method=method, shots=shots, language="en").name == name
