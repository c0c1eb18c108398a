"""What is said of the clean sets before anything was planted, looked at by hand, row by row: all of it is true."""

from __future__ import annotations

from typing import Final

_ACCOUNT: Final = 'two pairs of rows differ in a "please" only (train:6145 and 6148, test:1883 and 1889)'
_BLEEDING: Final = "validation:54 and 56 are one answer about the price of an operation, but for its first words"
_FRAUD: Final = "3-7:5 and 3-7:51 are one judgment, word for word, with one sum"

TRUE: Final[dict[tuple[str, str], str]] = {
    ("banking77", "duplicates"): _ACCOUNT,
    ("banking77", "build"): _ACCOUNT,
    ("meqsum", "text-damage"): "meqsum:345 says &quot;scanty&quot;",
    ("cmedqaner", "duplicates"): _BLEEDING,
    ("cmedqaner", "build"): _BLEEDING,
    ("crime_amount", "duplicates"): _FRAUD,
    ("crime_amount", "build"): _FRAUD,
    ("crime_amount", "new"): _FRAUD,
    ("crime_amount", "text-damage"): "",
}
"""By set and check: what is so. No check fails on any of them."""
