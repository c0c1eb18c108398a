"""Plugins are tried as they come: entry points of installed distributions, and single files, in a child process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from demo_tasks import plugin as file_plugin

from anytasktune import hookspecs, plugins
from anytasktune.errors import PluginError, UsageError
from anytasktune.plugins import DISABLE, FILES, TRACE, Found, Registry

GOOD = """
from pathlib import Path
from anytasktune.hookspecs import hookimpl
from anytasktune.metrics.choice import Accuracy
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask

def subtask(id):
    return SubTask(id=id, yaml=Path("c.yaml"), build=lambda _: iter(()), metric=Accuracy(("a", "b")), recipe=CHOICE)

@hookimpl
def register_subtasks():
    return [subtask("{id}")]
"""
IMPORT = "from anytasktune.hookspecs import hookimpl\n"
HOOK = IMPORT + "@hookimpl\n"


def install(folder: Path, *, dist: str = "", entry: str = "", **modules: str) -> None:
    """Modules, each a distribution ``<name>-dist`` 1.5 with an entry point of its own, as pip leaves them.

    ``dist`` and ``entry`` replace the distribution's name and the lines of its entry points.
    """
    for name, source in modules.items():
        (folder / f"plugged_{name}.py").write_text(dedent(source), encoding="utf-8")
        info = folder / f"{(dist or name + '_dist').replace('-', '_')}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {dist or name + '-dist'}\nVersion: 1.5\n", encoding="utf-8"
        )
        lines = entry or f"{name} = plugged_{name}{':Plugin' if 'class Plugin' in source else ''}"
        (info / "entry_points.txt").write_text(f"[anytasktune]\n{lines}\n", encoding="utf-8")


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "anytasktune", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "COLUMNS": "200", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def listed(folder: Path, *words: str, **environment: str) -> dict[str, dict[str, Any]]:
    done = command(folder, "plugins", "--json", *words, **environment)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


Here = Callable[..., Registry]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    """What is installed in a folder, loaded in this process."""

    def load(disabled: str = "", *folders: Path, **options: Any) -> Registry:
        monkeypatch.setenv(DISABLE, disabled)
        for folder in reversed(folders or (tmp_path,)):
            monkeypatch.syspath_prepend(str(folder))
        return plugins.load(**options)

    yield load
    for name in [name for name in sys.modules if name.startswith("plugged_")]:
        del sys.modules[name]


def offers(registry: Registry, hook: str) -> dict[str, list[str]]:
    return {found.name: list(registry.everything()[hook].get(found.name, ())) for found in registry.found}


class Broken(NamedTuple):
    """A plugin, what has to be said of it, the line of its file that has to be named (0: none), its entry point."""

    source: str
    said: Sequence[str]
    line: int = 0
    entry: str = ""


BROKEN = {
    # --- cannot be imported ---
    "import": Broken('raise ImportError("no module called gone")', ["ImportError: no module called gone"], 1),
    "deep": Broken("def inner():\n    import plugged_gone\ninner()", ["ModuleNotFoundError", "plugged_gone"], 2),
    "absent": Broken(
        "", ["No module named 'plugged_nowhere'", "a module that the distribution installs"], 0, "plugged_nowhere"
    ),
    "attribute": Broken("", ["AttributeError", "has no attribute 'mine'"], 0, "plugged_broken_attribute:mine"),
    "nameless": Broken("", ["'???' names no module", "MODULE:OBJECT"], 0, "???"),
    "exit": Broken("raise SystemExit(0)", ["SystemExit: 0"], 1),
    "base": Broken("class Stop(BaseException): pass\nraise Stop('enough')", ["Stop: enough"], 2),
    "interrupt": Broken("class Stop(KeyboardInterrupt): pass\nraise Stop", ["failed: Stop (", ""], 2),
    "syntax": Broken("x = 1\ndef :", ["SyntaxError: invalid syntax"], 2),
    "card": Broken(
        "from pathlib import Path\nfrom anytasktune.card import read_card\nread_card(Path('gone.yaml'))",
        ["The card gone.yaml is missing (gone.yaml)", "Next: put the YAML there"],
    ),
    "hostile": Broken("raise ValueError('\\x1b[2Jgone\\n\\n  away' + 'y' * 5000)", ["\\x1b[2Jgone away"], 1),
    "mute": Broken(
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        ["Odd: its message cannot be shown"],
        4,
    ),
    # --- hooks that do not fit ---
    "misspelt": Broken(
        HOOK + "def register_subtask():\n    return []",
        ["the hook 'register_subtask', which does not exist", "did you mean register_subtasks"],
        2,
    ),
    "no_hook": Broken("x = 1", ["implements no hook", "@hookimpl"]),
    "unmarked": Broken(
        HOOK + "def run_finished():\n    pass\ndef register_models():\n    return []",
        ["register_models is not marked as a hook", "@hookimpl"],
        5,
    ),
    "argument": Broken(HOOK + "def run_finished(recrod):\n    pass", ["'recrod'", "did you mean record?"], 2),
    "arguments": Broken(HOOK + "def register_models(kinds):\n    pass", ["'kinds'", "take no argument"], 2),
    "position": Broken(HOOK + "def run_finished(record, /):\n    pass", ["cannot be called by name"], 2),
    "wrapper": Broken(
        IMPORT + "@hookimpl(wrapper=True)\ndef register_models():\n    return (yield)", ["is a wrapper"], 2
    ),
    "class": Broken(
        IMPORT + "class Plugin:\n    @hookimpl\n    def register_subtasks(self):\n        return []",
        ["names the class Plugin", "register a module or an instance", "plugin = Plugin()"],
    ),
    "function": Broken(
        HOOK + "def register_models():\n    return []",
        ["names the function register_models", "the module that holds it"],
        2,
        "plugged_broken_function:register_models",
    ),
    # --- written for another version ---
    "newer": Broken(
        "ANYTASKTUNE_HOOKS = 2\n" + HOOK + "def register_judges():\n    return []",
        ["written for version 2 of the hooks", "has version 1", "install a newer anytasktune"],
    ),
    "older": Broken(
        "ANYTASKTUNE_HOOKS = 0\n" + HOOK + "def register_models():\n    return []",
        ["written for version 0 of the hooks", "takes version 1 to 1", "newer release of the plugin"],
    ),
    "unversioned": Broken(
        "ANYTASKTUNE_HOOKS = '1'\n" + HOOK + "def register_models():\n    return []",
        ["is '1', which is no whole number"],
    ),
    # --- wrong answers ---
    "none": Broken(
        HOOK + "def register_subtasks():\n    pass",
        ["failed: register_subtasks must return a list of SubTask, not None", "end it with return"],
        2,
    ),
    "dict": Broken(HOOK + "def register_models():\n    return {}", ["must return a list of ModelKind, not a dict"], 2),
    "generator": Broken(
        HOOK + "def register_models():\n    yield 1", ["a list of ModelKind, not a generator", "return, not yield"], 2
    ),
    "coroutine": Broken(
        HOOK + "async def register_models():\n    return []", ["a list of ModelKind, not a coroutine", "drop async"], 2
    ),
    "items": Broken(
        HOOK + "def register_subtasks():\n    return ['x']", ["a list of SubTask, and element 0 is a str"], 2
    ),
    "single": Broken(
        GOOD.format(id="demo/single").replace('[subtask("demo/single")]', 'subtask("demo/single")'),
        ["a list of SubTask, not one SubTask", "put it into a list"],
        11,
    ),
    "uncalled": Broken(
        HOOK + "def register_report_formats():\n    from anytasktune.reports.formats import ReportFormat\n"
        "    return [ReportFormat]",
        ["element 0 is the class ReportFormat", "return an object of it"],
        2,
    ),
    "yaml": Broken(
        GOOD.format(id="demo/yaml").replace('Path("c.yaml")', '"c.yaml"'),
        ["the yaml of element 0 is not a pathlib.Path"],
    ),
    "id": Broken(GOOD.format(id="no-domain"), ["the id of element 0 is not text like domain/name"], 11),
    "launch": Broken(
        HOOK + "def register_launchers():\n    from types import SimpleNamespace\n"
        "    return [SimpleNamespace(name='mine')]",
        ["a list of Launcher; the launch of element 0 is not a function"],
        2,
    ),
    "raises": Broken(
        HOOK + "def register_subtasks():\n    raise KeyError('x')",
        ["failed: register_subtasks raised KeyError: 'x'"],
        4,
    ),
    "quits": Broken(
        HOOK + "def register_models():\n    raise SystemExit(0)", ["failed: register_models raised SystemExit: 0"], 4
    ),
}
LOADED = (
    "none",
    "dict",
    "generator",
    "coroutine",
    "items",
    "single",
    "uncalled",
    "yaml",
    "id",
    "launch",
    "raises",
    "quits",
)
"""What can be loaded, and answers wrongly when it is asked."""


@pytest.fixture(scope="module")
def good_and_broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good plugins, first and last by name, and every broken one between them."""
    folder = tmp_path_factory.mktemp("installed")
    install(folder, aaa_good=GOOD.format(id="demo/first"), zzz_good=GOOD.format(id="demo/last"))
    for name, broken in BROKEN.items():
        entry = f"broken_{name} = {broken.entry}" if broken.entry else ""
        install(folder, entry=entry, **{f"broken_{name}": broken.source})
    return folder


