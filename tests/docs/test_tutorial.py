"""docs/tutorial.md is followed to the letter: its files are written, its commands run, what they print compared."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "tutorial.md").read_text(encoding="utf-8")
WRITTEN = ("python", "yaml")
"""Blocks of these are files that the reader writes."""
MOST_LINES = 40


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block, and the line of prose right before it."""

    language: str
    text: str
    before: str

    @property
    def file_name(self) -> str:
        """The last name in backticks of the line before."""
        return str(re.findall(r"`([\w-]+\.\w+)`", self.before)[-1])


def blocks_of(page: str) -> Iterator[Block]:
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        before = page[: match.start()].rstrip("\n").rpartition("\n")[2]
        yield Block(language=match[1], text=match[2], before=before)


BLOCKS = tuple(blocks_of(PAGE))


def commands_of(block: Block) -> list[str]:
    """Its commands, one a line; a backslash goes on in the next one."""
    joined = re.sub(r"\\\n\s*", "", block.text)
    return [line for line in joined.split("\n") if line.strip() and not line.startswith("#")]


def typed_lines() -> int:
    """Lines of the files that the reader writes, and lines that a command appends to one."""
    files = sum(len(block.text.splitlines()) for block in BLOCKS if block.language in WRITTEN)
    appended = sum(" >> " in line for block in BLOCKS if block.language == "sh" for line in commands_of(block))
    return files + appended


def masked(text: str) -> list[str]:
    """Lines without what may vary: numbers and hashes are #, runs of spaces one; empty lines are left out."""
    text = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", "#", text)
    text = re.sub(r"[+-]?\d+(?:[.,]\d+)*", "#", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def missing(shown: str, printed: str) -> list[str]:
    """The shown lines that were not printed; … stands for any words. Ranks may differ, so order is not compared."""
    left = masked(printed)
    absent = []
    for line in masked(shown):
        pattern = ".*".join(map(re.escape, line.split("…")))
        found = next((other for other in left if re.fullmatch(pattern, other)), None)
        if found is None:
            absent.append(line)
        else:
            left.remove(found)
    return absent


# --- the rules themselves ---


def test_a_shown_line_must_be_printed_whatever_its_numbers_and_as_often_as_it_is_shown() -> None:
    printed = "demo: accuracy 0.51 [0.2, 0.8], n = 16\n\n  runs/demo.c1365e92e0bb\nend\n"
    assert missing("demo: accuracy 0.77 [0.1, 0.9], n = 4\nend", printed) == []
    assert missing("runs/demo.0123456789ab", printed) == []
    assert missing("demo: accuracy", printed) == ["demo: accuracy"]
    assert missing("end\nend", printed) == ["end"]
    assert missing("de…accuracy …", printed) == []


def test_the_page_asks_for_at_most_forty_lines_and_says_how_many() -> None:
    assert typed_lines() <= MOST_LINES
    assert f"**{typed_lines()} lines**" in PAGE
    plugin = next(block for block in BLOCKS if block.language == "python")
    assert len(plugin.text.splitlines()) == 9


def test_the_first_rows_on_the_page_are_those_of_its_files() -> None:
    shown = [block for block in BLOCKS if block.language in ("csv", "jsonl")]
    assert [block.file_name for block in shown] == ["notes.csv", "finds.jsonl"]
    for block in shown:
        assert (DOCS / "tutorial" / block.file_name).read_text(encoding="utf-8").startswith(block.text)


def test_the_pages_that_it_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert {"card.md", "metrics.md", "hooks.md", "suites.md"} <= set(links)
    assert [link for link in links if not (DOCS / link).exists()] == []


# --- the reader ---


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a shell in whose virtual environment AnyTaskTune is installed, and nothing is fetched."""
    pytest.importorskip("hatchling", reason="packages are built by it: pip install 'anytasktune[test]'")
    if os.name == "nt" or shutil.which("sh") is None:
        pytest.skip("the page is written for a POSIX shell")
    folder = tmp_path_factory.mktemp("reader") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    # --system-site-packages would give those of the Python that ours was made from, not ours
    ours = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (Path(own) / "ours.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in ours))
    command = folder / "bin" / "anytasktune"
    command.write_text(f'#!/bin/sh\nexec "{python}" -m anytasktune "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as the option's value: no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONWARNINGS": "",
    }


@pytest.mark.slow
def test_the_page_leads_from_an_empty_folder_to_a_board(
    environment: dict[str, str], small_model_dir: Path, tmp_path: Path
) -> None:
    assert small_model_dir.is_dir()
    for name in ("notes.csv", "finds.jsonl"):
        shutil.copy(DOCS / "tutorial" / name, tmp_path)
    printed = ""
    for block in BLOCKS:
        if block.language in WRITTEN:
            (tmp_path / block.file_name).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            printed = "".join(run(command, tmp_path, environment) for command in commands_of(block))
        elif block.language == "text":
            assert missing(block.text, printed) == [], f"not printed:\n{printed}"
    rows = json.loads(run("anytasktune board runs/library --format json", tmp_path, environment))
    families = re.findall(r'"family": "(\w+)"', json.dumps(rows))
    assert {"base", "classical", "adapter"} <= set(families), families


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    """What a command of the page prints; it must succeed."""
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
