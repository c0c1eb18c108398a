"""What is to be checked: ids of registered sub-tasks, a plugin's file, or the folder of its package.

A package is loaded from its folder as it stands there, whether or not it is installed: its entry points are read from
``pyproject.toml``, and its modules are taken from ``src`` or from the folder itself before any installed version.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from anytasktune import plugins
from anytasktune.conformance.findings import Fault, theirs
from anytasktune.errors import UsageError
from anytasktune.plugins import GROUP, Found, Registry
from anytasktune.plugins.guarding import guarded
from anytasktune.subtask import SubTask

PROJECT_FILE = "pyproject.toml"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One plugin, and how any process can load it.

    Args:
        name: the plugin's.
        file: of a single-file plugin; "" for an entry point.
        value: what the entry point names, ``module`` or ``module:object``.
        roots: folders to import it from before all others; none where it is installed.
        distribution, version: what brings it.
    """

    name: str
    file: str = ""
    value: str = ""
    roots: tuple[str, ...] = ()
    distribution: str = ""
    version: str = ""

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Target:
        """What ``as_dict`` made."""
        return cls(**{**fields, "roots": tuple(fields["roots"])})

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for another process."""
        return asdict(self)

    @property
    def module(self) -> str:
        """The top-level module of an entry point."""
        return self.value.partition(":")[0].partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What came of loading a plugin.

    Args:
        name: of the plugin, as findings show it.
        target: the plugin; None where not even that is known.
        tasks: its sub-tasks, those that were asked for.
        fault: why it offers none, or not all that it should.
    """

    name: str
    target: Target | None = None
    tasks: tuple[SubTask, ...] = ()
    fault: Fault | None = None


def load_all(words: Sequence[str], load: Callable[[], Registry] = plugins.load) -> Iterator[Loaded]:
    """Each thing that is named, loaded when it is its turn: ids and globs first, then paths as they are given.

    Args:
        words: ids, globs, ``FILE.py`` or folders with a ``pyproject.toml``.
        load: loads the plugins whose sub-tasks ids may name; called only where one is named.

    Raises:
        UsageError: a name fits nothing, a path does not exist.
    """
    paths = [word for word in words if is_path(word)]
    for path in paths:
        if not Path(path).exists():
            raise UsageError(
                f"There is no {path!r}.", fix="name a sub-task, a plugin's FILE.py or its package's folder"
            )
    ids = [word for word in words if word not in paths]
    if ids:
        registry = load()
        known = {found.name: found for found in registry.found}
        for task in registry.select(ids):
            yield Loaded(name=task.id, target=target_of(known[task.origin]), tasks=(task,))
    for path in dict.fromkeys(paths):
        yield from load_path(Path(path))


def is_path(word: str) -> bool:
    """A file or folder is meant: by its form, or because a plugin's package lies there."""
    if (
        word.endswith(".py")
        or word.startswith((".", "~"))
        or Path(word).is_absolute()
        or word.rstrip("/").count("/") > 1
    ):
        return True
    return (Path(word) / PROJECT_FILE).is_file() or ("/" not in word and Path(word).is_dir())


def target_of(found: Found) -> Target:
    """How another process loads a plugin that was found."""
    if found.source == "file":
        return Target(name=found.name, file=found.place)
    return Target(
        name=found.name.partition("@")[0], value=found.place, distribution=found.distribution, version=found.version
    )


def load_path(path: Path) -> Iterator[Loaded]:
    """The plugins of a file or of a package's folder, each loaded by itself."""
    path = path.expanduser().resolve()
    try:
        targets = [Target(name=path.name, file=str(path))] if path.is_file() else package_targets(path)
    except Fault as fault:
        yield Loaded(name=path.name, fault=fault)
        return
    for target in targets:
        try:
            yield Loaded(name=target.name, target=target, tasks=tuple(offered(target).subtasks.values()))
        except Fault as fault:
            yield Loaded(name=target.name, target=target, fault=fault)


