"""One check of one sub-task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo_tasks import plugin

from anytasktune.conformance.findings import Finding
from anytasktune.conformance.kit import Examination
from anytasktune.conformance.subject import Subject
from anytasktune.conformance.targets import Target
from anytasktune.examples import Example
from anytasktune.subtask import SubTask

Examine = Callable[..., Finding]
Row = Callable[..., Example]

PUBLIC = {"source": {"citation": "published by others"}}
"""A change to a card: its rows were not written for it."""


def examined(task: SubTask, check: str, target: Target | None = None) -> Finding:
    """What one check finds; without a target the sub-task is known as an object only."""
    return Examination(task.id, Subject(task, target, lambda line: None)).finding(check)


def package(folder: Path, *, module: str, src: bool = True, **card: Any) -> Path:
    """A plugin's package as its author has it, with a ``pyproject.toml``; returns its folder."""
    code = folder / ("src" if src else "") / module
    code.mkdir(parents=True)
    file = plugin(code, "choice", **card)
    for suffix in (".py", ".yaml", ".jsonl"):
        file.with_suffix(suffix).rename((code / "__init__").with_suffix(suffix))
    name = module.replace("_", "-")
    text = f'[project]\nname = "{name}"\nversion = "2.0"\n[project.entry-points.anytasktune]\n{name} = "{module}"\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def install(module: Path, *, name: str, version: str = "1.5") -> None:
    """A module with an entry point, as pip leaves it beside others in a folder on the path."""
    info = module.parent / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(about, encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[anytasktune]\n{name} = {module.stem}\n", encoding="utf-8")
