"""Is the sub-task registered as the core takes it, by one plugin alone, at no cost to who only lists?"""

from __future__ import annotations

from collections.abc import Mapping

from anytasktune import prompts
from anytasktune.conformance.findings import Outcome, counted, failed, passed, theirs
from anytasktune.conformance.subject import Subject, probe
from anytasktune.metrics.reading import label_surfaces
from anytasktune.plugins import offers


def registration(subject: Subject) -> Outcome:
    """The plugin loads, its hook returns sub-tasks, and each of their fields is what it has to be."""
    task = subject.task
    members = offers.OFFERS["register_subtasks"].members
    faults = [
        f"{name} is not {wanted}" for name, (wanted, test) in members.items() if not test(getattr(task, name, None))
    ]
    if not faults and isinstance(task.recorded, Mapping):
        faults = [
            f"recorded[{name!r}] is not a function" for name, answers in task.recorded.items() if not callable(answers)
        ]
    if faults:
        return failed("The sub-task is not what the core takes it for.", faults)
    by = f"the plugin {subject.target.name} registers" if subject.target else "the object is"
    return passed(f"{by} {task.id}, scored by {task.metric.name}")


def card(subject: Subject) -> Outcome:
    """The YAML is there, its metadata are a valid card, its prompts are valid templates, and nothing is left blank."""
    found = subject.card
    with theirs("the card"):
        label_surfaces(found)
    for language in found.prompts:
        with theirs(f"the {language} prompt"):
            prompts.document(found.id, found, probe(), language)
    words = {
        "title": found.title,
        "licence": found.licence,
        "source.citation": found.source.citation,
        "wrong_answer_costs": found.wrong_answer_costs,
        **{f"prompts.{language}.instruction": prompt.instruction for language, prompt in found.prompts.items()},
    }
    blank = [f"metadata.{key} says nothing" for key, text in words.items() if not text.strip()]
    if found.separator == "" and found.kind in ("labels", "extract"):
        blank.append("metadata.separator is empty, so that two labels would become one word")
    if blank:
        return failed("The card is incomplete.", blank)
    labels = f", {counted(len(found.labels), 'label')}" if found.labels else ""
    return passed(
        f"the card is complete: {found.kind}{labels}, prompts in {' and '.join(found.prompts)}, {found.licence}"
    )


def light_import(subject: Subject) -> Outcome:
    """A fresh process that only lists the plugin imports no heavy library."""
    heavy = subject.fresh["heavy"]
    if heavy:
        lines = [f"{library} by {place}" if place else library for library, place in heavy.items()]
        return failed(
            f"Listing the sub-task imports {', '.join(heavy)}, and everyone who lists sub-tasks waits for it.",
            [*lines, "next: move the import into the function that needs it"],
        )
    return passed("listing the sub-task imports no heavy library")


def one_owner(subject: Subject) -> Outcome:
    """No other installed plugin registers this id, or one that lm-eval could not tell from it."""
    others = subject.fresh["others"]
    if others:
        return failed(
            f"Another plugin registers {subject.task.id}: an id that two claim is nobody's.",
            [*others, "next: choose another id, or uninstall one of them"],
        )
    return passed("no other installed plugin registers this id")