@pytest.fixture(scope="module")
def listing(good_and_broken: Path) -> dict[str, dict[str, Any]]:
    return listed(good_and_broken)


@pytest.mark.parametrize("name", BROKEN)
def test_field_case_50_a_plugin_that_fails_is_named_with_distribution_reason_and_line(
    listing: dict[str, dict[str, Any]], name: str
) -> None:
    broken, row = BROKEN[name], listing[f"broken_{name}"]
    assert (row["distribution"], row["version"], row["from"]) == (f"broken_{name}-dist", "1.5", "entry point")
    said = f"failed: {row['failure']}"
    for words in broken.said:
        assert words in said
    if broken.line:
        assert f"{os.sep}plugged_broken_{name}.py:{broken.line})" in said
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < 700
    assert row["subtasks"] == row["models"] == row["launchers"] == row["report_formats"] == []


def test_field_case_50_the_others_go_on_working(listing: dict[str, dict[str, Any]]) -> None:
    for name, id in (("aaa_good", "demo/first"), ("zzz_good", "demo/last"), ("consumer", "consumer/ticket-routing")):
        assert id in listing[name]["subtasks"]
        assert listing[name]["failure"] == ""


def test_field_case_50_a_run_that_needs_the_failed_plugin_names_it(good_and_broken: Path) -> None:
    done = command(good_and_broken, "build", "demo/gone")
    assert done.returncode == 2
    assert "plugin broken_import (broken_import-dist 1.5) failed: ImportError: no module called gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_field_case_50_the_list_of_sub_tasks_warns_of_what_failed(good_and_broken: Path) -> None:
    done = command(good_and_broken, "tasks", "consumer/*", "--json")
    assert done.returncode == 0
    assert "consumer/ticket-routing" in [row["id"] for row in json.loads(done.stdout)]
    lines = done.stderr.splitlines()
    for name, broken in BROKEN.items():
        if name not in LOADED or "register_subtasks" in broken.source:
            assert (
                len([line for line in lines if f"warning: plugin broken_{name} (broken_{name}-dist 1.5)" in line]) == 1
            )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_strict_plugins_makes_every_fault_an_error(good_and_broken: Path, here: Here, name: str) -> None:
    others = ",".join(f"broken_{other}" for other in BROKEN if other != name)
    with pytest.raises(PluginError) as refused:
        here(others, good_and_broken, strict=True)
    assert f"Plugin broken_{name} (broken_{name}-dist 1.5) failed: " in str(refused.value)
    for words in BROKEN[name].said:
        assert words.removeprefix("failed: ") in str(refused.value)


