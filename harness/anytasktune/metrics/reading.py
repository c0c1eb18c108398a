"""From a model's words to an answer: a label, a set of labels, a number, spans, a text.

What every reader does first. Reasoning inside ``<think>`` is dropped. What follows a run-on cue (a new
``Question:``, ``Text:``, ``输入：``, the next turn's special token) is never read. Text is compared after
NFKC and case folding, without zero-width characters. Nothing but space and punctuation is ``empty``.

How one label is read, in this order; the first step that settles it wins:

1. The whole answer is a surface of a label.
2. The first paragraph, or its first line, is one. Lines that merely list the labels are unreadable.
3. What stands behind ``final answer``, ``answer:``, ``答案`` and the like names exactly one label.
4. The answer opens with a label that a full stop, colon, dash or bracket closes.
5. The first paragraph that names any label names exactly one.

A label is *named* where it stands as a word (in scripts without spaces: anywhere), outside of a longer label,
and is not rejected in its clause ("not a merger", "rather than a merger", "不是合并", "A错误"). Bare numerals
and single letters count only where no other surface is named. Several labels, or none: ``unreadable``.

How a number is read is told at ``read_number``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from anytasktune.errors import CardError
from anytasktune.metrics.grading import Status

if TYPE_CHECKING:
    from anytasktune.card import Card


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was found in an answer.

    Args:
        status: ``read``, ``empty`` or ``unreadable``.
        value: the label id; the ids of a set, sorted; one canonical numeral; one ``type: text`` a span; the
            text.
        run_on: text followed that was not scored.
    """

    status: Status
    value: tuple[str, ...] = ()
    run_on: bool = False


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


# --- Folding

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


def _label_text(text: str) -> tuple[str, str]:
    """The text as labels are compared, and, character by character, what it was folded from."""
    plain = re.sub(r"(?<=[^\W\d_])[_\-\u2010-\u2013](?=[^\W\d_])", " ", normalise(text))
    folded = [(f, c) for c in plain for f in c.casefold()]
    return "".join(f for f, _ in folded), "".join(c for _, c in folded)


def _bare(text: str) -> str:
    """Without the space and punctuation around it; the sign of a numeral stays."""
    start, end = 0, len(text)
    while start < end and is_blank(text[start]) and not re.match(r"[-+]\d", text[start:end]):
        start += 1
    while end > start and is_blank(text[end - 1]) and not unicodedata.category(text[end - 1]).startswith("M"):
        end -= 1
    return text[start:end]


# --- Where the answer ends

_EN_CUES = (
    "question|text|input|passage|sentence|document|context|example|instruction|premise|review|tweet|headline|post"
    "|article|paragraph|user|human|q"
)
_ZH_CUES = "问题|题目|输入|文本|句子|案情|案例|事实|用户|示例|例子|材料|原文|段落|短文|文章|问"
_LINE_CUE = re.compile(rf"(?im)^[#*\[ ]{{0,6}}(?:{_EN_CUES}|{_ZH_CUES}) ?\d{{0,3}}[\]* ]{{0,4}}[:：]")
_INLINE_CUE = re.compile(
    r"(?<=[\s.!?。！？])(?:Question|Text|Input|Passage|Sentence|QUESTION|TEXT|INPUT|问题|题目|输入|文本)"
    r" ?\d{0,3} ?[:：]"
)
_TURN = re.compile(r"<\|[a-z_]+\|>|</s>|<(?:end|start)_of_turn>|<eos>|\[/?INST\]", re.IGNORECASE)
_ANSWER_LINE = re.compile(
    r"(?im)^[#*\[ ]{0,6}(?:answer|label|summary|output|response|答案|输出|回答|标签|a|答) ?[:：]"
)
_THOUGHT = re.compile(r"(?s)^.*</think(?:ing)?>")


def _is_empty(answer: str) -> bool:
    return is_blank(_TURN.sub("", answer))


