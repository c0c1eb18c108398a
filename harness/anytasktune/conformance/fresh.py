"""Asking a fresh process: what a first import brings in, whether rows come out alike, what stock lm-eval says.

The process starts in an empty folder and with another seed of Python's hashing. There the plugin's package is found
as if it were installed: a ``dist-info`` of its own stands first on the path and hides any installed version.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

from anytasktune.conformance.findings import Fault
from anytasktune.conformance.targets import Target
from anytasktune.examples import Example
from anytasktune.plugins import DISABLE, FILES, GROUP
from anytasktune.sources import CACHE_VARIABLE, MIRROR_VARIABLE

SECONDS: Final = {"fresh": 120.0, "stock": 240.0}
"""How long each question may take."""


def digest_of(row: object) -> str:
    """Sixteen hex digits over all that a row says; rows of other types count by their type."""
    if not isinstance(row, Example):
        return f"not an Example: {type(row).__name__}"
    fields = [
        row.id,
        row.input,
        list(row.targets),
        row.split,
        row.group,
        row.language,
        sorted(dict(row.slices).items()),
    ]
    return hashlib.sha256(json.dumps(fields, default=repr).encode()).hexdigest()[:16]


def ask_fresh(target: Target, id: str) -> dict[str, Any]:
    """Heavy imports, digests of the rows, and who else registers the id; see ``in_child.fresh``.

    Raises:
        Fault: the process ended early or took too long.
    """
    return _ask("fresh", target, id)


def ask_stock(target: Target, id: str) -> dict[str, Any]:
    """What stock lm-eval makes of the YAML; see ``in_child.stock``.

    Raises:
        Fault: the process ended early or took too long.
    """
    return _ask("stock", target, id)


def _ask(what: Literal["fresh", "stock"], target: Target, id: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        answer = folder / "answer.json"
        job = {"what": what, "target": target.as_dict(), "id": id, "answer": str(answer)}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "anytasktune.conformance.in_child", str(folder / "job.json")],
                env=_environment(target, folder),
                cwd=folder / "empty",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS[what],
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Fault(f"A fresh process has not done its part after {SECONDS[what]:.0f} s.") from error
        if not answer.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-4:]
            raise Fault(f"A fresh process ended early, with status {done.returncode}.", said)
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        if "fault" in found:
            raise Fault(found["fault"], found["evidence"])
        return found


def _environment(target: Target, folder: Path) -> dict[str, str]:
    environment = dict(os.environ)
    disabled = [name for name in environment.get(DISABLE, "").split(",") if name.strip() != target.name]
    environment[DISABLE] = ",".join(disabled)
    for name in (MIRROR_VARIABLE, CACHE_VARIABLE):
        if environment.get(name):
            environment[name] = str(Path(environment[name]).expanduser().resolve())
    front = list(target.roots)
    if target.roots:
        _write_distribution(target, folder / "installed")
        front.insert(0, str(folder / "installed"))
    if target.file:
        named = [str(Path(file).resolve()) for file in environment.get(FILES, "").split(os.pathsep) if file]
        environment[FILES] = os.pathsep.join(dict.fromkeys([*named, target.file]))
    rest = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment["PYTHONPATH"] = os.pathsep.join([*front, *(str(Path(path).resolve()) for path in rest)])
    environment["PYTHONHASHSEED"] = "2" if environment.get("PYTHONHASHSEED") == "1" else "1"
    environment["TQDM_DISABLE"] = "1"
    return environment


def _write_distribution(target: Target, folder: Path) -> None:
    info = folder / f"{target.distribution.replace('-', '_')}-{target.version or '0'}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {target.distribution}\nVersion: {target.version or '0'}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = f"[{GROUP}]\n{target.name} = {target.value}\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
