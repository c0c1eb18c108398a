from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from anytasktune.errors import RecordError
from anytasktune.models.journal import Journal, key_of

HEADER = {"model": "m", "adapter": ""}


def test_values_come_back_in_a_later_process(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "answers.jsonl"
    with Journal(path, HEADER) as journal:
        journal.put("a", [-1.25, True])
        journal.put("b", {"text": "是\u2028\ud800", "tokens": 2, "limit": False})
    with Journal(path, HEADER) as journal:
        assert journal.get("a") == [-1.25, True]
        assert journal.get("b") == {"text": "是\u2028\ud800", "tokens": 2, "limit": False}
        assert journal.get("c") is None
        assert len(journal) == 2


def test_what_was_not_flushed_is_not_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Journal(path, HEADER) as journal:
        journal.put("a", 1)
        before = path.read_bytes()
        journal.flush()
        assert path.read_bytes() != before


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "answers.jsonl"
    with Journal(path, HEADER) as journal:
        journal.put("a", 1)
        journal.put("b", 2)
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path, HEADER) as journal:
        assert (journal.get("a"), journal.get("b")) == (1, None)
        journal.put("b", 3)
    with Journal(path, HEADER) as journal:
        assert (journal.get("a"), journal.get("b")) == (1, 3)


def test_a_file_with_a_torn_header_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"header":{"mod')
    with Journal(path, HEADER) as journal:
        journal.put("a", 1)
    with Journal(path, HEADER) as journal:
        assert journal.get("a") == 1


def test_a_last_line_of_zeros_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Journal(path, HEADER) as journal:
        journal.put("a", 1)
    with path.open("ab") as file:
        file.write(b"\0" * 40 + b"\n")
    with Journal(path, HEADER) as journal:
        assert journal.get("a") == 1
    assert b"\0" not in path.read_bytes()


def test_damage_before_the_last_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Journal(path, HEADER) as journal:
        journal.put("a", 1)
        journal.put("b", 2)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:-9] + b"\n" + lines[2])
    with pytest.raises(RecordError, match="damaged"):
        Journal(path, HEADER)


def test_answers_of_another_header_are_refused_and_the_difference_named(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    Journal(path, HEADER).close()
    with pytest.raises(RecordError, match="adapter: journal '', now 'abc'"):
        Journal(path, {**HEADER, "adapter": "abc"})
    with pytest.raises(RecordError, match="engine: journal None, now 'x'"):
        Journal(path, {**HEADER, "engine": "x"})
    Journal(path, HEADER).close()  # the refusal let go of the file


def test_two_writers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Journal(path, HEADER), pytest.raises(RecordError, match="another process"):
        Journal(path, HEADER)
    Journal(path, HEADER).close()


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "answers.jsonl", HEADER) as journal, pytest.raises(ValueError, match="JSON"):
        journal.put("a", float("nan"))


def test_keys_differ_by_every_part() -> None:
    keys = {
        key_of("loglikelihood", "ab", "c"),
        key_of("loglikelihood", "a", "bc"),
        key_of("generate_until", "ab", "c"),
        key_of("generate_until", "ab", {"until": ["c"]}),
        key_of("generate_until", "ab", {"until": ["c"], "max_gen_toks": 3}),
    }
    assert len(keys) == 5
    assert key_of("x", "a", {"b": 1, "c": 2}) == key_of("x", "a", {"c": 2, "b": 1})


def test_a_killed_process_keeps_what_it_flushed(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    script = f"""
import os, pathlib, signal
from anytasktune.models.journal import Journal
journal = Journal(pathlib.Path({str(path)!r}), {HEADER!r})
journal.put("a", 1)
journal.flush()
journal.put("b", 2)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    with Journal(path, HEADER) as journal:
        assert (journal.get("a"), journal.get("b")) == (1, None)