def test_strict_plugins_leaves_no_traceback(good_and_broken: Path) -> None:
    done = command(good_and_broken, "--strict-plugins", "tasks")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "error: Plugin broken_absent (broken_absent-dist 1.5) failed: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_real_ctrl_c_is_no_fault_of_the_plugin() -> None:
    def stopped() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Registry().try_add(stopped, Found(name="slow"))


def test_what_a_plugin_prints_goes_to_standard_error(tmp_path: Path) -> None:
    noisy = """
        import os, subprocess, sys
        print("printed at import")
        subprocess.run([sys.executable, "-c", "print('printed by a child')"])
        os.write(1, b"written below Python")
    """
    source = dedent(noisy) + GOOD.format(id="demo/noisy").replace("    return [", "    print('asked')\n    return [")
    install(tmp_path, noisy=source)
    done = command(tmp_path, "tasks", "--json")
    assert "demo/noisy is left out" in done.stderr  # its YAML is not there
    assert "consumer/ticket-routing" in {row["id"] for row in json.loads(done.stdout)}
    for said in ("printed at import", "printed by a child", "written below Python", "asked"):
        assert said in done.stderr


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_closed_stream_is_no_fault_of_the_plugins(tmp_path: Path, closed: str) -> None:
    words = f"exec '{sys.executable}' -m anytasktune --strict-plugins tasks {closed}>&-"
    done = subprocess.run(words, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert ("consumer/ticket-routing" in done.stdout) == (closed == "2")


# --- disabled ---


def test_disabled_plugins_are_listed_and_not_even_imported(tmp_path: Path) -> None:
    install(tmp_path, loud="print('imported')", good=GOOD.format(id="demo/good"))
    done = command(tmp_path, "--strict-plugins", "plugins", "--json", **{DISABLE: " loud, good"})
    assert "imported" not in done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert [name for name, row in rows.items() if row["disabled"]] == ["good", "loud"]
    assert rows["good"]["subtasks"] == []


def test_a_sub_task_of_a_disabled_plugin_is_missed_with_the_reason(here: Here) -> None:
    with pytest.raises(UsageError) as refused:
        here("consumer").select(["consumer/ticket-routing"])
    assert re.search(rf"plugin consumer \(anytasktune [\d.]+\) is disabled by {DISABLE}", str(refused.value))


def test_a_name_to_disable_that_no_plugin_has_is_answered_with_the_nearest(here: Here) -> None:
    told: list[str] = []
    here("lwa", say=told.append)
    assert told == [f"{DISABLE} names 'lwa', and no plugin is called so: did you mean law?"]


# --- one name twice ---

MODEL = """
from anytasktune.hookspecs import hookimpl
from anytasktune.models.kinds import ModelKind

@hookimpl
def register_models():
    return [ModelKind(name=name, summary="made", open=lambda request: None) for name in {names}]
"""
FORMAT = """
from anytasktune.hookspecs import hookimpl
from anytasktune.reports.formats import ReportFormat

@hookimpl
def register_report_formats():
    return [ReportFormat(name=name, suffix=".x", render=lambda board: "made") for name in {names}]
"""
LAUNCHER = """
from types import SimpleNamespace
from anytasktune.hookspecs import hookimpl

@hookimpl
def register_launchers():
    return [SimpleNamespace(name=name, launch=lambda jobs, work: []) for name in {names}]
"""
SUBTASKS = GOOD.replace('[subtask("{id}")]', "[subtask(id) for id in {names}]")
CLAIMS = {
    "sub-task": (SUBTASKS, "register_subtasks", "demo/same", "demo/own"),
    "model": (MODEL, "register_models", "same", "own:"),
    "report format": (FORMAT, "register_report_formats", "same", "own"),
    "launcher": (LAUNCHER, "register_launchers", "same", "own"),
}


@pytest.mark.parametrize("word", CLAIMS)
def test_a_name_that_two_plugins_claim_is_nobodys_and_both_are_named(tmp_path: Path, here: Here, word: str) -> None:
    source, hook, same, own = CLAIMS[word]
    install(tmp_path, one=source.format(names=[same, own]), two=source.format(names=[same]))
    registry = here()
    names = offers(registry, hook)
    assert (names["one"], names["two"]) == ([own], [])
    failures = {found.name: found.failure for found in registry.found}
    assert f"The {word} '{same}' is also registered by plugin two (two-dist 1.5): neither" in failures["one"]
    assert f"The {word} '{same}' is also registered by plugin one (one-dist 1.5): neither" in failures["two"]


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        (MODEL, "majority", "The model 'majority' is also registered by the core, which keeps it"),
        (MODEL, "hf:mine:", "The model 'hf:mine:' cannot be told from 'hf:' of the core, which keeps it"),
        (FORMAT, "csv", "The report format 'csv' is also registered by the core, which keeps it"),
        (LAUNCHER, "local", "The launcher 'local' is also registered by the core, which keeps it"),
    ],
)
def test_the_core_keeps_its_own_names(tmp_path: Path, source: str, name: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(source.format(names=[name, "own"]), encoding="utf-8")
    registry = plugins.load([path])
    (hook,) = registry.found[-1].hooks
    assert offers(registry, hook)["mine.py"] == ["own"]
    assert said in registry.found[-1].failure
    assert "made" not in {kind.summary for kind in registry.model_kinds if kind.name != "own"}
    assert [launcher.name for launcher in registry.launchers].count("local") == 1
    assert "csv" not in {report.name for report in registry.report_formats}


def test_a_name_twice_from_one_plugin_and_two_names_that_become_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SUBTASKS.format(names=["demo/a", "demo/a", "x/b-c", "x-b/c", "demo/own"]), encoding="utf-8")
    registry = plugins.load([path])
    assert [id for id, task in registry.subtasks.items() if task.origin == "mine.py"] == ["demo/own"]
    failure = registry.found[-1].failure
    assert "The sub-task 'demo/a' is also registered by the same plugin" in failure
    assert "The sub-task 'x/b-c' cannot be told from 'x-b/c' of the same plugin" in failure


