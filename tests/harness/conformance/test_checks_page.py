"""docs/checks.md has a line for every check, in their order, and says what the benchmark of the checks found."""

from __future__ import annotations

import re
from pathlib import Path

from anytasktune.conformance.kit import CHECKS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
LINES = {
    cells[0].strip("`"): cells[1:]
    for line in re.findall(r"^\| (`.*) \|$", PAGE, re.MULTILINE)
    for cells in [[cell.strip() for cell in line.split(" | ")]]
}


def test_every_check_has_a_line_in_its_place_and_no_line_is_of_another() -> None:
    assert list(LINES) == [check.name for check in CHECKS]


def test_a_line_says_whether_it_fails_and_what_it_catches() -> None:
    for name, cells in LINES.items():
        assert len(cells) in (2, 3), name
        assert cells[0].startswith(("fails", "notes")), name
        assert cells[1], name


def test_a_check_that_is_said_to_note_only_never_fails() -> None:
    """Held against the source: such a check calls neither ``failed`` nor ``failed_or_noted``."""
    import inspect

    for check in CHECKS:
        if LINES[check.name][0] == "notes":
            assert not re.search(r"\bfailed\w*\(", inspect.getsource(check.run)), check.name
        else:
            source = inspect.getsource(inspect.getmodule(check.run) or check.run)
            assert re.search(r"\bfailed(_or_noted)?\(|\bFault\(", source), check.name


def test_names_of_checks_on_the_page_are_those_of_checks() -> None:
    names = {check.name for check in CHECKS}
    others = {"anytasktune", "nan", "zh", "en"}
    in_words = set(re.findall(r"\(`([a-z-]+)`", PAGE)) | set(re.findall(r"`([a-z]+-[a-z-]+)`", PAGE))
    assert in_words <= names | others
