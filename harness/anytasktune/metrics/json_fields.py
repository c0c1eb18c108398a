"""Fields of a JSON object: kind ``text``, whose references are objects too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from anytasktune.metrics.grading import Grade, MeanOfRows, counted
from anytasktune.metrics.reading import Reading, is_blank, parsed_object, read_json
from anytasktune.metrics.texts import References, closed

Field = tuple[str, str]


class JsonFieldF1(References, MeanOfRows):
    """Mean over rows of the F1 of the fields of the answer's JSON object against the gold object's.

    A field is a path and a value: nested objects are flattened (``address.city``), the items of a list share one
    path (``items[]``), so that their order does not matter. Keys count letter by letter. Values are compared as
    text, like an exact match: case, width and closing punctuation do not count, ``1.0`` is ``1``, the string
    ``"2024"`` is the number, ``"007"`` is not 7. ``null`` and blank strings are no value: the field is absent.

    Summarised beside it is the share of answers that hold a valid object (see ``read_json``). A reference that is no
    JSON object is unusable.
    """

    name = "JSON field F1"

    def read(self, answer: str) -> Reading:
        """The answer's first JSON object."""
        return read_json(answer)

    def is_usable(self, reference: str) -> bool:
        """Whether the reference is an object."""
        return parsed_object(reference) is not None

    def compare(self, text: str, references: Sequence[str]) -> float:
        """The best reference's F1; 1 where neither object has a field."""
        found = fields_of(text)
        return max(_f1(found, fields_of(reference)) for reference in references)

    def summarise(self, grades: Sequence[Grade]) -> Mapping[str, float]:
        """The mean and the share of valid objects; NaN when no row counts."""
        rows = counted(grades)
        valid = sum(grade.status == "read" for grade in rows)
        return {**super().summarise(grades), "JSON validity": valid / len(rows) if rows else float("nan")}


def fields_of(text: str) -> Counter[Field]:
    """Paths and values of the object that a text is, as often as they stand there; none for other texts."""
    fields: Counter[Field] = Counter()
    left: list[tuple[str, object]] = [("", parsed_object(text))]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
        elif isinstance(value, list):
            left += [(f"{path}[]", inner) for inner in value]
        elif value is not None and not is_blank(str(value)):
            fields[path, closed(str(value))] += 1
    return fields


def _f1(found: Counter[Field], wanted: Counter[Field]) -> float:
    total = found.total() + wanted.total()
    return 2 * (found & wanted).total() / total if total else 1.0
