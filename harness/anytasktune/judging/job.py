"""One or two runs before a judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic

from anytasktune import prompts
from anytasktune.errors import RecordError, UsageError
from anytasktune.evaluation import ANSWERS
from anytasktune.examples import Example
from anytasktune.judging import held_against
from anytasktune.judging.held_against import Judgements
from anytasktune.judging.human import HumanLabels
from anytasktune.judging.judged import Answered, Compared, Graded, Paired, judge_answers, judge_pairs
from anytasktune.judging.model_judge import ModelJudge, require_words
from anytasktune.judging.questions import Asking, Material, prompt_hash
from anytasktune.judging.record import JudgeRecord, Summary, Way
from anytasktune.judging.rubric import Rubric
from anytasktune.judging.summary import summarise_grades, summarise_pairs
from anytasktune.leaderboard.board import DataKey, Run
from anytasktune.models.journal import journal_of
from anytasktune.models.kinds import Model
from anytasktune.records import Sample, Usage
from anytasktune.splits import DataSet
from anytasktune.subtask import SubTask

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What is to be judged.

    Args:
        task, data: of the runs.
        runs: one, whose answers are graded; or two over the same rows, whose answers are compared.
        rubric: what is judged.
        root: folder that gets ``judgements`` and ``answers``.
        limit: only the first rows.
        human: people's labels to hold the judges against.
        seed: of the bootstrap.
    """

    task: SubTask
    data: DataSet
    runs: tuple[Run, ...]
    rubric: Rubric
    root: Path
    limit: int | None = None
    human: HumanLabels | None = None
    seed: int = 0

    @property
    def way(self) -> Way:
        """Graded, or compared."""
        return "rubric" if len(self.runs) == 1 else "pairwise"

    @property
    def language(self) -> str:
        """Of the judge's instruction: that of the first run's prompts."""
        return self.runs[0].record.protocol.language

    @cached_property
    def samples(self) -> list[tuple[Sample, ...]]:
        """The rows to be judged, a sample a run.

        Raises:
            UsageError: the two runs are one.
            RecordError: they are not over these data, or not over the same rows.
        """
        for run in self.runs:
            _require_data(run, self.task, self.data)
        if len({run.record.run_id for run in self.runs}) < len(self.runs):
            raise UsageError("The two runs are one and the same.", fix="name two runs over the same rows")
        chosen = [list(run.samples[: self.limit]) for run in self.runs]
        _require_same_rows([[(sample.id, sample.content_hash) for sample in samples] for samples in chosen])
        return list(zip(*chosen, strict=True))

    @cached_property
    def examples(self) -> list[Example]:
        """The published rows behind the samples.

        Raises:
            RecordError: a sample is of no row.
        """
        known = {example.id: example for example in self.data.all}
        strangers = [row[0].id for row in self.samples if row[0].id not in known]
        if strangers:
            raise RecordError(f"{len(strangers)} samples are of no row of {self.task.id}.", evidence=strangers)
        return [known[row[0].id] for row in self.samples]

    def materials(self) -> list[Material]:
        """What a judge is shown besides the answers."""
        return [_material(self.task, example, self.language) for example in self.examples]


def _require_data(run: Run, task: SubTask, data: DataSet) -> None:
    wanted, found = DataKey.of(run.record), DataKey(task.id, data.version, data.variant, data.fingerprint)
    if wanted != found:
        raise RecordError(
            "A run was made on other rows than those that are judged.",
            where=run.path,
            evidence=[f"the run: {' '.join(map(str, wanted))}", f"here: {' '.join(map(str, found))}"],
            fix="judge runs of one sub-task, one version and one variant, with the plugin that they were made with",
        )


def _require_same_rows(rows: Sequence[Sequence[tuple[str, str]]]) -> None:
    first, last = rows[0], rows[-1]
    if first == last:
        return
    apart = sorted({id for id, _ in first} ^ {id for id, _ in last})
    raise RecordError(
        f"The two runs are not over the same rows: one has {len(first)}, the other {len(last)}.",
        evidence=apart or ["the same rows in another order"],
        fix="judge runs of one split; --limit N compares the first rows of a run that was limited",
    )


def _material(task: SubTask, example: Example, language: str) -> Material:
    document = prompts.document(task.id, task.card, example, language)
    references = example.targets
    if task.card.kind != "text":
        references = (prompts.answer_text(task.card, example, language),)
    asked = document["instruction"].strip() + "\n\n" + document["question"]
    return Material(id=example.id, task=asked, references=references)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one judge said of every row."""

    record: JudgeRecord
    rows: Judgements


def judge_by(job: Judging, model: Model, progress: Progress = lambda done, total, rate: None) -> Judged:
    """Ask one judge about every row; what it said before is not asked again.

    Raises:
        UsageError: it cannot be asked in words.
        PromptError: a row does not fit its context.
        ModelError: it cannot answer.
    """
    require_words(model)
    asking = Asking(rubric=job.rubric, language=job.language, form=model.form)
    materials = job.materials()
    started = monotonic()
    rows: Judgements
    with journal_of(model, job.root / ANSWERS / job.task.slug, f"judge {model.record.label}") as journal:
        judge = ModelJudge(model, journal, progress)
        if job.way == "rubric":
            answers = [row[0].answer for row in job.samples]
            given = [Answered(material=m, answer=a) for m, a in zip(materials, answers, strict=True)]
            rows = judge_answers(given, asking, judge)
        else:
            pairs = [
                Paired(material=material, first=first.answer, second=second.answer)
                for material, (first, second) in zip(materials, job.samples, strict=True)
            ]
            rows = judge_pairs(pairs, asking, judge)
    notes = model.notes()
    usage = Usage(
        prompt_tokens=notes.prompt_tokens,
        answer_tokens=notes.answer_tokens,
        seconds=round(monotonic() - started, 3),
        reused=notes.reused,
        cost_usd=notes.cost_usd,
    )
    record = JudgeRecord(
        model=model.record,
        prompt_hash=prompt_hash(asking, comparing=job.way == "pairwise"),
        own_answers=any(run.record.model.spec == model.record.spec for run in job.runs),
        engine=model.engine(),
        usage=usage,
        summary=_summary(job, rows, judge.hit_limit),
    )
    return Judged(record=record, rows=rows)


def _summary(job: Judging, rows: Judgements, hit_limit: int) -> Summary:
    groups = [example.group or example.id for example in job.examples]
    graded = [row for row in rows if isinstance(row, Graded)]
    if job.way == "rubric":
        summary = summarise_grades(graded, job.rubric, groups=groups, hit_limit=hit_limit, seed=job.seed)
    else:
        compared = [row for row in rows if isinstance(row, Compared)]
        summary = summarise_pairs(compared, groups=groups, hit_limit=hit_limit, seed=job.seed)
    found = [*summary.agreement, held_against.with_metric(job.runs[0].record.metric, rows, job.samples)]
    if job.human is not None:
        found.append(held_against.with_people(rows, job.human, job.rubric))
    return summary.model_copy(update={"agreement": found})


def root_of(run: Path) -> Path:
    """The folder that a run's ``results`` or ``selection`` stands in; the run's own parent where it does not."""
    home = run.parents if len(run.parts) > 3 else run.resolve().parents
    return home[2] if len(home) > 2 and home[1].name in ("results", "selection") else home[0]
