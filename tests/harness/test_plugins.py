"""Plugins are tried as they come: entry points of installed distributions, and single files, in a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest
from demo_tasks import plugin as file_plugin

from anytasktune import hookspecs, plugins
from anytasktune.errors import PluginError, UsageError
from anytasktune.plugins import DISABLE, FILES, Found, Registry

GOOD = """
from pathlib import Path
from anytasktune.hookspecs import hookimpl
from anytasktune.metrics.choice import Accuracy
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask

@hookimpl
def register_subtasks():
    metric = Accuracy(("a", "b"))
    return [SubTask(id="{id}", yaml=Path("c.yaml"), build=lambda _: iter(()), metric=metric, recipe=CHOICE)]
"""
IMPORT = "from anytasktune.hookspecs import hookimpl\n"


def install(folder: Path, **modules: str) -> None:
    """Modules, each a distribution ``<name>-dist`` 1.5 with an entry point of its own, as pip leaves them."""
    for name, source in modules.items():
        (folder / f"plugged_{name}.py").write_text(dedent(source), encoding="utf-8")
        info = folder / f"{name}_dist-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: 1.5\n", encoding="utf-8")
        attribute = ":Plugin" if "class Plugin" in source else ""
        (info / "entry_points.txt").write_text(f"[anytasktune]\n{name} = plugged_{name}{attribute}\n", encoding="utf-8")


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "anytasktune", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def listed(folder: Path, *words: str, **environment: str) -> dict[str, dict[str, Any]]:
    done = command(folder, "plugins", "--json", *words, **environment)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


BROKEN = {
    "import": ('raise ImportError("no module called gone")', "ImportError: no module called gone"),
    "exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "syntax": ("def :", "SyntaxError"),
    "misspelt": (
        IMPORT + "@hookimpl\ndef register_subtask():\n    return []",
        "'register_subtask', which does not exist",
    ),
    "no_hook": ("x = 1", "implements no hook"),
    "argument": (IMPORT + "@hookimpl\ndef run_finished(recrod):\n    pass", "recrod"),
    "class": (
        IMPORT + "class Plugin:\n    @hookimpl\n    def register_subtasks(self):\n        return []",
        "names the class Plugin",
    ),
    "none": (IMPORT + "@hookimpl\ndef register_subtasks():\n    pass", "must return a list of SubTask, not NoneType"),
    "items": (
        IMPORT + "@hookimpl\ndef register_subtasks():\n    return ['x']",
        "a list of SubTask, not a list with a str",
    ),
    "raises": (
        IMPORT + "@hookimpl\ndef register_subtasks():\n    raise KeyError('x')",
        "register_subtasks: KeyError: 'x'",
    ),
    "quits": (IMPORT + "@hookimpl\ndef register_models():\n    raise SystemExit(0)", "register_models: SystemExit: 0"),
}


@pytest.fixture(scope="module")
def three_and_all_broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good plugins, first and last by name, and every broken one between them."""
    folder = tmp_path_factory.mktemp("installed")
    install(
        folder,
        aaa_good=GOOD.format(id="demo/first"),
        zzz_good=GOOD.format(id="demo/last"),
        **{f"broken_{name}": source for name, (source, _) in BROKEN.items()},
    )
    return folder


@pytest.fixture(scope="module")
def listing(three_and_all_broken: Path) -> dict[str, dict[str, Any]]:
    return listed(three_and_all_broken)


@pytest.mark.parametrize("name", BROKEN)
def test_field_case_50_a_plugin_that_fails_is_named_with_distribution_and_reason(
    listing: dict[str, dict[str, Any]], name: str
) -> None:
    row = listing[f"broken_{name}"]
    assert (row["distribution"], row["version"]) == (f"broken_{name}-dist", "1.5")
    assert BROKEN[name][1] in row["failure"]
    assert row["subtasks"] == []


def test_field_case_50_what_can_be_mended_comes_with_the_way(listing: dict[str, dict[str, Any]]) -> None:
    assert "register a module or an instance" in listing["broken_class"]["failure"]
    assert "did you mean register_subtasks" in listing["broken_misspelt"]["failure"]
    assert "@hookimpl" in listing["broken_no_hook"]["failure"]


def test_field_case_50_the_others_go_on_working(listing: dict[str, dict[str, Any]]) -> None:
    assert listing["aaa_good"]["subtasks"] == ["demo/first"]
    assert listing["zzz_good"]["subtasks"] == ["demo/last"]
    assert listing["consumer"]["subtasks"] == ["consumer/ticket-routing"]
    assert not listing["aaa_good"]["failure"] + listing["zzz_good"]["failure"] + listing["consumer"]["failure"]


