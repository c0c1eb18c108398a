"""Splits, spellings, duplicates and conflicts: what is found is said by row, nothing is mended in silence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from scaffolded import as_csv, as_jsonl, drafted, evidence, guess, loaded, texts, written

from anytasktune import splits
from anytasktune.errors import DataError, UsageError
from anytasktune.splits import share_of

SPELT = ["ham"] * 30 + ["spam"] * 12 + ["Spam"] * 5 + ["smishing"] * 9 + ["Smishing"] * 4


def spam(path: Path, labels: list[str] = SPELT) -> Path:
    return as_csv(path, [["text", "label"], *map(list, zip(texts(len(labels)), labels, strict=True))])


def test_field_case_22_spellings_are_shown_with_counts_and_nothing_is_merged(tmp_path: Path) -> None:
    draft = drafted(spam(tmp_path / "mine.csv"))
    found = evidence(draft, "5 spellings of 3 labels")
    assert found == ("'spam' × 12, 'Spam' × 5", "'smishing' × 9, 'Smishing' × 4")
    assert {label.id: label.rows for label in draft.labels} == Counter(SPELT)
    task = loaded(written(draft, tmp_path / "out"))
    assert Counter(row.targets[0] for row in splits.build(task).all) == Counter(SPELT)
    readme = (tmp_path / "out" / "mine" / "README.md").read_text(encoding="utf-8")
    assert "'smishing' × 9, 'Smishing' × 4" in readme


@pytest.mark.parametrize("other", ["spam ", " SPAM", "ｓｐａｍ", "spam\u200b"])
def test_field_case_22_space_width_and_what_cannot_be_seen_are_spellings_too(other: str, tmp_path: Path) -> None:
    draft = drafted(spam(tmp_path / "mine.csv", ["ham"] * 20 + ["spam"] * 10 + [other] * 3))
    assert evidence(draft, "3 spellings of 2 labels") == (f"'spam' × 10, {other!r} × 3",)
    assert other in {label.id for label in draft.labels}


def test_field_case_22_spellings_are_merged_when_asked_for_and_it_is_said(tmp_path: Path) -> None:
    draft = drafted(spam(tmp_path / "mine.csv", [*SPELT, " ham"]), merge_spellings=True)
    assert {label.id: label.rows for label in draft.labels} == {"ham": 31, "smishing": 13, "spam": 17}
    assert evidence(draft, "merged into 'spam'") == ("'spam' × 12", "'Spam' × 5")
    assert not [finding for finding in draft.findings if "spellings of" in finding.what]


def test_a_lone_label_with_space_around_it_is_shown(tmp_path: Path) -> None:
    draft = drafted(spam(tmp_path / "mine.csv", ["ham", "spam "] * 10))
    assert evidence(draft, "space around") == ("'spam ' × 10",)
    merged = drafted(spam(tmp_path / "mine.csv", ["ham", "spam "] * 10), merge_spellings=True)
    assert [label.id for label in merged.labels] == ["ham", "spam"]


def folded_copy(text: str) -> str:
    """The same text with other case, spaces and width."""
    return "  " + text.upper().replace("NUMBER", "Ｎｕｍｂｅｒ") + " "


def test_field_case_23_repeated_texts_and_conflicts_are_counted_and_named_by_row(tmp_path: Path) -> None:
    plain = texts(60)
    labels = ["ham"] * 30 + ["spam"] * 30
    copies = [(folded_copy(text), label) for text, label in zip(plain[:30], labels, strict=False)]
    copies = [(text, "spam" if place < 10 else label) for place, (text, label) in enumerate(copies)]
    rows = [["text", "label"], *map(list, zip(plain, labels, strict=True)), *map(list, copies)]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows))
    repeated = evidence(draft, "stand more than once")
    assert len(repeated) == 30
    assert repeated[4] == "row 4 (line 6) = row 64 (line 66)"
    conflicts = evidence(draft, "different targets: 10")
    assert conflicts[0] == "row 0 (line 2) 'ham' / row 60 (line 62) 'spam'"
    report = splits.build(loaded(written(draft, tmp_path / "out"))).report
    assert (report.exact_duplicates, len(report.conflicts), report.leaks_removed) == (30, 10, 0)


def test_field_case_23_train_loses_what_test_has_where_the_file_says_the_split(tmp_path: Path) -> None:
    plain = texts(40)
    rows = [[text, "ab"[n % 2], "train"] for n, text in enumerate(plain)]
    rows += [[folded_copy(plain[n]), "ab"[n % 2], "test" if n < 6 else "dev"] for n in range(10)]
    rows.append([folded_copy(plain[0]), "a", "valid"])
    draft = drafted(as_csv(tmp_path / "mine.csv", [["text", "label", "split"], *rows]))
    assert "train 40, validation 5, test 6 (column 'split')" in guess(draft, "split")
    lost = evidence(draft, "takes out of train or validation, since a scored row says the same: 11")
    assert lost[0] == "row 0 (line 2) of train, which stands in test and validation"
    assert lost[1] == "row 50 (line 52) of validation, which stands in test"
    data = splits.build(loaded(written(draft, tmp_path / "out")))
    assert data.report.leaks_removed == 11
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 30, "validation": 4, "test": 6}


def test_two_right_texts_for_one_input_are_no_conflict(tmp_path: Path) -> None:
    rows = [{"question": text, "answer": f"words about {text} {n}"} for n in range(2) for text in texts(10)]
    draft = drafted(as_jsonl(tmp_path / "mine.jsonl", rows))
    assert len(evidence(draft, "stand more than once")) == 10
    assert "different targets" not in str(draft.findings)


# --- splits ---


def test_a_row_that_is_added_later_moves_no_other(tmp_path: Path) -> None:
    rows = [[text, "ab"[n % 2]] for n, text in enumerate(texts(80))]
    head = [["text", "label"]]
    before = {row.input: row.split for row in drafted(as_csv(tmp_path / "a.csv", head + rows[:60])).rows}
    after = {row.input: row.split for row in drafted(as_csv(tmp_path / "b.csv", head + rows[::-1])).rows}
    assert before.items() <= after.items()
    assert set(before.values()) == {"train", "validation", "test"}
    for text, split in after.items():
        from anytasktune.near_duplicates import comparison_key

        place = share_of("demo/mine", comparison_key(text))
        assert split == ("test" if place < 0.3 else "validation" if place < 0.4 else "train")


@pytest.mark.parametrize("count", [3, 4, 7, 12])
def test_few_rows_still_fill_every_split(count: int, tmp_path: Path) -> None:
    rows = [["text", "label"], *([text, "ab"[n % 2]] for n, text in enumerate(texts(count)))]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows))
    counts = Counter(row.split for row in draft.rows)
    assert min(counts[split] for split in ("train", "validation", "test")) >= 1
    assert counts.total() == count


def test_rows_of_one_group_stand_in_one_split(tmp_path: Path) -> None:
    rows = [["text", "label", "case"], *([text, "ab"[n % 2], f"case {n // 4}"] for n, text in enumerate(texts(80)))]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows), group="case")
    found: dict[str, set[str]] = {}
    for row in draft.rows:
        found.setdefault(row.group, set()).add(row.split)
    assert len(found) == 20
    assert all(len(where) == 1 for where in found.values())
    data = splits.build(loaded(written(draft, tmp_path / "out")))
    assert {row.group for row in data.all} == set(found)
    assert data.report.leaks == ()


def test_the_published_split_is_kept_and_validation_taken_from_train_where_there_is_none(tmp_path: Path) -> None:
    rows = [
        ["text", "label", "Split"],
        *([text, "ab"[n % 2], "Train" if n % 4 else "TEST"] for n, text in enumerate(texts(80))),
    ]
    draft = drafted(as_csv(tmp_path / "mine.csv", rows))
    assert "validation is 10 % of train, taken when the data are built" in guess(draft, "split")
    task = loaded(written(draft, tmp_path / "out"))
    data = splits.build(task)
    assert (task.card.splits.validation_from_train, len(data.splits["test"])) == (0.1, 20)
    assert 1 <= len(data.splits["validation"]) <= 15
    assert len(data.splits["train"]) + len(data.splits["validation"]) == 60


def test_a_split_column_without_test_or_with_strange_names(tmp_path: Path) -> None:
    rows = [[text, "ab"[n % 2], "train"] for n, text in enumerate(texts(20))]
    with pytest.raises(DataError, match="puts no row in test"):
        drafted(as_csv(tmp_path / "a.csv", [["text", "label", "split"], *rows]))
    rows[3][2] = "holdout"
    draft = drafted(as_csv(tmp_path / "b.csv", [["text", "label", "split"], *rows]))
    assert "column 'split' is not taken for the split: it holds 'holdout'" in draft.notes
    assert "by the hash" in guess(draft, "split")


def test_labels_that_a_split_lacks_and_a_class_that_most_rows_have_are_said(tmp_path: Path) -> None:
    rows = [[text, "ham" if n > 1 else f"rare{n}", "train" if n % 2 else "test"] for n, text in enumerate(texts(20))]
    draft = drafted(as_csv(tmp_path / "mine.csv", [["text", "label", "split"], *rows]), kind="choice")
    assert evidence(draft, "without a row in train") == ("'rare0'",)
    assert evidence(draft, "without a row in test") == ("'rare1'",)
    assert evidence(draft, "90 % of the rows are 'ham'") == ()


def test_rows_that_say_nothing_are_left_out_and_named(tmp_path: Path) -> None:
    rows = [[text, "ab"[n % 2]] for n, text in enumerate(texts(20))]
    for number, (text, label) in {
        2: ("", "a"),
        4: (" \t", "a"),
        6: ("\u200b", "b"),
        8: ("?", "b"),
        9: ("x", " "),
    }.items():
        rows[number] = [text, label]
    draft = drafted(as_csv(tmp_path / "mine.csv", [["text", "label"], *rows]))
    assert evidence(draft, "left out: 4 of 20") == (
        "row 2 (line 4): the input is empty",
        "row 4 (line 6): the input is empty",
        "row 6 (line 8): the input is empty",
        "row 9 (line 11): the target is empty",
    )
    assert splits.build(loaded(written(draft, tmp_path / "out"))).report.bad_rows == ()


def test_codes_without_names_are_said(tmp_path: Path) -> None:
    rows = [["text", "label"], *([text, str(n % 2)] for n, text in enumerate(texts(20)))]
    assert evidence(drafted(as_csv(tmp_path / "mine.csv", rows)), "labels are codes") == ()


def test_columns_are_kept_as_slices_when_asked_for(tmp_path: Path) -> None:
    rows = [
        ["text", "label", "语域", "hard"],
        *([text, "ab"[n % 2], ["chat", "mail"][n % 3 > 0], "1"] for n, text in enumerate(texts(20))),
    ]
    path = as_csv(tmp_path / "mine.csv", rows)
    assert "'语域', 'hard'" in guess(drafted(path), "not used")
    data = splits.build(loaded(written(drafted(path, slices=["语域"]), tmp_path / "out")))
    assert Counter(row.slices["语域"] for row in data.all) == {"mail": 13, "chat": 7}
    clash = as_csv(
        tmp_path / "clash.csv",
        [["text", "label", "language"], *([text, "ab"[n % 2], "x"] for n, text in enumerate(texts(9)))],
    )
    with pytest.raises(UsageError, match="cannot be called 'language'"):
        drafted(clash, slices=["language"])
