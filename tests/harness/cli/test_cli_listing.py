from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Att, Done
from demo_tasks import plugin

HEAVY = {"torch", "transformers", "lm_eval", "datasets", "peft", "sklearn", "pandas", "scipy", "pyarrow"}
LIGHT = [
    ("--help",),
    ("tasks",),
    ("plugins",),
    ("show", "consumer/ticket-routing"),
    ("models",),
    ("evaluate", "--help"),
]


@pytest.mark.parametrize("words", LIGHT, ids=[" ".join(words) for words in LIGHT])
def test_listing_commands_import_nothing_heavy(child: Callable[..., Done], words: tuple[str, ...]) -> None:
    done = child(*words, python=("-X", "importtime"))
    assert done.status == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines() if "|" in line}
    assert "typer" in imported
    assert imported & HEAVY == set()


def test_a_listing_command_answers_in_under_a_second(child: Callable[..., Done]) -> None:
    """CPU seconds, since other work on the machine stretches the clock on the wall."""
    times = []
    for _ in range(3):
        before = _cpu_of_children()
        assert child("tasks").status == 0
        times.append(_cpu_of_children() - before)
    assert min(times) < 1


def _cpu_of_children() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_tasks_json_has_what_was_agreed(att: Att) -> None:
    done = att("tasks", "--json")
    rows = done.json()
    assert done.status == 0
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    for row in rows:
        assert row["domain"] == row["id"].partition("/")[0]
        assert set(row["languages"]) <= {"en", "zh"}
        assert row["languages"]
        assert row["kind"] in ("choice", "labels", "extract", "text", "number")
    carried = {row["id"]: row["source_task"] for row in rows if "source_task" in row}
    assert carried["law/charge-prediction"] == "3-3"
    assert "consumer/ticket-routing" not in carried


def test_tasks_takes_globs_and_single_file_plugins(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "number")
    assert [row["id"] for row in att("tasks", "demo/*", "--plugin", path, "--json").json()] == ["demo/number"]
    assert "demo/number" in att("tasks", "--plugin", path).out
    assert "demo/number" not in att("tasks").out


def test_a_sub_task_with_a_broken_card_is_named_and_the_others_are_listed(att: Att, tmp_path: Path) -> None:
    path = plugin(tmp_path, "number")
    path.with_suffix(".yaml").write_text("metadata: {}", encoding="utf-8")
    done = att("tasks", "--plugin", path, "--json")
    assert done.status == 0
    assert "consumer/ticket-routing" in {row["id"] for row in done.json()}
    assert "demo/number is left out" in done.err


@pytest.mark.parametrize("kind", ["choice", "extract", "text"])
def test_show_tells_prompts_and_stock_commands(att: Att, tmp_path: Path, kind: str) -> None:
    path = plugin(tmp_path, kind)  # type: ignore[arg-type]  # one of the kinds
    done = att("show", f"demo/{kind}", "--plugin", path, "--json")
    about = done.json()
    assert about["id"] == f"demo/{kind}"
    assert "‹input›" in about["prompts"]["en"]
    assert "答案：" in about["prompts"]["zh"]
    likelihood = [name for name in about["lm-eval"] if name.endswith("likelihood")]
    assert len(likelihood) == (2 if kind == "choice" else 0)
    assert all("--num_fewshot" in line and "lm_eval run" in line for line in about["lm-eval"].values())
    assert all(f"ANYTASKTUNE_PLUGIN_FILES={path} lm_eval run" in line for line in about["lm-eval"].values())
    text = att("show", f"demo/{kind}", "--plugin", path)
    assert text.status == 0
    assert about["lm-eval"][f"demo_{kind}"] in text.out


def test_stock_commands_of_installed_plugins_need_no_environment(att: Att) -> None:
    commands = att("show", "consumer/ticket-routing", "--json").json()["lm-eval"]
    assert commands.pop("consumer_ticket_routing").startswith("lm_eval run --model hf ")
    for line in commands.values():
        assert line.startswith("anytasktune show consumer/ticket-routing --lm-eval-out DIR && lm_eval run --model hf ")


def test_show_writes_the_tasks_of_lm_eval(att: Att, tmp_path: Path) -> None:
    done = att("show", "consumer/ticket-routing", "--lm-eval-out", tmp_path / "out")
    assert done.status == 0
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [Path(line).name for line in sorted(done.out.splitlines())] == written
    assert "consumer_ticket_routing_zh_likelihood.yaml" in written
    assert len(written) == 4


def test_plugins_and_models_are_valid_json(att: Att) -> None:
    plugins = att("plugins", "--json").json()
    assert {"consumer", "finance", "healthcare", "law"} <= {row["name"] for row in plugins}
    for row in plugins:
        assert {"name", "distribution", "version", "hooks", "failure", "subtasks"} <= row.keys()
    models = {row["name"]: row for row in att("models", "--json").json()}
    assert {"smollm2-135m", "hf:", "recorded:", "majority", "lm-eval:"} <= models.keys()
    assert models["smollm2-135m"]["tunable"]
    assert not models["majority"]["tunable"]
    assert models["tfidf-logreg"]["kinds"] == ["choice"]


def test_tables_name_what_json_names(att: Att) -> None:
    for words in (("plugins",), ("models",), ("tasks",)):
        assert att(*words).status == 0
    assert "ticket-routing" in att("plugins").out
    assert "recorded:" in att("models").out


@pytest.mark.parametrize("words", [("tasks",), ("tasks", "--json"), ("show", "law/charge-prediction"), ("--help",)])
def test_a_reader_that_leaves_early_sees_no_traceback(words: tuple[str, ...], tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "anytasktune", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    said = writer.stderr.read().decode()
    writer.wait(timeout=60)
    writer.stderr.close()
    assert said == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk"])
def test_a_screen_that_cannot_show_a_letter_is_no_error(child: Callable[..., Done], encoding: str) -> None:
    for words in (("show", "law/charge-prediction"), ("tasks",)):
        done = child(*words, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert done.status == 0
        assert done.err == ""
    done = child("show", "law/charge-prediction", "--json", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.json()["prompts"]["zh"].startswith("请你模拟法官")


def test_a_bug_keeps_its_traceback(child: Callable[..., Done], tmp_path: Path) -> None:
    path = plugin(tmp_path, "number", more="\n\ndef build(request):\n    raise ZeroDivisionError('a bug')\n")
    text = path.read_text(encoding="utf-8").replace("build=build", "build=lambda request: build(request)")
    path.write_text(text, encoding="utf-8")
    started = time.monotonic()
    done = child("build", "demo/number", "--plugin", path)
    assert time.monotonic() > started
    assert done.status == 1
    assert "Traceback" in done.err
    assert re.search(r"ZeroDivisionError: a bug", done.err)
