"""Numerals in a text: where they stand and what they are worth, in digits of any script or in Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from anytasktune.metrics.reading.normalising import is_blank, is_unspaced, normalise

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SEPARATORS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u066b": ".", "\u066c": ",", "\u2044": "/"})
_HAN_BY_VALUE = ("零〇", "一壹", "二贰两兩", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_HAN_DIGITS = {character: value for value, group in enumerate(_HAN_BY_VALUE) for character in group}
_HAN_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_HAN_BIG = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_H = "".join(_HAN_DIGITS)
_U = "".join(_HAN_SMALL) + "".join(_HAN_BIG)
_UNIT = rf"(?:[{_U}](?!分之|[克米瓦卡帕赫]))"
_NUMERAL = re.compile(
    r"(?P<date>\d{4}-\d{1,2}-\d{1,2}(?!\d))"
    rf"|(?P<mixed>\d[\d.,]* ?{_UNIT}+(?:\d[\d.]*{_UNIT}*|[{_H}]{_UNIT}*)*)"
    r"|(?P<arabic>(?:\d+(?:[.,:/]\d+)*|\.\d+)(?:[eE][+-]?\d+(?![\w.]))?)"
    r"(?: ?(?:[x×*·]|\\times|\\cdot) ?10 ?\^ ?\{?(?P<power>[+-]?\d+)\}?|\^\{?(?P<exponent>[+-]?\d+)\}?)?"
    r"(?P<scale> ?(?:thousand|million|billion|trillion|mn|bn|tn)\b|(?:k|(?-i:[MB]))(?![a-z]))?"
    rf"|(?P<han>[{_H}{_U}]+(?:点[{_H}]+)?)",
    re.IGNORECASE,
)
_BY_EXPONENT = {3: ("k", "thousand"), 6: ("m", "mn", "million"), 9: ("b", "bn", "billion"), 12: ("tn", "trillion")}
_SCALES = {word: exponent for exponent, words in _BY_EXPONENT.items() for word in words}
_MEASURES = "元块角年月日天个人次件名条岁只张本斤米里倍种项家位份台套吨"
_CURRENCY = re.compile(r"(?:[$€£¥₩₹]|\b(?:us|usd|eur|gbp|rmb|cny|rs|hk|jpy|inr)[$.]?) ?$", re.IGNORECASE)
_MINUS = re.compile(r"(?:(?<![\w)\]])-|\b(?:minus|negative) |负|零下) ?$", re.IGNORECASE)
_LARGEST_EXPONENT = 400


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number in a text, [start, end), as a canonical numeral; ``single_han``: one Chinese digit alone."""

    start: int
    end: int
    value: str
    single_han: bool = False


def superscripts(text: str) -> str:
    """Raised digits become ``^3``, vulgar fractions decimals: NFKC would glue them to the digits before."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda m: "^" + m.group().translate(_SUPERSCRIPT), text)

    def decimal(match: re.Match[str]) -> str:
        return format(Decimal(match[1] or 0) + Decimal(repr(round(unicodedata.numeric(match[2]), 12))), "f")

    return re.sub("(?<!\\d)(\\d{1,40})? ?([\u00bc-\u00be\u2150-\u215e])", decimal, text)


def number_text(text: str) -> str:
    """The text with plain digits and with every thousands separator but the comma gone."""
    text = normalise(text).translate(_SEPARATORS)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = text.replace("{,}", ",").replace("\\,", ",")
    text = re.sub(r"(?<=\d)['_](?=\d{3}(?!\d))", "", text)
    return re.sub(r"(?<![\d.,:/])\d{1,3}(?: \d{3})+(?![\d/:])", lambda m: m.group().replace(" ", ""), text)


def numbers_in(text: str) -> Iterator[Number]:
    """The numbers of a text that ``number_text`` made plain, in order."""
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
        yield Number(start=match.start(), end=end, value=numeral, single_han=len(han) == 1)


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
    if match.group("date"):
        return None
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
