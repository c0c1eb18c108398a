"""SkillSpan (Zhang et al. 2022): sentences of English job advertisements, with spans of skills and of knowledge.

The two layers may overlap, so they are two sub-tasks. A row is a sentence, its tokens joined by spaces; an
advertisement is a group. The official splits: 812 sentences of test (headings, equal-opportunity clauses) also stand in
train, and many of both in dev; the core takes them out of train and validation. Seven rows of train and dev hold no
visible character and are skipped. 2,985 rows of test have no skill, 3,057 no knowledge: there ``none`` and an empty
answer are right.

The text of a span is its tokens joined by spaces, without a semicolon that the publisher's tokenizer left at its end
(ten spans of test). Three spans of train and dev are a full stop only and are left out. As CoNLL's scorer has it, a
span may begin with an ``I`` (one of test does).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from anytasktune.examples import Example, Split
from anytasktune.metrics.reading import is_blank
from anytasktune.sources import PinnedFile
from anytasktune.tables import read_rows

FILES: Final[dict[Split, str]] = {"train": "train", "validation": "dev", "test": "test"}
"""The publisher's name of each split."""

SHA256: Final = {
    "train": "5e884c3426087d14fc437d328eb72132082edbfe1e776292ae0e6e9b36c1e1f6",
    "dev": "3732937c6869fe191c749b4efe7ffd597ce84eea1192f09b7fe3bd1eb459e2b4",
    "test": "8438eda34939a5877b984ea5daf9e6ff39b2d5c7e3d73cca0499d3de3784d24a",
}


def examples(layer: str) -> Iterator[Example]:
    """All sentences with the spans of one layer, ``skill`` or ``knowledge``; ids are ``<train, dev or test>:<row>``."""
    for split, name in FILES.items():
        for row in read_rows(pinned(name).fetch()).rows:
            tokens = row.values["tokens"]
            yield Example(
                id=f"{name}:{row.number}",
                input=" ".join(tokens),
                targets=tuple(f"{layer}: {text}" for text in spans(tokens, row.values[f"tags_{layer}"])),
                split=split,
                group=f"{name}-{row.values['idx']}",
                language="en",
                slices={"source": row.values["source"]},
            )


def spans(tokens: Sequence[str], tags: Sequence[str]) -> list[str]:
    """The texts of the spans, in order: ``B`` begins one, ``I`` continues it."""
    found: list[list[str]] = []
    inside = False
    for token, tag in zip(tokens, tags, strict=True):
        if tag == "I" and inside:
            found[-1].append(token)
        elif tag != "O":
            found.append([token])
        inside = tag != "O"
    texts = [" ".join(span).rstrip("; ") for span in found]
    return [text for text in texts if not is_blank(text)]


def pinned(name: str) -> PinnedFile:
    """One of the publisher's files."""
    return PinnedFile(
        owner="kris927b",
        repo="SkillSpan",
        commit="2ccf3de5b5af7a5409b8dd814fb1315dd6e0ae1b",
        path=f"data/json/{name}.json",
        sha256=SHA256[name],
    )