def _spoken(answer: str) -> str:
    """The answer without its reasoning ("" when that never ended) and without turn tokens in front."""
    text = _THOUGHT.sub("", answer)
    if re.match(r"\s*<think(?:ing)?>", text):
        return ""
    leading = re.match(rf"(?:\s*(?:{_TURN.pattern}))+", text, re.IGNORECASE)
    return text[leading.end() :] if leading else text


def _head(text: str) -> tuple[str, bool]:
    """What stands before a run-on cue, and whether there was one."""
    cuts = [m.start() for pattern in (_TURN, _LINE_CUE, _INLINE_CUE) if (m := pattern.search(text))]
    return (text[: min(cuts)], True) if cuts else (text, False)


_EN_ANSWER = (
    "answer|label|category|class|classification|sentiment|stance|output|response|prediction|verdict|choice"
)
_ZH_ANSWER = "答案|标签|类别|结果|输出|回答|结论|分类|应选|故选|选择"
_FINAL = re.compile(
    r"(?:final answer|####|\\boxed|最终答案|最后答案)[ *\"'`]*(?:is|:|为|是|应为)?", re.IGNORECASE
)
_ANSWER = re.compile(
    rf"\b(?:{_EN_ANSWER})\b[ *\"'`]*(?:(?:would be|should be|is|:)[ *\"'`]*:?)"
    rf"|(?:{_ZH_ANSWER})(?:应该是|应该为|应当是|应当为|应是|应为|是|为|:)?[ *\"'`]*:?",
    re.IGNORECASE,
)


# --- Labels


@dataclass(frozen=True, kw_only=True)
class _Surface:
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
class _Place:
    """Where a label stands in a text, [start, end)."""

    start: int
    end: int
    id: str
    weak: bool = False
    rejected: bool = False


@dataclass(frozen=True, kw_only=True)
class _Index:
    surfaces: tuple[_Surface, ...]
    exact: Mapping[str, frozenset[str]]
    ids: frozenset[str]


@lru_cache(maxsize=64)
def _index(names: tuple[tuple[str, str], ...]) -> _Index:
    surfaces: list[_Surface] = []
    exact: dict[str, frozenset[str]] = {}
    for written, label in names:
        folded, cased = _label_text(written)
        for key in {folded, _bare(folded)} - {""}:
            exact[key] = exact.get(key, frozenset()) | {label}
        if folded:
            surfaces.append(_Surface(folded=folded, written=cased, id=label))
    return _Index(surfaces=tuple(surfaces), exact=exact, ids=frozenset(label for _, label in names))


def read_label(answer: str, names: Mapping[str, str]) -> Reading:
    """The one label that an answer names, by the rules at the top of this module.

    Args:
        answer: the model's words.
        names: every surface (id, English name, Chinese name) and the label id it stands for.
    """
    if answer.strip() in names and answer.strip():
        return Reading(status="read", value=(names[answer.strip()],))
    if _is_empty(answer):
        return Reading(status="empty")
    index = _index(tuple(names.items()))
    head, cut = _head(_spoken(answer))
    text, cased = _label_text(head)
    paragraphs = _paragraphs(text)
    if not paragraphs:
        return Reading(status="unreadable", run_on=cut)
    first = text[slice(*paragraphs[0])]
    found = _exact(index, first)
    if found is not None:
        more = cut or len(paragraphs) > 1
        return _one(found if not _lists_labels(index, text) else (), run_on=more)
    line, _, rest = first.partition("\n")
    found = _exact(index, line)
    if found is not None:
        following = _exact(index, rest.partition("\n")[0])
        return _one(found if following in (None, found) else (), run_on=True)
    return _named_in_prose(index, text, cased, cut)


def _named_in_prose(index: _Index, text: str, cased: str, cut: bool) -> Reading:
    places = _strong(_places(index, text, cased))
    for pattern in (_FINAL, _ANSWER):
        for cue in pattern.finditer(text):
            start, end = _clause(text, places, cue.end())
            named = _named(places, start, end)
            if len(named) == 1:
                return _one(named, run_on=cut or bool(text[end:].strip(" .\n")))
    paragraphs = _paragraphs(text)
    opening = _opening_label(index, text, places, paragraphs[0])
    if opening:
        return _one((opening,), run_on=True)
    for number, (start, end) in enumerate(paragraphs):
        named = _named(places, start, end)
        if named:
            return _one(named, run_on=cut or number + 1 < len(paragraphs))
    return Reading(status="unreadable", run_on=cut)


