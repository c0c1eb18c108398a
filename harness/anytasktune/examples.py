"""The smallest nouns: an example, its split, and what a builder is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

Kind = Literal["choice", "labels", "extract", "text", "number"]
"""What an answer is.

``choice``: one label of a closed set. ``labels``: a set of labels. ``extract``: spans, each written
``type: text``. ``text``: free text with one or more references. ``number``: one numeral.
"""
KINDS: tuple[Kind, ...] = get_args(Kind)

NO_SLICES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row of a sub-task, as published.

    Args:
        id: ``<prefix>:<zero-based row of its file>``, unique in the sub-task.
        input: what the model is asked about; never normalised, never shortened.
        targets: the right answer, as text. ``choice``: the one label. ``labels``: every label that holds
            (may be empty). ``extract``: one ``type: text`` a span (may be empty). ``text``: the acceptable
            references, the first of them is trained on. ``number``: one numeral.
        split: where the publisher put it; "" lets the card's shares decide by content hash.
        group: rows with one group (one case, one author, one document) never fall into two splits.
        language: the language of the input, as an ISO 639-1 code.
        slices: named properties by which scores are broken down (``{"register": "chat"}``).
    """

    id: str
    input: str
    targets: tuple[str, ...]
    split: Split | Literal[""] = ""
    group: str = ""
    language: str = ""
    slices: Mapping[str, str] = field(default_factory=lambda: NO_SLICES)

    def content_hash(self) -> str:
        """sha256 (hex) over what was published: id, input, targets; joins samples with data again."""
        content = json.dumps([self.id, self.input, list(self.targets)], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class DataRequest:
    """What a builder is asked for.

    Args:
        variant: one of the card's data variants (another official split, say); "" is the version's own.
        source: one of the card's optional train sources; "" is the pinned one.
    """

    variant: str = ""
    source: str = ""
