from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from made_runs import built, make_run, right_on, rows, subtask

from anytasktune.errors import RecordError
from anytasktune.leaderboard import Run
from anytasktune.records import (
    RECORD,
    SAMPLES,
    Sample,
    ScoreRecord,
    find_runs,
    finite,
    publishable,
    read_record,
    read_samples,
    run_id,
    samples_bytes,
    slug,
    without_secrets,
    write_run,
    write_whole,
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    task = subtask(tmp_path, rows(6))
    data = built(task)
    return make_run(task, data, "m", "general", right_on(data.splits["test"], range(4)))


def sample(**fields: Any) -> Sample:
    return Sample(**{"id": "d:0", "content_hash": "", "answer": "x", "status": "read", "score": 1.0, **fields})


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


# --- names ---


def test_field_case_46_different_names_have_different_short_file_names() -> None:
    names = [
        "m:1",
        "m_1",
        "m/1",
        "模型 一",
        "模型/一",
        "m" * 250,
        "m" * 249 + "n",
        "模" * 250,
        "",
        ".",
        "..",
        "a b",
        "a  b",
    ]
    slugs = [slug(name) for name in names]
    assert len(set(slugs)) == len(names)
    for name in slugs:
        assert 0 < len(name) <= 80
        assert len(name.encode()) <= 160
        assert not set(name) & set('/\\:*?"<>| \0\n')
        assert not name.startswith(".")


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x", "a\0b", "a\nb", "\ud800", "$(rm -rf x)", "‮evil", "-rf"])
def test_field_case_46_a_hostile_name_stays_one_folder_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / slug(name)
    folder.mkdir()
    assert folder.resolve().parent == tmp_path.resolve()
    assert not slug(name).startswith("-")


def test_a_plain_name_stays_as_it_is() -> None:
    for name in ("m_1", "SmolLM2-135M-Instruct", "v1.5", "模型"):
        assert slug(name) == name


def test_one_name_has_one_slug_on_every_machine() -> None:
    assert slug("m:1") == f"m-1-{hashlib.sha256(b'm:1').hexdigest()[:8]}"


# --- writing and reading ---


def test_a_run_comes_back_as_it_was_written(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "run", run.record, run.samples)
    record = read_record(tmp_path / "run")
    assert record == run.record
    assert read_samples(tmp_path / "run", record) == list(run.samples)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted([RECORD, SAMPLES])
    write_run(tmp_path / "run", run.record, run.samples)


@pytest.mark.parametrize(
    "answer",
    ["two\nlines\r\n", "\u2028\u2029\x85\x0b", "\x00\x1b[31m", "\ud83d", "😀 混合", '"}\n{"id": "d:0"', "", None],
)
def test_samples_keep_every_answer_on_a_line_of_its_own(run: Run, tmp_path: Path, answer: str | None) -> None:
    samples = [sample(answer=answer), sample(id="d:1")]
    content = samples_bytes(samples)
    record = run.record.model_copy(update={"samples_sha256": hashlib.sha256(content).hexdigest()})
    write_run(tmp_path / "run", record, samples)
    assert read_samples(tmp_path / "run", record) == samples
    assert len(content.decode("utf-8", "surrogatepass").splitlines()) <= 2 + (answer or "").count("\x85")
    for line in content.decode("utf-8", "surrogatepass").split("\n")[:-1]:
        assert strict(line)["status"] == "read"


def test_samples_that_were_changed_after_the_record_are_refused(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "run", run.record, run.samples)
    path = tmp_path / "run" / SAMPLES
    path.write_bytes(path.read_bytes().replace(b'"score": 0.0', b'"score": 1.0', 1))
    assert read_samples(tmp_path / "run") != list(run.samples)
    with pytest.raises(RecordError, match="changed after the record"):
        read_samples(tmp_path / "run", run.record)


@pytest.mark.parametrize(
    "content",
    [b'{"id": "d:0", "cont', b"\xff\xfe\n", b"[1]\n", b'{"id": "d:0"}\n', b'{"id": "d:0", "score": NaN}\n', b"null\n"],
)
def test_samples_that_are_torn_are_refused_without_a_record_too(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SAMPLES).write_bytes(samples_bytes([sample()]) + content)
    with pytest.raises(RecordError, match="not a sample"):
        read_samples(tmp_path)


def test_samples_of_another_record_are_not_written(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="not those that the record was made from"):
        write_run(tmp_path / "run", run.record, run.samples[1:])
    assert not (tmp_path / "run" / RECORD).exists()


def test_field_case_46_another_runs_record_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "run", run.record, run.samples)
    other = run.record.model_copy(update={"run_id": "0" * 16})
    with pytest.raises(RecordError, match="another run"):
        write_run(tmp_path / "run", other, run.samples)
    assert read_record(tmp_path / "run") == run.record


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "not a record"), ('{"schema_version": 2}', "schema_version"), ("[]", "not a record"), ("", "not a record")],
)
def test_a_record_that_is_torn_or_of_another_schema_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / RECORD).write_text(content, encoding="utf-8")
    with pytest.raises(RecordError) as refused:
        read_record(tmp_path)
    assert said in str(refused.value)


