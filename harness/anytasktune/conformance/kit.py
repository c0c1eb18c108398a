"""All checks in their order, and how they are run: each one, whatever became of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from anytasktune import plugins
from anytasktune.conformance import (
    answers,
    asking,
    data,
    fitting,
    label_names,
    labels,
    published,
    registering,
    stock,
    strays,
    tongues,
    tuning_steps,
    whole_texts,
    words,
)
from anytasktune.conformance.findings import (
    Fault,
    Finding,
    NotRun,
    Outcome,
    described,
    failed,
    of_error,
    skipped,
)
from anytasktune.conformance.subject import Subject
from anytasktune.conformance.targets import Loaded, Target, load_all, target_of
from anytasktune.errors import AnyTaskTuneError
from anytasktune.plugins import Registry
from anytasktune.plugins.guarding import guarded
from anytasktune.subtask import SubTask


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check.

    Args:
        name: as findings show it.
        run: looks at one sub-task.
        needs: checks without which it cannot be run.
    """

    name: str
    run: Callable[[Subject], Outcome]
    needs: tuple[str, ...] = ("card", "builder")

    @property
    def about(self) -> str:
        """What it looks at, in a sentence."""
        return (self.run.__doc__ or "").partition("\n")[0]


CHECKS: Final[tuple[Check, ...]] = (
    Check(name="registration", run=registering.registration, needs=()),
    Check(name="card", run=registering.card, needs=("registration",)),
    Check(name="light-import", run=registering.light_import, needs=("registration",)),
    Check(name="one-owner", run=registering.one_owner, needs=("registration",)),
    Check(name="builder", run=data.builder, needs=("registration",)),
    Check(name="determinism", run=data.determinism, needs=("builder",)),
    Check(name="schema", run=data.schema),
    Check(name="row-ids", run=data.row_ids, needs=("builder",)),
    Check(name="splits", run=data.split_sizes),
    Check(name="leaks", run=data.leaks),
    Check(name="groups", run=data.groups),
    Check(name="duplicates", run=data.duplicates),
    Check(name="conflicts", run=data.conflicts),
    Check(name="empty-references", run=data.empty_references),
    Check(name="text-damage", run=words.text_damage),
    Check(name="languages", run=words.languages),
    Check(name="answer-in-input", run=words.answer_in_input),
    Check(name="label-spellings", run=labels.label_spellings),
    Check(name="label-shares", run=labels.label_shares),
    Check(name="labels-apart", run=labels.labels_apart),
    Check(name="label-names", run=label_names.label_names),
    Check(name="template-marks", run=strays.template_marks),
    Check(name="shown-answers", run=strays.shown_answers),
    Check(name="placeholders", run=strays.placeholders),
    Check(name="cut-texts", run=whole_texts.cut_texts),
    Check(name="foreign-words", run=tongues.foreign_words),
    Check(name="metric-bounds", run=answers.metric_bounds),
    Check(name="gold-best", run=answers.gold_best, needs=("card", "builder", "metric-bounds")),
    Check(name="shuffled-gold", run=answers.shuffled_gold, needs=("card", "builder", "metric-bounds")),
    Check(name="odd-answers", run=answers.odd_answers, needs=("card", "builder", "metric-bounds")),
    Check(name="answers-fit", run=fitting.answers_fit, needs=("card", "builder", "metric-bounds")),
    Check(name="resampling", run=answers.resampling, needs=("card", "builder", "metric-bounds")),
    Check(name="prompts", run=asking.zero_shot),
    Check(name="few-shot", run=asking.few_shot),
    Check(name="answer-length", run=asking.answer_length),
    Check(name="prompt-length", run=asking.prompt_length, needs=("card", "builder", "splits")),
    Check(name="stop-strings", run=asking.stop_strings),
    Check(name="fingerprint", run=published.fingerprint, needs=("card", "builder", "schema", "row-ids")),
    Check(name="yaml", run=stock.yaml_keys, needs=("card",)),
    Check(
        name="stock-lm-eval",
        run=stock.stock_lm_eval,
        needs=("yaml", "schema", "row-ids", "metric-bounds", "fingerprint"),
    ),
    Check(name="recipe", run=tuning_steps.recipe, needs=("card", "builder", "splits")),
    Check(name="recorded", run=published.recorded),
)


class Examination:
    """The checks of one sub-task; each runs once, when it is first asked for.

    Args:
        name: the sub-task's id, or the plugin's name where it could not be loaded.
        subject: the sub-task; None where it could not be loaded, and then ``fault`` says why.
    """

    def __init__(self, name: str, subject: Subject | None, fault: Fault | None = None) -> None:
        self.name = name
        self._subject = subject
        self._fault = fault
        self._findings: dict[str, Finding] = {}

    def finding(self, name: str) -> Finding:
        """What one check found."""
        if name not in self._findings:
            outcome = self._outcome(next(check for check in CHECKS if check.name == name))
            self._findings[name] = Finding(task=self.name, check=name, **vars(outcome))
        return self._findings[name]

    def findings(self) -> list[Finding]:
        """What all checks found, in their order."""
        return [self.finding(check.name) for check in CHECKS]

    def _outcome(self, check: Check) -> Outcome:
        for need in check.needs:
            status = self.finding(need).status
            if status in ("fail", "skipped"):
                return skipped(f"{need} {'failed' if status == 'fail' else 'was not run'}")
        if self._subject is None:
            fault = self._fault or Fault("The plugin could not be loaded.")
            return failed(fault.message, fault.evidence)
        subject = self._subject
        return guarded(lambda: _run(check, subject), "")  # what a plugin prints is no finding


def _run(check: Check, subject: Subject) -> Outcome:
    """What a check finds; whatever it cannot get past is found too."""
    try:
        return check.run(subject)
    except Fault as found:
        return failed(found.message, found.evidence)
    except NotRun as reason:
        return skipped(str(reason))
    except AnyTaskTuneError as error:
        fault = of_error(error)
        return failed(fault.message, fault.evidence)
    except Exception as error:  # noqa: BLE001  # the other checks must run, and this one must not pass
        return failed(f"The check broke off: {described(error)}.")


def examine(
    words: Sequence[str],
    load: Callable[[], Registry] = plugins.load,
    say: Callable[[str], None] = lambda line: None,
) -> Iterator[Examination]:
    """An examination for each sub-task that is named; see ``targets.load_all``.

    Args:
        words: ids, globs, plugin files, or folders of packages.
        load: loads the plugins whose sub-tasks ids may name.
        say: told when something takes time.

    Raises:
        UsageError: a name fits nothing, a path does not exist.
        PluginError: two plugins claim an id that is named.
    """
    for loaded in load_all(words, load):
        yield from _examinations(loaded, say)


def examine_object(task: SubTask, say: Callable[[str], None] = lambda line: None) -> Examination:
    """The examination of a sub-task that is at hand; the plugin that registers it is looked for."""
    registry = plugins.load()
    known = registry.subtasks.get(task.id)
    target: Target | None = None
    if known is not None and known.yaml == task.yaml:
        target = target_of(next(found for found in registry.found if found.name == known.origin))
    return Examination(str(task.id), Subject(task, target, say))


def _examinations(loaded: Loaded, say: Callable[[str], None]) -> Iterator[Examination]:
    if loaded.fault is not None:
        yield Examination(loaded.name, None, loaded.fault)
    for task in loaded.tasks:
        yield Examination(task.id, Subject(task, loaded.target, say))