def test_a_prefix_inside_another_prefix_is_told_and_names_beside_it_are_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MODEL.format(names=["a:", "a:b:", "c:x:", "c:y:", "c"]), encoding="utf-8")
    registry = plugins.load([path])
    assert [kind.name for kind in registry.model_kinds if kind.summary == "made"] == ["c:x:", "c:y:", "c"]


def test_a_run_that_needs_a_claimed_id_fails_and_lists_go_on(tmp_path: Path, here: Here) -> None:
    install(tmp_path, one=SUBTASKS.format(names=["demo/same", "demo/own"]), two=GOOD.format(id="demo/same"))
    registry = here()
    for patterns, listing in ((["demo/same"], False), (["demo/*"], False), (["demo/same"], True)):
        with pytest.raises(PluginError, match="'demo/same'") as refused:
            registry.select(patterns, listing=listing)
        assert refused.value.evidence == ("plugin one (one-dist 1.5)", "plugin two (two-dist 1.5)")
    assert [task.id for task in registry.select(["demo/*"], listing=True)] == ["demo/own"]
    assert "demo/same" in here("two").subtasks
    with pytest.raises(PluginError, match="demo/same"):
        here(strict=True)


def test_field_case_50_the_commands_say_so_of_an_id_that_two_plugins_claim(tmp_path: Path) -> None:
    install(tmp_path, one=SUBTASKS.format(names=["demo/same", "demo/own"]), two=GOOD.format(id="demo/same"))
    done = command(tmp_path, "build", "demo/*")
    assert done.returncode == 1
    assert "error: The sub-task 'demo/same' cannot be told" in done.stderr
    assert "Traceback" not in done.stderr
    done = command(tmp_path, "tasks", "demo/*")
    assert done.returncode == 0
    assert "demo/own is left out" in done.stderr  # it was reached; its YAML is not there
    assert "warning: plugin two (two-dist 1.5) failed: The sub-task 'demo/same' is also registered by" in done.stderr


