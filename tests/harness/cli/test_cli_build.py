from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from commands import Att
from demo_tasks import plugin, rows


def test_build_prints_what_was_agreed(att: Att, tmp_path: Path) -> None:
    found = rows("choice")
    copied = replace(found[-1], id="train:99", split="train")
    path = plugin(tmp_path, "choice", [*found, copied])
    done = att("build", "demo/choice", "--plugin", path, "--json")
    assert done.status == 0
    (row,) = done.json()
    assert (row["id"], row["train"], row["validation"], row["test"]) == ("demo/choice", 6, 2, 4)
    assert row["leaks_removed"] == 1
    assert len(row["fingerprint"]) == 16
    assert any("1 rows left train or validation" in note for note in row["notes"])
    table = att("build", "demo/choice", "--plugin", path)
    assert row["fingerprint"][:12] in table.out


def test_field_case_26_a_changed_label_has_a_new_fingerprint_at_once(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "choice")
    first = att("build", "demo/choice", "--plugin", path, "--json").json()[0]["fingerprint"]
    assert att("build", "demo/choice", "--plugin", path, "--json").json()[0]["fingerprint"] == first
    data = path.with_suffix(".jsonl")
    lines = data.read_text(encoding="utf-8").split("\n")
    lines[0] = lines[0].replace("billing", "refund")
    data.write_text("\n".join(lines), encoding="utf-8")
    assert att("build", "demo/choice", "--plugin", path, "--json").json()[0]["fingerprint"] != first


def test_field_case_26_data_of_a_published_version_cannot_change(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "choice")
    first = att("build", "demo/choice", "--plugin", path, "--json").json()[0]["fingerprint"]
    path = plugin(tmp_path, "choice", fingerprints={"1": first})
    assert att("build", "demo/choice", "--plugin", path).status == 0
    path.write_text(
        path.read_text(encoding="utf-8")
        .replace('row["targets"])', 'row["targets"][::-1] or ("x",))')
        .replace("Example(**{**row,", 'Example(**{**row, "input": row["input"].strip() + ".",'),
        encoding="utf-8",
    )
    done = att("build", "demo/choice", "--plugin", path)
    assert done.status == 1
    assert "changed without a new version" in done.err


def test_one_sub_task_that_fails_is_named_and_the_others_are_built(att: Att, tmp_path: Path) -> None:
    good = plugin(tmp_path, "number")
    bad = plugin(tmp_path, "choice")
    bad.with_suffix(".jsonl").write_text('{"id": "cut off he', encoding="utf-8")
    bad.write_text(
        bad.read_text(encoding="utf-8").replace(
            'HERE.with_suffix(".jsonl").read_text(encoding="utf-8").split("\\n")', "_lines()"
        )
        + "\n\ndef _lines():\n    from anytasktune.errors import SourceError\n"
        + "    raise SourceError('The file is torn.')\n",
        encoding="utf-8",
    )
    done = att("build", "demo/*", "--plugin", good, "--plugin", bad, "--json")
    assert done.status == 1
    assert [row["id"] for row in done.json()] == ["demo/number"]
    assert "demo/choice: The file is torn." in done.err


def test_bad_rows_are_named_by_number(att: Att, tmp_path: Path) -> None:
    found = [replace(row, targets=("12 apples",)) if row.id == "train:2" else row for row in rows("number")]
    done = att("build", "demo/number", "--plugin", plugin(tmp_path, "number", found))
    assert done.status == 1
    assert "train:2 (row 2)" in done.err
    assert "'12 apples' is not a number" in done.err


def test_data_sets_are_written_as_parquet_where_asked(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "labels")
    assert att("build", "demo/labels", "--plugin", path, "--out", tmp_path / "out").status == 0
    written = [file for file in (tmp_path / "out" / "demo_labels").rglob("*") if file.is_file()]
    assert any(file.suffix == ".parquet" for file in written)


def test_unknown_names_and_variants_are_usage_errors(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "choice")
    done = att("build", "demo/chioce", "--plugin", path)
    assert (done.status, "did you mean demo/choice?" in done.err) == (2, True)
    done = att("build", "demo/choice", "--plugin", path, "--variant", "gone")
    assert done.status == 1
    assert "no data variant 'gone'" in done.err


def test_rows_go_to_the_file_as_they_are(tmp_path: Path) -> None:
    """The plugins of these tests write what they were given."""
    path = plugin(tmp_path, "text")
    ids = [json.loads(line)["id"] for line in path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()]
    assert ids == [row.id for row in rows("text")]
