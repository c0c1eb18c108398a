"""Field cases of evaluation, tried from outside: the command line over folders of models that were altered by hand.

The models are made here and load at once: SmolLM2's tokenizer and template, a Llama of two layers.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from demo_tasks import metadata, plugin, rows, yaml_text

from anytasktune import plugins, prompts, splits, tuning
from anytasktune.errors import PromptError
from anytasktune.examples import Example, Kind
from anytasktune.models.journal import key_of
from anytasktune.models.tokens import Encoder
from anytasktune.prompts import AskedAs
from anytasktune.records import RunRecord, Sample, find_runs, read_record, read_samples
from anytasktune.subtask import SubTask
from anytasktune.training.texts import TrainingText, encode_texts

BEGIN = "<|endoftext|>"
"""A begin token that SmolLM2's own template does not write; its id is 0."""

LINE_BREAK, END = 198, 2
"""Ids of the last token of a prompt of SmolLM2's template, and of the token that ends a turn."""


# --- models ---


@pytest.fixture(scope="module")
def folder(small_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights, context 8,192 tokens."""
    made = tmp_path_factory.mktemp("models") / "model"
    made.mkdir()
    for file in small_model_dir.iterdir():
        if file.suffix != ".safetensors" and file.name != "config.json":
            shutil.copy(file, made / file.name)
    _llama(hidden_size=32, initializer_range=0.3, tie_word_embeddings=True).save_pretrained(made)
    return made


def _llama(**sizes: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=49152,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        bos_token_id=1,
        eos_token_id=END,
        **sizes,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(config).eval()


def copy_of(folder: Path, name: str) -> Path:
    """A copy beside the folder, its weights linked."""
    copied = folder.parent / name
    shutil.rmtree(copied, ignore_errors=True)
    copied.mkdir()
    for file in folder.iterdir():
        if file.suffix == ".safetensors":
            (copied / file.name).symlink_to(file)
        else:
            shutil.copy(file, copied / file.name)
    return copied


def change(file: Path, **values: Any) -> None:
    """Sets keys of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def template_of(model: Path) -> Path:
    return model / "chat_template.jinja"


def begin_token(folder: Path, name: str, *, template: bool, tokenizer: bool, chat: bool = True) -> Path:
    """A copy whose template or tokenizer or both write ``BEGIN``; without ``chat`` a plain-text model."""
    model = copy_of(folder, name)
    change(model / "tokenizer_config.json", bos_token=BEGIN)
    if template:
        template_of(model).write_text("{{ bos_token }}" + template_of(model).read_text())
    if not chat:
        template_of(model).unlink()
    if tokenizer:
        own = json.loads((model / "tokenizer.json").read_text())["post_processor"]
        adds = {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": BEGIN, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {BEGIN: {"id": BEGIN, "ids": [0], "tokens": [BEGIN]}},
        }
        processor = {"type": "Sequence", "processors": [own, adds]} if own else adds
        change(model / "tokenizer.json", post_processor=processor)
    return model


def saying(folder: Path, name: str, *tokens: int, **config: Any) -> Path:
    """A copy that writes these tokens behind a line break, whatever it is asked: each is followed by the next one."""
    model = copy_of(folder, name)
    llama = _llama(hidden_size=32, tie_word_embeddings=False)
    with torch.no_grad():
        for layer in llama.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        llama.lm_head.weight.zero_()
        for before, after in zip((LINE_BREAK, *tokens), tokens, strict=False):
            llama.lm_head.weight[after] = 100 * llama.model.embed_tokens.weight[before]
    for file in model.glob("*.safetensors"):
        file.unlink()
    llama.save_pretrained(model)
    change(model / "config.json", **config)
    return model


def encoder_of(model: Path) -> Encoder:
    from transformers import AutoConfig, AutoTokenizer

    return Encoder(AutoTokenizer.from_pretrained(model), config=AutoConfig.from_pretrained(model))


# --- commands ---


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command left."""

    status: int
    out: str
    err: str


def att(*words: object, status: int = 0) -> Done:
    """``anytasktune WORDS…``, which must end with this status."""
    from anytasktune.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    ended: object = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for name in ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS"):
            patch.setenv(name, "1")  # main sets them: put back afterwards
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["anytasktune", *map(str, words)])
        try:
            main()
        except SystemExit as left:
            ended = left.code or 0
    assert ended == status, out.getvalue() + err.getvalue()
    return Done(status=status, out=out.getvalue(), err=err.getvalue())


def sub_task(
    place: Path,
    kind: Kind = "choice",
    examples: Sequence[Example] | None = None,
    *,
    until: Sequence[str] = ("\n",),
    limit: int = 8,
    **card: Any,
) -> Path:
    """A plugin file in a folder of its own."""
    place.mkdir(exist_ok=True)
    file = plugin(place, kind, examples, **card)
    text = yaml_text(metadata(kind, **card), until=until, max_gen_toks=limit)
    file.with_suffix(".yaml").write_text(text, encoding="utf-8")
    return file


def loaded(file: Path) -> SubTask:
    (task,) = plugins.load([file]).select(["demo/*"])
    return task


def evaluate(task: Path, model: Path, root: Path, *words: object, status: int = 0) -> Done:
    kind = task.stem.removesuffix("_plugin")
    where = ("--plugin", task, "--model", model, "--output_path", root, "--device", "cpu")
    return att("evaluate", f"demo/{kind}", *where, *words, status=status)


def run_suite(task: Path, models: Sequence[Path], protocols: str, root: Path, *words: object, status: int = 0) -> Done:
    """``run`` of a suite that asks every model under ``protocols`` ("zero-shot, likelihood")."""
    root.mkdir(exist_ok=True)
    file = root / "suite.yaml"
    entries = "".join(f"  - model: {model}\n    protocols: [{protocols}]\n" for model in models)
    file.write_text(f"name: asked\ntasks: [demo/choice]\nmodels:\n{entries}")
    return att("run", file, "--plugin", task, "--output_path", root, "--device", "cpu", *words, status=status)


def the_run(root: Path, label: str = "", protocol: str = "") -> tuple[RunRecord, list[Sample]]:
    """The only run below a folder, or the only one of that model under that protocol."""
    found = [(read_record(run), run) for run in find_runs(root)]
    ((record, run),) = [
        (record, run)
        for record, run in found
        if label in ("", record.model.label) and protocol in ("", record.protocol.name)
    ]
    return record, read_samples(run)


def journal(root: Path, label: str = "") -> dict[str, Any]:
    """Every answer and score that was computed below a folder (of a model of that name), by its request's key."""
    found: dict[str, Any] = {}
    for file in sorted(root.rglob(f"answers/**/{label}*.jsonl")):
        entries = [json.loads(line) for line in file.read_text().splitlines()[1:]]
        found |= {entry["key"]: entry["value"] for entry in entries}
    return found


def asked(task: Path, model: Path, protocol: AskedAs) -> tuple[list[str], Encoder]:
    """The prompts that evaluation gives the model, and the model's tokenizer."""
    sub, form = loaded(task), encoder_of(model)
    data = splits.build(sub)
    rendered = prompts.render(sub.id, sub.card, data.splits["test"], protocol, data.fewshot, form)
    delimiter = prompts.target_delimiter(protocol.language)
    return [prompts.context(d, rendered.shots, form, delimiter) for d in rendered.documents], form


# --- 1: the begin token ---

WRITES_BEGIN = {"both": (True, True), "template": (True, False), "tokenizer": (False, True), "neither": (False, False)}


@pytest.fixture(scope="module")
def begin_runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A sub-task, and the folder of its runs by six models under four protocols."""
    root = tmp_path_factory.mktemp("begin")
    task = sub_task(root / "task")
    models = [
        *(begin_token(folder, name, template=t, tokenizer=k) for name, (t, k) in WRITES_BEGIN.items()),
        begin_token(folder, "plain-tokenizer", template=False, tokenizer=True, chat=False),
        begin_token(folder, "plain-neither", template=False, tokenizer=False, chat=False),
    ]
    run_suite(task, models, "zero-shot, few-shot, likelihood", root)
    for model in models:
        evaluate(task, model, root, "--shots", 2, "--method", "likelihood")
    return task, root


def scores_of(task: Path, model: Path, root: Path, shots: int) -> list[float]:
    """Log-probabilities of both labels, row by row."""
    contexts, form = asked(task, model, AskedAs(method="likelihood", shots=shots, language="en"))
    values = journal(root, f"{model.name}-likelihood")
    space = "" if form.has_chat_template else " "
    return [
        values[key_of("loglikelihood", context, space + label)][0]
        for context in contexts
        for label in ("billing", "refund")
    ]


@pytest.mark.parametrize("shots", [0, 2])
def test_field_case_1_one_begin_token_whoever_writes_it(
    begin_runs: tuple[Path, Path], folder: Path, shots: int
) -> None:
    task, root = begin_runs
    name = f"few-shot {shots}" if shots else "zero-shot"
    scored = {model: scores_of(task, folder.parent / model, root, shots) for model in WRITES_BEGIN}
    assert scored["template"] == pytest.approx(scored["both"], abs=1e-6)
    assert scored["tokenizer"] == pytest.approx(scored["both"], abs=1e-6)
    assert scored["neither"] != pytest.approx(scored["both"], abs=1e-2)
    written = {model: [sample.answer for sample in the_run(root, model, name)[1]] for model in WRITES_BEGIN}
    assert written["template"] == written["tokenizer"] == written["both"]
    begins = {model: the_run(root, model, name)[0].protocol.begin_token for model in WRITES_BEGIN}
    assert begins == {"both": "template", "template": "template", "tokenizer": "tokenizer", "neither": "none"}
    for model, begin in (("plain-tokenizer", "tokenizer"), ("plain-neither", "none")):
        record, _ = the_run(root, model, name)
        assert (record.protocol.begin_token, record.protocol.chat_template) == (begin, False)


@pytest.mark.parametrize("name", ["both", "tokenizer", "neither", "plain-tokenizer"])
def test_field_case_1_scores_are_those_of_one_begin_token_put_there_by_hand(
    begin_runs: tuple[Path, Path], folder: Path, name: str, reference: Any
) -> None:
    from transformers import AutoModelForCausalLM

    task, root = begin_runs
    model = folder.parent / name
    weights = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    begin = [] if name.endswith("neither") else [0]
    for shots in (0, 2):
        contexts, form = asked(task, model, AskedAs(method="likelihood", shots=shots, language="en"))
        space = "" if form.has_chat_template else " "
        by_hand = []
        for context in contexts:
            for label in ("billing", "refund"):
                stripped = context.removeprefix(BEGIN).rstrip()  # lm-eval scores the last line break with the label
                whole = context.removeprefix(BEGIN) + space + label
                before, both = (form.tokenizer(text, add_special_tokens=False).input_ids for text in (stripped, whole))
                by_hand.append(reference(weights, begin + before, both[len(before) :])[0])
        assert scores_of(task, model, root, shots) == pytest.approx(by_hand, abs=1e-3)


@pytest.mark.parametrize("name", [*WRITES_BEGIN, "plain-tokenizer", "plain-neither"])
def test_field_case_1_tuning_and_evaluation_begin_alike(begin_runs: tuple[Path, Path], folder: Path, name: str) -> None:
    task = loaded(begin_runs[0])
    contexts, form = asked(begin_runs[0], folder.parent / name, AskedAs(method="generate", shots=0, language="en"))
    data = splits.build(task)
    job = tuning.Tuning(
        task=task, data=data, base="x", recipe=task.recipe, seed=0, root=Path(), language="en"
    )  # fmt: skip
    texts = [
        TrainingText(id=id, context=context, answer=answer)
        for id, context, answer in tuning.texts(job, data.splits["test"], form)
    ]
    assert [text.context for text in texts] == contexts
    for text, row in zip(texts, encode_texts(texts, form, 1024).rows, strict=True):
        assert list(row.ids[: row.answer_start]) == form.encode(text.context)
        assert row.ids.count(0) == (0 if name.endswith("neither") else 1)


def test_field_case_1_a_template_that_begins_with_a_line_break_gets_no_second_begin_token(folder: Path) -> None:
    model = begin_token(folder, "indented", template=True, tokenizer=True)
    template_of(model).write_text("\n" + template_of(model).read_text())
    form = encoder_of(model)
    prompt = form.apply_chat_template([{"role": "user", "content": "Is it red?"}])
    assert prompt.startswith(f"\n{BEGIN}")
    assert form.encode(prompt).count(0) == 1
    assert form.bos_source == "template"


# --- 4: white space before the answer ---


def tokens_of(folder: Path, *texts: str) -> list[int]:
    """One token a text."""
    tokenizer = encoder_of(folder).tokenizer
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    assert all(len(each) == 1 for each in ids), ids
    return [each[0] for each in ids]


@pytest.mark.parametrize("engine", ["ours", "plain"])
def test_field_case_4_white_space_before_the_answer_does_not_end_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    from anytasktune.models.plain_generation import PlainGenerator

    plainly: list[int] = []
    generate = PlainGenerator._generate

    def counted(self: PlainGenerator, requests: Any) -> Any:
        plainly.append(len(requests))
        return generate(self, requests)

    monkeypatch.setattr(PlainGenerator, "_generate", counted)
    written = tokens_of(folder, "\n\n", " refund", " it", " is")
    config = {"sliding_window": 4} if engine == "plain" else {}  # longer prompts then are none for our slots
    model = saying(folder, "opens-with-line-breaks", *written, LINE_BREAK, **config)
    wanted = {
        "demo/line": (["\n"], "\n\n refund it is"),
        "demo/blank-line": (["\n\n"], "\n\n refund it is"),
        "demo/space": ([" "], "\n\n refund"),
        "demo/both": (["\n", " "], "\n\n refund"),
        "demo/word": (["\nQuestion:", "it"], "\n\n refund "),
    }
    tasks = [sub_task(tmp_path / id[5:], id=id, until=until) for id, (until, _) in wanted.items()]
    words = [word for task in tasks for word in ("--plugin", task)]
    att("evaluate", *wanted, *words, "--model", model, "--output_path", tmp_path, "--device", "cpu")
    runs = [(read_record(run), read_samples(run)) for run in find_runs(tmp_path)]
    assert len(runs) == len(wanted)
    assert sum(plainly) == (4 * len(wanted) if engine == "plain" else 0)
    for record, samples in runs:
        assert {sample.answer for sample in samples} == {wanted[record.task.id][1]}
        assert {tuple(sample.read) for sample in samples} == {("refund",)}
        assert (record.counts.empty, record.counts.hit_limit) == (0, 0)


def test_field_case_4_the_next_question_in_place_of_an_answer_ends_it(folder: Path, tmp_path: Path) -> None:
    model = saying(folder, "asks-on", *tokens_of(folder, "\n\n", "Question", ":", " refund"), LINE_BREAK)
    evaluate(sub_task(tmp_path / "task", until=["\nQuestion:"]), model, tmp_path / "runs")
    record, samples = the_run(tmp_path / "runs")
    assert {(sample.answer, sample.status) for sample in samples} == {("\n", "empty")}
    assert (record.score.value, record.counts.empty) == (0, 4)


def test_field_case_4_a_run_of_empty_answers_says_so_on_screen_in_record_and_on_the_board(
    folder: Path, tmp_path: Path
) -> None:
    model = saying(folder, "says-nothing", *tokens_of(folder, "\n\n"), END)
    task = sub_task(tmp_path / "task")
    loud = "WARNING: most answers are empty (4 of 4)"
    root = tmp_path / "runs"
    assert loud in evaluate(task, model, root).err
    assert loud in evaluate(task, model, tmp_path / "again", "--json").err
    record, samples = the_run(root)
    assert record.counts.empty == 4
    assert {sample.status for sample in samples} == {"empty"}
    for form in ("terminal", "markdown"):
        assert "most answers are empty" in att("board", root, "--plugin", task, "--format", form).out
    done = run_suite(task, [model], "zero-shot", tmp_path / "suite")
    assert loud in done.err
    assert "most answers are empty" in done.out
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    said = att("predict", "demo/choice", "--plugin", task, "--model", model, "--input", tmp_path / "in.txt")
    assert "2 of 2 answers are empty" in said.err


def test_field_case_4_recorded_answers_keep_what_stands_behind_white_space(tmp_path: Path) -> None:
    task = sub_task(tmp_path / "task")
    file = tmp_path / "answers.jsonl"
    given = {"test:0": "\n\nbilling", "test:1": " \n refund\n", "test:2": "\t billing", "test:3": "\u3000退款"}
    file.write_text("".join(json.dumps({"id": id, "answer": answer}) + "\n" for id, answer in given.items()))
    done = att("score", "demo/choice", "--plugin", task, "--answers", file, "--json")
    assert (json.loads(done.out)["score"], json.loads(done.out)["empty"]) == (1.0, 0)
    assert "WARNING" not in done.err
    blank = {id: "\n\n" if id != "test:0" else answer for id, answer in given.items()}
    file.write_text("".join(json.dumps({"id": id, "answer": answer}) + "\n" for id, answer in blank.items()))
    assert "WARNING: most answers are empty (3 of 4)" in att(
        "score", "demo/choice", "--plugin", task, "--answers", file
    ).err  # fmt: skip
    root = tmp_path / "runs"
    assert "WARNING: most answers are empty (3 of 4)" in att(
        "evaluate", "demo/choice", "--plugin", task, "--model", f"recorded:{file}", "--output_path", root
    ).err  # fmt: skip
    assert the_run(root)[0].counts.empty == 3


# --- 5: a generation limit as long as the context ---


@pytest.mark.parametrize("limit", [8192, 8160])
def test_field_case_5_a_limit_that_leaves_room_for_no_question_is_refused_before_the_model_answers(
    folder: Path, tmp_path: Path, limit: int
) -> None:
    task = sub_task(tmp_path / "task", limit=limit)
    (tmp_path / "in.txt").write_text("one\n")
    where = ("--plugin", task, "--output_path", tmp_path / "runs", "--device", "cpu")
    tuned = att("tune", "demo/choice", "--model", folder, *where, status=1)
    assert f"may take {limit} tokens of 1024: no question fits beside it" in tuned.err
    assert "raise the recipe's max_length" in tuned.err
    for done in (
        att("evaluate", "demo/choice", "--model", folder, *where, "--limit", 3, status=1),
        run_suite(task, [folder], "few-shot", tmp_path / "suite", status=1),
        att(
            "predict", "demo/choice", "--model", folder, "--plugin", task, "--input", tmp_path / "in.txt", status=1
        ),
    ):  # fmt: skip
        assert f"may take {limit} tokens of 8192: no question fits beside it" in done.err
        assert "26 tokens of instruction and cue" in done.err
        assert "lower generation_kwargs.max_gen_toks" in done.err
    assert not list(tmp_path.rglob("record.json"))
    assert not journal(tmp_path)


def test_field_case_5_a_limit_that_costs_most_inputs_half_of_their_words_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    long = [replace(example, input=example.input + " and so on" * 200) for example in rows("choice")]
    done = evaluate(sub_task(tmp_path / "task", examples=long, limit=8000), folder, tmp_path / "runs", status=1)
    assert "may take 8000 tokens of 8192: 4 of 4 inputs would lose more than half for it" in done.err
    assert "test:0" in done.err
    assert not journal(tmp_path)
    one = [replace(example, input="a kettle" if example.id != "test:0" else example.input) for example in long]
    task = sub_task(tmp_path / "one", examples=[replace(e, input=f"{e.input} {e.id}") for e in one], limit=8000)
    contexts, form = asked(task, folder, AskedAs(method="generate", shots=0, language="en"))
    assert [prompts.CUT in context for context in contexts] == [True, False, False, False]
    assert form.count(contexts[0]) <= 192


def test_field_case_5_an_input_of_which_nothing_is_left_is_refused_by_row(folder: Path, tmp_path: Path) -> None:
    examples = [replace(example, input="𒀀" * 40 + example.id) for example in rows("choice")]
    twice = {"en": {"instruction": "Say it.", "question": "{{ input }} is {{ input }}\nAnswer:"}}
    sub = loaded(sub_task(tmp_path / "task", examples=examples, prompts=twice))
    form, protocol = encoder_of(folder), AskedAs(method="generate", shots=0, language="en")
    test = splits.build(sub).splits["test"]
    with pytest.raises(PromptError, match="no question fits beside it") as refused:
        prompts.render(sub.id, sub.card, test, protocol, [], form, room=8)
    around = int(str(refused.value).split(" tokens of instruction")[0].split()[-1])
    with pytest.raises(PromptError, match="Nothing of the input of test:0 fits"):
        prompts.render(sub.id, sub.card, test, protocol, [], form, room=around + 8 + sub.card.max_new_tokens)


def test_field_case_5_labels_are_compared_whatever_the_generation_limit(folder: Path, tmp_path: Path) -> None:
    task = sub_task(tmp_path / "task", limit=8192)
    evaluate(task, folder, tmp_path / "runs", "--method", "likelihood")
    record, _ = the_run(tmp_path / "runs")
    assert (record.counts.shortened, record.score.n) == (0, 4)


# --- 6: too long prompts ---

LONG = "the delivery came a week late and nobody answered my letters "
CONTEXT = 2048


@pytest.fixture(scope="module")
def long_shots(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A sub-task of train rows of 400 tokens and one test row that is longer than the context, and such a model."""
    examples = [
        replace(example, input=f"{example.input} {LONG * 34}") if example.split == "train" else example
        for example in rows("choice", train=24)
    ]
    examples = [
        replace(example, input=f"START {LONG * 300}END") if example.id == "test:1" else example for example in examples
    ]
    labels = [
        {"id": "billing", "en": "billing, invoices and whatever else a customer has paid twice", "zh": "账单"},
        {"id": "refund", "zh": "退款"},
    ]
    model = copy_of(folder, "short-context")
    change(model / "config.json", max_position_embeddings=CONTEXT)
    return sub_task(tmp_path_factory.mktemp("long") / "task", examples=examples, labels=labels), model


@pytest.mark.parametrize("method", ["generate", "likelihood"])
def test_field_case_6_instruction_cue_and_whole_shots_survive_and_all_is_counted(
    long_shots: tuple[Path, Path], tmp_path: Path, method: Any
) -> None:
    task, model = long_shots
    done = evaluate(task, model, tmp_path, "--shots", 20, "--method", method)
    record, samples = the_run(tmp_path)
    used = record.protocol.shots
    assert 1 <= used < 5
    assert record.protocol.shots_asked == 20
    assert f"{used} of the 20 few-shot examples fit" in done.out
    assert "1 of 4 answers were given to a prompt whose input was shortened" in done.out
    assert record.counts.shortened == 1
    assert [sample.shortened for sample in samples] == [False, True, False, False]

    contexts, form = asked(task, model, AskedAs(method=method, shots=20, language="en"))
    sub = loaded(task)
    data = splits.build(sub)
    answers = journal(tmp_path)
    settings = {"until": ["\n"], "max_gen_toks": 8, "do_sample": False}
    for context in contexts:
        rests = sub.card.label_names("en") if method == "likelihood" else [settings]
        assert all(key_of(_kind(method), context, rest) in answers for rest in rests)  # this very prompt was asked
        room = max(form.count(str(rest)) for rest in rests) if method == "likelihood" else 8
        assert form.count(context) + room <= CONTEXT + 1
        assert "Answer with one of: billing, invoices" in context
        assert context.endswith("Answer:<|im_end|>\n<|im_start|>assistant\n")
        assert context.count("<|im_start|>assistant\n") == used + 1
        assert all(shot.input in context for shot in data.fewshot[:used])
    assert "START the delivery" in contexts[1]
    assert "letters END\nAnswer:" in contexts[1]

    shots = f"few-shot {used}"
    assert record.protocol.name.endswith(shots)
    for format in ("terminal", "markdown"):
        board = " ".join(att("board", tmp_path, "--plugin", task, "--format", format).out.split())
        assert shots in board
        assert f"{used} of 20 few-shot examples fit" in board
        assert "of 4 rows" in board
        assert "1 with shortened input" in board


def _kind(method: str) -> str:
    return "loglikelihood" if method == "likelihood" else "generate_until"


def test_field_case_6_a_run_of_shortened_inputs_says_so(folder: Path, tmp_path: Path) -> None:
    examples = [replace(example, input=f"{example.input} {LONG * 300}") for example in rows("choice", test=3)]
    model = copy_of(folder, "shorter-context")
    change(model / "config.json", max_position_embeddings=256)
    done = evaluate(sub_task(tmp_path / "task", examples=examples), model, tmp_path / "runs", "--method", "likelihood")
    assert "WARNING: most inputs lost their middle (3 of 3)" in done.err


# --- 8: batch size and padding side ---


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sub-task of rows of 5 to 900 tokens."""
    words = LONG.split()
    made = [
        Example(
            id=f"test:{number}",
            input=" ".join((words * 100)[number % 9 :][:length]) + f" {number}",
            targets=("billing" if number % 2 else "refund",),
            split="test",
            language="en",
        )
        for number, length in enumerate([3, 880, 12, 5, 60, 400, 8, 30, 110, 250])
    ]
    return sub_task(tmp_path_factory.mktemp("uneven") / "task", examples=made)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ours", "plain"])
def test_field_case_8_neither_batch_size_nor_padding_side_changes_answers_or_scores(
    folder: Path, uneven: Path, tmp_path: Path, engine: str
) -> None:
    models = []
    for side in ("left", "right"):
        models.append(copy_of(folder, f"pads-{side}-{engine}"))
        change(models[-1] / "tokenizer_config.json", padding_side=side)
        if engine == "plain":
            change(models[-1] / "config.json", sliding_window=4)
    found: list[dict[str, Any]] = []
    answers = []
    for size in (1, 3, 16):
        root = tmp_path / str(size)
        run_suite(uneven, models, "zero-shot, likelihood", root, "--batch_size", size)
        for model in models:
            values = journal(root, model.name)
            found.append({key: value for key, value in values.items() if not _is_engine(value)})
            written = [the_run(root, model.name, protocol)[1] for protocol in ("zero-shot", "likelihood")]
            answers.append([[sample.answer for sample in samples] for samples in written])
    first = found[0]
    assert len(first) == 10 + 2 * 10
    for values in found:
        assert values.keys() == first.keys()
        for key, value in values.items():
            if isinstance(value, dict):
                assert value == first[key]
            else:
                assert value == [pytest.approx(first[key][0], abs=1e-3), first[key][1]]
    assert all(given == answers[0] for given in answers)
    assert len(set(answers[0][0])) > 3


def _is_engine(value: Any) -> bool:
    """Journals also keep which engine computed what is in them."""
    return isinstance(value, list) and isinstance(value[0], str)


# --- 9 and 3: an adapter under another prompt, and answers that end ---


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """An adapter and what it was tuned with."""

    adapter: Path
    task: Path
    model: Path
    said: str

    def asked(self, command: str, *words: object, status: int = 1) -> Done:
        where = ("--plugin", self.task, "--model", self.model, "--adapter", self.adapter, "--device", "cpu")
        return att(command, "demo/choice", *where, *words, status=status)


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """One that has learnt its six train rows by heart."""
    root = tmp_path_factory.mktemp("tuned")
    model = copy_of(folder, "tuned")
    task = sub_task(root / "task")
    changes = {"epochs": 40, "learning_rate": 0.02, "batch_size": 6, "evaluations": 1}
    words = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
    done = att(
        "tune", "demo/choice", "--plugin", task, "--model", model, "--output_path", root, "--device", "cpu", *words
    )  # fmt: skip
    return Tuned(adapter=Path(done.out.strip()), task=task, model=model, said=done.err)


@pytest.fixture
def template(adapter: Tuned) -> Iterator[Path]:
    """The template of the adapter's base; put back afterwards."""
    file = template_of(adapter.model)
    own = file.read_text()
    yield file
    file.write_text(own)


def test_field_case_9_another_template_is_refused_with_both_prompts(
    adapter: Tuned, template: Path, tmp_path: Path
) -> None:
    added = "You are a careful clerk of the court of appeal; whatever you are told, answer in one word.<|im_end|>"
    template.write_text("{{ '<|im_start|>system\n" + added + "\n' }}" + template.read_text())
    (tmp_path / "in.txt").write_text("one\n")
    for done in (
        adapter.asked("evaluate", "--output_path", tmp_path),
        adapter.asked("predict", "--input", tmp_path / "in.txt"),
    ):
        tuned, now = done.err.split("- asked with ")
        assert "The prompt is not the one that the adapter was tuned with" in tuned
        for shown in (tuned, now):
            assert "\n        'Answer with one of: billing, refund.\\n'\n" in shown
            assert "'{{ input }}\\n'" in shown
            assert "'label: billing'" in shown
        assert "!" not in tuned
        marked = [line for line in now.splitlines() if line.strip().startswith("!")]
        assert len(marked) == 2
        assert "You are a careful clerk of the court of appeal" in marked[1]
        assert "use the prompt, the language and the chat template of the tuning" in now
    assert not list(tmp_path.rglob("record.json"))


def test_field_case_9_a_long_line_is_shown_around_its_first_difference(
    adapter: Tuned, template: Path, tmp_path: Path
) -> None:
    template.write_text(template.read_text().replace("'<|im_end|>'", f"'{'~' * 300}<|im_end|>'"))
    shown = adapter.asked("evaluate", "--output_path", tmp_path).err
    lines = [line for line in shown.splitlines() if line.strip().startswith("!")]
    assert any("! 'Answer:<|im_end|>\\n'" in line for line in lines)
    assert any("! 'Answer:~~~~" in line and line.endswith("~'…") for line in lines)
    assert all(len(line) < 130 for line in lines)


def test_field_case_9_another_language_is_refused_and_the_tuned_prompt_is_not(adapter: Tuned, tmp_path: Path) -> None:
    refused = adapter.asked("evaluate", "--output_path", tmp_path, "--language", "zh").err
    assert "! 'Answer with one of: billing, refund.\\n'" in refused
    assert "! '只回答其中一个：账单、退款。\\n'" in refused
    assert "nor is the base" not in refused
    adapter.asked("evaluate", "--output_path", tmp_path, status=0)


def test_field_case_9_an_older_adapter_has_its_hash_shown_and_can_be_found_again(
    adapter: Tuned, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(adapter.adapter, older)
    info = json.loads((older / "anytasktune.json").read_text())
    words = info["identity"].pop("prompt")
    assert prompts.hash_of(words) == info["identity"]["prompt_hash"]
    assert not any(row.input in words for row in rows("choice"))
    (older / "anytasktune.json").write_text(json.dumps(info))
    where = replace(adapter, adapter=older)
    where.asked("evaluate", "--output_path", tmp_path / "runs", status=0)
    refused = where.asked("evaluate", "--output_path", tmp_path / "runs", "--language", "zh").err
    assert f"tuned with {info['identity']['prompt_hash']}\n" in refused
    assert "'只回答其中一个：账单、退款。\\n'" in refused
    assert "!" not in refused


def test_field_case_9_a_part_of_the_template_that_is_not_used_is_another_base_and_the_same_prompt(
    adapter: Tuned, template: Path, tmp_path: Path
) -> None:
    template.write_text(template.read_text().replace("You are a helpful", "You are a careful"))
    refused = adapter.asked("evaluate", "--output_path", tmp_path).err
    assert "tuned on another base" in refused
    assert "the prompt is the same" in refused


def test_field_case_3_tuned_answers_end_and_the_share_that_did_not_is_printed(adapter: Tuned, tmp_path: Path) -> None:
    assert json.loads((adapter.model / "tokenizer_config.json").read_text())["pad_token"] == "<|im_end|>"
    learnt = [row for row in rows("choice") if row.split == "train"]
    (tmp_path / "in.txt").write_text("\n".join(row.input for row in learnt))
    tuned = adapter.asked("predict", "--input", tmp_path / "in.txt", status=0)
    assert tuned.out.split() == [row.targets[0] for row in learnt]
    assert "0 of 6 answers ran into the limit of 8 tokens" in tuned.err
    base = att(
        "predict", "demo/choice", "--plugin", adapter.task, "--model", adapter.model, "--input", tmp_path / "in.txt"
    )  # fmt: skip
    assert "0 of 6 answers ran" not in base.err


# --- 2: the count of what is learnt ---


def test_field_case_2_the_answer_tokens_that_are_printed_are_those_of_evaluation(
    adapter: Tuned, folder: Path, tmp_path: Path
) -> None:
    spaced = {
        "en": {"instruction": "Answer with a number.", "question": "{{ input }}\nAnswer: "},
        "zh": {"instruction": "回答数字。", "question": "{{ input }}\n答案： "},
    }
    plain = begin_token(folder, "plain-number", template=False, tokenizer=False, chat=False)
    task = sub_task(tmp_path / "task", "number", prompts=spaced)
    for model in (folder, plain):
        done = att(
            "tune", "demo/number", "--plugin", task, "--model", model, "--output_path", tmp_path / "runs",
            "--device", "cpu", "--set", "max_steps=1",
        )  # fmt: skip
        sub, form = loaded(task), encoder_of(model)
        data = splits.build(sub)
        contexts = prompts.render(
            sub.id, sub.card, data.splits["train"], AskedAs(method="generate", shots=0, language="en"), [], form
        ).documents
        space = "" if form.has_chat_template else " "
        learnt = 0
        for document in contexts:
            context, answer = prompts.context(document, [], form, " "), space + document["answer"]
            alone = form.encode(context)
            both = form.encode(context + answer)
            assert both[: len(alone)] == alone
            assert space == "" or both[len(alone) :] == form.encode_pair(context, answer)[1]
            learnt += len(both) - len(alone) + 1
        assert f"6 train rows, {learnt} answer tokens an epoch, 6 of them end the answer" in done.err
    assert "6 train rows, 18 answer tokens an epoch" in adapter.said
