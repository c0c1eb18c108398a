from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from anytasktune import splits
from anytasktune.errors import DataError, UsageError
from anytasktune.examples import DataRequest, Example
from anytasktune.metrics.grading import MeanOfRows
from anytasktune.recipes import CHOICE
from anytasktune.splits import build, share_of, union_leaks
from anytasktune.subtask import SubTask

LONG = "the committee decided to keep the target range for the federal funds rate where it was in the spring"

MakeTask = Callable[..., SubTask]


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    """A sub-task over given rows; further keywords are keys of its card."""
    made = iter(range(1000))

    def make(rows: Iterable[Any], **card: Any) -> SubTask:
        metadata = {
            "id": "demo/routing",
            "version": 1,
            "title": "A message to its queue",
            "kind": "choice",
            "languages": ["en"],
            "prompt_language": "en",
            "prompts": {"en": {"instruction": "Which queue?", "question": "{{ input }}\nQueue:"}},
            "labels": [{"id": "spam"}, {"id": "ham"}],
            "licence": "CC0",
            "source": {"citation": "written for this test"},
            "wrong_answer_costs": "nothing",
            **card,
        }
        path = tmp_path / f"card-{next(made)}.yaml"
        generation = {"until": ["\n"], "max_gen_toks": 8}
        path.write_text(yaml.safe_dump({"metadata": metadata, "generation_kwargs": generation}), encoding="utf-8")
        kept = list(rows)
        return SubTask(
            id=metadata["id"],
            yaml=path,
            build=lambda _: iter(kept),
            metric=MeanOfRows(),
            recipe=CHOICE,  # type: ignore[arg-type]  # never graded here
        )

    return make


def rows(split: str, *texts: str, label: str = "spam", **more: Any) -> list[Example]:
    return [
        Example(id=f"{split or 'row'}:{n}", input=text, targets=(label,), split=split, **more)  # type: ignore[arg-type]
        for n, text in enumerate(texts)
    ]


def ids(examples: Sequence[Example]) -> list[str]:
    return [example.id for example in examples]


def numbered(count: int, **more: Any) -> list[Example]:
    return rows("", *(f"message number {n} about thing {n * n}" for n in range(count)), **more)


SHARES = {"shares": {"train": 0.6, "validation": 0.1, "test": 0.3}}


# --- leaks and duplicates -----


def test_train_loses_what_test_or_validation_has_and_test_loses_nothing(make_task: MakeTask) -> None:
    data = build(
        make_task(
            rows("train", "Where is it?", "call me", "win money now", LONG + " again", "free")
            + rows("validation", "Call  me!", "ok then", "WHERE IS IT")
            + rows("test", "where is it", "where is it", LONG)
        )
    )
    assert ids(data.splits["test"]) == ["test:0", "test:1", "test:2"]
    assert ids(data.splits["validation"]) == ["validation:0", "validation:1"]
    assert ids(data.splits["train"]) == ["train:2", "train:4"]
    assert [(leak.id, leak.of, leak.how) for leak in data.report.leaks] == [
        ("validation:2", "test:0", "exact"),
        ("train:0", "test:0", "exact"),
        ("train:1", "validation:0", "exact"),
        ("train:3", "test:2", "near"),
    ]
    assert data.report.leaks_removed == 4


def test_all_keeps_every_published_row_unaltered_and_in_order(make_task: MakeTask) -> None:
    published = rows("test", "same", "same") + rows("train", " Same ", "other")
    data = build(make_task(published))
    assert data.all == tuple(published)
    assert data.report.rows == 4
    assert data.report.exact_duplicates == 2


def test_a_group_in_two_published_splits_is_a_leak(make_task: MakeTask) -> None:
    published = [
        *(replace(row, group="case 1") for row in rows("train", "the thief ran", "the thief hid")),
        *rows("train-b", "nothing to see"),
        *(replace(row, group="case 1") for row in rows("test", "what did the thief take")),
    ]
    published[2] = replace(published[2], split="train", group="case 2")
    data = build(make_task(published))
    assert ids(data.splits["train"]) == ["train-b:0"]
    assert {leak.how for leak in data.report.leaks} == {"group"}


def test_field_case_23_same_text_in_train_and_test_differing_in_case_spaces_or_width(
    make_task: MakeTask,
) -> None:
    texts = [f"Please refund order {n}, it never came to the house number {n}" for n in range(30)]
    wide = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
    again = [f"  {text.lower()} ".translate(wide) for text in texts]
    second = [replace(row, targets=("ham",)) if n < 10 else row for n, row in enumerate(rows("test", *again))]
    data = build(make_task(rows("train", *texts, "something else") + second))
    assert data.report.exact_duplicates == 30
    assert data.report.leaks_removed == 30
    assert data.report.conflicts == tuple((f"train:{n}", f"test:{n}") for n in range(10))
    assert data.report.counts == {"train": 1, "validation": 0, "test": 30}


