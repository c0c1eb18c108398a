"""When two texts are the same text: exactly (after folding), or nearly.

*Exactly*: their :func:`comparison_key` is equal. *Nearly*: the keys' three-token shingles overlap by a
Jaccard index of at least :data:`THRESHOLD` (Broder 1997), and both name the same numerals: "3 pens at 4 euro"
is another question than "5 pens at 2 euro". A token is a word, or one character where a script puts no spaces
between words.

The search is exact: two sets that overlap so much must share one of their rarest members (prefix filtering,
Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007), so an index over those few finds every pair.
MinHash would be shorter, but misses some pairs, and its hits have to be checked all the same.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

THRESHOLD: Final = 0.8
"""Least Jaccard index of near duplicates."""

SHINGLE: Final = 3
"""Tokens in a shingle; a shorter text is one shingle, so that it has no near duplicates but exact ones."""

# Scripts without spaces between words: Han and its signs, kana, Thai, Lao, Myanmar, Khmer.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN: Final = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
_SPACE_BY_UNSPACED: Final = re.compile(f"(?<=[{_UNSPACED}]) | (?=[{_UNSPACED}])")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_IN_NUMBERS: Final = re.compile(r"(?<=\d)\s*([-*/.,:%])\s*(?=\d)|(?:^|(?<=\s))(-)(?=\d)")
_PRIVATE: Final = 0xE000  # a mark inside numbers is moved there, so that folding leaves it alone
_NUMERAL: Final = re.compile(r"\d+")


class _Folding(dict[int, str]):
    """Translation table: punctuation and white space become a space, invisible characters nothing."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        if category == "Cf":
            folded = ""
        elif category[0] in "PZ" or category == "Cc":
            folded = " "
        else:
            folded = chr(code)
        self[code] = folded
        return folded


_FOLDING: Final = _Folding()


def comparison_key(text: str) -> str:
    """What is compared instead of a text: NFKC, case folded, punctuation and white space as one space.

    Marks inside numbers stay (``3-5``, ``1.5``), thousands separators go. A text of
    punctuation only keeps it.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    numbers = _THOUSANDS.sub("", folded)
    marked = _IN_NUMBERS.sub(lambda m: chr(_PRIVATE + ord(m[1] or m[2])), numbers)
    key = " ".join(marked.translate(_FOLDING).split())
    return _SPACE_BY_UNSPACED.sub("", key) or "".join(folded.split())


def shingles(key: str) -> frozenset[str]:
    """The runs of :data:`SHINGLE` tokens of a comparison key; the whole key where it has fewer."""
    tokens = _TOKEN.findall(key)
    if len(tokens) <= SHINGLE:
        return frozenset([" ".join(tokens)])
    return frozenset(" ".join(tokens[i : i + SHINGLE]) for i in range(len(tokens) - SHINGLE + 1))


class NearIndex:
    """Finds near duplicates among comparison keys; results are indices into ``keys``, and deterministic."""

    def __init__(self, keys: Sequence[str], *, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._numerals = [sorted(_NUMERAL.findall(key)) for key in keys]
        sets = [shingles(key) for key in keys]
        frequency = Counter(shingle for members in sets for shingle in members)
        # Rarest first, so that what is looked up leads to few candidates.
        ordered = sorted(frequency, key=lambda shingle: (frequency[shingle], shingle))
        rank = {shingle: place for place, shingle in enumerate(ordered)}
        self._sets = [frozenset(rank[shingle] for shingle in members) for members in sets]
        self._rarest = [sorted(members)[: self._prefix(len(members))] for members in self._sets]

    def _prefix(self, size: int) -> int:
        """So many of the rarest members cannot all be missing in a near duplicate."""
        return size - math.ceil(self._threshold * size - 1e-9) + 1

    def matches(self, queries: Iterable[int], references: Iterable[int]) -> dict[int, int]:
        """For each query that has one: the first reference that nearly equals it (never the query itself)."""
        index: dict[int, list[int]] = defaultdict(list)
        for reference in references:
            self._add(index, reference)
        found = ((query, self._first(index, query)) for query in queries)
        return {query: match for query, match in found if match is not None}

    def earlier(self, rows: Iterable[int]) -> dict[int, int]:
        """For each row that has one: the first of the rows before it that nearly equals it."""
        index: dict[int, list[int]] = defaultdict(list)
        found: dict[int, int] = {}
        for row in rows:
            match = self._first(index, row)
            if match is not None:
                found[row] = match
            self._add(index, row)
        return found

    def _add(self, index: dict[int, list[int]], row: int) -> None:
        for member in self._rarest[row]:
            index[member].append(row)

    def _first(self, index: dict[int, list[int]], query: int) -> int | None:
        refused = {query}
        for member in self._rarest[query]:
            for candidate in index.get(member, ()):
                if candidate in refused:
                    continue
                if self._nearly_equal(query, candidate):
                    return candidate
                refused.add(candidate)
        return None

    def _nearly_equal(self, one: int, other: int) -> bool:
        a, b = self._sets[one], self._sets[other]
        if min(len(a), len(b)) < self._threshold * max(len(a), len(b)) or self._numerals[one] != self._numerals[other]:
            return False
        shared = len(a & b)
        return shared >= self._threshold * (len(a) + len(b) - shared) - 1e-9
