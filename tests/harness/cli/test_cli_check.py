"""``anytasktune check`` from outside: what it prints and exits with, and plugins that are broken, each in one way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from commands import Att, Done
from demo_tasks import plugin, rows

from anytasktune.conformance.kit import CHECKS
from anytasktune.examples import Example

ROWS = rows("choice")
NAMES = '{"账单": "billing", "退款": "refund"}'


def failures(done: Done) -> dict[str, str]:
    """The sentences of the checks that failed, evidence included."""
    return {
        finding["check"]: "\n".join([finding["message"], *finding["evidence"]])
        for finding in done.json()
        if finding["status"] == "fail"
    }


def metric(body: str) -> str:
    """Source of a metric with one changed method."""
    return f"""
from dataclasses import replace
class Changed(Accuracy):
{body}
SUBTASK = replace(SUBTASK, metric=Changed({NAMES}))
"""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One way to break a plugin.

    Args:
        check: the check that names it.
        sentence: what that check says.
        change: of the module's source.
        yaml: of its YAML; None removes it.
        examples: its rows.
        lost: `tasks` cannot list it.
    """

    check: str
    sentence: str
    change: Callable[[str], str] = lambda source: source
    yaml: Callable[[str], str] | None = lambda text: text
    examples: Sequence[Example] = tuple(ROWS)
    lost: bool = False


