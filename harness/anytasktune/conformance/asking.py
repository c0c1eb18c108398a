"""Do the prompts ask what they should, in every language, within what a model can read and say?"""

from __future__ import annotations

from typing import Final

from anytasktune import prompts, tuning
from anytasktune.conformance.findings import Outcome, counted, failed, noted, passed, sampled, shortened, theirs
from anytasktune.conformance.labels import FEW_LABELS
from anytasktune.conformance.subject import PLACE, Subject, probe
from anytasktune.prompts import AskedAs, showable

ENCODED: Final = 400
"""Rows whose whole prompts are turned into tokens."""


def zero_shot(subject: Subject) -> Outcome:
    """The prompt of every row, in every language, renders, holds the whole input, and ends in a cue."""
    faults: list[str] = []
    doubts: list[str] = []
    for language in subject.card.prompts:
        with theirs(f"the {language} prompt"):
            documents = [prompts.document(subject.task.id, subject.card, row, language) for row in subject.data.all]
        faults += [
            f"{row.id}: its {language} prompt does not hold its input"
            for row, document in zip(subject.data.all, documents, strict=True)
            if row.input.strip() not in document["question"]
        ]
        doubts += _doubts(subject, language)
    if faults:
        return failed(f"{counted(len(faults), 'prompt does', 'prompts do')} not ask about the whole input.", faults)
    said = f"{counted(len(subject.data.all), 'row')} in {' and '.join(subject.card.prompts)}"
    if doubts:
        return noted(f"The prompts of {said} render, and there are doubts.", doubts)
    return passed(f"the prompts of {said} render and hold their inputs")


def _doubts(subject: Subject, language: str) -> list[str]:
    """What renders and yet is hardly meant."""
    card = subject.card
    bare = prompts.document(subject.task.id, card, probe(), language)
    asked = bare["instruction"] + bare["question"]
    doubts = []
    if not bare["question"].rpartition(PLACE)[2].strip():
        doubts.append(f"{language}: nothing stands behind the input, so that a model may go on with it; end in a cue")
    names = card.label_names(language)
    unsaid = [name for name in names if name not in asked] if len(names) <= FEW_LABELS else []
    if unsaid and card.kind in ("choice", "labels"):
        doubts.append(f"{language}: the prompt does not say that {', '.join(map(repr, unsaid[:8]))} can be answered")
    first, words = next(iter(card.prompts.items()))
    if language != first and dict(card.prompts.items())[language] == words:  # type: ignore[index]
        doubts.append(f"{language}: the prompt is that of {first}, word for word")
    return doubts


def few_shot(subject: Subject) -> Outcome:
    """Few-shot prompts hold the input, the shots and their answers; no shot is a row that is asked about."""
    card = subject.card
    shots = min(card.shots, len(showable(subject.data.fewshot)))
    if not shots:
        return noted("The card shows no few-shot example, or train has none to show.")
    scored = [*subject.data.splits["test"], *subject.data.splits["validation"]]
    rows = subject.sample(scored, ENCODED)
    faults = []
    for language in card.prompts:
        asked = AskedAs(method="generate", shots=shots, language=language)
        with theirs(f"the {language} prompt"):
            rendered = prompts.render(subject.task.id, card, rows, asked, subject.data.fewshot, None)
        shown = {shot["id"] for shot in rendered.shots}
        faults += [f"{row.id} is shown as an example and asked about" for row in rows if row.id in shown]
        questions = {document["question"]: document["id"] for document in rendered.documents}
        faults += [
            f"{questions[shot['question']]} is asked as {shot['id']} is shown, in {language}"
            for shot in rendered.shots
            if shot["question"] in questions
        ]
        delimiter = prompts.target_delimiter(language)
        for document in rendered.documents[:20]:
            text = prompts.context(document, rendered.shots, None, delimiter)
            parts = [document["question"], *(shot["question"] + delimiter + shot["answer"] for shot in rendered.shots)]
            faults += [
                f"{document['id']}: {shortened(part)} is not in its prompt" for part in parts if part not in text
            ]
    if faults:
        return failed("Few-shot prompts are wrong.", dict.fromkeys(faults))
    where = f"{sampled(rows, scored)} of test and validation in {' and '.join(card.prompts)}"
    return passed(f"prompts with {counted(shots, 'shot')} render for {where}")


