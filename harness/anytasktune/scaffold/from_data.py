"""A draft from the author's own file: what is in it is guessed, and every guess is said with its reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from anytasktune.authoring import SPLIT_NAMES
from anytasktune.errors import DataError, UsageError
from anytasktune.examples import Kind
from anytasktune.row_checks import is_number
from anytasktune.scaffold import words
from anytasktune.scaffold.columns import Guess, named, split_column
from anytasktune.scaffold.draft import Draft, NewLabel, Told, limits_of
from anytasktune.scaffold.kinds import Targets, targets_of
from anytasktune.scaffold.names import Names
from anytasktune.scaffold.reading import place, read_data
from anytasktune.scaffold.rows import Finding, Row, findings_of, labels_in, merged, shared_out
from anytasktune.scaffold.scripts import language_of, languages_of
from anytasktune.scaffold.shapes import Pair, Pairs, pairs_of
from anytasktune.scaffold.spans import offsets_disagree
from anytasktune.scaffold.values import is_empty, shown, text_of

CARVED = 0.1
"""Share of a published train split that becomes validation, where none was published."""

_KEYS = frozenset(["input", "target", "language", "group"])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the author said about the file; everything else is guessed.

    Args:
        path: the file.
        kind: of the answers.
        inputs: columns; several are joined, a line each.
        target, group: columns.
        slices: columns by which scores are broken down.
        encoding: of a text file.
        merge_spellings: labels that differ in case, spaces or width take their commonest spelling.
    """

    path: Path
    kind: Kind | None = None
    inputs: Sequence[str] = ()
    target: str = ""
    group: str = ""
    slices: Sequence[str] = ()
    encoding: str | None = None
    merge_spellings: bool = False


def data_draft(names: Names, asked: Asked) -> Draft:
    """A sub-task from a file of rows.

    Raises:
        UsageError: a column that is not there, or none that speaks for itself.
        SourceError: no such file.
        DataError: torn rows, or rows that give no sub-task: no usable ones, one class only, a split without rows.
    """
    read = read_data(asked.path, asked.encoding)
    table, notes = read.table, list(read.notes)
    group = named(table, asked.group) if asked.group else ""
    slices = [named(table, name) for name in asked.slices]
    if clash := [name for name in slices if name in _KEYS]:
        raise UsageError(f"A slice cannot be called {clash[0]!r}: rows keep something else there.")
    split, complaint = split_column(table)
    taken = [name for name in (split, group, *slices) if name]
    pairs = pairs_of(table, asked.inputs, asked.target, taken)
    if not pairs.pairs:
        raise DataError(f"No row of {table.name} has an input and a target.", evidence=pairs.left_out)
    targets = targets_of([p.target for p in pairs.pairs], [p.input for p in pairs.pairs], pairs.target_name, asked.kind)
    rows, left_out = _rows(pairs, targets, split=split, group=group, slices=slices)
    findings = _left_out(left_out, len(table.rows), table.name, targets.kind)
    if asked.merge_spellings:
        rows, merges = merged(rows, targets.kind)
        findings += merges
    languages = languages_of(row.language for row in rows)
    rows = [replace(row, language=row.language if row.language in languages else "") for row in rows]
    carve, how = 0.0, ""
    if split:
        carve = _published(rows, split, table.name)
    else:
        rows, how = shared_out(rows, names.id)
    guesses = [*pairs.guesses, Guess(what="kind", value=targets.kind, why=targets.why)]
    guesses.append(_split_guess(rows, split, how, carve))
    guesses.append(_language_guess(rows, languages))
    if complaint:
        notes.append(complaint)
    digest = hashlib.sha256(asked.path.read_bytes()).hexdigest()
    draft = _draft(names, targets.kind, rows, languages, pairs.instruction, f"{table.name}, sha256 {digest}")
    findings += findings_of(rows, targets.kind, [label.id for label in draft.labels])
    return replace(
        draft,
        validation_from_train=carve,
        notes=tuple(notes),
        guesses=tuple(guesses),
        findings=(*findings, *_offsets(pairs, targets.kind), *_strange_scripts(rows)),
    )


def _draft(names: Names, kind: Kind, rows: Sequence[Row], languages: Sequence[str], told: str, citation: str) -> Draft:
    counted = Counter(labels_in(rows, kind))
    labels = [NewLabel(id=label, rows=counted[label]) for label in sorted(counted)]
    if kind == "choice" and len(labels) < 2:
        raise DataError(f"Only one label is left: {labels[0].id!r}; a choice needs two.")
    if kind in ("labels", "extract") and not labels:
        raise DataError(
            f"No row holds a {'label' if kind == 'labels' else 'span'}.", fix="--target COLUMN or --kind KIND"
        )
    separator = words.separator_for(kind, [target for row in rows for target in row.targets])
    until, max_gen_toks, shots = limits_of(kind, rows, labels, separator)
    ids = [label.id for label in labels]
    prompts = {}
    told_in = language_of(told) if language_of(told) in languages else languages[0]
    for language in languages:
        instruction = words.instruction(kind, language, ids, separator)
        if told and language == told_in:
            instruction = words.literal(told)
        prompts[language] = Told(instruction=instruction, question=words.question(kind, language))
    return Draft(
        names=names,
        kind=kind,
        title=f"{names.name.replace('-', ' ').capitalize()}, from {citation.partition(',')[0]}",
        languages=tuple(languages),
        prompts=prompts,
        labels=labels,
        separator=separator,
        until=until,
        max_gen_toks=max_gen_toks,
        shots=shots,
        rows=rows,
        citation=citation,
    )