def test_union_over_several_sub_tasks_finds_what_one_of_them_tests(make_task: MakeTask) -> None:
    salted = {**SHARES, "salt": "cases"}
    one = build(make_task(rows("train", "alpha beta", "gamma", LONG) + rows("test", "delta"), splits=salted))
    grouped = [replace(row, group="case 7") for row in rows("train", "first fact")]
    two = build(make_task(grouped + rows("test", "Alpha, beta.", LONG + " again"), id="demo/other", splits=salted))
    three = build(
        make_task([replace(row, group="case 7") for row in rows("test", "x")], id="demo/third", splits=salted)
    )
    leaks = union_leaks([one, two], [one, two, three])
    assert [(leak.task, leak.id, leak.of_task, leak.of, leak.how) for leak in leaks] == [
        ("demo/routing", "train:0", "demo/other", "test:0", "exact"),
        ("demo/routing", "train:2", "demo/other", "test:1", "near"),
        ("demo/other", "train:0", "demo/third", "test:0", "group"),
    ]
    elsewhere = build(make_task([replace(row, group="case 7") for row in rows("test", "y")], id="demo/fourth"))
    assert union_leaks([two], [elsewhere]) == ()


# --- splitting -----


def test_new_rows_never_move_old_ones(make_task: MakeTask) -> None:
    few = build(make_task(numbered(200), splits=SHARES))
    many = build(make_task(list(reversed(numbered(400))), splits=SHARES))
    for name in ("train", "validation", "test"):
        assert set(ids(few.splits[name])) <= set(ids(many.splits[name]))  # type: ignore[index]


def test_shares_are_about_as_asked(make_task: MakeTask) -> None:
    counts = build(make_task(numbered(3000), splits=SHARES)).report.counts
    assert counts["train"] == pytest.approx(1800, abs=90)
    assert counts["validation"] == pytest.approx(300, abs=60)
    assert counts["test"] == pytest.approx(900, abs=90)


def test_groups_stay_together(make_task: MakeTask) -> None:
    grouped = [replace(row, group=f"case {n // 5}") for n, row in enumerate(numbered(300))]
    data = build(make_task(grouped, splits=SHARES))
    where = [{example.group for example in data.splits[name]} for name in splits.SPLITS]
    assert sum(len(groups) for groups in where) == 60
    assert data.report.leaks == ()


def test_sub_tasks_with_one_salt_and_one_group_key_split_alike(make_task: MakeTask) -> None:
    salted = {**SHARES, "salt": "cases"}
    one = build(make_task([replace(row, group=f"g{row.id}") for row in numbered(100)], splits=salted))
    other_rows = [replace(row, input=f"other {row.input}", group=f"g{row.id}") for row in numbered(100)]
    two = build(make_task(other_rows, id="demo/other", splits=salted))
    unlike = build(make_task(other_rows, id="demo/third", splits=SHARES))
    assert {n: ids(part) for n, part in one.splits.items()} == {n: ids(part) for n, part in two.splits.items()}
    assert ids(one.splits["test"]) != ids(unlike.splits["test"])


def test_validation_comes_out_of_train_only_where_none_was_published(make_task: MakeTask) -> None:
    train = [replace(row, split="train") for row in numbered(1000)]
    carve = {"validation_from_train": 0.1}
    carved = build(make_task(train + rows("test", "x"), splits=carve)).report.counts
    assert carved["validation"] == pytest.approx(100, abs=40)
    assert carved["train"] + carved["validation"] == 1000
    published = build(make_task(train + rows("test", "x") + rows("validation", "y"), splits=carve)).report.counts
    assert published == {"train": 1000, "validation": 1, "test": 1}


def test_share_is_the_same_on_every_machine() -> None:
    # printf 'lawbench\\0盗窃' | sha256sum, its first 16 digits
    assert share_of("lawbench", "盗窃") == pytest.approx(0xDE80846072777804 / 2**64, abs=1e-12)


def test_rows_without_split_and_without_shares_are_refused(make_task: MakeTask) -> None:
    with pytest.raises(DataError, match="have no split"):
        build(make_task(numbered(3)))


# --- rows -----


