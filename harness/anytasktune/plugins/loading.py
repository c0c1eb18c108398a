"""Where plugins come from: entry points of installed distributions, then single files."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Container, Iterable
from dataclasses import replace
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import NamedTuple

from anytasktune.errors import PluginError, UsageError, did_you_mean
from anytasktune.plugins.found import DISABLE, FILES, GROUP, TRACE, Found
from anytasktune.plugins.guarding import guarded
from anytasktune.plugins.registry import Registry


def load(
    files: Iterable[Path] = (),
    *,
    strict: bool = False,
    say: Callable[[str], None] = lambda line: None,
    trace: bool = False,
) -> Registry:
    """Find and load every plugin: installed ones, then single files.

    Args:
        files: single files, besides those of ``ANYTASKTUNE_PLUGIN_FILES``.
        strict: whatever is wrong with a plugin is an error at once; every hook is asked.
        say: is told each fault when it is found, a line each.
        trace: tell every call of a hook on standard error, as ``ANYTASKTUNE_TRACE_HOOKS=1`` does.

    Raises:
        PluginError: one failed to load, and ``strict`` is set or it was named as a file.
        UsageError: a file does not exist.
    """
    traced = trace or os.environ.get(TRACE, "") not in ("", "0")
    registry = Registry(strict=strict, say=say, trace=traced)
    disabled = [name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()]
    for point in _installed():
        _load_installed(registry, point, disabled)
    named = [*os.environ.get(FILES, "").split(os.pathsep), *map(str, files)]
    for path in dict.fromkeys(Path(name).resolve() for name in named if name):
        _load_single(registry, path, disabled)
    known = {found.name for found in registry.found}
    for name in disabled:
        if name not in known:
            say(f"{DISABLE} names {name!r}, and no plugin is called so: {did_you_mean(name, known)}")
    if strict:
        registry.everything()
    return registry


def load_file(path: Path) -> object:
    """The module of a single-file plugin.

    Raises:
        UsageError: there is no such file, or it is not Python.
    """
    path = path.resolve()
    name = _module_name(path)
    module = importlib.util.module_from_spec(_spec(name, path))
    sys.modules[name] = module
    try:
        # compiled from what the file says now: bytecode cached by size and time would miss an edit that changes neither
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102  # a plugin is code
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _module_name(path: Path) -> str:
    stem = re.sub(r"\W", "_", path.stem)
    return f"anytasktune_file_{stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _spec(name: str, path: Path) -> ModuleSpec:
    if not path.is_file():
        raise UsageError(f"There is no plugin file {path.name!r}.", where=str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise UsageError(f"{path.name} is not a Python file.", where=str(path))
    return spec


def _load_single(registry: Registry, path: Path, disabled: Container[str]) -> None:
    """A file was named on purpose: one that cannot be loaded is an error at once."""
    found = Found(name=_free(registry, path.name, str(path)), source="file", place=str(path))
    if path.name in disabled or found.name in disabled:
        registry.found.append(replace(found, disabled=True))
        return
    root = _module_name(path)
    _spec(root, path)
    try:
        registry.add(guarded(lambda: load_file(path), root), found, root)
    except PluginError as error:
        raise PluginError(f"The plugin file {path.name} failed to load: {error.problem}", where=str(path)) from error


class _Point(NamedTuple):
    """An entry point, what loads it, and its top-level module."""

    found: Found
    load: Callable[[], object]
    root: str = ""


def _load_installed(registry: Registry, point: _Point, disabled: Container[str]) -> None:
    name, brought = point.found.name, point.found.distribution
    found = replace(
        point.found, name=_free(registry, name, f"{name}@{brought}", f"{name}@{brought}:{point.found.place}")
    )
    if name in disabled or found.name in disabled:
        registry.found.append(replace(found, disabled=True))
    else:
        registry.try_add(point.load, found, point.root)


def _free(registry: Registry, *names: str) -> str:
    """The first of the names that no plugin has yet: two distributions may well call their plugins alike."""
    taken = {found.name for found in registry.found}
    return next((name for name in names if name not in taken), names[-1])


def _installed() -> list[_Point]:
    """The entry points of every distribution, sorted by name; one that is installed twice counts once."""
    points = [_point(entry) for entry in entry_points(group=GROUP)]
    return sorted(points, key=lambda point: (point.found.name, point.found.distribution, point.found.place))


def _point(entry: EntryPoint) -> _Point:
    metadata = entry.dist.metadata if entry.dist else None
    distribution, version = (
        str(metadata[key]) if metadata is not None and key in metadata else "" for key in ("Name", "Version")
    )
    found = Found(name=entry.name, distribution=distribution, version=version, place=entry.value)
    module = re.match(r"\w+", entry.value)
    return _Point(found, entry.load, module.group()) if module else _Point(found, partial(_refuse, entry.value))


def _refuse(value: str) -> object:
    raise PluginError(
        f"Its entry point {value!r} names no module.",
        fix='name it as in pyproject.toml: NAME = "MODULE" or "MODULE:OBJECT"',
    )