def test_field_case_46_names_of_plugins_are_kept_apart_whatever_they_are(tmp_path: Path, here: Here) -> None:
    names = ["m:1", "m_1", "m/1", "模型 一", "x" * 250]
    for number, name in enumerate(names):
        entry = f"{name} = plugged_p{number}"
        install(tmp_path, entry=entry, **{f"p{number}": GOOD.format(id=f"demo/p{number}")})
    for dist in ("first", "second"):
        install(tmp_path, dist=dist, entry=f"law = plugged_{dist}", **{dist: GOOD.format(id=f"demo/{dist}")})
    registry = here()
    offered = offers(registry, "register_subtasks")
    assert [offered[name] for name in names] == [[f"demo/p{number}"] for number in range(5)]
    assert next(found.distribution for found in registry.found if found.name == "law") == "anytasktune"
    assert (offered["law@first"], offered["law@second"]) == (["demo/first"], ["demo/second"])
    assert not any(found.failure for found in registry.found)

    def disabled(names: str) -> list[str]:
        return [found.name for found in here(names).found if found.disabled]

    assert disabled("law@first, 模型 一") == ["law@first", "模型 一"]
    assert disabled("law") == ["law", "law@first", "law@second"]


def test_a_distribution_that_is_installed_twice_is_one_plugin(tmp_path: Path, here: Here) -> None:
    places = [tmp_path / "here", tmp_path / "there"]
    for place in places:
        place.mkdir()
        install(place, mine=GOOD.format(id=f"demo/{place.name}"))
    offered = offers(here("", *places), "register_subtasks")
    assert [ids for name, ids in offered.items() if name.startswith("mine")] == [["demo/here"]]


