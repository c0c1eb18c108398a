"""Names and answers come from anywhere: shown letter by letter, and without effect wherever that is."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that show nothing or change how other text shows: controls, bidi marks, surrogates."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MARKDOWN = re.compile(r"[\\`*\[\]|~$@]|[<>&](?! )|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE)


def visible(text: str) -> str:
    r"""The text on one line, with characters that cannot be seen written as escapes: ESC as ``\x1b``."""
    return "".join(_escape(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def markdown(text: str) -> str:
    r"""Text for a line or a table cell of Markdown: no markup, link, HTML or cell border comes of it.

    Numeric character references, since renderers differ on ``\|`` behind another backslash.
    """
    return _MARKDOWN.sub(lambda found: f"&#{ord(found.group())};", visible(text))


def csv_cell(text: str) -> str:
    """Text for a CSV cell: what a spreadsheet would run as a formula gets a leading ``'``."""
    risky = text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(text)
    return ("'" if risky else "") + visible(text)


def json_text(text: str) -> str:
    """A JSON document with unseen characters escaped as JSON does; line feeds between its lines stay."""
    return "".join(
        _json_escape(char) if char != "\n" and unicodedata.category(char) in _UNSEEN else char for char in text
    )


def _escape(char: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    if named:
        return named
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
