from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from commands import Att
from demo_tasks import plugin

from anytasktune import prediction
from anytasktune.errors import UsageError
from anytasktune.prediction import read_inputs


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that are the inputs themselves."""

    def answers(task: object, inputs: Sequence[str], **_: Any) -> list[str]:
        return list(inputs)

    monkeypatch.setattr(prediction, "predict", answers)


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    ("given", "answers"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        ("﻿一\r\n二".encode(), ["一", "二"]),
        (b"a\n\n  \nb\n", ["a", "", "  ", "b"]),
        (b'{"input": "two\\nlines"}\n{"input": "b", "id": 7}\n', ["two\\nlines", "b"]),
        ("a\u2028b\n".encode(), ["a\u2028b"]),
        (b"back\\slash\n", ["back\\\\slash"]),
    ],
)
def test_an_answer_a_line_in_the_order_of_the_inputs(
    att: Att, tmp_path: Path, given: bytes, answers: list[str]
) -> None:
    path = plugin(tmp_path, "choice")
    (tmp_path / "in.txt").write_bytes(given)
    for words, stdin in ((["--input", "in.txt"], b""), (["--input", "-"], given), ([], given)):
        done = att("predict", "demo/choice", "--plugin", path, "--model", "m", *words, stdin=stdin)
        assert done.status == 0, done.err
        assert done.out.split("\n")[:-1] == answers
    as_json = att("predict", "demo/choice", "--plugin", path, "--model", "m", "--json", stdin=given)
    read = [json.loads(line) for line in as_json.out.split("\n")[:-1]]
    assert (
        [row["answer"] for row in read] == [row["input"] for row in read] == read_inputs(given.decode("utf-8-sig"), "-")
    )


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "There are no inputs"),
        (b"\n \n", "There are no inputs"),
        (b'{"input": "a"}\n{"input": 5}\n', "-:2"),
        (b'{"input": "a"}\n{"inp', "-:2"),
        (b'{"input": "\\ud800"}\n', "-:1"),
        ("模型".encode("gbk"), "Standard input is not UTF-8"),
    ],
)
def test_inputs_that_cannot_be_read_are_refused_by_line(att: Att, tmp_path: Path, given: bytes, said: str) -> None:
    done = att("predict", "demo/choice", "--plugin", plugin(tmp_path, "choice"), "--model", "m", stdin=given)
    assert done.status == 2
    assert said in done.err


def test_text_that_begins_with_a_brace_is_text_unless_it_is_an_object() -> None:
    assert read_inputs("{a}\n{b}", "-") == ["{a}", "{b}"]
    with pytest.raises(UsageError, match="not a JSON object"):
        read_inputs('{"other": "a"}', "-")


@pytest.mark.slow
def test_the_real_small_model_answers_one_line_an_input(att: Att, small_model_dir: Path) -> None:
    done = att(
        "predict", "consumer/ticket-routing", "--model", small_model_dir, "--device", "cpu",
        stdin="paid twice for one kettle\n我的包裹在哪里\n".encode(),
    )  # fmt: skip
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == 2
