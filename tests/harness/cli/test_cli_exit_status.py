"""Exit statuses as ``anytasktune.exit_status`` has them; nothing that lost results exits 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Att, Done
from demo_tasks import plugin, rows

MODELS = """

from anytasktune.models.kinds import ModelKind


def _kind(name, answer):
    def open(request):
        from anytasktune.models.direct import DirectModel
        from anytasktune.records import EngineRecord, ModelRecord

        return DirectModel(
            record=ModelRecord(spec=name, label=name, family="general"),
            answers=lambda ids: [answer(id) for id in ids],
            engine_record=EngineRecord(name="made for a test"),
        )

    return ModelKind(name=name, summary="made for a test", open=open)


def _bug(id):
    raise RuntimeError(f"the provider is down for {id}")


def _refuses(id):
    from anytasktune.errors import ModelError
    raise ModelError(f"The provider refused {id}.")


@hookimpl
def register_models():
    return [
        _kind("bug", _bug),
        _kind("refuses", _refuses),
        _kind("silent", lambda id: None),
        _kind("answers", lambda id: "billing"),
    ]
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return plugin(tmp_path, "choice", more=MODELS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build", "demo/gone"], "No sub-task is called"),
        (["evaluate", "demo/choice", "--model", "gone"], "No model is called 'gone'"),
        (["evaluate", "demo/choice", "--model", "./no-such-folder"], "no-such-folder"),
        (["evaluate", "demo/choice", "--model", "recorded:gone.jsonl"], "gone.jsonl"),
        (["evaluate", "demo/choice", "--model", "local:gone"], "no model folder 'gone'"),
        (["evaluate", "demo/choice", "--model", "answers", "--output_path", "x.json"], "is a folder"),
        (["evaluate", "demo/choice", "--model", "answers", "--split", "tset"], "did you mean test?"),
        (["evaluate", "demo/choice", "--model", "answers", "--method", "guess"], "no method 'guess'"),
        (["evaluate", "demo/choice", "--model", "answers", "--language", "fr"], "no prompt in 'fr'"),
        (["evaluate", "demo/choice", "--model", "answers", "--batch_size", "0"], "--batch_size"),
        (["evaluate", "demo/choice", "--model", "answers", "--limit", "0"], "limit"),
        (["evaluate", "demo/choice", "--model", "tfidf-ridge"], "answers number"),
        (["evaluate", "demo/choice", "--modle", "answers"], "No such option"),
        (["tune", "demo/choice", "--model", "majority"], "cannot be tuned"),
        (["tune", "demo/choice", "--set", "rnk=1"], "did you mean rank?"),
        (["tune", "demo/choice", "--set", "rank"], "FIELD=VALUE"),
        (["predict", "demo/choice"], "Nothing is named that could answer"),
        (["predict", "demo/choice", "--input", "gone.txt"], "no input file"),
        (["run", "gone.yaml"], "no suite file"),
        (["score", "demo/*", "--answers", "x"], "no answers file"),
        (["board", "."], "no finished runs"),
        (["verify", "."], "no finished runs"),
        (["gone"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_field_case_48_a_wrong_request_exits_2_in_a_sentence(
    att: Att, tmp_path: Path, made: Path, words: list[str], said: str
) -> None:
    with_plugin = words[0] in ("build", "evaluate", "tune", "predict", "score")
    done = att(*words, *(["--plugin", made] if with_plugin else []), stdin=b"a message\n")
    assert said in done.err, done.err
    assert done.status == (1 if said == "no answers file" else 2)
    assert "Traceback" not in done.err
    assert not (tmp_path / "runs").exists()


def test_a_hostile_name_in_an_error_is_shown_letter_by_letter(att: Att) -> None:
    done = att("tasks", "--plugin", "\x1b[2J:smile:[bold]x.py")
    assert done.status == 2
    assert r"/\x1b[2J:smile:[bold]x.py" in done.err
    assert "\x1b" not in done.err


def test_field_case_48_a_folder_of_runs_that_does_not_exist_is_an_error(att: Att) -> None:
    for name in ("board", "verify"):
        done = att(name, "no/such/folder")
        assert done.status == 1
        assert "no such folder of runs" in done.err


def test_field_case_48_a_model_that_raises_on_every_row_is_not_a_success(
    att: Att, child: Callable[..., Done], tmp_path: Path, made: Path
) -> None:
    refused = att("evaluate", "demo/choice", "--plugin", made, "--model", "refuses")
    assert refused.status == 1
    assert "The provider refused test:0." in refused.err
    crashed = child("evaluate", "demo/choice", "--plugin", made, "--model", "bug")
    assert crashed.status == 1
    assert "RuntimeError: the provider is down for test:0" in crashed.err
    assert not list((tmp_path / "runs").rglob("record.json"))


def test_field_case_48_a_run_without_a_score_is_recorded_and_exits_1(att: Att, tmp_path: Path, made: Path) -> None:
    done = att("evaluate", "demo/choice", "--plugin", made, "--model", "silent", "--json")
    assert done.status == 1
    (record,) = done.json()
    assert (record["score"]["value"], record["counts"]["missing"]) == (None, 4)
    assert att("evaluate", "demo/choice", "--plugin", made, "--model", "silent").status == 1
    assert att("evaluate", "demo/choice", "--plugin", made, "--model", "answers").status == 0


def suite(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_field_case_48_errors_of_a_suite_exit_2_before_anything_runs(att: Att, tmp_path: Path, made: Path) -> None:
    for models, said in {
        "[{modle: answers}]": "unknown key",
        "[gone]": "No model is called 'gone'",
        "[{model: answers, tune: {rnk: 2}}]": "did you mean rank?",
    }.items():
        path = suite(tmp_path, f"name: mine\ntasks: [demo/choice]\nmodels: {models}\n")
        done = att("run", path, "--plugin", made)
        assert done.status == 2
        assert said in done.err
    path = suite(tmp_path, "name: mine\ntasks: [{task: demo/choice, variant: gone}]\nmodels: [answers]\n")
    assert att("run", path, "--plugin", made).status == 2
    path = suite(tmp_path, "name: mine\ntasks: [demo/choice]\nmodels: [answers]\n")
    assert att("run", path, "--plugin", made, "--launcher", "ray").status == 2
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("failing", ["refuses", "bug"])
def test_field_case_48_one_job_that_fails_leaves_the_others_done_and_the_run_failed(
    child: Callable[..., Done], tmp_path: Path, made: Path, failing: str
) -> None:
    path = suite(tmp_path, f"name: mine\ntasks: [demo/choice]\nmodels: [majority, {failing}, answers]\n")
    done = child("run", path, "--plugin", made)
    assert done.status == 1
    assert "test:0" in done.err
    records = [json.loads(file.read_text(encoding="utf-8")) for file in (tmp_path / "runs").rglob("record.json")]
    assert sorted(record["model"]["label"] for record in records) == ["answers", "majority"]


def test_a_suite_runs_twice_does_nothing_twice_and_its_board_is_the_same(att: Att, tmp_path: Path, made: Path) -> None:
    path = suite(tmp_path, "name: mine\ntasks: [demo/choice]\nmodels: [majority, answers]\n")
    assert att("run", path, "--plugin", made, "--dry-run").out.splitlines() == [
        "demo/choice × majority",
        "demo/choice × answers",
    ]
    assert not (tmp_path / "runs").exists()
    first = att("run", path, "--plugin", made)
    assert first.status == 0, first.err
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs" / "mine").rglob("*") if file.is_file()}
    again = att("run", path, "--plugin", made)
    assert again.out == first.out
    assert {
        file: file.stat().st_mtime_ns for file in (tmp_path / "runs" / "mine").rglob("*") if file.is_file()
    } == written
    assert att("verify", "runs/mine", "--plugin", made).status == 0
    for name in ("markdown", "csv", "json"):
        assert att("board", "runs/mine", "--plugin", made, "--format", name).status == 0
    samples = next((tmp_path / "runs" / "mine").rglob("samples.jsonl"))
    samples.write_text(samples.read_text(encoding="utf-8").replace('"score": 1.0', '"score": 0.0', 1), encoding="utf-8")
    assert att("verify", "runs/mine", "--plugin", made).status == 1


def test_what_a_model_answered_once_answers_again_from_a_file(att: Att, tmp_path: Path, made: Path) -> None:
    done = att("record", "demo/choice", "--plugin", made, "--model", "answers", "--out", "kept.jsonl")
    assert done.status == 0
    kept = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kept == [{"id": row.id, "answer": "billing"} for row in rows("choice") if row.split == "test"]
    again = att("evaluate", "demo/choice", "--plugin", made, "--model", "recorded:kept.jsonl", "--json").json()
    first = att("evaluate", "demo/choice", "--plugin", made, "--model", "answers", "--json").json()
    assert again[0]["score"] == first[0]["score"]


def test_a_limited_run_is_marked(att: Att, made: Path) -> None:
    done = att("evaluate", "demo/choice", "--plugin", made, "--model", "answers", "--limit", "2")
    assert "limited to 2 rows: enters no published board" in done.out
