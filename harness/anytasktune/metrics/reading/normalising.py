"""Text as answers are compared: folded, without zero-width characters, bared of punctuation."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_EMPTY_CATEGORIES = ("P", "Z", "M", "Cc", "Cf", "Sk")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af]"
)


def is_blank(text: str) -> bool:
    """Nothing but white space, punctuation, control and zero-width characters."""
    return all(c in _BLANKS or unicodedata.category(c).startswith(_EMPTY_CATEGORIES) for c in text)


def is_unspaced(character: str) -> bool:
    """The character's script sets no words apart by spaces (Han, kana, Thai, …); Hangul is counted in."""
    return _UNSPACED.match(character) is not None


def normalise(text: str) -> str:
    """NFKC, no zero-width characters, one kind of line break, single spaces; case is kept."""
    plain = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf").replace("\u2019", "'")
    return re.sub(r" ?\n ?", "\n", re.sub(r"[^\S\n]+", " ", plain)).strip()


def fold(text: str) -> str:
    """``normalise``, casefolded."""
    return normalise(text).casefold()


def bare(text: str) -> str:
    """Without the space and punctuation around it; the sign of a numeral stays."""
    start, end = 0, len(text)
    while start < end and is_blank(text[start]) and not re.match(r"[-+]\d", text[start:end]):
        start += 1
    while end > start and is_blank(text[end - 1]) and not unicodedata.category(text[end - 1]).startswith("M"):
        end -= 1
    return text[start:end]
