"""Models that take a row rather than a prompt: recorded answers and classical models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from anytasktune.errors import ModelError, UsageError, did_you_mean
from anytasktune.examples import DataRequest, Example
from anytasktune.models.kinds import ModelRequest, Notes
from anytasktune.records import EngineRecord, Method, ModelRecord

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from anytasktune.models.classical import ClassicalModel
    from anytasktune.models.journal import Journal

Answers = Callable[[list[str]], list[str | None]]
"""Row ids in, an answer a row out; ``None`` is missing."""


class DirectLM(LM):  # type: ignore[misc]  # lm-eval is untyped
    """Hands lm-eval the answer that belongs to a document's id; it has no likelihoods."""

    def __init__(self, answers: Answers, progress: Callable[[int, int, float], None]) -> None:
        super().__init__()
        self._answers = answers
        self._progress = progress

    def generate_until(self, requests: list[Instance]) -> list[str | None]:
        """One answer a request, found by ``request.doc["id"]``."""
        answers = self._answers([str(request.doc["id"]) for request in requests])
        self._progress(len(requests), len(requests), 0.0)
        return answers

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:  # noqa: ARG002  # an LM has it
        """Not to be had.

        Raises:
            ModelError: always.
        """
        raise ModelError("Recorded and classical answers have no likelihood.", fix="ask with --method generate")

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:  # noqa: ARG002  # an LM has it
        """Not to be had.

        Raises:
            ModelError: always.
        """
        raise ModelError("Recorded and classical answers have no likelihood.", fix="ask with --method generate")


@dataclass(frozen=True, kw_only=True)
class DirectModel:
    """A model whose answers are found by row id."""

    record: ModelRecord
    answers: Answers
    engine_record: EngineRecord
    methods: tuple[Method, ...] = ("direct",)
    form: None = None

    def answering(self, journal: Journal, progress: Callable[[int, int, float], None]) -> LM:  # noqa: ARG002
        """The ``LM``; nothing is journalled, since asking again costs nothing."""
        return DirectLM(self.answers, progress)

    def engine(self) -> EngineRecord:
        """What computed the answers."""
        return self.engine_record

    def notes(self) -> Notes:
        """No tokens."""
        return Notes()


def read_answers(path: Path) -> dict[str, str | None]:
    """Answers by id from JSON lines ``{"id": …, "answer": …}``; an answer of null is missing.

    Raises:
        ModelError: the file is missing, a line is torn or lacks a key, or an id stands twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise ModelError(f"There is no answers file {path.name!r}.", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise ModelError(f"The answers file {path.name} is not UTF-8: {error}", where=str(path)) from None
    answers: dict[str, str | None] = {}
    faults = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fault, row = _answer_line(line)
        if fault:
            faults.append(f"{path.name}:{number}: {fault}")
        elif row["id"] in answers:
            faults.append(f"{path.name}:{number}: id {row['id']!r} stands twice")
        else:
            answers[row["id"]] = row["answer"]
    if faults:
        raise ModelError(
            f"{path.name} holds {len(faults)} lines that are not answers.",
            evidence=faults,
            fix='write one {"id": "…", "answer": "…"} a line; null is a missing answer',
        )
    return answers


def _answer_line(line: str) -> tuple[str, dict[str, Any]]:
    try:
        row = json.loads(line)
    except ValueError:
        return f"not JSON: {line[:60]!r}", {}
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or "answer" not in row:
        return "needs a text id and an answer", {}
    if row["answer"] is not None and not isinstance(row["answer"], str):
        return f"the answer is a {type(row['answer']).__name__}, not text or null", {}
    return "", row


def open_recorded(request: ModelRequest) -> DirectModel:
    """Answers that were recorded: by a name that the sub-task publishes, or a file.

    Raises:
        UsageError: neither such a name nor such a file.
        ModelError: the file is malformed, or no id of it is in the sub-task.
    """
    name = request.spec.removeprefix("recorded:")
    if name in request.task.recorded:
        wanted = DataRequest(variant=request.data.variant)
        known = dict(request.task.recorded[name](wanted))
        label, spec = name, f"recorded:{name}"
    elif Path(name).is_file():
        known = read_answers(Path(name))
        label = Path(name).stem
        spec = f"recorded-file:{label}"  # whoever recorded it: not the model of that name that a publisher recorded
    else:
        raise UsageError(
            f"{request.task.id} has no recorded answers called {name!r}, and there is no such file.",
            fix=did_you_mean(name, request.task.recorded),
        )
    ids = {example.id for example in request.data.all}
    if not ids & known.keys():
        raise ModelError(
            f"No id of {name} is in {request.task.id}.",
            evidence=[*list(known)[:3], *(f"wanted: {id}" for id in sorted(ids)[:3])],
        )
    content = json.dumps(known, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    revision = hashlib.sha256(content).hexdigest()[:16]
    return DirectModel(
        record=ModelRecord(spec=spec, label=label, family="general", revision=revision),
        answers=lambda wanted_ids: [known.get(id) for id in wanted_ids],
        engine_record=EngineRecord(name="recorded"),
    )


def open_classical(request: ModelRequest) -> DirectModel:
    """A classical model, trained on the sub-task's own train split.

    Raises:
        ModelError: unknown, unfit for the sub-task's kind, or there is no train row.
    """
    from anytasktune.models.classical import classical_models

    models = classical_models(request.task.card.kind)
    if request.spec not in models:
        raise ModelError(
            f"{request.spec} does not answer a sub-task of kind {request.task.card.kind!r}.",
            fix=did_you_mean(request.spec, models),
        )
    model: ClassicalModel = models[request.spec]()
    train = request.data.splits["train"]
    if not train:
        raise ModelError(f"{request.task.id} has no train rows for {request.spec} to learn from.")
    model.fit(train, request.data.splits["validation"], request.task.card, request.task.metric)
    rows: dict[str, Example] = {example.id: example for example in request.data.all}
    return DirectModel(
        record=ModelRecord(
            spec=request.spec,
            label=request.spec,
            family="classical",
            revision=f"scikit-learn {version('scikit-learn')}",
            chosen={str(name): _plain(value) for name, value in model.chosen.items()},
        ),
        answers=lambda ids: list(model.answer([rows[id] for id in ids])),
        engine_record=EngineRecord(name="scikit-learn", versions={"scikit-learn": version("scikit-learn")}),
    )


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
