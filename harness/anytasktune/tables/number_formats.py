"""Numbers of a spreadsheet as it shows them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

# Quoted text may stand before and after the digits; colours, conditions and fractions are not followed.
_FORMAT: Final = re.compile(
    r'(?P<before>(?:"[^"]*")?)(?P<digits>[#0]+|#,##0|#,#00|#,000)(?P<decimals>\.[0#]+)?'
    r'(?P<percent>%?)(?P<after>(?:"[^"]*")?)'
)
_SCIENTIFIC: Final = re.compile(r"0(?:\.(0+))?E\+00")


def general_text(value: int | float) -> str:
    """A spreadsheet computes with 15 digits, so that 0.1 + 0.2 shows as 0.3."""
    return str(value) if isinstance(value, int) else format(value, ".15g").replace("e", "E")


def number_text(value: int | float, number_format: str) -> str | None:
    """The number as its format shows it, or None for a format not followed (fractions, conditions, …)."""
    if number_format in ("General", "@"):
        return general_text(value)
    scientific = _SCIENTIFIC.fullmatch(number_format)
    if scientific:
        return format(value, f".{len(scientific[1] or '')}E")
    match = _FORMAT.fullmatch(number_format)
    if not match:
        return None
    pattern, decimals = match["digits"], match["decimals"] or ""
    number = Decimal(general_text(value)) * (100 if match["percent"] else 1)
    rounded = abs(number).quantize(Decimal(1).scaleb(-max(len(decimals) - 1, 0)), rounding=ROUND_HALF_UP)
    whole, _, fraction = format(rounded, "f").partition(".")
    # From the first 0 on, every place is shown: 00# and 000 alike show 1 as 001.
    places = pattern.replace(",", "").lstrip("#")
    whole = whole.lstrip("0").rjust(len(places), "0")
    if "," in pattern:
        whole = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", whole)
    optional = len(decimals) - len(decimals.rstrip("#"))
    kept = fraction[: len(fraction) - optional] + fraction[len(fraction) - optional :].rstrip("0")
    sign = "-" if number < 0 and rounded else ""
    point = "." if decimals else ""
    before, after = match["before"].strip('"'), match["after"].strip('"')
    return f"{sign}{before}{whole}{point}{kept}{match['percent']}{after}"
