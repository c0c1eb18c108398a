"""Against a real server of OpenAI's interface with the real small model: ``transformers serve``.

Somebody else's server, chat template and generation loop; its greedy answers must be those of our own local model.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_double import Command, record_in
from demo_tasks import plugin, rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(small_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base address of a server that has the small model loaded."""
    for name in ("fastapi", "openai", "uvicorn"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install 'anytasktune[test]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from transformers.cli.transformers import app; app()", "serve"),
                *("--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"),
                str(small_model_dir),
            ],
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 150
            while not _is_up(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def answers(folder: Path) -> list[str]:
    """Answers in row order; not whether they hit the limit: this server says so of an end on the last token too."""
    (path,) = folder.rglob("samples.jsonl")
    return [json.loads(line)["answer"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_real_servers_greedy_answers_are_those_of_our_local_model(
    server: str, small_model_dir: Path, command: Command, tmp_path: Path
) -> None:
    path = plugin(tmp_path, "choice", rows("choice", train=2, validation=0, test=4))
    words = ("evaluate", "demo/choice", "--plugin", path, "--shots", 1, "--output_path")
    assert command(*words, "local", "--model", small_model_dir, "--dtype", "float32").status == 0
    spec = f"{small_model_dir},base_url={server},concurrency=2,attempts=1"
    for folder, model in {
        "chat": f"openai-chat:{spec}",
        "plain": f"openai-completions:{spec},tokenizer={small_model_dir}",
    }.items():
        done = command(*words, folder, "--model", model)
        assert done.status == 0, done.err
        assert answers(tmp_path / folder) == answers(tmp_path / "local")
        record = record_in(tmp_path / folder)
        assert record["model"]["label"] == small_model_dir.name
        assert str(small_model_dir.parent) not in json.dumps(record["model"])
        assert (record["usage"]["reused"], record["counts"]["missing"]) == (0, 0)
        assert record["usage"]["prompt_tokens"] > 4 * 40
        assert 4 < record["usage"]["answer_tokens"] <= 4 * 8
    assert len(set(answers(tmp_path / "local"))) > 1


def test_a_real_servers_refusal_is_read(server: str, command: Command, tmp_path: Path) -> None:
    path = plugin(tmp_path, "choice", rows("choice", train=2, validation=0, test=4))
    done = command(
        *("evaluate", "demo/choice", "--plugin", path, "--model", f"openai-chat:another/model,base_url={server}")
    )
    assert done.status == 1
    assert "HTTP 400: Server is pinned to" in done.err
    assert "4 of 4 answers of another/model are missing" in done.err
    assert "Traceback" not in done.err