def test_all_bad_rows_are_named_at_once(make_task: MakeTask) -> None:
    bad = [
        Example(id="a:0", input=" \u200b ", targets=("spam",), split="test"),
        Example(id="no row number", input="x", targets=("spam",), split="test"),
        Example(id="a:1", input="x", targets=("spam", "ham"), split="test"),
        Example(id="a:1", input="x", targets=("eggs",), split="test"),
        Example(id="a:2", input="x", targets=("spam",), split="dev"),  # type: ignore[arg-type]
        Example(id="a:3", input="half \ud83d", targets=("spam",), split="test"),
        Example(id="a:4", input="x", targets="spam", split="test"),  # type: ignore[arg-type]
        Example(id="a:5", input=None, targets=("spam",), split="test"),  # type: ignore[arg-type]
        "not an example",
    ]
    with pytest.raises(DataError) as caught:
        build(make_task([*rows("train", "good"), *bad]))
    assert "9 of 10 rows" in caught.value.problem
    evidence = "\n".join(caught.value.evidence)
    for said in (
        "a:0 (row 1): the input is empty",
        "its id is not <prefix>:<row>",
        "one target, not 2",
        "label 'eggs' is not on the card; its id is that of row 3",
        "split 'dev'",
        "half of a surrogate pair",
        "targets is str",
        "input is NoneType",
        "the builder yields str",
    ):
        assert said in evidence


def test_bad_rows_are_skipped_and_counted_when_the_card_says_so(make_task: MakeTask) -> None:
    published = [*rows("test", "good", "", "good too"), *rows("train", "x", label="eggs")]
    data = build(make_task(published, splits={"on_bad_row": "skip"}))
    assert ids(data.all) == ["test:0", "test:2"]
    assert data.report.skipped == 2
    assert [(row.number, row.id) for row in data.report.bad_rows] == [(1, "test:1"), (3, "train:0")]
    assert data.report.empty_inputs == ("test:1",)
    assert data.report.labels_outside_card == {"eggs": 1}


def test_field_case_22_one_class_in_several_spellings_is_shown_with_counts_and_not_merged(
    make_task: MakeTask,
) -> None:
    spelt = ["ham"] * 3 + ["spam"] * 4 + ["Spam"] * 2 + ["smishing"] * 2 + ["Smishing"]
    published = [
        Example(id=f"t:{n}", input=f"message {n}", targets=(label,), split="test") for n, label in enumerate(spelt)
    ]
    strict = make_task(published, labels=[{"id": "ham"}, {"id": "spam"}, {"id": "smishing"}])
    with pytest.raises(DataError) as caught:
        build(strict)
    assert "'Spam' (2), 'spam' (4)" in "\n".join(caught.value.evidence)
    labels = [{"id": name} for name in ("ham", "spam", "Spam", "smishing", "Smishing")]
    data = build(make_task(published, labels=labels))
    assert data.report.label_spellings == ((("Smishing", 1), ("smishing", 2)), (("Spam", 2), ("spam", 4)))
    assert {example.targets[0] for example in data.all} == set(spelt)


def test_field_case_36_empty_references_are_said_by_row_and_are_no_error(make_task: MakeTask) -> None:
    published = [
        Example(id="t:0", input="a", targets=("",), split="test"),
        Example(id="t:1", input="b", targets=("…",), split="test"),
        Example(id="t:2", input="c", targets=("Paris", "???"), split="test"),
        Example(id="t:3", input="d", targets=("fine",), split="test"),
    ]
    data = build(make_task(published, kind="text", labels=[]))
    assert data.report.empty_targets == ("t:0", "t:1", "t:2")
    with pytest.raises(DataError, match="no reference"):
        build(make_task([Example(id="t:0", input="a", targets=(), split="test")], kind="text", labels=[]))


@pytest.mark.parametrize("numeral", ["42", "-3", "3.14", "1e3", "9,500", "９５００", ".5"])
def test_numerals_are_taken(make_task: MakeTask, numeral: str) -> None:
    row = Example(id="t:0", input="how many", targets=(numeral,), split="test")
    assert build(make_task([row], kind="number", labels=[])).all == (row,)


@pytest.mark.parametrize("text", ["", "many", "4 apples", "1,2", "nan", "e3", "-"])
def test_what_is_no_numeral_is_refused(make_task: MakeTask, text: str) -> None:
    row = Example(id="t:0", input="how many", targets=(text,), split="test")
    with pytest.raises(DataError, match="is not a number"):
        build(make_task([row], kind="number", labels=[]))


def test_label_sets_may_be_empty_or_open_and_spans_need_a_type(make_task: MakeTask) -> None:
    none = Example(id="t:0", input="x", targets=(), split="test")
    open_set = Example(id="t:1", input="y", targets=("anything",), split="test")
    assert build(make_task([none, open_set], kind="labels", labels=[])).report.rows == 2
    with pytest.raises(DataError, match="is not on the card"):
        build(make_task([open_set], kind="labels"))
    with pytest.raises(DataError, match="<type>: <text>"):
        build(make_task([open_set], kind="extract", labels=[]))


def test_no_rows_at_all_is_an_error(make_task: MakeTask) -> None:
    with pytest.raises(DataError, match="no usable row"):
        build(make_task([]))


# --- few-shot order -----


