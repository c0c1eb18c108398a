"""How the cost of likelihood grows with rows, choices and context length, for both engines, drawn side by side."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engines
import work

from anytasktune.models.loading import load
from anytasktune.models.tokens import Encoder

ROWS = (1, 2, 4, 8)
CHOICES = (2, 8, 24, 77)
CONTEXT_TOKENS = (50, 100, 200, 400)
HFLM_BATCH = 8
REPETITIONS = 3


def draw(folder: Path, out: str, device: str, dtype: str, say: Callable[..., None]) -> int:
    """Measures and writes an SVG, and its figures as CSV beside it."""
    loaded = load(folder, device="cpu", dtype="float32")
    encoder = Encoder(loaded.tokenizer, config=loaded.model.config)
    who = [engines.ours(folder, device, dtype), engines.hflm(folder, device, dtype)(HFLM_BATCH)]
    points: list[dict[str, Any]] = []
    cases = [("rows", n, n, 24, 50) for n in ROWS]
    cases += [("choices", n, 2, n, 50) for n in CHOICES]
    cases += [("context, tokens", n, 2, 8, n) for n in CONTEXT_TOKENS]
    for growing, value, rows, choices, context in cases:
        requests = asked(encoder, rows=rows, choices=choices, context=context)
        for engine in who:
            times = [engines.seconds(engine, "loglikelihood", requests)[0] for _ in range(REPETITIONS)]
            points.append(
                {"growing": growing, "value": value, "engine": engine.name, "seconds": sorted(times)[len(times) // 2]}
            )
        say(f"{growing} {value}: " + ", ".join(f"{p['engine']} {p['seconds']:.2f} s" for p in points[-len(who) :]))
    path = Path(out)
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(points[0]))
        writer.writeheader()
        writer.writerows(points)
    chart(points).save(path)
    return 0


def asked(encoder: Encoder, *, rows: int, choices: int, context: int) -> list[Any]:
    """Requests of one size: bank customers' messages up to a length, and the first intents."""
    _, test, names = work.banking()
    texts = iter(text for text, _ in work.chosen(test, 900, seed=4))
    pairs = []
    for _ in range(rows):
        story = next(texts)
        while len(encoder.encode(story)) < context - 5:
            story += " " + next(texts)
        pairs += [(f"{story}\nTopic:", " " + name) for name in names[:choices]]
    return work.instances("loglikelihood", pairs)


def chart(points: list[dict[str, Any]]) -> Any:
    """Three panels, one a thing that grows; seconds from zero."""
    import altair

    panels = []
    for growing in dict.fromkeys(point["growing"] for point in points):
        of_panel = altair.Data(values=[point for point in points if point["growing"] == growing])
        panels.append(
            altair.Chart(of_panel, width=220, height=200)
            .mark_line(point=True)
            .encode(
                x=altair.X("value:Q", title=growing),
                y=altair.Y("seconds:Q", title="seconds"),
                color=altair.Color("engine:N", title=None),
                strokeDash=altair.StrokeDash("engine:N", title=None),
            )
        )
    return altair.hconcat(*panels)