# --- rows -----


def _rows(
    pairs: Pairs, targets: Targets, *, split: str, group: str, slices: Sequence[str]
) -> tuple[list[Row], list[str]]:
    """The rows that can be used, and a sentence for each that cannot."""
    rows, left_out = [], list(pairs.left_out)
    for pair in pairs.pairs:
        try:
            found = _targets(pair, targets)
            published = text_of(pair.row.values.get(split)).strip().lower() if split else ""
            rows.append(
                Row(
                    place=place(pair.row),
                    input=pair.input,
                    targets=found,
                    split=SPLIT_NAMES.get(published, ""),
                    group=text_of(pair.row.values.get(group)) if group else "",
                    language=language_of(pair.input),
                    slices={name: text_of(pair.row.values.get(name)) for name in slices},
                )
            )
        except ValueError as error:
            left_out.append(f"{place(pair.row)}: {error}")
    return rows, left_out


def _targets(pair: Pair, targets: Targets) -> tuple[str, ...]:
    if is_empty(pair.input):
        raise ValueError("the input is empty")
    found = targets.read(pair.target, pair.input)
    if targets.kind == "number" and not is_number(found[0]):
        raise ValueError(f"the target {shown(found[0])} is not one numeral")
    if targets.kind == "labels":
        found = tuple(dict.fromkeys(found))
    return found


def _left_out(left_out: Sequence[str], total: int, name: str, kind: Kind) -> list[Finding]:
    """A finding on the rows that cannot be used.

    Raises:
        DataError: they are more than half: then the guess was wrong, or the file is.
    """
    if 2 * len(left_out) > total:
        raise DataError(
            f"{len(left_out)} of {total} rows of {name} cannot be used as {kind}.",
            evidence=left_out,
            fix="name the columns (--input, --target) or the kind (--kind), or mend the file",
        )
    what = f"rows that are left out: {len(left_out)} of {total}"
    return [Finding(what=what, evidence=tuple(left_out))] if left_out else []


def _published(rows: Iterable[Row], split: str, name: str) -> float:
    """The share of train that becomes validation, where none was published.

    Raises:
        DataError: train or test has no row.
    """
    counts = Counter(row.split for row in rows)
    lacking = [needed for needed in ("train", "test") if not counts[needed]]
    if lacking:
        raise DataError(
            f"The column {split!r} of {name} puts no row in {' or '.join(lacking)}.",
            evidence=[f"{split_name}: {count} rows" for split_name, count in counts.most_common()],
            fix="add such rows, or take the column out of the file: then rows are shared out by content",
        )
    return 0.0 if counts["validation"] else CARVED


# --- what is said -----


def _split_guess(rows: Sequence[Row], split: str, how: str, carve: float) -> Guess:
    counts = Counter(row.split for row in rows)
    said = ", ".join(f"{name} {counts[name]}" for name in ("train", "validation", "test") if counts[name])
    why = how or f"column {split!r}"
    if carve:
        why += f"; validation is {100 * carve:.0f} % of train, taken when the data are built"
    return Guess(what="split", value=said, why=why)


def _language_guess(rows: Sequence[Row], languages: Sequence[str]) -> Guess:
    counts = Counter(row.language for row in rows)
    said = ", ".join(f"{counts[name]} of {len(rows)} rows {name}" for name in languages)
    return Guess(what="language", value=" and ".join(languages), why=f"by script: {said}")


def _strange_scripts(rows: Sequence[Row]) -> list[Finding]:
    strange = [row for row in rows if not row.language]
    what = f"rows whose script is of neither language that the card knows, or of one that is rare here: {len(strange)}"
    evidence = tuple(f"{row.place} {shown(row.input)}" for row in strange)
    return [Finding(what=what, evidence=evidence)] if strange else []


def _offsets(pairs: Pairs, kind: Kind) -> list[Finding]:
    if kind != "extract":
        return []
    found = [place(pair.row) for pair in pairs.pairs if offsets_disagree(pair.target, pair.input)]
    what = f"rows whose offsets point at other words than their spans give, so that the words were taken: {len(found)}"
    return [Finding(what=what, evidence=tuple(found))] if found else []