def test_few_shot_examples_show_every_class_in_turn(make_task: MakeTask) -> None:
    published = rows("train", *(f"spam {n}" for n in range(20))) + [
        replace(row, id=f"ham:{n}") for n, row in enumerate(rows("train", "a", "b", "c", label="ham"))
    ]
    shots = build(make_task(published)).fewshot
    assert [shot.targets[0] for shot in shots[:6]] == ["spam", "ham"] * 3
    assert sorted(ids(shots)) == sorted(ids(published))
    assert shots == build(make_task(list(reversed(published)))).fewshot


def test_few_shot_examples_of_bilingual_data_show_both_languages(make_task: MakeTask) -> None:
    published = [
        Example(
            id=f"{label}-{language}:{n}",
            input=f"{label} {language} {n}",
            targets=(label,),
            split="train",
            language=language,
        )
        for label in ("spam", "ham")
        for language in ("en", "zh")
        for n in range(5)
    ]
    prompts = {language: {"instruction": "i", "question": "{{ input }}"} for language in ("en", "zh")}
    card = {"languages": ["en", "zh"], "prompts": prompts}
    shots = build(make_task(published, **card)).fewshot
    assert [(shot.targets[0], shot.language) for shot in shots[:4]] == [
        ("spam", "en"),
        ("ham", "zh"),
        ("spam", "zh"),
        ("ham", "en"),
    ]
    text = build(make_task(published, kind="text", labels=[], **card)).fewshot
    assert [shot.language for shot in text[:4]] == ["en", "zh", "en", "zh"]


# --- fingerprint and version -----


def test_fingerprint_does_not_depend_on_the_order_of_rows(make_task: MakeTask) -> None:
    published = numbered(50)
    one, two = build(make_task(published, splits=SHARES)), build(make_task(published[::-1], splits=SHARES))
    assert one.fingerprint == two.fingerprint


@pytest.mark.parametrize(
    "change", [{"targets": ("ham",)}, {"input": "else"}, {"split": "test"}, {"group": "g"}, {"id": "train:9"}]
)
def test_fingerprint_changes_with_content(make_task: MakeTask, change: dict[str, Any]) -> None:
    published = rows("train", "a", "b") + rows("test", "c")
    changed = [replace(published[0], **change), *published[1:]]
    assert build(make_task(published)).fingerprint != build(make_task(changed)).fingerprint


def test_fingerprint_is_the_same_in_another_process_with_another_hash_seed() -> None:
    code = (
        "from anytasktune.examples import Example\nfrom anytasktune.splits import fingerprint_of\n"
        "rows = [Example(id=f'r:{n}', input=f'text {n}', targets=('x',)) for n in range(9)]\n"
        "print(fingerprint_of(rows, {'test': rows[:4], 'train': rows[5:]}, 1, ''))"
    )
    seeds = ("0", "1")
    path = str(Path(splits.__file__).parents[1])
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
    assert len(printed) == 1


def test_field_case_26_data_that_changed_without_a_new_version_are_an_error(
    tmp_path: Path, make_task: MakeTask
) -> None:
    source = tmp_path / "rows.txt"
    source.write_text("spam\twin money\nham\tsee you\n", encoding="utf-8")

    def read(_: DataRequest) -> Iterable[Example]:
        for n, line in enumerate(source.read_text(encoding="utf-8").splitlines()):
            label, text = line.split("\t")
            yield Example(id=f"rows:{n}", input=text, targets=(label,), split="test")

    first = build(replace(make_task([]), build=read)).fingerprint
    published = replace(make_task([], fingerprints={"1": first}), build=read)
    assert build(published).fingerprint == first
    source.write_text("ham\twin money\nham\tsee you\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        build(published)
    assert first in str(caught.value)
    assert build(replace(make_task([]), build=read)).fingerprint in str(caught.value)
    assert "raise metadata.version" in caught.value.fix
    raised = replace(make_task([], version=2, fingerprints={"1": first}), build=read)
    assert build(raised).fingerprint != first


def test_field_case_26_a_changed_builder_is_seen_although_the_file_is_the_same(make_task: MakeTask) -> None:
    task = make_task(rows("test", " padded "))
    stripped = replace(
        task, build=lambda _: [replace(row, input=row.input.strip()) for row in rows("test", " padded ")]
    )
    assert build(task).fingerprint != build(stripped).fingerprint


def test_each_variant_has_its_own_fingerprint_and_an_unknown_one_is_refused(make_task: MakeTask) -> None:
    task = make_task(rows("test", "x"), variants=["seed-7"], fingerprints={"1/seed-7": "0" * 16})
    build(task)
    with pytest.raises(DataError, match="changed without a new version"):
        build(task, DataRequest(variant="seed-7"))
    with pytest.raises(UsageError, match="seed-7"):
        build(task, DataRequest(variant="seed-8"))
