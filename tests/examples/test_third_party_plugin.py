"""The example of a third party's plugin: built, installed in a virtual environment of its own, and used from elsewhere.

What that environment has besides is what these tests run on: in CI, the built wheel of this project.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anytasktune.errors import ModelError, UsageError
from anytasktune.launchers.base import Job
from anytasktune.suite import ModelEntry

EXAMPLE = Path(__file__).parents[2] / "examples" / "third-party-plugin"
Run = Callable[..., subprocess.CompletedProcess[str]]

FLAKY = """
from anytasktune.errors import ModelError
from anytasktune.hookspecs import hookimpl
from anytasktune.models.kinds import ModelKind
from anytasktune.records import EngineRecord, ModelRecord

TRIES = []


def open_flaky(request):
    from anytasktune.models.direct import DirectModel

    TRIES.append(request.spec)
    if len(TRIES) == 1:
        raise ModelError("The service is busy.")
    return DirectModel(
        record=ModelRecord(spec="flaky", label="flaky", family="general"),
        answers=lambda ids: ["tickets" for _ in ids],
        engine_record=EngineRecord(name="flaky"),
    )


@hookimpl
def register_models():
    return [ModelKind(name="flaky", summary="answers when it is asked twice", open=open_flaky)]
"""


# --- installed, by its commands ---


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the example, and sees what this one sees."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("the example is built by hatchling, which is not installed: pip install 'anytasktune[test]'")
    folder = tmp_path_factory.mktemp("museum")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True
    ).stdout.strip()
    # --system-site-packages would give those of the Python that ours was made from, not ours
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "ours.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in sorted(ours)))
    shutil.copytree(EXAMPLE, folder / "source")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--no-index", "--no-deps", "--no-build-isolation", str(folder / "source")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return python


@pytest.fixture
def att(installed: Path, tmp_path: Path) -> Run:
    """``python -m anytasktune WORDS…`` in that environment, from a folder with the example's YAML files."""
    for path in EXAMPLE.glob("*.yaml"):
        shutil.copy(path, tmp_path)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        named = {"MUSEUM_RUN_LOG": "log.jsonl", "COLUMNS": "200"}
        unset = ("PYTHONPATH", "ANYTASKTUNE_PLUGIN_FILES", "ANYTASKTUNE_DISABLE_PLUGINS")
        done = subprocess.run(
            [installed, "-m", "anytasktune", *words],
            env={**{name: value for name, value in os.environ.items() if name not in unset}, **named},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.mark.slow
def test_it_is_listed_with_everything_that_it_offers(att: Run) -> None:
    rows = {row["name"]: row for row in json.loads(att("--strict-plugins", "plugins", "--json").stdout)}
    assert rows["museum"] == {
        "name": "museum",
        "version": "1.0.0",
        "distribution": "anytasktune-museum",
        "from": "entry point",
        "place": "anytasktune_museum",
        "hook_version": 1,
        "hooks": [
            "register_launchers",
            "register_models",
            "register_report_formats",
            "register_subtasks",
            "run_finished",
        ],
        "subtasks": ["museum/visitor-note"],
        "models": ["patterns:"],
        "launchers": ["second-try"],
        "report_formats": ["latex"],
        "run_finished": True,
        "failure": "",
        "note": "",
        "disabled": False,
    }
    assert {"consumer", "law"} <= rows.keys()
    listed = att("tasks").stdout
    assert "museum/visitor-note" in listed
    assert "consumer/ticket-routing" in listed


@pytest.mark.slow
def test_its_model_answers_its_sub_task_and_its_log_hears_of_the_run(att: Run, tmp_path: Path) -> None:
    words = ("evaluate", "museum/visitor-note", "--model", "patterns:desk.yaml", "--json")
    done = att("--trace-hooks", *words)
    (record,) = json.loads(done.stdout)
    assert record["model"]["family"] == "classical"
    assert record["model"]["spec"] == "patterns:desk.yaml"
    # of twelve notes, the patterns have the four on tickets, two on access (lift, 电梯), and none on lost property
    assert (record["score"]["value"], record["score"]["n"]) == (0.5, 12)
    (line,) = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["run"] == record["run_id"]
    assert "trace: run_finished of plugin museum (anytasktune-museum 1.0.0): NoneType, " in done.stderr
    att(*words)
    assert len((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()) == 1  # not a new run


@pytest.mark.slow
def test_its_launcher_runs_a_suite_and_its_format_writes_the_board(att: Run, tmp_path: Path) -> None:
    (tmp_path / "flaky.py").write_text(FLAKY, encoding="utf-8")
    suite = (tmp_path / "suite.yaml").read_text(encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(suite.replace("models:\n", "models:\n  - flaky\n"), encoding="utf-8")
    att("run", "suite.yaml", "--launcher", "second-try", "--plugin", "flaky.py")
    heard = [json.loads(line)["model"] for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert heard == ["majority", "tfidf-logreg", "patterns desk", "flaky"]  # tried first, done last
    board = att("board", "runs/museum", "--format", "latex").stdout
    assert board.startswith("\\begin{table}\n\\caption{museum/visitor-note version 1, test: accuracy over 12 rows}\n")
    for model in heard:
        assert f" & {model} direct & 0." in board


# --- its modules, by themselves ---


@pytest.fixture
def museum(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A module of the example."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    return lambda name: importlib.import_module(f"anytasktune_museum.{name}")


def test_names_are_inert_in_latex(museum: Callable[[str], Any]) -> None:
    inert = museum("latex").inert
    assert inert("a_b & 50 % of {x}\\input{/etc/passwd}") == (
        "a\\_b \\& 50 \\% of \\{x\\}\\textbackslash{}input\\{/etc/passwd\\}"
    )
    assert inert("one\n\ntwo ^^5c ~") == (
        "one\\textbackslash{}n\\textbackslash{}ntwo \\textasciicircum{}\\textasciicircum{}5c \\textasciitilde{}"
    )
    assert inert("模型") == "模型"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("ticket: [a]", "did you mean tickets?"),
        ("tickets: a", "does not map labels to lists"),
        ("", "does not map labels to lists"),
        ("tickets: ['(']", "is malformed"),
        ("tickets: [", "is not YAML"),
    ],
)
def test_patterns_that_cannot_be_read_are_refused(
    museum: Callable[[str], Any], tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        museum("patterns").read_patterns(path, ["tickets", "access"])
    assert said in str(refused.value)
    with pytest.raises(UsageError, match="no file of patterns"):
        museum("patterns").read_patterns(tmp_path / "gone.yaml", ["tickets"])


def test_the_most_patterns_win_and_the_first_label_where_none_is_found(museum: Callable[[str], Any]) -> None:
    patterns = museum("patterns").read_patterns(EXAMPLE / "desk.yaml", ["tickets", "access", "lost-property"])
    answer = museum("patterns").answer
    assert answer("I left my ticket behind, and the booking too.", patterns) == "tickets"
    assert answer("I LOST it: it was left on the stairs.", patterns) == "lost-property"
    assert answer("你好", patterns) == "tickets"


def test_the_second_try_comes_last_and_folders_keep_the_order_of_the_jobs(museum: Callable[[str], Any]) -> None:
    jobs = [Job(task_id="demo/x", variant="", entry=ModelEntry(model=name)) for name in ("a", "b", "c")]
    asked: list[str] = []

    def work(job: Job) -> list[Path]:
        asked.append(job.entry.model)
        if job.entry.model == "a" and asked.count("a") == 1:
            raise ModelError("The service is busy.")
        if job.entry.model == "c":
            raise ModelError("It is gone for good.")
        return [Path(job.entry.model)]

    launcher = museum("second_try").SecondTry()
    with pytest.raises(ModelError, match="gone for good"):
        launcher.launch(jobs, work)
    assert asked == ["a", "b", "c", "a", "c"]
    asked.clear()
    assert launcher.launch(jobs[:2], work) == [Path("a"), Path("b")]
    assert asked == ["a", "b", "a"]