def test_an_unknown_key_in_a_record_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    plain = {**json.loads(run.record.model_dump_json()), "scoer": 1}
    (tmp_path / RECORD).write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(RecordError, match="scoer"):
        read_record(tmp_path)


def test_a_folder_without_a_record_is_no_finished_run(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no finished run"):
        read_record(tmp_path)
    with pytest.raises(RecordError, match="no samples"):
        read_samples(tmp_path)


def test_runs_are_found_below_a_folder_in_the_order_of_their_names(run: Run, tmp_path: Path) -> None:
    for name in ("b/2", "a/1", "a/0"):
        write_run(tmp_path / "runs" / name, run.record, run.samples)
    (tmp_path / "runs" / "unfinished").mkdir()
    assert [path.relative_to(tmp_path / "runs").as_posix() for path in find_runs(tmp_path / "runs")] == [
        "a/0",
        "a/1",
        "b/2",
    ]
    with pytest.raises(RecordError, match="no such folder"):
        list(find_runs(tmp_path / "gone"))


# --- whole or not at all ---


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file.json"
    write_whole(path, b"first")

    def fails(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"second, longer")
    assert path.read_bytes() == b"first"
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_whole(tmp_path / "x", b"1")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o644


# --- numbers ---


def test_field_case_44_nan_never_reaches_json(run: Run, tmp_path: Path) -> None:
    record = run.record.model_copy(update={"scores": {"accuracy": 0.5, "odd": math.nan, "odder": math.inf}})
    write_run(tmp_path / "run", record, run.samples)
    text = (tmp_path / "run" / RECORD).read_text(encoding="utf-8")
    assert strict(text)["scores"] == {"accuracy": 0.5, "odd": None, "odder": None}
    with pytest.raises(ValueError, match="not JSON compliant"):
        samples_bytes([sample(score=math.nan)])


@pytest.mark.parametrize("field", ["value", "low", "high"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_field_case_44_a_score_that_is_no_number_is_null(run: Run, field: str, number: float) -> None:
    score = ScoreRecord(**{"value": 0.5, "low": 0.4, "high": 0.6, "n": 2, "method": "x", field: number})
    text = run.record.model_copy(update={"score": score}).model_dump_json()
    assert strict(text)["score"][field] is None


def test_finite_numbers_stay_and_others_become_none() -> None:
    assert [finite(value) for value in (0.0, -1.5, None, math.nan, math.inf)] == [0.0, -1.5, None, None, None]


def test_the_id_of_a_run_hangs_on_content_and_not_on_order() -> None:
    assert run_id({"a": "1", "b": "二"}) == run_id({"b": "二", "a": "1"})
    assert run_id({"a": "1"}) != run_id({"a": "2"})
    assert len(run_id({})) == 16


def test_a_grade_comes_back_once_the_gold_is_joined() -> None:
    grade = sample(read=["spam"], skip=True, run_on=True).grade(["ham"])
    assert (grade.read, grade.gold, grade.skip, grade.run_on, grade.score) == (("spam",), ("ham",), True, True, 1.0)


def test_secrets_in_arguments_are_not_written_down() -> None:
    spec = (
        "lm-eval:local-completions,api_key=sk-1,header={'Authorization': 'Bearer x'},tokenizer=gpt2,add_bos_token=True"
    )
    shown = without_secrets(spec)
    assert "sk-1" not in shown
    assert "Bearer" not in shown
    assert "tokenizer=gpt2,add_bos_token=True" in shown


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("/home/ann/models/mine", "mine"),
        ("~/models/mine", "mine"),
        ("local:/home/ann/models/mine", "local:mine"),
        ("C:\\models\\mine", "C:\\models\\mine" if not Path("C:\\a").is_absolute() else "mine"),
        ("recorded:/tmp/answers.jsonl", "recorded:answers.jsonl"),
        ("--output_path=/tmp/x", "--output_path=x"),
        ("openai-chat:m,base_url=http://gpu7:8000/v1,price_in=1", "openai-chat:m,base_url=LOCAL-SERVER,price_in=1"),
        ("openai-chat:m,base_url=https://api.example.org/v1", "openai-chat:m,base_url=https://api.example.org/v1"),
        ("lm-eval:hf,pretrained=/srv/m,api_key=sk-1", "lm-eval:hf,pretrained=m,api_key=***"),
        ("hf:owner/name@main", "hf:owner/name@main"),
        ("law/charge-prediction", "law/charge-prediction"),
        ("runs/mine", "runs/mine"),
    ],
)
def test_a_record_shows_no_secret_no_folder_and_no_host_of_ones_own(argument: str, shown: str) -> None:
    assert publishable(argument) == shown
