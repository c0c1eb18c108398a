"""Where labels stand in a text, and whether they are named or rejected there.

What *named* means is told by ``anytasktune.metrics.reading``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from anytasktune.metrics.reading.normalising import bare, is_unspaced, normalise


def label_text(text: str) -> tuple[str, str]:
    """The text as labels are compared, and, character by character, what it was folded from."""
    plain = re.sub(r"(?<=[^\W\d_])[_\-\u2010-\u2013](?=[^\W\d_])", " ", normalise(text))
    folded = [(f, c) for c in plain for f in c.casefold()]
    return "".join(f for f, _ in folded), "".join(c for _, c in folded)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One way of writing a label, folded and with its case kept, and the label's id."""

    folded: str
    written: str
    id: str

    @property
    def weak(self) -> bool:
        """A bare numeral or one letter: also stands in texts that do not mean the label."""
        return self.folded.replace(".", "").lstrip("+-").isdigit() or (
            len(self.folded) == 1 and not is_unspaced(self.folded)
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a label stands in a text, [start, end)."""

    start: int
    end: int
    id: str
    weak: bool = False
    rejected: bool = False


@dataclass(frozen=True, kw_only=True)
class Index:
    """The surfaces of a set of labels; ``exact``: from a surface, also bared, to the ids it may mean."""

    surfaces: tuple[Surface, ...]
    exact: Mapping[str, frozenset[str]]
    ids: frozenset[str]


@lru_cache(maxsize=64)
def index_of(names: tuple[tuple[str, str], ...]) -> Index:
    """The index of pairs of a surface and the id it stands for."""
    surfaces: list[Surface] = []
    exact: dict[str, frozenset[str]] = {}
    for written, label in names:
        folded, cased = label_text(written)
        for key in {folded, bare(folded)} - {""}:
            exact[key] = exact.get(key, frozenset()) | {label}
        if folded:
            surfaces.append(Surface(folded=folded, written=cased, id=label))
    return Index(surfaces=tuple(surfaces), exact=exact, ids=frozenset(label for _, label in names))


def exact_labels(index: Index, text: str) -> tuple[str, ...] | None:
    """The labels written exactly so (several: ambiguous), ``None`` where there is none."""
    stripped = text.strip()
    labels = index.exact.get(stripped) or index.exact.get(bare(stripped))
    return tuple(sorted(labels)) if labels else None


def places_of(index: Index, text: str, cased: str) -> list[Place]:
    """Where labels stand, in order; of overlapping ones only the longest."""
    found: list[Place] = []
    for surface in index.surfaces:
        start = text.find(surface.folded)
        while start >= 0:
            end = start + len(surface.folded)
            if _stands_alone(text, start, end) and not _is_other_word(surface, text, cased, start, end):
                found.append(Place(start=start, end=end, id=surface.id, weak=surface.weak))
            start = text.find(surface.folded, start + 1)
    kept: list[Place] = []
    masked = list(text)
    spans: set[tuple[int, int]] = set()
    for place in sorted(found, key=lambda p: (p.start - p.end, p.start)):
        span = (place.start, place.end)
        if span in spans or "\ufffc" not in masked[slice(*span)]:
            kept.append(place)
            spans.add(span)
            masked[slice(*span)] = "\ufffc" * (place.end - place.start)
    flat = "".join(masked)
    return sorted(
        (Place(start=p.start, end=p.end, id=p.id, weak=p.weak, rejected=_rejected(flat, p)) for p in kept),
        key=lambda p: p.start,
    )


def _joins(character: str) -> bool:
    """The character continues a word of a spaced script."""
    wordlike = character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
    return wordlike and not is_unspaced(character)


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and _joins(text[start]) and _joins(before):
        return False
    return not (after and _joins(text[end - 1]) and _joins(after))


_AFTER_LETTER = re.compile(r" (?:is|was|as|and|or|because|since|seems|looks|fits|it|for|but)\b")
_HAN_WORDS = re.compile(r"是否(?=\w)|还是|但是|就是|只是|总是|而是|或是|若是|可是|要是|于是|否则|否认|否定")


def _is_other_word(surface: Surface, text: str, cased: str, start: int, end: int) -> bool:
    """Part of a number or of another Chinese word, the determiner "no", the article "a", the pronoun "I"."""
    before, after = text[max(0, start - 4) : start], text[end : end + 12]
    before_word = re.match(r" [a-z]", after) is not None and not _AFTER_LETTER.match(after)
    if surface.folded == "no":
        return before_word and re.search(r"[a-z] $", before) is not None
    if len(surface.folded) == 1 and is_unspaced(surface.folded):
        around = _HAN_WORDS.finditer(before[-1:] + text[start : end + 2])
        return any(m.start() <= len(before[-1:]) < m.end() for m in around)
    if surface.weak and surface.folded[-1].isdigit():
        return bool(re.search(r"(?:\d[.,]|(?<![\w)])[-+])$", before) or re.match(r"[.,]\d", after))
    return surface.weak and _is_english_word(surface, cased[start:end], before, after, before_word)


def _is_english_word(surface: Surface, cased: str, before: str, after: str, before_word: bool) -> bool:
    """A letter in other case than the label's, or as an article, a pronoun, the start of a contraction."""
    if cased != surface.written or re.match(r"'[a-z]", after):
        return True
    if surface.folded not in ("a", "i") or not before_word:
        return False
    opens = re.search(r"(?:^|[\n.!?])\s*$", before) is not None
    return opens or surface.folded == "i" or surface.written == "a"


EN_NOT = re.compile(
    r"\b(?:not|never|neither|nor|cannot|non|no|without|excluding|excludes|rather than|instead of"
    r"|as opposed to|unlike|rules? out|ruled out)\b|n't\b"
)
_NO_REJECTION = re.compile(
    r"(?:not only|not just|no doubt|without (?:a )?doubt|no question"
    r"|(?:can|could|do|does|would)(?: not|n't|not) (?:be )?(?:anything )?(?:other than|but)"
    r"|是不是|不仅|不但|不只|毫无疑问|没有疑问)"
)
ZH_NOT = re.compile(
    r"不是|不属于|不构成|并不|并非|而非|绝非|不选|不应|不能|不该|不算|不会|排除|没有|不涉及|不存在|不符合|不等于|不同于"
    r"|否认|[非无未不没](?=\ufffc)"
)
_EN_TURN = re.compile(r"\b(?:but|so|hence|therefore|thus|because|since|instead(?! of)|rather(?! than))\b")
_ZH_TURN = re.compile(r"而是|但|所以|因此|因为|则|而(?!非)|只有")
_AND = r"(?:[ 、/\ufffc]|\band\b|\bor\b|和|或|与|及|两|项|选项)*"
_EN_WRONG = re.compile(
    rf"^{_AND}(?:(?:(?:is|are|was|were|does|do|did|can|could|would|should|seems?|has)"
    r"(?: clearly| definitely| also)?(?: not|n't)\b|cannot\b)(?! ?(?:only|just|\ufffc|an? \ufffc))"
    r"|(?:is|are|was|were|seems?|looks?)(?: clearly| definitely| also| both| all)? "
    r"(?:wrong|incorrect|false|excluded|ruled out|rejected|unlikely|out)\b)"
)
_ZH_WRONG = re.compile(
    rf"^{_AND}(?:都|均|皆|也|是|说法|的|明显|显然|完全|属于|应|被|可以|可|\)|\")*"
    r"(?:错误|错|不对|不正确|不成立|有误|不当选|不适用"
    r"|(?:排除|不符合|不选|不构成|不属于|不是|不能)(?! ?\ufffc))"
)
_CLAUSE_END = re.compile(r"[\n,;:.!?。]")


def _rejected(flat: str, place: Place) -> bool:
    """The label is named to be rejected; ``flat`` has U+FFFC where labels stand.

    A negation holds from its word to the end of the clause, or to "but", "而是", …, over at most six words of
    a spaced script or twelve characters of Chinese.
    """
    after = flat[place.end : place.end + 200]
    if _EN_WRONG.match(after) or _ZH_WRONG.match(after):
        return True
    before = flat[max(0, place.start - 200) : place.start]
    clause = before[max((m.end() for m in _CLAUSE_END.finditer(before)), default=0) :]
    if _NO_REJECTION.search(clause):
        return False
    turns = [m.end() for pattern in (_EN_TURN, _ZH_TURN) for m in pattern.finditer(clause)]
    scope = clause[max(turns, default=0) :] + "\ufffc"
    english = [m.end() for m in EN_NOT.finditer(scope)]
    chinese = [m.end() for m in ZH_NOT.finditer(scope)]
    return (bool(english) and len(scope[english[-1] :].split()) <= 7) or (
        bool(chinese) and len(re.sub("\ufffc+", "", scope[chinese[-1] :])) <= 12
    )


def strong_places(places: Sequence[Place]) -> list[Place]:
    """Numerals and letters left out where a label is named otherwise."""
    return [p for p in places if not p.weak] if any(not p.weak and not p.rejected for p in places) else list(places)


def named_in(places: Sequence[Place], start: int, end: int) -> tuple[str, ...]:
    """The ids, sorted, of the labels that begin in [start, end) and are not rejected; places in order."""
    first, last = (bisect_left(places, at, key=lambda place: place.start) for at in (start, end))
    return tuple(sorted({p.id for p in places[first:last] if not p.rejected}))
