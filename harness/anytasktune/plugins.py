"""Finds plugins, asks them one by one, and remembers who answered.

Plugins are entry points of the group ``anytasktune``, sorted by name; each is loaded in its own try. One that fails
is named with its distribution and left out; a command that needs it says so. A bare ``pm.hook`` call would let one
plugin's exception take down all others, and ``check_pending`` would stop at the first offender, so each plugin is
asked and checked by itself.
"""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from anytasktune import hookspecs
from anytasktune.errors import AnyTaskTuneError, PluginError, UsageError, did_you_mean
from anytasktune.subtask import SubTask

if TYPE_CHECKING:
    from anytasktune.models.kinds import ModelKind
    from anytasktune.records import RunRecord

GROUP = "anytasktune"
DISABLE = "ANYTASKTUNE_DISABLE_PLUGINS"
FILES = "ANYTASKTUNE_PLUGIN_FILES"
"""Single-file plugins, separated as in PATH: how ``--plugin`` reaches child processes and stock lm-eval."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One plugin that was found.

    Args:
        name: its entry point's name, or the file's.
        distribution, version: what brought it; empty for a file.
        hooks: the hooks that it implements.
        failure: why it could not be used; empty when it could.
    """

    name: str
    distribution: str = ""
    version: str = ""
    hooks: tuple[str, ...] = ()
    failure: str = ""


@dataclass
class Registry:
    """What all plugins offer."""

    strict: bool = False
    found: list[Found] = field(default_factory=list)
    _manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(hookspecs.PROJECT))

    def __post_init__(self) -> None:
        self._manager.add_hookspecs(hookspecs)

    @cached_property
    def subtasks(self) -> dict[str, SubTask]:
        """Every registered sub-task by id, sorted by id.

        Raises:
            PluginError: one id is registered twice.
        """
        tasks: dict[str, SubTask] = {}
        for origin, task in self._ask("register_subtasks", SubTask):
            if task.id in tasks:
                raise PluginError(
                    f"Two plugins register the sub-task {task.id!r}.",
                    evidence=[tasks[task.id].origin, origin],
                    fix=f"disable one of them: {DISABLE}={origin}",
                )
            tasks[task.id] = replace(task, origin=origin)
        return dict(sorted(tasks.items()))

    @cached_property
    def model_kinds(self) -> list[ModelKind]:
        """The core's kinds of model, then those of plugins in the order of their names."""
        from anytasktune.models.kinds import BUILT_IN, ModelKind

        return [*BUILT_IN, *(kind for _, kind in self._ask("register_models", ModelKind))]

    def offers(self, hook: str) -> list[Any]:
        """What plugins offer under a hook, in the order of the plugins' names."""
        return [item for _, item in self._ask(hook, object)]

    def run_finished(self, record: RunRecord) -> list[str]:
        """Tell every plugin of a finished run; returns a sentence for each that raised."""
        complaints = []
        for name, implementation in self._implementations("run_finished"):
            try:
                implementation(record=record)
            except Exception as error:  # another's code: one that fails must not lose the run that just finished
                complaints.append(f"plugin {name}: run_finished raised {type(error).__name__}: {error}")
        return complaints

    def select(self, patterns: Sequence[str]) -> list[SubTask]:
        """The sub-tasks that ids or globs name, each once, sorted by id.

        Raises:
            UsageError: a name or glob fits nothing.
        """
        chosen: dict[str, SubTask] = {}
        for pattern in patterns:
            fits = [task for id, task in self.subtasks.items() if id == pattern or fnmatch.fnmatchcase(id, pattern)]
            if not fits:
                broken = [f"plugin {f.name} failed to load: {f.failure}" for f in self.found if f.failure]
                raise UsageError(
                    f"No sub-task is called {pattern!r}.", evidence=broken, fix=did_you_mean(pattern, self.subtasks)
                )
            chosen.update((task.id, task) for task in fits)
        return [chosen[id] for id in sorted(chosen)]

    def add(self, plugin: object, found: Found) -> None:
        """Register one loaded plugin, after checking that it implements hooks, and only hooks that exist."""
        if isinstance(plugin, type):
            raise PluginError(
                f"The entry point of plugin {found.name} names the class {plugin.__name__}.",
                fix="register a module or an instance: in pyproject.toml name the module, or an object made from it",
            )
        self._manager.register(plugin, name=found.name)
        callers = self._manager.get_hookcallers(plugin) or []
        for caller in callers:
            if not caller.has_spec():
                self._manager.unregister(plugin)
                hooks = [name for name in vars(hookspecs) if name.startswith(("register_", "run_"))]
                raise PluginError(
                    f"Plugin {found.name} implements the hook {caller.name!r}, which does not exist.",
                    fix=did_you_mean(caller.name, hooks),
                )
        if not callers:
            self._manager.unregister(plugin)
            raise PluginError(
                f"Plugin {found.name} implements no hook.",
                fix="mark its functions with @hookimpl of anytasktune.hookspecs",
            )
        self.found.append(replace(found, hooks=tuple(sorted(c.name for c in callers))))

    def try_add(self, load: Callable[[], object], found: Found) -> None:
        """Load and register one plugin; a failure is remembered, or raised when strict."""
        try:
            self.add(load(), found)
        except (Exception, SystemExit) as error:  # another's code: it must not take down the other plugins
            why = error.problem if isinstance(error, AnyTaskTuneError) else f"{type(error).__name__}: {error}"
            if self.strict:
                raise PluginError(f"Plugin {found.name} ({found.distribution}) failed to load: {why}") from error
            self.found.append(replace(found, failure=why))

    def _implementations(self, hook: str) -> Iterable[tuple[str, Callable[..., Any]]]:
        for implementation in sorted(getattr(self._manager.hook, hook).get_hookimpls(), key=lambda i: i.plugin_name):
            yield implementation.plugin_name, implementation.function

    def _ask(self, hook: str, wanted: type) -> list[tuple[str, Any]]:
        answers: list[tuple[str, Any]] = []
        for name, implementation in list(self._implementations(hook)):
            try:
                offered = implementation()
                if not isinstance(offered, list | tuple) or not all(isinstance(item, wanted) for item in offered):
                    raise PluginError(
                        f"{hook} of plugin {name} must return a list of {wanted.__name__}, not {type(offered).__name__}."
                    )
            except (Exception, SystemExit) as error:  # another's code: see try_add
                why = error.problem if isinstance(error, AnyTaskTuneError) else f"{type(error).__name__}: {error}"
                if self.strict:
                    raise PluginError(f"Plugin {name} failed: {why}") from error
                self.found = [replace(f, failure=f"{hook}: {why}") if f.name == name else f for f in self.found]
                continue
            answers += [(name, item) for item in offered]
        return answers


