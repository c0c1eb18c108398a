"""The files of a package: whole or not at all, and safe whatever the rows say."""

from __future__ import annotations

import ast
import json
import os
import tomllib
from pathlib import Path

import pytest
import yaml
from scaffolded import as_csv, as_jsonl, drafted, loaded, module_in, sampled, texts, written

from anytasktune import splits
from anytasktune.errors import CardError, UsageError
from anytasktune.scaffold import package
from anytasktune.scaffold.package import files_of, next_commands


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path = as_csv(
        tmp_path / "mine.csv", [["text", "label"], *([text, "ab"[n % 2]] for n, text in enumerate(texts(30)))]
    )
    assert files_of(drafted(path)) == files_of(drafted(path))
    assert list(files_of(drafted(path))) == sorted(files_of(drafted(path)))


def test_pyproject_names_one_entry_point_that_is_there(tmp_path: Path) -> None:
    folder = written(sampled("choice", "hr/job-title"), tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    points = project["project"]["entry-points"]["anytasktune"]
    assert points == {"hr-job-title": "anytasktune_hr_job_title.job_title"}
    assert module_in(folder) == folder / "src" / "anytasktune_hr_job_title" / "job_title.py"
    assert module_in(folder).with_suffix(".yaml").is_file()
    assert project["project"]["dependencies"][0].startswith("anytasktune>=")
    assert [path.name for path in (folder / "tests").iterdir()] == ["test_job_title.py"]


HOSTILE = [
    '"""',
    "\\",
    "\\N{x}",
    "\r\n",
    "\u202e",
    "\x1b[31m",
    "{{ 1/0 }}",
    "{% endraw %}",
    "| a | <b>",
    "‘’",
    "\u2028",
]


def test_rows_of_any_letters_break_no_file(tmp_path: Path) -> None:
    rows = [
        {"text": f"{mark}{text}{mark}", "label": "ab"[n % 2]}
        for n, text in enumerate(texts(44))
        for mark in [HOSTILE[n % 11]]
    ]
    folder = written(drafted(as_jsonl(tmp_path / "mine.jsonl", rows)), tmp_path / "out")
    module = ast.parse(module_in(folder).read_text(encoding="utf-8"))
    assert ast.get_docstring(module)
    for path in folder.rglob("*.jsonl"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) == text.count("\n")
        for row in map(json.loads, text.splitlines()):
            assert set(row) == {"input", "target", "language"}
    built = splits.build(loaded(folder))
    assert sorted(row.input for row in built.all) == sorted(row["text"] for row in rows)
    for path in (folder / "README.md", module_in(folder)):
        assert "\x1b" not in path.read_text(encoding="utf-8")
        assert "\u202e" not in path.read_text(encoding="utf-8")


def test_the_yaml_is_text_for_every_reader(tmp_path: Path) -> None:
    labels = ["001", "1.0", "1e3", "NA", "true", "2024-03-01", "0o17", "1_000", "~", "on"]
    rows = [["text", "label"], *([text, labels[n % 10]] for n, text in enumerate(texts(40)))]
    folder = written(drafted(as_csv(tmp_path / "mine.csv", rows)), tmp_path / "out")
    text = module_in(folder).with_suffix(".yaml").read_text(encoding="utf-8")
    plain = yaml.load("\n".join(line for line in text.split("\n") if "!function" not in line), yaml.SafeLoader)
    assert [label["id"] for label in plain["metadata"]["labels"]] == sorted(labels)


@pytest.mark.parametrize("there", ["folder", "empty folder", "file", "broken link"])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    place = tmp_path / "mine"
    if there == "file":
        place.write_text("mine")
    elif there == "broken link":
        place.symlink_to(tmp_path / "gone")
    else:
        place.mkdir()
    if there == "folder":
        (place / "pyproject.toml").write_text("mine")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="nothing is overwritten"):
        written(sampled("choice"), tmp_path)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


def test_a_package_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.suffix == ".jsonl":
            raise OSError(28, "No space left on device")
        return kept(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(UsageError, match="No space left on device"):
            written(sampled("choice"), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert written(sampled("choice"), tmp_path).is_dir()


def test_words_that_make_no_card_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_quoted", lambda text: '"the same"')
    with pytest.raises(CardError, match="No card can be made of this"):
        written(sampled("choice"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(UsageError, match="cannot be written"):
        written(sampled("choice"), tmp_path / "locked")


def test_the_next_commands_survive_a_shell(tmp_path: Path) -> None:
    draft = sampled("choice")
    assert next_commands(draft, Path("mine"))[0] == "anytasktune check ./mine"
    assert next_commands(draft, Path("my tasks/mine"))[0] == "anytasktune check './my tasks/mine'"
    assert next_commands(draft, tmp_path / "mine")[1].startswith(f"python -m pip install --editable {tmp_path}")