def answer_length(subject: Subject) -> Outcome:
    """Every right answer, in every language, fits the generation limit under the default model's tokenizer."""
    form, limit = subject.default_model.form, subject.card.max_new_tokens
    longest = 0
    too_long: dict[str, str] = {}
    for language in subject.card.prompts:
        answers = {row.id: subject.gold(row, language) for row in subject.data.all}
        texts = list(dict.fromkeys(answers.values()))
        tokens = dict(zip(texts, map(len, form.encode_batch(texts)), strict=True))
        longest = max(longest, *tokens.values())
        for id, text in answers.items():
            if tokens[text] > limit:
                too_long.setdefault(id, f"{id} ({language}): {tokens[text]} tokens, {shortened(text)}")
    if too_long:
        return failed(
            f"{counted(len(too_long), 'right answer is', 'right answers are')} longer than the {limit} tokens that an "
            "answer may have: no model can be right there.",
            [*too_long.values(), f"next: set generation_kwargs.max_gen_toks to at least {longest}"],
        )
    return passed(f"the longest right answer has {longest} of the {limit} tokens that an answer may have")


def prompt_length(subject: Subject) -> Outcome:
    """Prompts with their answers fit what the recipe and the default model read at once; cue and answer stay apart."""
    from anytasktune.training.texts import TrainingText, encode_texts

    form, recipe = subject.default_model.form, subject.task.recipe
    rows = subject.sample(subject.data.splits["train"], ENCODED)
    longest = min(recipe.max_length, form.context_length)
    doubts = []
    for language in subject.card.prompts:
        with theirs(f"the {language} prompt"):
            texts = [
                TrainingText(id=id, context=context, answer=answer)
                for id, context, answer in tuning.texts(tuning_of(subject, language), rows, form)
            ]
            encoded = encode_texts(texts, form, longest, scored_by="generation")
            whole = tuning.texts(tuning_of(subject, language, max_length=form.context_length), rows, form)
        lengths = sorted(map(len, form.encode_batch([context + answer for _, context, answer in whole])))
        over = sum(length > longest for length in lengths)
        if over or encoded.shortened:
            doubts.append(
                f"{language}: {over} of {len(rows)} rows of train exceed the recipe's {longest:,} tokens (the longest "
                f"has {lengths[-1]:,}); their inputs lose their middle in tuning"
            )
    if doubts:
        return noted("Inputs will be shortened.", doubts)
    said = sampled(rows, subject.data.splits["train"])
    return passed(f"{said} of train, with their answers, fit the {longest:,} tokens that the recipe tunes on")


def tuning_of(subject: Subject, language: str, **changes: int) -> tuning.Tuning:
    """What tuning on the sub-task would be given; nothing is tuned by asking for it."""
    from pathlib import Path

    return tuning.Tuning(
        task=subject.task,
        data=subject.data,
        base="",
        recipe=subject.task.recipe.but(**changes),
        seed=0,
        root=Path(),
        language=language,
    )


STRAY_SHARE = 0.01
"""Right answers of public data that a stop string may cut: published rows stay as they are, odd line breaks too."""


def stop_strings(subject: Subject) -> Outcome:
    """No stop string stands in a right answer, where it would cut it off; a stray few of public data are noted."""
    until = subject.card.until
    if any(not stop for stop in until):
        return failed("A stop string is empty: every answer would end before it begins.", [f"until: {until!r}"])
    cut: dict[str, str] = {}
    for row in subject.data.all:
        for language in subject.card.prompts:
            answer = subject.gold(row, language).strip()
            stop = next((stop for stop in until if stop in answer), None)
            if stop is not None:
                cut[row.id] = f"{row.id}: {stop!r} cuts {shortened(answer)}"
    if cut:
        sentence = f"A stop string cuts {counted(len(cut), 'right answer')} off."
        stray = not subject.card.source.authored and len(cut) <= STRAY_SHARE * len(subject.data.all)
        return noted(sentence, cut.values()) if stray else failed(sentence, cut.values())
    if not until:
        return passed("there is no stop string; an answer ends with the model's own end token")
    return passed(f"no right answer holds a stop string ({', '.join(map(repr, until))})")
