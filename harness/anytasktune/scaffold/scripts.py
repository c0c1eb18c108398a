"""Which of the card's two languages a text is in, told by its script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_OTHER: Final = re.compile("[\u3040-\u30ff]|[\u0370-\u1dff\uac00-\ud7af]+")
_WORD: Final = re.compile("[A-Za-z\u00c0-\u024f]+")
_LEAST_SHARE: Final = 0.02


def has_han(text: str) -> bool:
    """Whether a Chinese character stands in it."""
    return _HAN.search(text) is not None


def language_of(text: str) -> str:
    """``zh``, ``en``, or "" where most of it is in neither script (or in none).

    A Chinese character counts as much as a Latin word; kana, and words in Cyrillic, Arabic, Hangul and the like,
    count against both.
    """
    counts = {"zh": len(_HAN.findall(text)), "en": len(_WORD.findall(text)), "": len(_OTHER.findall(text))}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else ""


def languages_of(languages: Iterable[str]) -> list[str]:
    """The languages that rows are in, the commonest first; a stray row or two does not make one. At least one."""
    counts = Counter(languages)
    total = counts.total()
    found = [name for name, count in counts.most_common() if name and count >= _LEAST_SHARE * total]
    return found or ["en"]