def _one(found: Iterable[str], *, run_on: bool) -> Reading:
    labels = tuple(found)
    if len(labels) != 1:
        return Reading(status="unreadable", run_on=run_on)
    return Reading(status="read", value=labels, run_on=run_on)


def _exact(index: _Index, text: str) -> tuple[str, ...] | None:
    """The labels written exactly so (several: ambiguous), ``None`` where there is none."""
    stripped = text.strip()
    labels = index.exact.get(stripped) or index.exact.get(_bare(stripped))
    return tuple(sorted(labels)) if labels else None


def _lists_labels(index: _Index, text: str) -> bool:
    """The lines are the list of labels, each once."""
    found = [_exact(index, line) for line in text.split("\n") if line.strip()]
    lines = [labels[0] for labels in found if labels is not None]
    return len(lines) == len(found) == len(index.ids) and set(lines) == index.ids


def _paragraphs(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in re.finditer(r"[^\n]+(?:\n[^\n]+)*", text) if not is_blank(m.group())]


def _places(index: _Index, text: str, cased: str) -> list[_Place]:
    """Where labels stand, in order; of overlapping ones only the longest."""
    found: list[_Place] = []
    for surface in index.surfaces:
        start = text.find(surface.folded)
        while start >= 0:
            end = start + len(surface.folded)
            if _stands_alone(text, start, end) and not _is_other_word(surface, text, cased, start, end):
                found.append(_Place(start=start, end=end, id=surface.id, weak=surface.weak))
            start = text.find(surface.folded, start + 1)
    kept: list[_Place] = []
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
        (_Place(start=p.start, end=p.end, id=p.id, weak=p.weak, rejected=_rejected(flat, p)) for p in kept),
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


def _is_other_word(surface: _Surface, text: str, cased: str, start: int, end: int) -> bool:
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


def _is_english_word(surface: _Surface, cased: str, before: str, after: str, before_word: bool) -> bool:
    """A letter in other case than the label's, or as an article, a pronoun, the start of a contraction."""
    if cased != surface.written or re.match(r"'[a-z]", after):
        return True
    if surface.folded not in ("a", "i") or not before_word:
        return False
    opens = re.search(r"(?:^|[\n.!?])\s*$", before) is not None
    return opens or surface.folded == "i" or surface.written == "a"