def load_file(path: Path) -> object:
    """The module of a single-file plugin.

    Raises:
        UsageError: there is no such file.
    """
    path = path.resolve()
    if not path.is_file():
        raise UsageError(f"There is no plugin file {path.name!r}.", where=str(path))
    name = f"anytasktune_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path.name} is not a Python file.", where=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load(files: Iterable[Path] = (), *, strict: bool = False) -> Registry:
    """Find and load every plugin: installed ones, then single files.

    Raises:
        PluginError: one failed to load, and ``strict`` is set or it was named as a file.
        UsageError: a file does not exist.
    """
    registry = Registry(strict=strict)
    disabled = {name.strip() for name in os.environ.get(DISABLE, "").split(",")}
    points: list[EntryPoint] = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    for point in points:
        if point.name not in disabled:
            dist = point.dist
            found = Found(
                name=point.name, distribution=dist.name if dist else "", version=dist.version if dist else ""
            )
            registry.try_add(point.load, found)
    named = [*os.environ.get(FILES, "").split(os.pathsep), *map(str, files)]
    for path in dict.fromkeys(str(Path(name).resolve()) for name in named if name):
        try:
            registry.add(load_file(Path(path)), Found(name=Path(path).name))
        except AnyTaskTuneError:
            raise
        except Exception as error:
            raise PluginError(
                f"The plugin file {Path(path).name} failed to load: {type(error).__name__}: {error}", where=path
            ) from error
    return registry
