"""Text that was decoded by the wrong table: its bytes are taken back, and turn out to be text in another encoding.

Three ways that Chinese and English rows get damaged: UTF-8 read as Latin-1 or Windows-1252 (``itâ€™s``, ``å¥½``),
UTF-8 read as GBK (``浣犲ソ``), and GBK read as Latin-1 (``ÄãºÃ``). Each leaves runs of characters whose bytes are
valid in the other encoding, which genuine text does by chance only where the run is very short.
"""

from __future__ import annotations

import re
from typing import Final

_NOT_ASCII: Final = re.compile("[^\x00-\x7f\ufffd]{2,}")
_HIGH_LATIN: Final = re.compile("[\u00a1-\u00ff]{6,}")
_PLAIN: Final = re.compile(
    "[\u00a0-\u017f\u0391-\u03c9\u0400-\u045f\u2010-\u203a\u20ac\u2122\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]+"
)
"""Letters and marks that an English or Chinese text may well hold beside ASCII."""
_CHINESE: Final = re.compile("[\u2010-\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uff5e]+")
_SHORTEST_GBK: Final = 4
"""Characters: of two, some genuine words (``联通``) are valid UTF-8 as well."""

_WINDOWS: Final = {bytes([code]).decode("cp1252", "replace"): bytes([code]) for code in range(0x80, 0x100)}
"""A character of Windows-1252 → its byte."""


def misread(text: str) -> str:
    """What the first damaged run of a text should have been: ``'å¥½' should be '好'``; "" where it is whole."""
    for run in _NOT_ASCII.findall(text):
        for table in (_as_latin, _as_gbk):
            meant = table(run)
            if meant:
                return f"{run[:12]!r} should be {meant[:12]!r}"
    for run in _HIGH_LATIN.findall(text):
        if len(set(run)) < _SHORTEST_GBK:  # ××××××: a name that was blacked out
            continue
        meant = _decoded(run.encode("latin-1"), "gb18030", _CHINESE)
        if meant:
            return f"{run[:12]!r} should be {meant[:12]!r}"
    return ""


def _as_latin(run: str) -> str:
    """The run as UTF-8, where each of its characters is one byte of Windows-1252 or Latin-1."""
    codes = [_WINDOWS.get(char) or (char.encode("latin-1") if char <= "\u00ff" else b"") for char in run]
    return _decoded(b"".join(codes), "utf-8", _PLAIN) if all(codes) else ""


def _as_gbk(run: str) -> str:
    """The run as UTF-8, where its characters are GBK; the last may have lost a byte to what follows."""
    if len(run) < _SHORTEST_GBK:
        return ""
    try:
        data = run.encode("gb18030")
    except UnicodeEncodeError:
        return ""
    return _decoded(data, "utf-8", _CHINESE)


def _decoded(data: bytes, encoding: str, allowed: re.Pattern[str]) -> str:
    """The text, where all of it is of the allowed characters; a last character may be torn."""
    for lost in range(4):
        try:
            text = data[: len(data) - lost].decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if allowed.fullmatch(text) else ""
    return ""