def package_targets(folder: Path) -> list[Target]:
    """The plugins that a package's ``pyproject.toml`` names.

    Raises:
        Fault: there is none, or it cannot be read.
    """
    path = folder / PROJECT_FILE
    if not path.is_file():
        raise Fault(f"The folder {folder.name} has no {PROJECT_FILE}, so it is no plugin's package.")
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Fault(f"Its {PROJECT_FILE} cannot be read: {error}.") from error
    about = project.get("project", {})
    points = about.get("entry-points", {}).get(GROUP, {})
    if not points:
        raise Fault(
            f"Its {PROJECT_FILE} names no entry point of the group {GROUP!r}.",
            [f'next: [project.entry-points.{GROUP}] with a line NAME = "MODULE"'],
        )
    return [
        Target(
            name=name,
            value=value,
            roots=_roots(folder, project, value),
            distribution=about.get("name", folder.name),
            version=str(about.get("version", "")),
        )
        for name, value in sorted(points.items())
    ]


def _roots(folder: Path, project: dict[str, Any], value: str) -> tuple[str, ...]:
    """Where the entry point's module lies, then where else the package's modules do.

    Raises:
        Fault: the module is in none of them.
    """
    hatch = project.get("tool", {}).get("hatch", {}).get("build", {}).get("targets", {}).get("wheel", {})
    listed = [folder / package for package in hatch.get("packages", [])]
    places = [folder / "src", folder, *(package.parent for package in listed)]
    top = value.partition(":")[0].partition(".")[0]
    holding = [place for place in places if (place / top).is_dir() or (place / f"{top}.py").is_file()]
    if not holding:
        raise Fault(
            f"The entry point names the module {top!r}, which is neither in {folder.name}/src nor in {folder.name}.",
            [f"{PROJECT_FILE}: {value!r}"],
        )
    return tuple(dict.fromkeys(str(place) for place in [holding[0], *(package.parent for package in listed)]))


def offered(target: Target) -> Registry:
    """A registry of this plugin alone, asked for its sub-tasks.

    Raises:
        Fault: it cannot be loaded, a hook of it is wrong, or it offers no sub-task.
    """
    plugin = guarded(lambda: _loaded(target), "")
    if isinstance(plugin, Fault):
        raise plugin
    registry = Registry()
    place, source = (target.file, "file") if target.file else (target.value, "entry point")
    found = Found(
        name=target.name,
        distribution=target.distribution,
        version=target.version,
        source="file" if source == "file" else "entry point",
        place=place,
    )
    registry.try_add(lambda: plugin, found, target.module or str(getattr(plugin, "__name__", "")))
    tasks = registry.subtasks
    failures = list(dict.fromkeys(failure for one in registry.found for failure in one.failures))
    if failures:
        raise Fault(f"The plugin {target.name} cannot be used. {failures[0]}", failures[1:])
    if not tasks:
        raise Fault(f"The plugin {target.name} registers no sub-task.")
    return registry


def _loaded(target: Target) -> object | Fault:
    """The plugin, or why it cannot be loaded."""
    try:
        with theirs(f"loading the plugin {target.name}"):
            return plugins.load_file(Path(target.file)) if target.file else _imported(target)
    except Fault as fault:
        return fault


def _imported(target: Target) -> object:
    for root in reversed(target.roots):
        if root in sys.path:
            sys.path.remove(root)
        sys.path.insert(0, root)
    present = sys.modules.get(target.module)
    if target.roots and present is not None and not _lies_in(present, target.roots):
        for name in [name for name in sys.modules if name.partition(".")[0] == target.module]:
            del sys.modules[name]  # another version, which would be checked instead
    importlib.invalidate_caches()
    return EntryPoint(name=target.name, value=target.value, group=GROUP).load()


def _lies_in(module: ModuleType, roots: Sequence[str]) -> bool:
    places = [module.__file__] if getattr(module, "__file__", None) else list(getattr(module, "__path__", []))
    return any(Path(str(place)).resolve().is_relative_to(root) for place in places for root in roots)