# --- the version of the hooks ---


def test_a_plugin_for_an_older_version_that_still_works_is_loaded_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hookspecs, "VERSION", 3)
    registry = Registry()
    offered = module(register_subtasks=nothing)
    offered.ANYTASKTUNE_HOOKS = 2
    registry.add(offered, Found(name="older"))
    assert registry.found[0].hook_version == 2
    assert registry.found[0].note == "written for version 2 of the hooks; version 3 still takes it"
    assert registry.found[0].failure == ""


def test_a_plugin_for_this_version_or_for_none_has_no_note() -> None:
    registry = Registry()
    for name, version in (("this", {"ANYTASKTUNE_HOOKS": hookspecs.VERSION}), ("none", {})):
        registry.add(SimpleNamespace(**vars(module(register_subtasks=nothing)), **version), Found(name=name))
    assert [found.note for found in registry.found] == ["", ""]


def test_a_hook_of_a_later_version_can_be_optional() -> None:
    offered = module(register_subtasks=nothing)
    offered.register_judges = hookspecs.hookimpl(optionalhook=True)(nothing)
    registry = Registry()
    registry.add(offered, Found(name="both"))
    assert registry.found[0].hooks == ("register_subtasks",)


# --- single files ---


def test_a_single_file_is_a_plugin_by_option_and_by_environment(tmp_path: Path) -> None:
    path = file_plugin(tmp_path, "choice")
    for words, environment in (((), {FILES: str(path)}), (("--plugin", path.name), {})):
        row = listed(tmp_path, *words, **environment)["choice_plugin.py"]
        assert (row["subtasks"], row["hooks"], row["failure"]) == (["demo/choice"], ["register_subtasks"], "")
        assert (row["from"], row["place"], row["distribution"]) == ("file", str(path), "")