def test_field_case_50_a_run_that_needs_the_failed_plugin_names_it(three_and_all_broken: Path) -> None:
    done = command(three_and_all_broken, "build", "demo/gone")
    assert done.returncode == 2
    assert "broken_import" in done.stderr
    assert "no module called gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_field_case_50_the_list_of_sub_tasks_warns_of_what_failed(three_and_all_broken: Path) -> None:
    done = command(three_and_all_broken, "tasks", "consumer/*", "--json")
    assert done.returncode == 0
    assert [row["id"] for row in json.loads(done.stdout)] == ["consumer/ticket-routing"]
    assert "plugin broken_import (broken_import-dist) failed: ImportError: no module called gone" in done.stderr


def test_strict_plugins_makes_a_failure_an_error_everywhere(three_and_all_broken: Path) -> None:
    done = command(three_and_all_broken, "--strict-plugins", "tasks")
    assert done.returncode == 1
    assert "broken_argument (broken_argument-dist) failed to load" in done.stderr
    assert "Traceback" not in done.stderr


def test_disabled_plugins_are_not_even_imported(three_and_all_broken: Path) -> None:
    names = ",".join([*(f"broken_{name}" for name in BROKEN), " zzz_good"])
    rows = listed(three_and_all_broken, **{DISABLE: names})
    assert "aaa_good" in rows
    assert not [name for name in rows if name.startswith("broken") or name == "zzz_good"]
    assert command(three_and_all_broken, "--strict-plugins", "plugins", **{DISABLE: names}).returncode == 0


def test_one_id_from_two_plugins_is_an_error_that_names_both(tmp_path: Path) -> None:
    install(tmp_path, one=GOOD.format(id="demo/same"), two=GOOD.format(id="demo/same"))
    done = command(tmp_path, "tasks")
    assert done.returncode == 1
    assert "'demo/same'" in done.stderr
    assert "- one" in done.stderr
    assert "- two" in done.stderr
    assert command(tmp_path, "plugins", **{DISABLE: "two"}).returncode == 0


# --- single files ---


def test_a_single_file_is_a_plugin_by_option_and_by_environment(tmp_path: Path) -> None:
    path = file_plugin(tmp_path, "choice")
    for words, environment in ((("--plugin", str(path)), {}), ((), {FILES: str(path)}), (("--plugin", path.name), {})):
        row = listed(tmp_path, *words, **environment)["choice_plugin.py"]
        assert (row["subtasks"], row["hooks"], row["failure"]) == (["demo/choice"], ["register_subtasks"], "")


@pytest.mark.parametrize("name", [n for n in BROKEN if n not in ("class", "none", "items", "raises", "quits")])
def test_a_single_file_that_cannot_be_loaded_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(BROKEN[name][0], encoding="utf-8")
    with pytest.raises(PluginError) as refused:
        plugins.load([path])
    assert "mine.py" in str(refused.value)
    assert BROKEN[name][1] in str(refused.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gone.py"):
        plugins.load([tmp_path / "gone.py"])


def test_the_same_file_twice_is_one_plugin(tmp_path: Path) -> None:
    path = file_plugin(tmp_path, "number")
    assert list(plugins.load([path, path]).subtasks).count("demo/number") == 1


# --- inside one process ---


def module(**hooks: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name: hookspecs.hookimpl(function) for name, function in hooks.items()})


def test_run_finished_of_one_plugin_that_raises_is_told_and_the_others_hear_of_the_run() -> None:
    heard: list[object] = []

    def fails(record: object) -> None:
        raise RuntimeError("no room")

    def leaves(record: object) -> None:
        raise SystemExit(0)

    def hears(record: object) -> None:
        heard.append(record)

    def counts() -> None:
        heard.append("without the record")

    registry = Registry()
    for name, function in (("b", fails), ("c", leaves), ("d", hears), ("e", counts)):
        registry.add(module(run_finished=function), Found(name=name))
    complaints = registry.run_finished("the record")  # type: ignore[arg-type]  # any object will do
    assert complaints == [
        "plugin b: run_finished raised RuntimeError: no room",
        "plugin c: run_finished raised SystemExit: 0",
    ]
    assert heard == ["the record", "without the record"]


def test_a_plugin_that_is_refused_leaves_none_of_its_hooks_behind() -> None:
    registry = Registry()
    offered = module(register_subtasks=lambda: [SimpleNamespace()], run_finished=lambda recrod: None)
    with pytest.raises(PluginError, match="recrod"):
        registry.add(offered, Found(name="half"))
    assert registry._manager.get_plugins() == set()
    assert registry.run_finished("record") == []  # type: ignore[arg-type]  # nobody listens


def test_an_instance_is_a_plugin_and_its_hooks_take_self() -> None:
    class Plugin:
        @hookspecs.hookimpl
        def register_launchers(self) -> list[object]:
            return [SimpleNamespace(name="mine")]

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
    hooks = [name for name in vars(hookspecs) if name.startswith(("register_", "run_"))]
    source = Path(plugins.__file__).read_text(encoding="utf-8")
    assert hooks
    assert [name for name in hooks if f'"{name}"' not in source] == []
