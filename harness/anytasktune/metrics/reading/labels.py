"""An answer's one label, or its set of labels, by the rules that ``anytasktune.metrics.reading`` tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from anytasktune.errors import CardError
from anytasktune.metrics.reading.answer import (
    ANSWER,
    FINAL,
    Reading,
    after_cue,
    clause,
    cue_word,
    head_of,
    is_empty,
    paragraphs_of,
    says_nothing,
    spoken,
    stops_of,
)
from anytasktune.metrics.reading.label_places import (
    EN_NOT,
    ZH_NOT,
    Index,
    Place,
    exact_labels,
    index_of,
    label_text,
    named_in,
    places_of,
    strong_places,
)
from anytasktune.metrics.reading.normalising import bare, is_blank

if TYPE_CHECKING:
    from anytasktune.card import Card


def label_surfaces(card: Card) -> dict[str, str]:
    """Every way of writing a label of the card (id, English name, Chinese name), mapped to its id.

    Raises:
        CardError: one surface belongs to two labels.
    """
    surfaces: dict[str, str] = {}
    for label in card.labels:
        for surface in (label.id, label.en, label.zh):
            if surface and surfaces.setdefault(surface, label.id) != label.id:
                raise CardError(
                    f"The labels {surfaces[surface]!r} and {label.id!r} are both written {surface!r}.",
                    where=card.id,
                    fix="give each label its own id and names",
                )
    return surfaces


def read_label(answer: str, names: Mapping[str, str]) -> Reading:
    """The one label that an answer names, by the rules at the top of this package.

    Args:
        answer: the model's words.
        names: every surface (id, English name, Chinese name) and the label id it stands for.
    """
    if answer.strip() in names and answer.strip():
        return Reading(status="read", value=(names[answer.strip()],))
    if is_empty(answer):
        return Reading(status="empty")
    index = index_of(tuple(names.items()))
    head, cut = head_of(spoken(answer))
    text, cased = label_text(head)
    paragraphs = paragraphs_of(text)
    if not paragraphs:
        return Reading(status="unreadable", run_on=cut)
    first = text[slice(*paragraphs[0])]
    found = exact_labels(index, first)
    if found is not None:
        more = cut or len(paragraphs) > 1
        return _one(found if not _lists_labels(index, text) else (), run_on=more)
    line, _, rest = first.partition("\n")
    found = exact_labels(index, line)
    if found is not None:
        following = exact_labels(index, rest.partition("\n")[0])
        return _one(found if following in (None, found) else (), run_on=True)
    return _named_in_prose(index, text, cased, cut)


def _named_in_prose(index: Index, text: str, cased: str, cut: bool) -> Reading:
    places = strong_places(places_of(index, text, cased))
    stops = stops_of(text, [(p.start, p.end) for p in places])
    for pattern in (FINAL, ANSWER):
        for cue in pattern.finditer(text):
            start, end = clause(text, cue.end(), stops)
            named = exact_labels(index, text[start:end]) or named_in(places, start, end)
            if len(named) == 1:
                also = _named_again(pattern, cue, text, places, stops)
                return _one({*named, *also}, run_on=cut or bool(text[end:].strip(" .\n")))
    paragraphs = paragraphs_of(text)
    opening = _opening_label(index, text, places, paragraphs[0])
    if opening:
        return _one((opening,), run_on=True)
    for number, (start, end) in enumerate(paragraphs):
        named = named_in(places, start, end)
        if named:
            return _one(named, run_on=cut or number + 1 < len(paragraphs))
    return Reading(status="unreadable", run_on=cut)


def _named_again(
    pattern: re.Pattern[str], first: re.Match[str], text: str, places: Sequence[Place], stops: Sequence[int]
) -> set[str]:
    """The one label behind each later cue in the same line that says the same word ("label: a; label: b")."""
    line = text.find("\n", first.end())
    said: set[str] = set()
    for cue in pattern.finditer(text, first.end(), len(text) if line < 0 else line):
        named = named_in(places, *clause(text, cue.end(), stops))
        if len(named) == 1 and cue_word(cue) == cue_word(first):
            said |= {*named}
    return said


def _one(found: Iterable[str], *, run_on: bool) -> Reading:
    labels = tuple(found)
    if len(labels) != 1:
        return Reading(status="unreadable", run_on=run_on)
    return Reading(status="read", value=labels, run_on=run_on)


def _lists_labels(index: Index, text: str) -> bool:
    """The lines are the list of labels, each once."""
    found = [exact_labels(index, line) for line in text.split("\n") if line.strip()]
    lines = [labels[0] for labels in found if labels is not None]
    return len(lines) == len(found) == len(index.ids) and set(lines) == index.ids


def _opening_label(index: Index, text: str, places: Sequence[Place], paragraph: tuple[int, int]) -> str:
    """The label that opens the paragraph and is closed by a stop, unless a list of labels follows."""
    start, end = paragraph
    inside = [p for p in places if start <= p.start < end]
    if not inside or inside[0].rejected or not is_blank(text[start : inside[0].start]):
        return ""
    lead = inside[0]
    closed = re.match(r"[*\"'`)]{0,3} ?(?:[.:;!。(\n]|[-\u2013\u2014]+ |because\b|since\b|因为)", text[lead.end : end])
    others = {p.id for p in inside if not p.rejected} - {lead.id}
    if closed is None or (len(index.ids) > 2 and {lead.id} | others == index.ids):
        return ""
    rest = lead.end + closed.end()
    nexts = [p for p in inside if p.start >= rest and p.id != lead.id and is_blank(text[rest : p.start])]
    return "" if nexts else lead.id


def read_labels(answer: str, names: Mapping[str, str]) -> Reading:
    """The set of labels that an answer names; ``none``, ``无`` and the like are the empty set.

    Pieces set apart by a semicolon or ``、`` that are no label, beside pieces that are, were made up by the
    model: they stay in ``value`` as written, so that they count as wrong. An answer that names every one of
    more than five labels quotes the list and is unreadable.
    """
    if is_empty(answer):
        return Reading(status="empty")
    index = index_of(tuple(names.items()))
    head, cut = head_of(spoken(answer))
    text, cased = label_text(head)
    paragraphs = paragraphs_of(text)
    if not paragraphs:
        return Reading(status="unreadable", run_on=cut)
    places = strong_places(places_of(index, text, cased))
    for number, (start, end) in enumerate(paragraphs):
        more = cut or number + 1 < len(paragraphs)
        piece = after_cue(text[start:end])
        listed = _listed(index, piece)
        named = listed if listed is not None else named_in(places, end - len(piece), end)
        if named:
            quoted = len(index.ids) > 5 and set(named) >= index.ids
            return Reading(status="unreadable" if quoted else "read", value=() if quoted else named, run_on=more)
        if says_nothing(piece):
            return Reading(status="read", run_on=more)
    return Reading(status="unreadable", run_on=cut)


def _listed(index: Index, text: str) -> tuple[str, ...] | None:
    """The pieces of a plain list, labels by id, others as they stand; ``None`` where the text is not one."""
    pieces = [piece for piece in re.split(r"[;、]", text.partition("\n")[0]) if not is_blank(piece)]
    found = [exact_labels(index, piece) for piece in pieces]
    if "\n" in text.strip() or len(pieces) < 2 or not any(found):
        return None
    made_up = [bare(piece) for piece, labels in zip(pieces, found, strict=True) if labels is None]
    if any(len(piece) > 40 or _is_prose(index, piece) for piece in made_up):
        return None
    return tuple(sorted({labels[0] for labels in found if labels} | set(made_up)))


def _is_prose(index: Index, piece: str) -> bool:
    """The piece of a list says something about a label instead of being one."""
    return bool(places_of(index, piece, piece) or EN_NOT.search(piece) or ZH_NOT.search(piece))
