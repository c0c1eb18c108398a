"""The same YAML under the stock command gives the same answers and the same score, with the real small model."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

TASK = "consumer/ticket-routing"
LIMIT = "6"


def run(folder: Path, module: str, *words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def ours(folder: Path, model: Path, *words: str) -> tuple[float, dict[str, str]]:
    """Score and answers by id of ``anytasktune evaluate``."""
    said = run(
        folder, "anytasktune", "evaluate", TASK, "--model", model, "--limit", LIMIT, "--dtype", "float32",
        "--device", "cpu", "--json", *words,
    )  # fmt: skip
    (record,) = json.loads(said)
    lines = (folder / record["folder"] / "samples.jsonl").read_text(encoding="utf-8").split("\n")
    return record["score"]["value"], {row["id"]: row["answer"] for row in map(json.loads, filter(None, lines))}


def printed_command(folder: Path, name: str, model: Path) -> list[str]:
    """The words of the stock command that ``show`` prints, with the model's place filled in."""
    about = json.loads(run(folder, "anytasktune", "show", TASK, "--json"))
    line = about["lm-eval"][name].replace("MODEL", str(model)).replace("DIR", "stock")
    if "&&" in line:
        write, _, line = line.partition("&&")
        words = shlex.split(write)
        assert words[0] == "anytasktune"
        run(folder, "anytasktune", *words[1:])
    words = shlex.split(line)
    assert words[0] == "lm_eval"
    return words[1:]


def stock(folder: Path, name: str, model: Path, *words: str) -> tuple[float, dict[str, Any]]:
    """Score and raw results by id of stock lm-eval, with the printed command and a limit."""
    command = printed_command(folder, name, model)
    run(
        folder,
        "lm_eval",
        *command,
        "--limit",
        LIMIT,
        "--output_path",
        "out",
        "--log_samples",
        *words,
    )
    (results,) = (folder / "out").rglob("results_*.json")
    (samples,) = (folder / "out").rglob("samples_*.jsonl")
    score = json.loads(results.read_text(encoding="utf-8"))["results"][name]["score,none"]
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").split("\n") if line]
    return score, {row["doc"]["id"]: row for row in rows}


def test_the_cards_yaml_zero_shot(tmp_path: Path, small_model_dir: Path) -> None:
    score, answers = ours(tmp_path, small_model_dir)
    stock_score, rows = stock(tmp_path, "consumer_ticket_routing", small_model_dir)
    assert {id: row["resps"][0][0].strip() for id, row in rows.items()} == {
        id: answer.strip() for id, answer in answers.items()
    }
    assert stock_score == pytest.approx(score)


def test_two_shots_with_a_chinese_prompt(tmp_path: Path, small_model_dir: Path) -> None:
    score, answers = ours(tmp_path, small_model_dir, "--shots", "2", "--language", "zh")
    stock_score, rows = stock(tmp_path, "consumer_ticket_routing_zh_generate", small_model_dir, "--num_fewshot", "2")
    assert {id: row["resps"][0][0].strip() for id, row in rows.items()} == {
        id: answer.strip() for id, answer in answers.items()
    }
    assert stock_score == pytest.approx(score)


def test_likelihood(tmp_path: Path, small_model_dir: Path) -> None:
    score, answers = ours(tmp_path, small_model_dir, "--method", "likelihood")
    stock_score, rows = stock(tmp_path, "consumer_ticket_routing_en_likelihood", small_model_dir)
    likeliest = {}
    for id, row in rows.items():
        logprobs = [float(response[0][0]) for response in row["resps"]]
        likeliest[id] = row["doc"]["choices"][logprobs.index(max(logprobs))]
    assert likeliest == answers
    assert stock_score == pytest.approx(score)
