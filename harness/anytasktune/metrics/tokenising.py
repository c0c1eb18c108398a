"""Texts as tokens, in every script."""

from __future__ import annotations

import string
import unicodedata

from anytasktune.metrics.reading import fold, is_unspaced

_ARTICLES = frozenset(("a", "an", "the"))


def tokens(text: str) -> list[str]:
    """Words and single characters, without punctuation.

    Words, casefolded, with their combining marks, of scripts that set words apart by spaces (Latin, Cyrillic,
    Arabic, Devanagari, …); single characters of all others (Han, kana, Hangul, Thai, …), and emoji.
    On ASCII text these are rouge-score's tokens.
    """
    found: list[str] = []
    word = ""
    for character in fold(text):
        category = unicodedata.category(character)
        if category.startswith("M") and (word or found):
            if word:
                word += character
            else:
                found[-1] += character
        elif character.isalnum() and not is_unspaced(character):
            word += character
        else:
            found += [word] if word else []
            word = ""
            if character.isalnum() or category == "So":
                found.append(character)
    return [*found, word] if word else found


def answer_words(text: str) -> list[str]:
    """Tokens as SQuAD's scorer has them: punctuation closes up (``don't`` is ``dont``), no English articles.

    On ASCII text exactly SQuAD's; scripts without spaces are split into characters, as MLQA's scorer does.
    """
    kept = "".join(c for c in fold(text) if c not in string.punctuation and unicodedata.category(c)[0] != "P")
    return [token for token in tokens(kept) if token not in _ARTICLES]
