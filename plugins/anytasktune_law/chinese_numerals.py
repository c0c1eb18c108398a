"""Chinese numerals in a text become digits, as LawBench's scorers of 3-1 and 3-4 have it done.

    "第二百六十四条"            → "第264条"
    "一年六个月"                → "1年6个月"
    "二零一六年十二月，两万三"  → "2016年12月，2万三"

They use cn2an 0.5.22 (of 2023; later releases read some texts otherwise). These are its rules, written anew:
what it cannot read stays as it stands, 廿 is 二十, 半 is 0.5 and 两 is 2 wherever they stand, and dates,
fractions, percentages and temperatures are turned before plain numbers. A numeral is read

1. by the grammar of written numbers (三百零五; not 三百五零), or
2. digit by digit (二零一六), or
3. as spoken, with the last unit left out (三百二 is 320, 一万五 is 15,000).

Two faults of the original are kept, because scores rest on them: a spoken numeral is added up without a look at
its grammar (二二百三 is 430), and one piece that cannot be read leaves its whole date alone. Digits of several
places among several units, before 年 only (70万1千年), are left alone here and are not there.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "万": 10**4, "亿": 10**8}
_NUM: Final = f"[{_DIGITS}]"
_UNIT: Final = f"[{''.join(_UNITS)}]"
_ANY: Final = f"[{_DIGITS}{''.join(_UNITS)}]"
# A run is taken whole and from its first character on, so that a long one costs no more than its length.
_PLAIN: Final = f"负?(?<!{_ANY})(?:{_ANY}++点)?{_ANY}++"
_MIXED: Final = rf"-?(?<![0-9])(?:[0-9]++[^0-9\n])?[0-9]++{_UNIT}+"
_NUMERAL: Final = re.compile(f"{_MIXED}|{_PLAIN}")
_DAY: Final = f"(?<![{_DIGITS}十])[{_DIGITS}十]++"
_DATE: Final = re.compile(f"(?:(?:{_MIXED}|{_PLAIN})年)?(?:{_DAY}月)?(?:{_DAY}日)?")
_FRACTION: Final = re.compile(f"({_PLAIN})分之({_PLAIN})")
_PERCENT: Final = re.compile(f"百分之({_PLAIN})")
_CELSIUS: Final = re.compile(f"({_PLAIN})摄氏度")
_COUNT: Final = re.compile(_PLAIN)


def _grammar() -> re.Pattern[str]:
    """Written numbers up to 16 places."""
    one = f"[{_DIGITS[1:]}]"
    ten = f"{one}?[十拾]{one}?"
    below_hundred = f"(?:{ten}|{one})"
    hundreds = f"(?:{one}[百佰](?:零{one})?|{one}[百佰]{ten})"
    below_thousand = f"(?:{hundreds}|{below_hundred})"
    thousands = f"(?:{one}[千仟](?:零{below_hundred})?|{one}[千仟]{hundreds})"
    below_ten_thousand = f"(?:{thousands}|{below_thousand})"
    ten_thousands = f"(?:{below_ten_thousand}万(?:零{below_thousand})?|{below_ten_thousand}万{thousands})"
    below_hundred_million = f"(?:{ten_thousands}|{below_ten_thousand})"
    rest = f"(?:零{below_hundred_million}|{ten_thousands})?"
    return re.compile(f"零|{below_hundred_million}亿{rest}|{below_hundred_million}")


_WRITTEN: Final = _grammar()
_SPOKEN: Final = re.compile(f"(?:{_NUM}{{0,2}}{_UNIT})+{_NUM}")
_LEFT_OUT: Final = {100: "十", 1000: "百", 10**4: "千"}
"""The unit that a spoken numeral leaves out, by the one before it."""


def with_digits(text: str) -> str:
    """The text with its Chinese numerals as digits."""
    text = text.replace("廿", "二十").replace("半", "0.5").replace("两", "2")
    text = _DATE.sub(_date, text)
    text = _FRACTION.sub(_fraction, text)
    text = _PERCENT.sub(lambda m: _filled("{}%", m[0], m[1]), text)
    text = _CELSIUS.sub(lambda m: _filled("{}℃", m[0], m[1]), text)
    return _COUNT.sub(lambda m: _filled("{}", m[0], m[0]), text)


def _filled(template: str, whole: str, *numerals: str) -> str:
    """The template with the numerals' values; the whole text as it stands where one of them cannot be read."""
    values = [_value(numeral) for numeral in numerals]
    return whole if None in values else template.format(*values)


def _date(match: re.Match[str]) -> str:
    pieces = _NUMERAL.findall(match[0])
    return _filled(_NUMERAL.sub("{}", match[0]), match[0], *pieces)


def _fraction(match: re.Match[str]) -> str:
    """三分之二 is 2/3; what begins with 百 is left to the percentages."""
    return match[0] if match[0].startswith("百") else _filled("{1}/{0}", match[0], match[1], match[2])


def _value(numeral: str) -> str | None:
    """The value as Python writes it (an ``int``, with decimals a ``float``); None where it cannot be read."""
    try:
        value = _mixed(numeral) if numeral[-1] in _UNITS and re.match(r"-?\d", numeral) else _chinese(numeral)
        return None if value is None else str(value)
    except (OverflowError, ValueError):  # more digits than Python reads or writes
        return None


def _mixed(numeral: str) -> int | float | None:
    """10.1万, 3百5十."""
    if short := re.fullmatch(r"(-?\d+(?:\.\d+)?)(\D)", numeral):
        return int(float(short[1]) * _UNITS[short[2]])
    if re.search(r"\d\d", numeral):
        return None
    return _chinese(numeral.translate(str.maketrans("0123456789", _DIGITS)))


def _chinese(numeral: str) -> int | float | None:
    numeral = numeral.replace("零十", "零一十").replace("零百", "零一百")
    sign = -1 if numeral.startswith("负") else 1
    whole, point, decimals = numeral.removeprefix("负").partition("点")
    value = _whole(whole)
    if value is None or not re.fullmatch(f"{_NUM}{{0,16}}", decimals):
        return None
    return sign * (float(f"{value}.{_as_digits(decimals)}") if point else value)


def _as_digits(chinese: str) -> str:
    return "".join(str(_DIGITS.index(digit)) for digit in chinese)


def _whole(chinese: str) -> int | None:
    """By the three ways of reading, the first that fits."""
    if _WRITTEN.fullmatch(chinese):
        return _sum(chinese)
    if re.fullmatch(f"{_NUM}+", chinese):
        return int(_as_digits(chinese))
    if len(chinese) >= 3 and _SPOKEN.fullmatch(chinese) and _UNITS[chinese[-2]] in _LEFT_OUT:
        return _sum(chinese + _LEFT_OUT[_UNITS[chinese[-2]]])
    return None


def _sum(chinese: str) -> int:
    """Read from the right: a unit multiplies the digits to its left, 万 and 亿 also the units to their left."""
    total, unit, block = 0, 1, 1
    for character in reversed(chinese):
        if character in _DIGITS:
            total += _DIGITS.index(character) * unit
            continue
        unit = _UNITS[character]
        if unit >= 10**4:
            block = unit if unit > block else unit * block
        unit = block if unit >= 10**4 else unit * block
    return total + (unit if chinese[0] in _UNITS else 0)
