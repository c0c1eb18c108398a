from __future__ import annotations

import json
from pathlib import Path

import pytest

from anytasktune import authoring, plugins, splits
from anytasktune.authoring import Example, rows
from anytasktune.errors import DataError

FACE = """
CHOICE EXTRACT LABELS NUMBER SPLITS TEXT
DataRequest Example Grade MeanOfRows Metric PinnedFile Recipe SubTask
hookimpl metric rows
""".split()


def test_the_public_face_is_locked() -> None:
    assert sorted(FACE) == sorted(authoring.__all__)
    assert all(hasattr(authoring, name) for name in FACE)


def table(folder: Path, *lines: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_of_a_table_are_examples(tmp_path: Path) -> None:
    path = table(tmp_path, "text,label,part,case,who", "Hello,001,train,7,me", '"a, b",NA,DEV,,you', name="my rows.csv")
    found = list(rows(path, input="text", target="label", split="part", group="case", slices=["who"]))
    assert found == [
        Example(id="my-rows:0", input="Hello", targets=("001",), split="train", group="7", slices={"who": "me"}),
        Example(id="my-rows:1", input="a, b", targets=("NA",), split="validation", group="", slices={"who": "you"}),
    ]


def test_lists_are_several_targets_and_cells_are_set_apart_by_a_separator(tmp_path: Path) -> None:
    lines = [json.dumps({"input": "x", "target": target}) for target in (["a", "b"], [], "c", None, 1.5, True)]
    path = table(tmp_path, *lines, name="t.jsonl")
    assert [row.targets for row in rows(path)] == [("a", "b"), (), ("c",), ("",), ("1.5",), ("true",)]
    path = table(tmp_path, "input,target", "x,a; b;", "y,")
    assert [row.targets for row in rows(path, separator=";")] == [("a", "b"), ()]
    assert [row.targets for row in rows(path)] == [("a; b;",), ("",)]


def test_the_split_is_given_by_name_or_by_column(tmp_path: Path) -> None:
    path = table(tmp_path, "input,target,where", "x,a,training", "y,b,elsewhere", "z,c,")
    assert [row.split for row in rows(path)] == ["", "", ""]
    assert [row.split for row in rows(path, split="test")] == ["test"] * 3
    assert [row.split for row in rows(path, split="where")] == ["train", "elsewhere", ""]  # named as bad by the build
    with pytest.raises(DataError, match="no column 'tets'"):
        list(rows(path, split="tets"))


def test_a_column_that_is_not_there_and_a_value_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean text"):
        list(rows(table(tmp_path, "text,label", "x,y"), input="txet", target="label"))
    path = table(tmp_path, '{"input": "x", "target": "a"}', '{"input": {"y": 1}, "target": "a"}', name="t.jsonl")
    with pytest.raises(DataError, match=r"row 1 of t\.jsonl, line 2"):
        list(rows(path))


MINIMAL = """\
from pathlib import Path
from anytasktune.authoring import CHOICE, SubTask, hookimpl, metric, rows

YAML, TABLE = (Path(__file__).with_suffix(suffix) for suffix in (".yaml", ".csv"))

@hookimpl
def register_subtasks():
    build = lambda request: rows(TABLE, input="text", target="label")
    return [SubTask(id="demo/choice", yaml=YAML, build=build, metric=metric("accuracy", YAML), recipe=CHOICE)]
"""


def test_nine_lines_are_a_plugin(tmp_path: Path) -> None:
    from demo_tasks import metadata, yaml_text

    assert len(MINIMAL.splitlines()) == 9
    shares = {"train": 0.5, "validation": 0.2, "test": 0.3}
    card = metadata("choice", splits={"shares": shares})
    (tmp_path / "mood.yaml").write_text(yaml_text(card), encoding="utf-8")
    table(
        tmp_path,
        "text,label",
        *(f"row {n * 7} says this,{['billing', 'refund'][n % 2]}" for n in range(30)),
        name="mood.csv",
    )
    (tmp_path / "mood.py").write_text(MINIMAL, encoding="utf-8")
    data = splits.build(plugins.load([tmp_path / "mood.py"]).subtasks["demo/choice"])
    assert (len(data.all), data.all[3].id, data.all[3].targets) == (30, "mood:3", ("refund",))