BROKEN = {
    "import-error": Broken(
        check="registration",
        sentence="ModuleNotFoundError: No module named 'gone_module' (broken_import_error.py:1)",
        change=lambda source: "import gone_module\n" + source,
        lost=True,
    ),
    "hook-misspelt": Broken(
        check="registration",
        sentence="It implements the hook 'register_subtask', which does not exist",
        change=lambda source: source.replace("def register_subtasks", "def register_subtask"),
        lost=True,
    ),
    "wrong-type": Broken(
        check="registration",
        sentence="register_subtasks must return a list of SubTask, not one SubTask",
        change=lambda source: source.replace("return [SUBTASK]", "return SUBTASK"),
        lost=True,
    ),
    "duplicate-id": Broken(
        check="registration",
        sentence="The sub-task 'demo/duplicate-id' is",
        change=lambda source: source.replace("return [SUBTASK]", "return [SUBTASK, SUBTASK]"),
        lost=True,
    ),
    "missing-yaml": Broken(
        check="card", sentence="The card broken_missing_yaml.yaml is missing.", yaml=None, lost=True
    ),
    "unknown-key": Broken(
        check="card",
        sentence="metadata.licens: unknown key; did you mean licence?",
        yaml=lambda text: text.replace("  licence: CC0", "  licence: CC0\n  licens: MIT"),
        lost=True,
    ),
    "unknown-lm-eval-key": Broken(
        check="yaml",
        sentence="doc_to_txt: lm-eval has no such key; did you mean doc_to_text",
        yaml=lambda text: f"doc_to_txt: x\n{text}",
    ),
    "duplicate-row": Broken(
        check="row-ids", sentence="test:3: rows 11, 12", examples=(*ROWS, replace(ROWS[0], id="test:3", input="new"))
    ),
    "leaking-split": Broken(
        check="leaks",
        sentence="train train:99 is test test:3",
        examples=(*ROWS, replace(ROWS[-1], id="train:99", split="train")),
    ),
    "metric-nan": Broken(
        check="metric-bounds",
        sentence="its score is nan, which is not in [0, 1]",
        change=lambda source: source.replace(
            "\n\n@hookimpl",
            metric("""
    def grade(self, example, answer):
        return replace(super().grade(example, answer), score=float("nan"))
""")
            + "\n\n@hookimpl",
        ),
    ),
    "metric-beyond-one": Broken(
        check="metric-bounds",
        sentence="12 rows, the right answer: accuracy is 1.2, which is not in [0, 1]",
        change=lambda source: source.replace(
            "\n\n@hookimpl",
            metric("""
    def summarise(self, grades):
        return {self.name: 1.2}
""")
            + "\n\n@hookimpl",
        ),
    ),
    "unknown-module": Broken(
        check="recipe",
        sentence="q_porj: did you mean q_proj",
        change=lambda source: source.replace("recipe=CHOICE", 'recipe=CHOICE.but(target_modules=("q_porj",))'),
    ),
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them, and a sound one, installed beside each other, each as a distribution of its own."""
    folder = tmp_path_factory.mktemp("installed")
    for name, broken in {"sound": Broken(check="", sentence=""), **BROKEN}.items():
        module = f"broken_{name.replace('-', '_')}"
        made = plugin(folder, "choice", broken.examples, id=f"demo/{name}")
        text = broken.yaml(made.with_suffix(".yaml").read_text(encoding="utf-8")) if broken.yaml else None
        made.with_suffix(".yaml").unlink()
        if text is not None:
            (folder / f"{module}.yaml").write_text(text, encoding="utf-8")
        made.with_suffix(".jsonl").rename(folder / f"{module}.jsonl")
        made.write_text(broken.change(made.read_text(encoding="utf-8")), encoding="utf-8")
        made.rename(folder / f"{module}.py")
        info = folder / f"{module}_dist-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}-dist\nVersion: 1.5\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[anytasktune]\n{name} = {module}\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("small_model_dir")
@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_plugin_gets_a_sentence_of_its_own(att: Att, installed: Path, name: str) -> None:
    broken = BROKEN[name]
    done = att("check", installed / f"broken_{name.replace('-', '_')}.py", "--json")
    found = failures(done)
    assert done.status == 1
    assert list(found) == [broken.check]
    assert broken.sentence in found[broken.check]
    assert "Traceback" not in done.out + done.err
    assert len(done.json()) == len(CHECKS)


def test_tasks_lists_all_that_a_broken_plugin_does_not_touch(child: Callable[..., Done], installed: Path) -> None:
    done = child("tasks", "--json", PYTHONPATH=str(installed))
    assert done.status == 0, done.err
    listed = {row["id"] for row in done.json()}
    assert {"consumer/ticket-routing", "demo/sound"} <= listed
    for name, broken in BROKEN.items():
        assert (f"demo/{name}" in listed) != broken.lost
        if broken.lost:
            assert name in done.err
    assert "Traceback" not in done.err


def test_a_registered_sub_task_is_checked_by_its_id(att: Att, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.syspath_prepend(str(installed))
    done = att("check", "demo/leaking-*", "--json")
    assert done.status == 1
    assert list(failures(done)) == ["leaks"]
    for name in [name for name in sys.modules if name.startswith("broken_")]:
        monkeypatch.delitem(sys.modules, name)


def test_a_person_reads_a_line_a_check_and_a_last_sentence(att: Att, tmp_path: Path) -> None:
    file = plugin(tmp_path, "choice", [*ROWS, replace(ROWS[-1], id="train:99", split="train")])
    done = att("check", file)
    assert done.status == 1
    lines = done.out.splitlines()
    assert lines[0] == "demo/choice"
    assert any(line.startswith("pass     card  ") for line in lines)
    at = next(n for n, line in enumerate(lines) if line.startswith("fail     leaks  "))
    assert lines[at + 1].strip() == "- train train:99 is test test:3"
    assert lines[-1].startswith("demo/choice: ")
    assert lines[-1].endswith("1 failed: leaks.")


def test_hostile_evidence_is_shown_without_effect(att: Att, tmp_path: Path) -> None:
    hostile = replace(ROWS[0], id="x:0", input="[bold]red[/] \x1b[31m row of some length", targets=("\x1b[31mred",))
    done = att("check", plugin(tmp_path, "choice", [*ROWS, hostile]))
    assert "\x1b" not in done.out
    assert "x:0 (row 12): label '\\x1b[31mred' is not on the card" in done.out


def test_what_cannot_be_checked_is_a_usage_error(att: Att) -> None:
    gone, unknown = att("check", "./gone.py"), att("check", "consumer/ticket-rooting")
    assert (gone.status, unknown.status) == (2, 2)
    assert "There is no './gone.py'" in gone.err
    assert "did you mean consumer/ticket-routing?" in unknown.err


@pytest.mark.slow
@pytest.mark.usefixtures("small_model_dir")
def test_a_sub_task_of_the_house_conforms_and_says_so_in_strict_json(child: Callable[..., Done]) -> None:
    done = child("check", "consumer/ticket-routing", "--json", timeout=600, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")
    assert done.status == 0, done.out
    found = done.json()
    assert [finding["check"] for finding in found] == [check.name for check in CHECKS]
    assert all(set(finding) == {"task", "check", "status", "message", "evidence"} for finding in found)
    assert {finding["check"] for finding in found if finding["status"] != "pass"} == {"empty-references", "recorded"}
