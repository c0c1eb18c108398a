from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anytasktune import dataset_store
from anytasktune.dataset_store import load, save
from anytasktune.errors import DataError
from anytasktune.examples import Example
from anytasktune.leaks import Leak
from anytasktune.row_checks import BadRow
from anytasktune.splits import BuildReport, DataSet, fingerprint_of


def data_set(label: str = "001") -> DataSet:
    train = (Example(id="a:0", input="çedilla \u202e and\r\nline", targets=(label,), slices={"register": "chat"}),)
    test = (Example(id="a:1", input="甲", targets=("x", ""), split="test", group="g", language="zh"),)
    lost = (Example(id="a:2", input="甲", targets=()),)
    splits: dict[Any, Any] = {"train": train, "validation": (), "test": test}
    leak = Leak(task="d/t", split="train", id="a:2", of_task="d/t", of_split="test", of="a:1", how="exact")
    report = BuildReport(
        rows=4,
        counts={"train": 1, "validation": 0, "test": 1},
        bad_rows=(BadRow(number=3, id="a:3", reason="the input is empty"),),
        exact_duplicates=1,
        near_duplicates=0,
        leaks=(leak,),
        conflicts=(("a:1", "a:2"),),
        empty_inputs=("a:3",),
        empty_targets=("a:1",),
        label_spellings=((("X", 1), ("x", 2)),),
        labels_outside_card={"y": 1},
    )
    return DataSet(
        id="d/t",
        version=1,
        variant="v",
        source="",
        group_scope="d/t",
        fingerprint=fingerprint_of((*train, *test, *lost), splits, 1, "v"),
        splits=splits,
        all=(*train, *test, *lost),
        fewshot=train,
        report=report,
    )


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    data = data_set()
    assert load(save(data, tmp_path / "new" / "data")) == data


def test_same_data_give_same_bytes(tmp_path: Path) -> None:
    one, two = save(data_set(), tmp_path / "one"), save(data_set(), tmp_path / "two")
    names = sorted(path.name for path in one.iterdir())
    assert names == ["all.parquet", "report.json", "test.parquet", "train.parquet", "validation.parquet"]
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_saving_again_replaces_the_whole_folder_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    save(data_set(), folder)
    (folder / "stale.parquet").write_bytes(b"old")
    save(data_set("002"), folder)
    assert load(folder).splits["train"][0].targets == ("002",)
    assert not (folder / "stale.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_write_that_fails_leaves_the_old_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save(data_set(), tmp_path / "data")
    write = dataset_store._write

    def full_disk(path: Path, content: bytes) -> None:
        if path.name == "report.json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(dataset_store, "_write", full_disk)
    with pytest.raises(DataError, match="No space left"):
        save(data_set("002"), folder)
    assert load(folder) == data_set()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_with_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(DataError, match="is no data set"):
        save(data_set(), tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_rows_changed_by_hand_are_noticed(tmp_path: Path) -> None:
    folder, other = save(data_set(), tmp_path / "data"), save(data_set("002"), tmp_path / "other")
    for name in ("train.parquet", "all.parquet"):
        (folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(DataError, match="was changed after it was built"):
        load(folder)


@pytest.mark.parametrize("name", ["all.parquet", "test.parquet", "report.json"])
def test_a_missing_or_torn_file_is_named(tmp_path: Path, name: str) -> None:
    folder = save(data_set(), tmp_path / "data")
    (folder / name).write_bytes((folder / name).read_bytes()[:20])
    with pytest.raises(DataError, match=name):
        load(folder)
    (folder / name).unlink()
    with pytest.raises(DataError):
        load(folder)


def test_another_format_is_refused(tmp_path: Path) -> None:
    folder = save(data_set(), tmp_path / "data")
    contents = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (folder / "report.json").write_text(json.dumps({**contents, "format": 99}), encoding="utf-8")
    with pytest.raises(DataError, match="format"):
        load(folder)
