"""How good are the checks? Kinds of fault, each planted into real data sets, and what finds it.

    python benchmarks/planted.py                 # the table; exits 1 where something promised is missed
    python benchmarks/planted.py --only label    # faults whose names hold a word
    python benchmarks/planted.py --sets meqsum   # one data set

Three look: the checks of ``anytasktune check`` that are about rows, the report of a build, and the warnings of
``anytasktune new --data``. A finding counts as *caught* where the set without the fault does not have it and it names a
row or label that was planted. A check that speaks up though the fault gives it no reason to is a *false alarm*; so is
everything that is said of a set before anything was planted, unless it is true: see ``verified.py``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clean_data import READERS, CleanSet
from faults import FAULTS
from planting import Fault
from rich.console import Console
from rich.table import Table
from seen import Seen, looked_at
from verified import TRUE

PARTS = 4
"""In which a set's faults are shared out among the processes."""

NOT_HERE = "–"
"""In the table: the set has no such fault."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One fault in one data set.

    Args:
        fault, data: their names.
        caught: who caught it, promised ones first.
        promised: somebody must.
        beyond: why nobody can.
        false: checks that spoke up for no reason, with what they said.
    """

    fault: str
    data: str
    caught: tuple[str, ...]
    promised: bool
    beyond: str
    false: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """``caught``, ``missed`` (though promised), or ``beyond``."""
        return "caught" if self.caught else "missed" if self.promised else "beyond"


def main() -> int:
    """Prints tables; 1 where a promised fault is missed, or a clean set or a check raises a false alarm."""
    options = _options()
    console = Console(emoji=False, highlight=False, width=max(150, Console().width))
    began = time.monotonic()
    faults = [fault for fault in FAULTS if options.only in fault.name]
    sets = [name for name in _names() if not options.sets or name in options.sets]
    parts = [(name, [fault.name for fault in faults[at::PARTS]]) for name in sets for at in range(PARTS)]
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        results = pool.starmap(run, parts, chunksize=1)
    cells = [cell for _, found in results for cell in found]
    said = list(dict.fromkeys(line for lines, _ in results for line in lines))
    _print_table(console, faults, sets, cells)
    false = _print_notes(console, cells, said)
    caught = sum(cell.verdict == "caught" for cell in cells)
    missed = [cell for cell in cells if cell.verdict == "missed"]
    beyond = sum(cell.verdict == "beyond" for cell in cells)
    console.print(
        f"\n{len(faults)} kinds of fault in {len(sets)} data sets, {len(cells)} planted: {caught} caught, "
        f"{len(missed)} missed, {beyond} beyond any check; {false} false alarms; {time.monotonic() - began:.0f} s."
    )
    return 1 if missed or false else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", metavar="WORD", help="faults whose names hold it")
    parser.add_argument("--sets", nargs="*", choices=_names(), help="data sets, all by default")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def _names() -> list[str]:
    return [reader.__name__ for reader in READERS]


# --- one data set -----


Said = tuple[str, str, str]
"""Of a clean set: the set, who says it, its first line."""


def run(name: str, faults: Sequence[str]) -> tuple[list[Said], list[Cell]]:
    """What is said of the clean set, and every fault in it."""
    (reader,) = [reader for reader in READERS if reader.__name__ == name]
    return examine_all(name, reader(), [fault for fault in FAULTS if fault.name in faults])


def examine_all(
    name: str, data: CleanSet, faults: Iterable[Fault], *, tokens: bool = True
) -> tuple[list[Said], list[Cell]]:
    """What is said of a clean set, and each fault in it.

    Args:
        name: of the set, as ``verified`` has it.
        data: the set.
        faults: to plant.
        tokens: run the checks that need the default model's tokenizer.
    """
    with tempfile.TemporaryDirectory() as folder:
        clean = looked_at(data, None, Path(folder), tokens=tokens, prompt_length=tokens)
        said = [(name, check, found.words.partition("\n")[0]) for check, found in clean.items() if found.raised]
        cells = [cell for fault in faults if (cell := _planted(name, data, fault, clean, Path(folder), tokens))]
    return said, cells


def _planted(
    name: str, data: CleanSet, fault: Fault, clean: dict[str, Seen], folder: Path, tokens: bool
) -> Cell | None:
    planted = fault.plant(data, random.Random(f"{fault.name} in {name}"))
    if planted is None:
        return None
    seen = looked_at(data, planted, folder, tokens=tokens, prompt_length=tokens and "prompt-length" in fault.promised)
    raised = {check: found for check, found in seen.items() if found.raised and found != clean.get(check)}
    caught = [check for check, found in raised.items() if found.names(planted.marks, clean.get(check))]
    expected = fault.promised | fault.also | {"build", "new"}
    false = [
        f"{name}, {fault.name}: {check} ({found.status}): {found.words.partition(chr(10))[0]}"
        for check, found in raised.items()
        if check not in expected and not clean[check].raised
    ]
    promised = bool(fault.promised) and not planted.beyond
    told = [check for check in caught if check in fault.promised]
    told += [check for check in ("build", "new") if planted.marks and told and check in caught and check not in told]
    return Cell(
        fault=fault.name,
        data=name,
        caught=tuple(told),
        promised=promised,
        beyond=planted.beyond,
        false=tuple(false),
    )


# --- what is printed -----


def _print_table(console: Console, faults: Sequence[Fault], sets: Sequence[str], cells: Sequence[Cell]) -> None:
    table = Table(title="Who catches which fault")
    table.add_column("fault")
    table.add_column("answer key: any of")
    for name in sets:
        table.add_column(name)
    by_place = {(cell.fault, cell.data): cell for cell in cells}
    for fault in faults:
        key = ", ".join(sorted(fault.promised)) or "nobody"
        table.add_row(fault.name, key, *(_shown(by_place.get((fault.name, name))) for name in sets))
    console.print(table)


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return NOT_HERE
    if cell.verdict == "caught":
        return ", ".join(cell.caught)
    return "MISSED" if cell.verdict == "missed" else "not caught"


def _print_notes(console: Console, cells: Sequence[Cell], said: Sequence[Said]) -> int:
    """What lies beyond, what is true of the clean sets, and false alarms; returns how many of these."""
    console.print("\nNot caught, and why:")
    for cell in cells:
        if cell.verdict == "beyond":
            console.print(f"- {cell.fault} ({cell.data}): {cell.beyond}", markup=False)
    console.print("\nSaid of the sets before anything was planted, and true:")
    false = []
    for name, check, words in said:
        known = TRUE.get((name, check))
        if known is not None and known.says == words:
            console.print(f"- {name}, {check}: {known.why}", markup=False)
        else:
            false.append(f"{name}, before anything was planted: {check}: {words}")
    false += [line for cell in cells for line in cell.false]
    console.print(f"\nFalse alarms: {len(false) or 'none'}")
    for line in false:
        console.print(f"- {line}", markup=False)
    return len(false)


if __name__ == "__main__":
    sys.exit(main())
