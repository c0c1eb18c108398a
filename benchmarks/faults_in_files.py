"""Faults in the author's file, which a row no longer shows: ``anytasktune new --data`` reads it, or refuses to."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from typing import Final

from clean_data import CleanSet
from planting import Fault, Planted, fault, language

from anytasktune.examples import Example


def json_lines(kind: str, rows: Sequence[Example]) -> list[str]:
    """Rows as an author has them, a line each."""
    grouped = any(row.group for row in rows)
    lines = []
    for row in rows:
        values: dict[str, object] = {"text": row.input, "split": str(row.split)}
        values["label"] = row.targets[0] if kind != "extract" and len(row.targets) == 1 else list(row.targets)
        if grouped:
            values["group"] = row.group
        lines.append(json.dumps(values, ensure_ascii=False))
    return lines


def as_bytes(lines: Sequence[str]) -> bytes:
    """A file of lines; half of a surrogate pair stays what it is."""
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _csv(rows: Sequence[Example]) -> list[str]:
    lines = []
    for cells in [("text", "label", "split"), *((row.input, row.targets[0], row.split) for row in rows if row.targets)]:
        file = io.StringIO()
        csv.writer(file, lineterminator="").writerow([cell.replace("\n", " ") for cell in cells])
        lines.append(file.getvalue())
    return lines


@fault("a torn JSON row", "new")
def torn_json(data: CleanSet, draw: random.Random) -> Planted | None:
    lines = json_lines(data.kind, data.rows)
    at = draw.randrange(len(lines))
    lines[at] = lines[at][: len(lines[at]) // 2]
    return Planted(file=("rows.jsonl", as_bytes(lines)), marks=(f"rows.jsonl:{at + 1}",))


@fault("a key that stands twice in a JSON row", "new")
def key_twice(data: CleanSet, draw: random.Random) -> Planted | None:
    lines = json_lines(data.kind, data.rows)
    at = draw.randrange(len(lines))
    lines[at] = lines[at].replace('{"text"', '{"text": "x", "text"', 1)
    return Planted(file=("rows.jsonl", as_bytes(lines)), marks=(f"rows.jsonl:{at + 1}",))


@fault("a comma too many in a CSV row: columns shifted", "new")
def shifted(data: CleanSet, draw: random.Random) -> Planted | None:
    lines = _csv(data.rows)
    at = draw.randrange(1, len(lines))
    lines[at] = "one, two," + lines[at]
    return Planted(file=("rows.csv", as_bytes(lines)), marks=(f"rows.csv:{at + 1}",))


@fault("thousands separators without quotation marks in a CSV", "new")
def torn_thousands(data: CleanSet, draw: random.Random) -> Planted | None:
    if data.kind != "number":
        return None
    lines = _csv(data.rows)
    at = draw.randrange(1, len(lines))
    text, _, split = next(csv.reader([lines[at]]))
    lines[at] = f'"{text.replace(chr(34), chr(39))}",12,500,{split}'
    return Planted(file=("rows.csv", as_bytes(lines)), marks=(f"rows.csv:{at + 1}",))


@fault("a quotation mark that never closes", "new")
def open_quote(data: CleanSet, draw: random.Random) -> Planted | None:
    lines = _csv(data.rows)
    at = draw.randrange(1, len(lines))
    lines[at] = '"' + lines[at].replace('"', "'")
    return Planted(file=("rows.csv", as_bytes(lines)), marks=(f"rows.csv:{at + 1}", f"line {at + 1}"))


@fault("no header", "new")
def no_header(data: CleanSet, _draw: random.Random) -> Planted | None:
    if data.kind != "choice":
        return None
    return Planted(file=("rows.csv", as_bytes(_csv(data.rows)[1:])))


@fault("two encodings in one file", "new")
def two_encodings(data: CleanSet, _draw: random.Random) -> Planted | None:
    lines = json_lines(data.kind, data.rows)
    word = "查询" if language(data) == "zh" else "café – naïve"
    parts = [f"{line[:9]} {word}{line[9:]}" for line in lines]
    half = len(parts) // 2
    data_ = as_bytes(parts[:half]) + ("\n".join(parts[half:]) + "\n").encode("gb18030", "replace")
    return Planted(file=("rows.jsonl", data_))


FAULTS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
"""In the order in which they are defined."""