@pytest.mark.parametrize("name", [n for n in BROKEN if n not in (*LOADED, "class") and not BROKEN[n].entry])
def test_a_single_file_that_cannot_be_loaded_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(BROKEN[name].source, encoding="utf-8")
    with pytest.raises(PluginError) as refused:
        plugins.load([path])
    assert str(refused.value).startswith("The plugin file mine.py failed to load: ")
    for words in BROKEN[name].said:
        assert words.removeprefix("failed: ") in str(refused.value)
    if BROKEN[name].line:
        assert f"mine.py:{BROKEN[name].line})" in str(refused.value)


def test_a_file_that_cannot_be_loaded_leaves_no_half_of_it_behind(tmp_path: Path) -> None:
    path = tmp_path / "halved.py"
    path.write_text("x = 1\nraise ValueError", encoding="utf-8")
    with pytest.raises(PluginError, match="ValueError"):
        plugins.load([path])
    assert not [name for name in sys.modules if "halved" in name]


def test_a_file_that_is_not_there_or_not_python_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gone.py"):
        plugins.load([tmp_path / "gone.py"])
    (tmp_path / "card.yaml").write_text("x: 1", encoding="utf-8")
    with pytest.raises(UsageError, match="not a Python file"):
        plugins.load([tmp_path / "card.yaml"])


def test_the_same_file_twice_is_one_plugin_and_two_of_one_name_are_two(tmp_path: Path) -> None:
    path = file_plugin(tmp_path, "number")
    assert list(plugins.load([path, path]).subtasks).count("demo/number") == 1
    (tmp_path / "other").mkdir()
    other = (tmp_path / "other" / path.name).resolve()
    other.write_text(GOOD.format(id="demo/other"), encoding="utf-8")
    origins = {id: task.origin for id, task in plugins.load([path, other]).subtasks.items()}
    assert (origins["demo/number"], origins["demo/other"]) == (path.name, str(other))


# --- tracing ---


@pytest.mark.parametrize("by", ["option", "environment"])
def test_the_trace_tells_hook_plugin_answer_and_time(tmp_path: Path, by: str) -> None:
    install(tmp_path, bad=BROKEN["raises"].source, many=SUBTASKS.format(names=[f"demo/{n}" for n in range(5)]))
    words = ["--trace-hooks"] if by == "option" else []
    done = command(tmp_path, *words, "tasks", "consumer/*", **({TRACE: "1"} if by == "environment" else {}))
    trace = [line for line in done.stderr.splitlines() if line.startswith("trace: ")]
    time = r", \d+\.\d\d ms$"
    wanted = {
        "many": re.escape("[demo/0, demo/1, demo/2 and 2 more]"),
        "bad": r"raised KeyError: 'x' \(.*plugged_bad\.py:4\)",
    }
    for name, answer in wanted.items():
        start = re.escape(f"trace: register_subtasks of plugin {name} ({name}-dist 1.5): ")
        assert len([line for line in trace if re.match(start + answer + time, line)]) == 1
    assert not any("register_models" in line for line in trace)
    assert "trace" not in done.stdout


def test_without_the_switch_nothing_is_traced(tmp_path: Path) -> None:
    assert command(tmp_path, "tasks", **{TRACE: "0"}).stderr == ""


# --- inside one process ---


def module(**hooks: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name: hookspecs.hookimpl(function) for name, function in hooks.items()})


def nothing() -> list[object]:
    return []


def fails(record: object) -> None:
    raise RuntimeError("no room")


