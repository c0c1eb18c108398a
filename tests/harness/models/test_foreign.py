from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from demo_tasks import subtask
from lm_eval.api.instance import Instance

from anytasktune.errors import ModelError, UsageError
from anytasktune.evaluation import Evaluation, evaluate
from anytasktune.models.foreign import JournalledLM, _label, _shown, open_foreign
from anytasktune.models.journal import Journal
from anytasktune.models.kinds import ModelRequest, find_kind
from anytasktune.prompts import AskedAs
from anytasktune.records import read_record, read_samples
from anytasktune.splits import build


def request_of(folder: Path, spec: str) -> ModelRequest:
    task = subtask(folder, "choice")
    return ModelRequest(spec=spec, task=task, data=build(task))


@pytest.mark.parametrize("method", ["generate", "likelihood"])
def test_a_model_of_lm_evals_table_answers_a_sub_task(tmp_path: Path, tiny_dir: Path, method: Any) -> None:
    request = request_of(tmp_path, f"lm-eval:hf,pretrained={tiny_dir},dtype=float32")
    job = Evaluation(
        task=request.task,
        data=request.data,
        split="test",
        model=open_foreign(request),
        asked=AskedAs(method=method, shots=2, language="en"),
        root=tmp_path / "runs",
    )
    folder = evaluate(job)
    record = read_record(folder)
    assert (record.model.family, record.engine.name, record.score.n) == ("general", "lm-eval hf", 4)
    assert record.protocol.chat_template
    assert str(tiny_dir.parent) not in record.model.model_dump_json()
    samples = read_samples(folder, record)
    if method == "likelihood":
        assert {sample.answer for sample in samples} <= {"billing", "refund"}
    assert evaluate(job) == folder
    assert sorted(path.name for path in folder.iterdir()) == ["record.json", "samples.jsonl"]


class Counting:
    """A model that counts what it is asked, and fails from some request on."""

    def __init__(self, fails_after: int = 10**9) -> None:
        self.asked: list[str] = []
        self._fails_after = fails_after

    def generate_until(self, requests: list[Instance]) -> list[str]:
        for request in requests:
            if len(self.asked) >= self._fails_after:
                raise RuntimeError("the provider is down")
            self.asked.append(request.args[0])
        return [f"to {request.args[0]}" for request in requests]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return [(-float(len(request.args[1])), True) for request in requests]


def instances(kind: str, count: int) -> list[Instance]:
    return [
        Instance(request_type=kind, doc={}, arguments=(f"q{n}", {"until": ["\n"]}), idx=0, metadata=("t", n, 1))
        for n in range(count)
    ]


def test_what_was_answered_before_a_failure_is_not_asked_again(tmp_path: Path) -> None:
    first, second = Counting(fails_after=130), Counting()
    requests = instances("generate_until", 200)
    with pytest.raises(RuntimeError, match="down"), Journal(tmp_path / "j", {"model": "m"}) as journal:
        JournalledLM(first, journal, lambda *_: None).generate_until(requests)  # type: ignore[arg-type]  # enough of one
    told: list[tuple[int, int]] = []
    with Journal(tmp_path / "j", {"model": "m"}) as journal:
        lm = JournalledLM(second, journal, lambda done, total, rate: told.append((done, total)))  # type: ignore[arg-type]
        answers = lm.generate_until(requests)
    assert answers == [f"to q{n}" for n in range(200)]
    assert second.asked == [f"q{n}" for n in range(128, 200)]
    assert told == [(192, 200), (200, 200)]


def test_likelihoods_come_back_from_the_journal_as_pairs(tmp_path: Path) -> None:
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=("q", " " + name), idx=n, metadata=("t", n, 1))
        for n, name in enumerate(("a", "bcd"))
    ]
    for _ in range(2):
        with Journal(tmp_path / "j", {}) as journal:
            lm = JournalledLM(Counting(), journal, lambda *_: None)  # type: ignore[arg-type]  # enough of one
            assert lm.loglikelihood(requests) == [(-2.0, True), (-4.0, True)]


def test_an_unknown_kind_and_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model 'gone'"):
        open_foreign(request_of(tmp_path, "lm-eval:gone,a=1"))
    with pytest.raises(ModelError, match="lm-eval's hf cannot be made"):
        open_foreign(request_of(tmp_path, f"lm-eval:hf,pretrained={tmp_path / 'gone'},dtype=float32"))


@pytest.mark.parametrize(
    ("spec", "kept"),
    [
        ("lm-eval:openai,model=x,api_key=sk-123", "lm-eval:openai,model=x,api_key=***"),
        ("lm-eval:hf,token=abc,pretrained=/home/me/models/m", "lm-eval:hf,token=***,pretrained=m"),
        (
            "lm-eval:hf,pretrained=a/b,HF_SECRET=x,my_password=y",
            "lm-eval:hf,pretrained=a/b,HF_SECRET=***,my_password=***",
        ),
    ],
)
def test_keys_and_private_paths_reach_no_record(spec: str, kept: str) -> None:
    assert _shown(spec) == kept


def test_the_label_names_model_and_kind(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert _label("hf", f"pretrained={tmp_path / 'mine'},dtype=float32") == "mine (hf)"
    assert _label("openai", "model=gpt,api_key=x") == "gpt (openai)"


def test_specs_find_their_kind_by_name_or_prefix(tmp_path: Path) -> None:
    from anytasktune.models.kinds import BUILT_IN

    kinds = list(BUILT_IN)
    for spec, name in {
        "lm-eval:hf,x=1": "lm-eval:",
        "majority": "majority",
        "hf:a/b@c": "hf:",
        str(tmp_path): "local:",
    }.items():
        assert find_kind(spec, kinds).name == name
    for spec in ("hf:", "majorty", "gone/folder"):
        with pytest.raises(UsageError, match="No model is called"):
            find_kind(spec, kinds)
    assert SimpleNamespace(**vars(kinds[0])).tunable
