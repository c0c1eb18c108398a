"""The fresh process's part: ``python -m anytasktune.conformance.in_child JOB.json``; see ``fresh``."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from anytasktune.conformance.findings import Fault, described, theirs
from anytasktune.conformance.fresh import digest_of
from anytasktune.conformance.targets import Target, offered
from anytasktune.examples import DataRequest
from anytasktune.subtask import SubTask

HEAVY: Final = ("torch", "transformers", "lm_eval", "datasets", "peft", "sklearn", "pandas", "scipy")
"""What listing commands must not wait for."""

ROWS: Final = 2


class _Watch:
    """Remembers from which line each heavy library was first imported."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Finds nothing, and remembers who asked."""
        del path, target
        if name in HEAVY and name not in self.seen:
            frames = traceback.extract_stack()[:-1]
            lines = [f for f in frames if not f.filename.startswith("<") and "importlib" not in f.filename]
            self.seen[name] = f"{Path(lines[-1].filename).name}:{lines[-1].lineno}" if lines else ""
        return None


def fresh(target: Target, id: str) -> dict[str, Any]:
    """What the first import brings in, the digests of the rows, and the other plugins that register the id.

    ``heavy``: library → the line that imports it. ``rows``: a digest a row, or ``rows_error``: what the builder raises.
    ``others``: titles of other plugins with this id.
    """
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    tasks = offered(target).subtasks
    task = tasks[id]
    heavy = {name: place for name, place in watch.seen.items() if name in sys.modules}
    sys.meta_path.remove(watch)
    rows, problem = [], ""
    try:
        rows = [digest_of(row) for row in task.build(DataRequest())]
    except (Exception, SystemExit) as error:  # noqa: BLE001  # another's code
        problem = described(error)
    return {"heavy": heavy, "rows": rows, "rows_error": problem, "others": _others(target, task)}


def _others(target: Target, task: SubTask) -> list[str]:
    """Titles of the installed plugins, but for this one, that register the id or its lm-eval name."""
    from importlib.metadata import entry_points

    from anytasktune.plugins import DISABLE, GROUP

    disabled = {name.strip() for name in os.environ.get(DISABLE, "").split(",")}
    titles = []
    for point in entry_points(group=GROUP):
        distribution = point.dist.name if point.dist else ""
        if (point.name, distribution) == (target.name, target.distribution) or point.name in disabled:
            continue
        try:
            found = offered(Target(name=point.name, value=point.value, distribution=distribution)).subtasks
        except Fault:
            continue  # a fault of that plugin, which `anytasktune plugins` tells
        if task.slug in {other.slug for other in found.values()}:
            titles.append(f"plugin {point.name} of {distribution}")
    return titles


def stock(target: Target, id: str) -> dict[str, Any]:
    """Stock lm-eval loads the YAML, and its own dummy model answers two rows of every protocol.

    ``scores``: task → score; ``error``: what went wrong.
    """
    del target  # found as if installed, as stock lm-eval would
    from anytasktune import lm_eval_tasks, plugins

    with theirs("loading the plugins"):
        (task,) = plugins.load().select([id])
    with tempfile.TemporaryDirectory() as name:
        others = [
            name
            for name, language, likelihood in lm_eval_tasks.stock_names(task)
            if likelihood and language == task.card.prompt_language
        ]
        with theirs("writing the YAML of another protocol"):
            lm_eval_tasks.write_stock_yaml(task, Path(name))
        scores = {task.slug: _scored(task.yaml.parent, task.slug)}
        scores |= {other: _scored(Path(name), other) for other in others}
    return {"scores": scores}


def _scored(folder: Path, name: str) -> float:
    """The score of one lm-eval task on two rows.

    Raises:
        Fault: lm-eval refuses the YAML, or gives no score.
    """
    from lm_eval.evaluator import evaluate
    from lm_eval.models.dummy import DummyLM
    from lm_eval.tasks import TaskManager

    with theirs(f"stock lm-eval, given {name},"):
        loaded = TaskManager(include_path=str(folder), include_defaults=False).load([name])
        results = evaluate(DummyLM(), loaded, limit=ROWS, bootstrap_iters=0, log_samples=False)
        score = (results or {})["results"][name]["score,none"]
    if not isinstance(score, int | float):
        raise Fault(f"Stock lm-eval gives {name} no score but {score!r}.")
    return float(score)


def main() -> None:
    """Do the job that the file on the command line describes, and write what came of it."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    action = {"fresh": fresh, "stock": stock}[job["what"]]
    try:
        answer = action(Target.of(job["target"]), job["id"])
    except Fault as fault:
        answer = {"fault": fault.message, "evidence": list(fault.evidence)}
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