def test_run_finished_of_one_plugin_that_raises_is_told_and_the_others_hear_of_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    heard: list[object] = []

    def leaves(record: object) -> None:
        raise SystemExit(0)

    def hears(record: object = None) -> None:
        print("heard it")
        heard.append(record)

    def counts() -> None:
        heard.append("without the record")

    def takes_all(**given: object) -> None:
        heard.append(given)

    registry = Registry(trace=True)
    for name, function in (("b", fails), ("c", leaves), ("d", hears), ("e", counts), ("f", takes_all)):
        registry.add(module(run_finished=function), Found(name=name, distribution=f"{name}-dist"))
    complaints = registry.run_finished("the record")  # type: ignore[arg-type]  # any object will do
    assert complaints == [
        "plugin b (b-dist): run_finished raised RuntimeError: no room",
        "plugin c (c-dist): run_finished raised SystemExit: 0",
    ]
    assert heard == ["the record", "without the record", {}]
    said = capsys.readouterr()
    assert said.out == ""
    assert "heard it" in said.err
    assert "trace: run_finished of plugin d (d-dist): NoneType, " in said.err


def test_run_finished_that_raises_is_an_error_under_strict_once_all_were_told() -> None:
    heard: list[object] = []
    registry = Registry(strict=True)
    registry.add(module(run_finished=fails), Found(name="a"))
    registry.add(module(run_finished=lambda: heard.append("told")), Found(name="b"))
    with pytest.raises(PluginError, match="RuntimeError: no room"):
        registry.run_finished("the record")  # type: ignore[arg-type]  # any object will do
    assert heard == ["told"]


def test_run_finished_is_called_one_at_a_time_and_leaves_standard_output_as_it_was() -> None:
    inside, most, out = [0], [0], sys.stdout

    def hears(record: object) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        inside[0] -= 1

    registry = Registry()
    registry.add(module(run_finished=hears), Found(name="a"))
    threads = [threading.Thread(target=registry.run_finished, args=("r",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert sys.stdout is out


def test_a_plugin_that_is_refused_leaves_none_of_its_hooks_behind() -> None:
    registry = Registry()
    offered = module(register_subtasks=lambda: [SimpleNamespace()], run_finished=lambda recrod: None)
    with pytest.raises(PluginError, match="recrod"):
        registry.add(offered, Found(name="half"))
    assert registry.found == []
    assert registry.run_finished("record") == []  # type: ignore[arg-type]  # nobody listens


def test_an_instance_is_a_plugin_and_its_hooks_take_self() -> None:
    class Plugin:
        @hookspecs.hookimpl
        def register_launchers(self) -> list[object]:
            return [SimpleNamespace(name="mine", launch=lambda jobs, work: [])]

    registry = Registry()
    registry.add(Plugin(), Found(name="instance"))
    assert [launcher.name for launcher in registry.launchers] == ["local", "mine"]


def test_a_name_that_fits_nothing_is_answered_with_the_nearest() -> None:
    registry = plugins.load()
    with pytest.raises(UsageError) as refused:
        registry.select(["consumer/ticket-ruoting"])
    assert "did you mean consumer/ticket-routing?" in str(refused.value)
    with pytest.raises(UsageError, match=r"sports/\*"):
        registry.select(["consumer/*", "sports/*"])


def test_globs_and_ids_choose_each_sub_task_once_in_the_order_of_ids() -> None:
    registry = plugins.load()
    chosen = [task.id for task in registry.select(["law/*", "consumer/ticket-routing", "*"])]
    assert chosen == sorted(set(chosen)) == list(registry.subtasks)


def test_every_hook_of_the_specification_is_asked_for_somewhere() -> None:
    """A hook that nobody calls would be a promise without effect."""
    called: list[str] = []

    def hook(name: str) -> Any:
        return lambda: called.append(name) or []

    registry = Registry()
    registry.add(module(**{name: hook(name) for name in hookspecs.specified()}), Found(name="all"))
    registry.everything()
    registry.run_finished("record")  # type: ignore[arg-type]  # any object will do
    assert called == list(hookspecs.specified())