_EN_NOT = re.compile(
    r"\b(?:not|never|neither|nor|cannot|non|no|without|excluding|excludes|rather than|instead of"
    r"|as opposed to|unlike|rules? out|ruled out)\b|n't\b"
)
_NO_REJECTION = re.compile(
    r"(?:not only|not just|no doubt|without (?:a )?doubt|no question"
    r"|(?:can|could|do|does|would)(?: not|n't|not) (?:be )?(?:anything )?(?:other than|but)"
    r"|是不是|不仅|不但|不只|毫无疑问|没有疑问)"
)
_ZH_NOT = re.compile(
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


def _rejected(flat: str, place: _Place) -> bool:
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
    english = [m.end() for m in _EN_NOT.finditer(scope)]
    chinese = [m.end() for m in _ZH_NOT.finditer(scope)]
    return (bool(english) and len(scope[english[-1] :].split()) <= 7) or (
        bool(chinese) and len(re.sub("\ufffc+", "", scope[chinese[-1] :])) <= 12
    )


def _strong(places: Sequence[_Place]) -> list[_Place]:
    """Numerals and letters left out where a label is named otherwise."""
    return (
        [p for p in places if not p.weak]
        if any(not p.weak and not p.rejected for p in places)
        else list(places)
    )


def _named(places: Sequence[_Place], start: int, end: int) -> tuple[str, ...]:
    return tuple(sorted({p.id for p in places if start <= p.start < end and not p.rejected}))


def _clause(text: str, places: Sequence[_Place], start: int) -> tuple[int, int]:
    """From ``start`` (space skipped) to the end of the sentence or line; a stop inside a label is none."""
    while start < len(text) and is_blank(text[start]):
        start += 1
    for stop in re.finditer(r"[\n;。!?]|\.(?!\d)|,(?=[^ \d])", text[start:]):
        at = start + stop.start()
        if not any(p.start <= at < p.end for p in places):
            return start, at
    return start, len(text)


def _opening_label(index: _Index, text: str, places: Sequence[_Place], paragraph: tuple[int, int]) -> str:
    """The label that opens the paragraph and is closed by a stop, unless a list of labels follows."""
    start, end = paragraph
    inside = [p for p in places if start <= p.start < end]
    if not inside or inside[0].rejected or not is_blank(text[start : inside[0].start]):
        return ""
    lead = inside[0]
    closed = re.match(
        r"[*\"'`)]{0,3} ?(?:[.:;!。(\n]|[-\u2013\u2014]+ |because\b|since\b|因为)", text[lead.end : end]
    )
    others = {p.id for p in inside if not p.rejected} - {lead.id}
    if closed is None or (len(index.ids) > 2 and {lead.id} | others == index.ids):
        return ""
    rest = lead.end + closed.end()
    nexts = [p for p in inside if p.start >= rest and p.id != lead.id and is_blank(text[rest : p.start])]
    return "" if nexts else lead.id


_NOTHING = frozenset(
    [
        *(
            "none",
            "nothing",
            "empty",
            "no label",
            "no labels",
            "no entities",
            "no spans",
            "n/a",
            "null",
            "nil",
        ),
        *("无", "没有", "空", "不涉及", "未涉及", "无标签", "无实体", "没有标签", "没有实体", "以上都不是"),
    ]
)


def _says_nothing(text: str) -> bool:
    return text.strip() in _NOTHING or _bare(text.strip()) in _NOTHING


def read_labels(answer: str, names: Mapping[str, str]) -> Reading:
    """The set of labels that an answer names; ``none``, ``无`` and the like are the empty set.

    Pieces set apart by a semicolon or ``、`` that are no label, beside pieces that are, were made up by the
    model: they stay in ``value`` as written, so that they count as wrong. An answer that names every one of
    more than five labels quotes the list and is unreadable.
    """
    if _is_empty(answer):
        return Reading(status="empty")
    index = _index(tuple(names.items()))
    head, cut = _head(_spoken(answer))
    text, cased = _label_text(head)
    paragraphs = _paragraphs(text)
    if not paragraphs:
        return Reading(status="unreadable", run_on=cut)
    places = _strong(_places(index, text, cased))
    for number, (start, end) in enumerate(paragraphs):
        more = cut or number + 1 < len(paragraphs)
        piece = _after_cue(text[start:end])
        listed = _listed(index, piece)
        named = listed if listed is not None else _named(places, end - len(piece), end)
        if named:
            quoted = len(index.ids) > 5 and set(named) >= index.ids
            return Reading(
                status="unreadable" if quoted else "read", value=() if quoted else named, run_on=more
            )
        if _says_nothing(piece):
            return Reading(status="read", run_on=more)
    return Reading(status="unreadable", run_on=cut)


def _after_cue(text: str) -> str:
    for pattern in (_FINAL, _ANSWER):
        cue = pattern.search(text)
        if cue is not None and not is_blank(text[cue.end() :]):
            return text[cue.end() :]
    return text


def _listed(index: _Index, text: str) -> tuple[str, ...] | None:
    """The pieces of a plain list, labels by id, others as they stand; ``None`` where the text is not one."""
    pieces = [piece for piece in re.split(r"[;、]", text.partition("\n")[0]) if not is_blank(piece)]
    found = [_exact(index, piece) for piece in pieces]
    if "\n" in text.strip() or len(pieces) < 2 or not any(found):
        return None
    made_up = [_bare(piece) for piece, labels in zip(pieces, found, strict=True) if labels is None]
    if any(len(piece) > 40 or _is_prose(index, piece) for piece in made_up):
        return None
    return tuple(sorted({labels[0] for labels in found if labels} | set(made_up)))


def _is_prose(index: _Index, piece: str) -> bool:
    """The piece of a list says something about a label instead of being one."""
    return bool(_places(index, piece, piece) or _EN_NOT.search(piece) or _ZH_NOT.search(piece))


# --- Numbers

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SEPARATORS = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u066b": ".", "\u066c": ",", "\u2044": "/"}
)
_HAN_BY_VALUE = ("零〇", "一壹", "二贰两兩", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_HAN_DIGITS = {character: value for value, group in enumerate(_HAN_BY_VALUE) for character in group}
_HAN_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_HAN_BIG = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_H = "".join(_HAN_DIGITS)
_U = "".join(_HAN_SMALL) + "".join(_HAN_BIG)
_UNIT = rf"(?:[{_U}](?!分之|[克米瓦卡帕赫]))"
_NUMERAL = re.compile(
    rf"(?P<mixed>\d[\d.,]* ?{_UNIT}+(?:\d[\d.]*{_UNIT}*|[{_H}]{_UNIT}*)*)"
    r"|(?P<arabic>(?:\d+(?:[.,:/]\d+)*|\.\d+)(?:[eE][+-]?\d+(?![\w.]))?)"
    r"(?: ?(?:[x×*·]|\\times|\\cdot) ?10 ?\^ ?\{?(?P<power>[+-]?\d+)\}?|\^\{?(?P<exponent>[+-]?\d+)\}?)?"
    r"(?P<scale> ?(?:thousand|million|billion|trillion)\b|k(?![a-z]))?"
    rf"|(?P<han>[{_H}{_U}]+(?:点[{_H}]+)?)",
    re.IGNORECASE,
)
_SCALES = {"k": 3, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_MEASURES = "元块角年月日天个人次件名条岁只张本斤米里倍种项家位份台套吨"
_CURRENCY = re.compile(r"(?:[$€£¥₩₹]|\b(?:us|usd|eur|gbp|rmb|cny|rs|hk|jpy|inr)[$.]?) ?$", re.IGNORECASE)
_MINUS = re.compile(r"(?:(?<![\w)\]])-|\b(?:minus|negative) |负|零下) ?$", re.IGNORECASE)
_IS = re.compile(
    r"(?:\b(?:is|are|equals|equal to|totals?)\b|是|为|共计?|合计|=)"
    r"(?: (?:about|approximately|around|roughly|a total of))? ?[*({\[约]*",
    re.IGNORECASE,
)
_LARGEST_EXPONENT = 400


@dataclass(frozen=True, kw_only=True)
class _Number:
    start: int
    end: int
    value: str
    single_han: bool = False


def read_number(answer: str) -> Reading:
    """The number that an answer gives, as a canonical decimal numeral (``9500``, ``-3.14``).

    Which one: the first paragraph's only number where it opens it; else the first behind ``final answer``,
    ``answer``, ``答案`` and the like; else, in the first paragraph with numbers, the one it opens with, the
    first behind ``is``, ``是``, ``=``, or the first.

    What a number is: digits of any script; thousands set apart by comma, ``{,}``, apostrophe or space; a
    decimal comma where it cannot be one of thousands; ``1e3``, ``2×10^5``; ``3½``, ``3/4``; ``1.5 million``,
    ``5k``; ``1.5万``, ``三百二十``, ``一万五``. A percent sign, ``百分之``, a unit and a currency are
    dropped: ``60%`` reads as 60. English number words are not read. Times, dates, version numbers and digits
    inside a word (``Q3``) are no numbers. One Chinese digit alone counts as the whole answer, behind a cue or
    before a measure word.
    """
    if _is_empty(answer):
        return Reading(status="empty")
    head, cut = _head(_spoken(_superscripts(answer)))
    text = _number_text(head)
    paragraphs = _paragraphs(text)
    numbers = list(_numbers(text))
    if not numbers:
        return Reading(status="unreadable", run_on=cut)
    start, end = next(span for span in paragraphs if numbers[0].start < span[1])
    chosen = _chosen_number(text, numbers, start, end)
    return Reading(status="read", value=(chosen.value,), run_on=cut or end < paragraphs[-1][1])


def _chosen_number(text: str, numbers: list[_Number], start: int, end: int) -> _Number:
    """``start``, ``end``: the first paragraph with numbers."""
    inside = numbers[: bisect_left([n.start for n in numbers], end)]
    first = inside[0]
    unit = r"(?:[^\w]|us|usd|rmb|cny|minus|negative|负|约|共)*"
    opens = re.fullmatch(unit, text[start : first.start], re.IGNORECASE)
    if opens and len(inside) == 1:
        return first
    behind_cue = _number_behind_cue(text, numbers)
    if behind_cue is not None:
        return behind_cue
    sum_follows = re.compile(r" ?[-+*×÷/=]").match(text, first.end)
    if opens and not sum_follows and not first.single_han:
        return first
    plain = [n for n in inside if not n.single_han] or inside
    starts = [n.start for n in plain]
    for cue in _IS.finditer(text, start, end):
        place = bisect_left(starts, cue.end())
        if place < len(plain) and re.fullmatch(r"\W{0,4}", text[cue.end() : starts[place]]):
            return plain[place]
    return plain[0]


def _number_behind_cue(text: str, numbers: list[_Number]) -> _Number | None:
    """The first number behind "answer" in its sentence; of a sum there, what follows the "="."""
    starts = [n.start for n in numbers]
    for pattern in (_FINAL, _ANSWER):
        for cue in pattern.finditer(text):
            _, end = _clause(text, (), cue.end())
            behind = numbers[bisect_left(starts, cue.end()) : bisect_left(starts, end)]
            if behind:
                equals = [n for n in behind if text[max(0, n.start - 8) : n.start].rstrip("$ ").endswith("=")]
                return (equals or behind)[0]
    return None


def _superscripts(text: str) -> str:
    """Raised digits become ``^3``, vulgar fractions decimals: NFKC would glue them to the digits before."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda m: "^" + m.group().translate(_SUPERSCRIPT), text)

    def decimal(match: re.Match[str]) -> str:
        return format(Decimal(match[1] or 0) + Decimal(repr(round(unicodedata.numeric(match[2]), 12))), "f")

    return re.sub("(?<!\\d)(\\d{1,40})? ?([\u00bc-\u00be\u2150-\u215e])", decimal, text)


def _number_text(text: str) -> str:
    """The text with plain digits and with every thousands separator but the comma gone."""
    text = normalise(text).translate(_SEPARATORS)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = text.replace("{,}", ",").replace("\\,", ",")
    text = re.sub(r"(?<=\d)'(?=\d{3}(?!\d))", "", text)
    return re.sub(r"(?<![\d.,:/])\d{1,3}(?: \d{3})+(?![\d/:])", lambda m: m.group().replace(" ", ""), text)


def _numbers(text: str) -> Iterator[_Number]:
    after = 0
    for match in _NUMERAL.finditer(text):
        if match.start() < after or _inside_word(text, match):
            continue
        fraction = re.compile(rf"分之(?:([{_H}{_U}]+)|(\d+(?:\.\d+)?))").match(text, match.end())
        han = match.group("han") or ""
        if han and fraction is None and not _meant_as_number(text, match):
            continue
        try:
            value = _value(match) if fraction is None else _fraction(match, fraction)
        except ArithmeticError:  # beyond what a decimal holds: no number that anyone meant
            continue
        if value is None or value.adjusted() > _LARGEST_EXPONENT:
            continue
        end = after = match.end() if fraction is None else fraction.end()
        before = text[max(0, match.start() - 24) : match.start()]
        currency = _CURRENCY.search(before)
        negative = _MINUS.search(before) or (currency and _MINUS.search(before[: currency.start()]))
        numeral = _numeral(-value if negative else value)
        yield _Number(start=match.start(), end=end, value=numeral, single_han=len(han) == 1)


def _fraction(whole: re.Match[str], part: re.Match[str]) -> Decimal | None:
    """三分之一 is 1/3; 百分之六十 is a percentage and reads as 60."""
    over = _han(part[1]) if part[1] else Decimal(part[2])
    under = _han(whole.group()) if whole.group("han") else _value(whole)
    if over is None or under is None:
        return None
    return over if under == 100 else over / under


def _inside_word(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 8) : match.start()]
    if match.group("han") or not before or not (before[-1].isalpha() or before[-1] == "_"):
        return False
    return not is_unspaced(before[-1]) and not _CURRENCY.search(before)


def _meant_as_number(text: str, match: re.Match[str]) -> bool:
    han = match.group("han")
    if han in ("万一", "一一", "千万") or text[match.end() : match.end() + 2] == "分之":
        return han not in ("万一", "一一") and is_blank(text[: match.start()])
    if len(han) > 1:
        return True
    before, after = text[: match.start()], text[match.end() :]
    if re.search(r"(?:答案|结果|总共|一共|等于|答)(?:应为|应是|是|为|:)?\s*$|[:=]\s*$", before[-24:]):
        return True
    if is_blank(re.sub("^负", "", before)) and re.fullmatch(rf"[{_MEASURES}]?\W*", after):
        return True
    return han != "一" and han in _HAN_DIGITS and after[:1] in _MEASURES and bool(after)


def _value(match: re.Match[str]) -> Decimal | None:
    if match.group("han"):
        return _han(match.group("han"))
    if match.group("mixed"):
        return _han(match.group("mixed"))
    body, _, exponent = match.group("arabic").lower().partition("e")
    value = _plain(body)
    if value is None:
        return None
    shift = Decimal(exponent or 0) + Decimal(match.group("power") or 0)
    if match.group("exponent") and value == 10:
        shift, value = shift + Decimal(match.group("exponent")), Decimal(1)
    if match.group("scale"):
        shift += _SCALES[match.group("scale").strip().lower()]
    return value.scaleb(int(shift)) if abs(shift) <= _LARGEST_EXPONENT else None


_GROUPED = re.compile(r"(?!0,)(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d{1,4}(?:,\d{4})+)(?:\.\d+)?")
_GROUPED_BY_DOTS = re.compile(r"\d{1,3}(?:(?:\.\d{3}){2,}(?:,\d+)?|(?:\.\d{3})+,\d+)")


def _plain(body: str) -> Decimal | None:
    """The value of digits with separators; ``None`` for a time, a date, a list or a version number."""
    if body.count("/") == 1 and ":" not in body:
        over, under = (_plain(part) for part in body.split("/"))
        return over / under if over is not None and under else None  # under 0: no number
    if _GROUPED.fullmatch(body):
        body = body.replace(",", "")
    elif _GROUPED_BY_DOTS.fullmatch(body):
        body = body.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d+", body):
        body = body.replace(",", ".")
    try:
        return Decimal(body)
    except InvalidOperation:
        return None


def _han(text: str) -> Decimal | None:
    """The value of Chinese numerals, also mixed with digits (``1万5千``); ``None``: malformed digits."""
    whole, _, decimals = text.partition("点")
    total, section, number = Decimal(0), Decimal(0), Decimal(-1)  # -1: no digit is waiting for its unit
    last_unit, after_unit = 1, False
    for part in re.findall(rf"\d[\d.,]*|[{_H}{_U}]", whole):
        if part in _HAN_SMALL:
            section += max(number, Decimal(0)) * _HAN_SMALL[part] if number >= 0 else _HAN_SMALL[part]
            number, last_unit, after_unit = Decimal(-1), _HAN_SMALL[part], True
        elif part in _HAN_BIG:
            section += max(number, Decimal(0))
            big = _HAN_BIG[part]
            if big == 10**8:
                total, section = (total + section if total + section else Decimal(1)) * big, Decimal(0)
            else:
                total, section = total + (section if section else Decimal(1)) * big, Decimal(0)
            number, last_unit, after_unit = Decimal(-1), big, True
        elif part in _HAN_DIGITS:
            number = Decimal(_HAN_DIGITS[part]) if number < 0 else number * 10 + _HAN_DIGITS[part]
            after_unit = after_unit and part not in "零〇" and number < 10
        else:
            plain = _plain(part.rstrip(".,"))
            if plain is None:
                return None
            number, after_unit = plain, False
    if number > 0 and after_unit and last_unit > 10 and not whole[-1].isdigit() and "零" not in whole[-2:]:
        number *= last_unit // 10  # 三百二 is 320, 一万五 is 15,000
    value = total + section + max(number, Decimal(0))
    return value + Decimal("0." + "".join(str(_HAN_DIGITS[c]) for c in decimals)) if decimals else value


def _numeral(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


# --- Spans and texts

_BULLET = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,3}[.)、](?!\d)|\[?\d{1,3}\])\s*")


def read_spans(answer: str, names: Mapping[str, str] | None = None) -> Reading:
    """The spans of an answer: ``type: text``, one a line or set apart by ``;``; ``none``, ``无``: no span.

    ``value`` holds one ``type: text`` a span, in the answer's order, repeated where the answer repeats it. A
    type becomes the id that ``names`` has for it; an unknown one stays and counts as wrong. Lines without a
    colon are prose and are passed over; when all are, the answer is unreadable.
    """
    if _is_empty(answer):
        return Reading(status="empty")
    text = _spoken(answer)
    turn = _TURN.search(text)
    cuts = [turn.start()] if turn else []
    types = {fold(written): label for written, label in (names or {}).items()}
    cuts += [m.start() for m in _LINE_CUE.finditer(text) if fold(m.group()).strip("#*[] :") not in types]
    head = text[: min(cuts)] if cuts else text
    spans = [span for line in head.splitlines() for span in _spans_of_line(line, types)]
    if spans or _says_nothing(_after_cue(fold(head))):
        return Reading(status="read", value=tuple(spans), run_on=bool(cuts))
    return Reading(status="unreadable", run_on=bool(cuts))


def _spans_of_line(line: str, types: Mapping[str, str]) -> Iterator[str]:
    cue = re.match(r"(?i)\s*(?:answer|output|entities|答案|输出|实体|回答)\s*[:：]\s*", line)
    if cue and cue.group().strip(" :：").casefold() not in types:
        line = line[cue.end() :]
    for piece in re.split(r"[;；](?=[^;；:：]{1,40}[:：])", line):
        kind, colon, text = _BULLET.sub("", piece).replace("：", ":", 1).partition(":")
        text = text.strip().strip(";；").strip()
        if colon and text and kind.strip() and not is_blank(text):
            key = fold(kind.strip(" *_`\"'"))
            yield f"{types.get(key, key)}: {text}"


def read_text(answer: str) -> Reading:
    """The text, stripped, without reasoning and without a run-on.

    A cue such as ``Question:`` at the start of a line is a run-on only behind a blank line, or where an
    ``Answer:`` follows it: free texts use such headings too.
    """
    if _is_empty(answer):
        return Reading(status="empty")
    text = _spoken(answer)
    cuts = [m.start() for m in _TURN.finditer(text)][:1]
    for cue in _LINE_CUE.finditer(text):
        before = text[: cue.start()]
        if not is_blank(before) and (
            re.search(r"\n\s*\n\s*$", before) or _ANSWER_LINE.search(text, cue.end())
        ):
            cuts.append(cue.start())
    head = (text[: min(cuts)] if cuts else text).strip()
    if is_blank(head):
        return Reading(status="unreadable", run_on=bool(cuts))
    return Reading(status="read", value=(head,), run_on=bool(cuts))
