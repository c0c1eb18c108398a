"""docs/hooks.md says of every hook what the specification says, and its examples work."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from anytasktune import hookspecs, plugins
from anytasktune.plugins import DISABLE, TRACE
from anytasktune.plugins.offers import OFFERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
SECTIONS = {
    re.split(r"\W", heading, maxsplit=1)[0]: (heading, body)
    for heading, body in re.findall(r"^## `(.+?)`\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
}


def test_every_hook_has_a_section_and_no_section_is_of_another() -> None:
    assert list(SECTIONS) == list(hookspecs.specified())


@pytest.mark.parametrize("hook", hookspecs.specified())
def test_a_section_names_every_argument_and_what_is_returned(hook: str) -> None:
    heading, body = SECTIONS[hook]
    function = getattr(hookspecs, hook)
    arguments = [f"{name}: {function.__annotations__[name]}" for name in inspect.signature(function).parameters]
    assert heading == f"{hook}({', '.join(arguments)}) -> {function.__annotations__['return']}"
    told = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+?)(?=^- |\n\n)", body, re.MULTILINE | re.DOTALL))
    assert list(told) == ["Arguments", "Returns", "Called"]
    named = re.findall(r"`(\w+)`", told["Arguments"]) or ["none"]
    assert named == list(hookspecs.specified()[hook]) or (named == ["none"] and not arguments)
    for member in OFFERS[hook].members if hook in OFFERS else ():
        assert re.search(rf"`{member}\b", told["Returns"]), member


@pytest.mark.parametrize("hook", hookspecs.specified())
def test_an_example_of_about_five_lines_works(hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", SECTIONS[hook][1], re.MULTILINE | re.DOTALL)
    assert 4 <= len([line for line in code.split("\n") if line.strip()]) <= 5
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "third-party-plugin"))
    path = tmp_path / "example.py"
    path.write_text("from anytasktune.hookspecs import hookimpl\n" + code, encoding="utf-8")
    registry = plugins.load([path])
    offered = registry.everything()
    found = registry.found[-1]
    assert (found.name, found.hooks, found.failure) == ("example.py", (hook,), "")
    if hook in OFFERS:
        assert len(offered[hook]["example.py"]) == 1


def test_the_page_tells_the_version_and_the_switches() -> None:
    assert f"The hooks have version {hookspecs.VERSION} " in PAGE
    assert f"ANYTASKTUNE_HOOKS = {hookspecs.VERSION}" in PAGE
    for name in (DISABLE, TRACE, "--trace-hooks", "--strict-plugins", "--plugin"):
        assert name in PAGE
