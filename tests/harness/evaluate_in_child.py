"""Evaluates one run in a process of its own, printing ``done total`` after every batch; see test_killed_evaluation."""

from __future__ import annotations

import sys
from pathlib import Path

from anytasktune import plugins, splits
from anytasktune.evaluation import Evaluation, evaluate
from anytasktune.models.kinds import ModelRequest, find_kind
from anytasktune.prompts import AskedAs


def main(model: str, root: str, method: str, limit: str) -> None:
    registry = plugins.load()
    (task,) = registry.select(["consumer/ticket-routing"])
    data = splits.build(task)
    opened = find_kind(model, registry.model_kinds).open(
        ModelRequest(spec=model, task=task, data=data, rows_at_once=4, device="cpu")
    )
    asked = AskedAs(method=method, shots=0, language="en")  # type: ignore[arg-type]  # from the command line
    job = Evaluation(task=task, data=data, split="test", model=opened, asked=asked, root=Path(root), limit=int(limit))
    folder = evaluate(job, lambda done, total, rate: print(done, total, flush=True))
    print("folder", folder, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
