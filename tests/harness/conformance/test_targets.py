"""What is checked: a file or a folder is loaded as it stands, whatever is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from demo_tasks import plugin, rows
from examining import install, package

from anytasktune.conformance.kit import CHECKS, Examination, examine
from anytasktune.conformance.targets import is_path
from anytasktune.errors import UsageError


@pytest.fixture(autouse=True)
def own_modules() -> Iterator[None]:
    """Whatever a package brought in is gone afterwards."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("shelf_"):
            del sys.modules[name]


def only(*words: object) -> Examination:
    (examination,) = examine([str(word) for word in words])
    return examination


@pytest.mark.parametrize("src", [True, False], ids=["src", "flat"])
def test_a_package_is_loaded_from_its_folder_without_being_installed(tmp_path: Path, src: bool) -> None:
    examination = only(package(tmp_path / "shelf", module=f"shelf_{src}".lower(), src=src, id="shelf/books"))
    assert examination.name == "shelf/books"
    for check in ("registration", "light-import", "one-owner", "determinism"):
        assert examination.finding(check).status == "pass", str(examination.finding(check))


def test_the_folder_counts_even_where_another_version_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    package(site, module="shelf_twice", src=False, id="shelf/books", title="the installed one")
    install(site / "shelf_twice", name="shelf-twice", version="1.0")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    __import__("shelf_twice")
    other = [replace(row, id=f"new:{n}") for n, row in enumerate(rows("choice"))]
    folder = package(tmp_path / "shelf", module="shelf_twice", id="shelf/books", examples=other)
    examination = only(folder)
    assert examination.finding("row-ids").message == "all 12 ids differ"
    assert Path(sys.modules["shelf_twice"].__file__ or "").is_relative_to(folder)
    assert examination.finding("determinism").status == "pass"  # the fresh process saw the same rows
    assert examination.finding("one-owner").status == "pass"  # the installed version is the plugin itself


def test_another_plugin_with_the_same_id_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    package(site, module="shelf_rival", src=False, id="shelf/books")
    install(site / "shelf_rival", name="shelf-rival")
    monkeypatch.setenv("PYTHONPATH", str(site))
    file = plugin(tmp_path, "choice", id="shelf/books")
    found = only(file).finding("one-owner")
    assert found.status == "fail"
    assert "plugin shelf-rival of shelf-rival" in found.evidence
    monkeypatch.setenv("ANYTASKTUNE_DISABLE_PLUGINS", "shelf-rival")
    assert only(file).finding("one-owner").status == "pass"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "has no pyproject.toml"),
        ("[project", "Its pyproject.toml cannot be read"),
        ("[project]\nname = 'x'", "names no entry point of the group 'anytasktune'"),
        (
            "[project.entry-points.anytasktune]\nx = 'gone_module'",
            "names the module 'gone_module', which is neither in shelf/src nor in shelf",
        ),
    ],
)
def test_a_folder_that_is_no_package_gets_a_sentence(tmp_path: Path, text: str | None, sentence: str) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    if text is not None:
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    examination = only(folder)
    assert examination.name == "shelf"
    assert sentence in examination.finding("registration").message
    assert {examination.finding(check.name).status for check in CHECKS[1:]} == {"skipped"}


def test_what_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no"):
        list(examine([str(tmp_path / "gone.py")]))
    with pytest.raises(UsageError, match="No sub-task is called 'consumer/ticket-rooting'"):
        list(examine(["consumer/ticket-rooting"]))


def test_ids_globs_and_paths_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "law" / "charge-prediction").mkdir(parents=True)
    (tmp_path / "shelf").mkdir()
    assert [word for word in ("law/charge-prediction", "law/*", "*") if is_path(word)] == []
    assert all(map(is_path, ("x.py", ".", "./law/charge-prediction", str(tmp_path), "shelf", "a/b/c")))
    (tmp_path / "law" / "charge-prediction" / "pyproject.toml").touch()
    assert is_path("law/charge-prediction")


def test_what_a_plugin_prints_is_kept_out_of_standard_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noise = "import os\nprint('loud')\nos.system('echo louder')\n"
    file = plugin(tmp_path, "choice", more=noise)
    assert only(file).finding("builder").status == "pass"
    said = capfd.readouterr()
    assert said.out == ""
    assert "loud\n" in said.err
    assert "louder" in said.err


# --- what only a fresh process shows -----


def test_a_heavy_import_is_named_with_its_line(tmp_path: Path) -> None:
    file = plugin(tmp_path, "choice", more="import scipy\n")
    found = only(file).finding("light-import")
    assert found.status == "fail"
    line = file.read_text(encoding="utf-8").count("\n")
    assert f"scipy by choice_plugin.py:{line}" in found.evidence


def test_a_builder_that_reads_from_the_working_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = plugin(tmp_path, "choice")
    code = file.read_text(encoding="utf-8").replace('HERE.with_suffix(".jsonl")', 'Path("choice_plugin.jsonl")')
    file.write_text(code, encoding="utf-8")
    found = only(file).finding("determinism")
    assert found.status == "fail"
    assert "started in another folder, the builder raises FileNotFoundError" in found.message


def test_an_order_that_comes_from_a_set_is_found(tmp_path: Path) -> None:
    file = plugin(tmp_path, "choice")
    code = file.read_text(encoding="utf-8")
    code = code.replace("    for line in HERE", "    for line in set(HERE").replace('.split("\\n"):', '.split("\\n")):')
    file.write_text(code, encoding="utf-8")
    found = only(file).finding("determinism")
    assert found.status == "fail"
    assert "the same rows in another order" in found.message


def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    file = plugin(tmp_path, "choice", more="import os\nif os.getcwd().endswith('empty'):\n    os._exit(7)\n")
    assert only(file).finding("light-import").message == "A fresh process ended early, with status 7."
