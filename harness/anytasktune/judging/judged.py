"""Answers graded on a rubric, or compared in pairs, by whatever can be asked in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from anytasktune.errors import ModelError, UsageError
from anytasktune.judging.questions import Asking, Material, Question, question
from anytasktune.judging.verdicts import Verdict, read_points, read_verdict

Ask = Callable[[list[str]], list[str | None]]
"""Prompts in, one judgement a prompt out; ``None`` where none came."""

Status = Literal["read", "unreadable", "unanswered", "missing", "identical"]
"""``read``: there is a judgement. ``unreadable``: the judge said no verdict. ``unanswered``: nothing came back (a
failed call). ``missing``: there is no answer to judge. ``identical``: both answers are the same, a tie unasked."""

Winner = Literal["first", "second", "tie"]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One row with one answer; None where none came."""

    material: Material
    answer: str | None


@dataclass(frozen=True, kw_only=True)
class Paired:
    """One row with two answers."""

    material: Material
    first: str | None
    second: str | None


@dataclass(frozen=True, kw_only=True)
class Graded:
    """What a judge says of one answer.

    Args:
        id: of the row.
        status: whether there is a judgement.
        points: one number a criterion; nothing unless ``read``.
        said: the judge's own words.
        cut, shortened: the answer, or its task or reference, lost its middle.
    """

    id: str
    status: Status
    points: tuple[int, ...] = ()
    said: str | None = None
    cut: bool = False
    shortened: bool = False

    @property
    def total(self) -> int | None:
        """All points together; None where there is no judgement."""
        return sum(self.points) if self.status == "read" else None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a judge says of two answers, asked in both orders.

    Args:
        id: of the row.
        status: whether there is a judgement; both must be readable.
        verdicts: whom it prefers with the first answer in place A, and with it in place B; None where unreadable.
        said: the judge's own words, in that order.
        cut, shortened: an answer, or the task or a reference, lost its middle.
    """

    id: str
    status: Status
    verdicts: tuple[Winner | None, Winner | None] = (None, None)
    said: tuple[str | None, str | None] = (None, None)
    cut: bool = False
    shortened: bool = False

    @property
    def inconsistent(self) -> bool:
        """The two judgements contradict each other: the place decided, not the answer."""
        return self.status == "read" and self.verdicts[0] != self.verdicts[1]

    @property
    def winner(self) -> Winner | None:
        """The better answer; a tie where the two judgements contradict each other; None without a judgement."""
        if self.status == "identical":
            return "tie"
        if self.status != "read":
            return None
        return "tie" if self.inconsistent else self.verdicts[0]


def judge_answers(rows: Sequence[Answered], asking: Asking, ask: Ask) -> list[Graded]:
    """Each answer graded on the rubric; one a row, in row order. Missing answers are not asked about.

    Raises:
        PromptError: a row does not fit the judge's context.
        ModelError: the judge did not give one judgement a prompt.
        UsageError: the language is not known, or an id stands twice.
    """
    _require_ids([row.material.id for row in rows])
    asked = {row.material.id: question(row.material, [row.answer], asking) for row in rows if row.answer is not None}
    said = _say(asked, ask)
    return [_graded(row.material.id, asked.get(row.material.id), said, asking) for row in rows]


def _graded(id: str, asked: Question | None, said: dict[str, list[str | None]], asking: Asking) -> Graded:
    if asked is None:
        return Graded(id=id, status="missing")
    (words,) = said[id]
    points = None if words is None else read_points(words, asking.rubric)
    status: Status = "unanswered" if words is None else "unreadable" if points is None else "read"
    return Graded(id=id, status=status, points=points or (), said=words, cut=asked.cut, shortened=asked.shortened)


def judge_pairs(rows: Sequence[Paired], asking: Asking, ask: Ask) -> list[Compared]:
    """The better of two answers, asked twice with their places swapped; one a row, in row order.

    Pairs that lack an answer are not asked about, nor are pairs of the same text, which are ties.

    Raises:
        PromptError: a row does not fit the judge's context.
        ModelError: the judge did not give one judgement a prompt.
        UsageError: the language is not known, or an id stands twice.
    """
    _require_ids([row.material.id for row in rows])
    asked = {
        row.material.id: question(row.material, [row.first, row.second], asking)
        for row in rows
        if row.first is not None and row.second is not None and row.first.strip() != row.second.strip()
    }
    said = _say(asked, ask)
    return [_compared(row, asked.get(row.material.id), said) for row in rows]


def _compared(row: Paired, asked: Question | None, said: dict[str, list[str | None]]) -> Compared:
    id = row.material.id
    if asked is None:
        return Compared(id=id, status="missing" if row.first is None or row.second is None else "identical")
    straight, swapped = said[id]
    verdicts = (_winner(straight, swapped=False), _winner(swapped, swapped=True))
    status: Status = "read"
    if None in verdicts:
        silent = any(words is None for words in said[id])
        status = "unanswered" if silent else "unreadable"
    return Compared(
        id=id,
        status=status,
        verdicts=verdicts,
        said=(straight, swapped),
        cut=asked.cut,
        shortened=asked.shortened,
    )


def _winner(said: str | None, *, swapped: bool) -> Winner | None:
    verdict: Verdict | None = None if said is None else read_verdict(said)
    if verdict is None:
        return None
    if verdict == "TIE":
        return "tie"
    return "second" if (verdict == "B") != swapped else "first"


def _require_ids(ids: Sequence[str]) -> None:
    twice = sorted(id for id, times in Counter(ids).items() if times > 1)
    if twice:
        raise UsageError("A row is to be judged twice.", evidence=twice, fix="give each row an id of its own")


def _say(asked: dict[str, Question], ask: Ask) -> dict[str, list[str | None]]:
    """What the judge says to the prompts of each row; all are asked in one call."""
    prompts = [prompt for one in asked.values() for prompt in one.prompts]
    said = list(ask(prompts)) if prompts else []
    if len(said) != len(prompts) or not all(words is None or isinstance(words, str) for words in said):
        raise ModelError(
            f"The judge was given {len(prompts)} prompts and gave {len(said)} things back.",
            evidence=sorted({type(words).__name__ for words in said}),
            fix="one text a prompt, in their order; None where there is none",
        )
    rest = iter(said)
    return {id: [next(rest) for _ in one.prompts] for id, one in asked.items()}
