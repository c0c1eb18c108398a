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
    from anytasktune.launchers.base import Launcher
    from anytasktune.models.kinds import ModelKind
    from anytasktune.records import RunRecord
    from anytasktune.reports.formats import ReportFormat

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

    @cached_property
    def report_formats(self) -> list[ReportFormat]:
        """The report formats of plugins, in the order of their names."""
        from anytasktune.reports.formats import ReportFormat

        return [report for _, report in self._ask("register_report_formats", ReportFormat)]

    @cached_property
    def launchers(self) -> list[Launcher]:
        """The launcher that is always there, then those of plugins in the order of their names."""
        from anytasktune.launchers.local import LocalLauncher

        return [LocalLauncher(), *(launcher for _, launcher in self._ask("register_launchers", object))]

    def run_finished(self, record: RunRecord) -> list[str]:
        """Tell every plugin of a finished run; returns a sentence for each that raised."""
        complaints = []
        for name, implementation, takes in self._implementations("run_finished"):
            try:
                implementation(**({"record": record} if "record" in takes else {}))
            except (Exception, SystemExit) as error:  # noqa: BLE001  # another's code; the run that finished must stay
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
        try:
            self._manager.register(plugin, name=found.name)
        except pluggy.PluginValidationError as error:
            if self._manager.has_plugin(found.name):  # an older pluggy keeps those of its hooks that were right
                self._manager.unregister(plugin)
            raise PluginError(f"Plugin {found.name} has a hook that does not fit: {error}") from None
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
            why = _reason(error)
            if self.strict:
                raise PluginError(f"Plugin {found.name} ({found.distribution}) failed to load: {why}") from error
            self.found.append(replace(found, failure=why))

    def _implementations(self, hook: str) -> Iterable[tuple[str, Callable[..., Any], tuple[str, ...]]]:
        """Plugin, function and the names of its arguments, which may be fewer than the specification's."""
        for implementation in sorted(getattr(self._manager.hook, hook).get_hookimpls(), key=lambda i: i.plugin_name):
            yield implementation.plugin_name, implementation.function, implementation.argnames

    def _ask(self, hook: str, wanted: type) -> list[tuple[str, Any]]:
        answers: list[tuple[str, Any]] = []
        for name, implementation, _ in list(self._implementations(hook)):
            try:
                offered = implementation()
                if wrong := _wrong_type(offered, wanted):
                    raise PluginError(f"{hook} of plugin {name} must return a list of {wanted.__name__}, not {wrong}.")
            except (Exception, SystemExit) as error:  # another's code: see try_add
                why = _reason(error)
                if self.strict:
                    raise PluginError(f"Plugin {name} failed: {why}") from error
                self.found = [replace(f, failure=f"{hook}: {why}") if f.name == name else f for f in self.found]
                continue
            answers += [(name, item) for item in offered]
        return answers


def _reason(error: BaseException) -> str:
    """What went wrong and what to do next, in one line."""
    if isinstance(error, AnyTaskTuneError):
        return f"{error.problem} Next: {error.fix}" if error.fix else error.problem
    return f"{type(error).__name__}: {error}"


def _wrong_type(offered: object, wanted: type) -> str:
    """What a hook returned instead of a list of ``wanted``; "" when it is one."""
    if not isinstance(offered, list | tuple):
        return type(offered).__name__
    wrong = [type(item).__name__ for item in offered if not isinstance(item, wanted)]
    return f"a {type(offered).__name__} with a {wrong[0]}" if wrong else ""


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
    if spec is None:
        raise UsageError(f"{path.name} is not a Python file.", where=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # compiled from what the file says now: bytecode cached by size and time would miss an edit that changes neither
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102  # a plugin is code
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
            found = Found(name=point.name, distribution=dist.name if dist else "", version=dist.version if dist else "")
            registry.try_add(point.load, found)
    named = [*os.environ.get(FILES, "").split(os.pathsep), *map(str, files)]
    for path in dict.fromkeys(str(Path(name).resolve()) for name in named if name):
        name = Path(path).name
        if name in disabled:
            continue
        if any(found.name == name for found in registry.found):
            name = path  # two files of one name
        try:
            registry.add(load_file(Path(path)), Found(name=name))
        except UsageError:
            raise
        except (Exception, SystemExit) as error:  # another's code; what it leaves with would pass for our status
            if isinstance(error, PluginError):
                raise
            raise PluginError(
                f"The plugin file {Path(path).name} failed to load: {type(error).__name__}: {error}", where=path
            ) from error
    return registry
