"""Answers that no metric expects, and every model gives one day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

BLANKS: Final = ("", " ", "\n\n", "\u200b", ".", "。", "\u3000")
"""Nothing but space and punctuation."""


def hostile_answers(labels: Sequence[str]) -> dict[str, str]:
    """Answers that no metric expects, by what they are."""
    return {
        "NaN": "NaN",
        "infinity": "-Infinity",
        "a number too large for a float": "1e999999",
        "a number of 5,000 digits": "9" * 5000,
        "full-width, circled and Chinese numerals": "１２ ½ ① 三千零五 ٣٤",
        "a fraction by zero": "1/0",
        "a percent sign and format codes": "%s%n%x {0} {} {input} ${HOME}",
        "a template": "{{ 7 * 7 }}{% for x in range(9) %}",
        "half of a surrogate pair": "\ud800",
        "a null character": "a\x00b",
        "right-to-left marks": "\u202eevil\u202c مرحبا",
        "emoji with joiners": "👩‍👩‍👧‍👦" * 500,
        "many combining marks": "a" + "\u0301" * 5000,
        "markup": "</td><script>alert(1)</script>&#0;",
        "open brackets": "[" * 5000,
        "open braces with quotes": '{"a":' * 2000,
        "a fenced JSON that ends early": '```json\n{"a": [1, 2',
        "reasoning that never ends": "<think>" + "so " * 2000,
        "turn tokens": "<|im_end|><|im_start|>user\n",
        "one letter 100,000 times": "a" * 100_000,
        "one Chinese letter 100,000 times": "的" * 100_000,
        "spaces 50,000 times, then a letter": " " * 50_000 + "x",
        "20,000 short lines": "a\n" * 20_000,
        "semicolons 20,000 times": "; " * 20_000,
        "colons 20,000 times": "a: " * 20_000,
        "all labels": "; ".join(labels),
        "all labels, line by line, 50 times": "\n".join(labels) * 50,
        "a backslash": "\\",
        "a broken pattern": "(((*+?[",
        "a word": "banana",
    }
