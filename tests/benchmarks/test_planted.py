"""benchmarks/planted.py on a few faults in rows of this repository: what it calls caught, missed and false."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import planted
import pytest
import seen as seen_module
from clean_data import CleanSet, public_sets
from faults import CATALOGUE, FAULTS
from planted import Cell, Said, examine_all
from planting import Fault, changed
from rich.console import Console
from seen import Seen
from verified import TRUE, Known

from anytasktune.card import read_yaml
from anytasktune.conformance import kit
from anytasktune.conformance.findings import Outcome, noted, passed
from anytasktune.conformance.subject import Subject
from anytasktune.examples import DataRequest
from anytasktune_consumer.ticket_routing import SUBTASK

ROOT = Path(__file__).parents[2]

FEW = (
    "exact copies of test rows in train",
    "a label misspelt",
    "equal inputs with different labels",
    "UTF-8 that was read as Latin-1",
    "turn tokens of a chat model in the input",
    "answers of train shuffled",
    "Chinese names of two labels swapped",
    "a torn JSON row",
)


def named(*names: str) -> list[Fault]:
    return [fault for fault in FAULTS if fault.name in names]


@pytest.fixture(scope="module")
def tickets() -> CleanSet:
    """The English rows of an authored sub-task, as a clean set."""
    card = {**read_yaml(SUBTASK.yaml)["metadata"], "languages": ["en"], "fingerprints": {}, "id": "planted/tickets"}
    rows = tuple(row for row in SUBTASK.build(DataRequest()) if row.language == "en")
    return CleanSet(name="tickets", kind="choice", rows=rows, card=card, metric="accuracy", recipe=SUBTASK.recipe)


@pytest.fixture(scope="module")
def few(tickets: CleanSet) -> tuple[list[Said], dict[str, Cell]]:
    said, cells = examine_all("tickets", tickets, named(*FEW), tokens=False)
    return said, {cell.fault: cell for cell in cells}


def test_nothing_is_said_of_the_clean_rows(few: tuple[list[Said], dict[str, Cell]]) -> None:
    assert few[0] == []


def test_what_is_promised_is_caught_by_who_promises_it(few: tuple[list[Said], dict[str, Cell]]) -> None:
    cells = few[1]
    assert {name: cell.caught for name, cell in cells.items()} == {
        "exact copies of test rows in train": ("leaks", "build", "new"),
        "a label misspelt": ("schema", "build"),
        "equal inputs with different labels": ("conflicts", "build", "new"),
        "UTF-8 that was read as Latin-1": ("text-damage",),
        "turn tokens of a chat model in the input": ("template-marks",),
        "answers of train shuffled": ("answers-fit",),
        "Chinese names of two labels swapped": (),
        "a torn JSON row": ("new",),
    }
    assert [cell.false for cell in cells.values()] == [()] * len(FEW)


def test_what_nobody_can_see_is_said_with_its_reason(few: tuple[list[Said], dict[str, Cell]]) -> None:
    cell = few[1]["Chinese names of two labels swapped"]
    assert (cell.verdict, cell.beyond) == ("beyond", "nothing here translates")


def _another(monkeypatch: pytest.MonkeyPatch, name: str, run: Callable[[Subject], Outcome]) -> None:
    """Another check under that name."""
    checks = tuple(replace(check, run=run) if check.name == name else check for check in kit.CHECKS)
    for module in (kit, seen_module):
        monkeypatch.setattr(module, "CHECKS", checks)


def test_a_promise_that_is_not_kept_is_missed(tickets: CleanSet, monkeypatch: pytest.MonkeyPatch) -> None:
    _another(monkeypatch, "leaks", lambda subject: passed("all is well"))
    _, (cell,) = examine_all("tickets", tickets, named(FEW[0]), tokens=False)
    assert cell.verdict == "missed"  # though build and new say it


def test_a_check_that_names_other_rows_has_not_caught_it(tickets: CleanSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaks(subject: Subject) -> Outcome:
        grown = len(subject.data.all) > len(tickets.rows)
        return noted("3 rows leak.", [tickets.rows[0].id]) if grown else passed("all is well")

    _another(monkeypatch, "leaks", leaks)
    _, (cell,) = examine_all("tickets", tickets, named(FEW[0]), tokens=False)
    assert cell.verdict == "missed"


def test_a_check_that_speaks_up_for_no_reason_is_a_false_alarm(
    tickets: CleanSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lengths(subject: Subject) -> Outcome:
        grown = len(subject.data.all) > len(tickets.rows)
        return noted("There are more rows than before.") if grown else passed("all is well")

    _another(monkeypatch, "cut-texts", lengths)
    _, (cell,) = examine_all("tickets", tickets, named(FEW[0]), tokens=False)
    assert cell.verdict == "caught"
    assert cell.false == (
        "tickets, exact copies of test rows in train: cut-texts (note): There are more rows than before.",
    )


def test_what_is_said_of_a_clean_set_is_false_until_it_was_looked_at(
    tickets: CleanSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    _another(monkeypatch, "cut-texts", lambda subject: noted("Five texts look cut off."))
    said, _ = examine_all("tickets", tickets, [], tokens=False)
    assert said == [("tickets", "cut-texts", "Five texts look cut off.")]
    console = Console(quiet=True)
    assert planted._print_notes(console, [], said) == 1
    monkeypatch.setitem(TRUE, said[0][:2], Known(says=said[0][2], why="they are"))
    assert planted._print_notes(console, [], said) == 0
    assert planted._print_notes(console, [], [("tickets", "cut-texts", "Six texts look cut off.")]) == 1


def test_a_mark_is_named_by_its_place_in_the_file_too() -> None:
    seen = Seen(status="said", words="row 7: empty", places=(("train:7", "row 7"), ("train:71", "row 71")))
    assert seen.names(["train:7"], None)
    assert not seen.names(["train:71"], None)
    assert not seen.names(["train:7"], Seen(status="said", words="row 7: empty"))


def test_the_catalogue_has_many_kinds_each_with_its_key(tickets: CleanSet) -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names)) >= 80
    checks = {check.name for check in kit.CHECKS} | {"new"}
    for group, faults in CATALOGUE.items():
        assert len(faults) >= 5, group
    for fault in FAULTS:
        assert fault.promised <= checks, fault.name
        assert fault.also <= checks, fault.name
        made = fault.plant(tickets, random.Random(0))
        if made is not None and not fault.promised:
            assert made.beyond, f"{fault.name} is promised by nobody, and does not say why"


def test_the_page_lists_every_fault_that_nobody_catches_and_no_other(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(mirror))
    beyond = set()
    for data in public_sets():
        for fault in FAULTS:
            made = fault.plant(data, random.Random(f"{fault.name} in {data.name}"))
            if made is not None and (made.beyond or not fault.promised):
                beyond.add(fault.name)
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    section = page.partition("## What nothing here catches")[2].partition("\n## ")[0]
    assert set(re.findall(r"\*\*(.+?)\*\*", section, re.DOTALL)) == beyond


def test_a_planted_row_is_what_a_finding_must_name(tickets: CleanSet) -> None:
    made = changed(tickets, tickets.rows[:2], lambda row: replace(row, input="x"))
    assert made.marks == tuple(row.id for row in tickets.rows[:2])
    assert [row.input for row in made.rows[:3]] == ["x", "x", tickets.rows[2].input]


@pytest.mark.slow
@pytest.mark.usefixtures("small_model_dir")
def test_from_outside_it_prints_the_table_and_exits_0(mirror: Path) -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/planted.py", "--only", "byte-order", "--sets", "meqsum", "--processes", "1"],
        env={**os.environ, "ANYTASKTUNE_MIRROR": str(mirror), "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kinds of fault in 1 data sets, 1 planted: 1 caught, 0 missed, 0 beyond any check; 0 false" in done.stdout
