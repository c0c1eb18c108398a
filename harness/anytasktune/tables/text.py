"""A file's bytes, and its text in whatever encoding."""

from __future__ import annotations

import codecs
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anytasktune.errors import DataError, SourceError, did_you_mean
from anytasktune.libraries import load_library
from anytasktune.tables.table import BOM


@dataclass(frozen=True, kw_only=True)
class DecodedText:
    """A text file's content (line ends untouched, byte-order mark off), its encoding, what to know of it."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


# UTF-32's little-endian mark begins with UTF-16's, so it stands first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 little-endian"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 big-endian"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 little-endian"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 big-endian"),
    ("\ufeff".encode("gb18030"), "gb18030", "GB18030"),
)


def read_text(path: str | os.PathLike[str], *, encoding: str | None = None) -> DecodedText:
    """Reads a text file. Without ``encoding``: byte-order mark, strict UTF-8, UTF-16 without a mark, GB18030.

    GB18030 is taken only for text that decodes strictly and looks Chinese, and is noted. Any other encoding
    must be named: guesses between one-byte encodings turn ``é`` into ``ķ`` without a word, so the nearest
    guess (charset_normalizer's) only stands in the error.

    Raises:
        SourceError: no such file, or it cannot be read.
        DataError: the bytes are not text of the encoding; names file and line.
    """
    path = Path(path)
    data = read_bytes(path)
    if encoding is not None:
        text = _decode(path, data, encoding)
        return DecodedText(
            text=text.lstrip(BOM),
            encoding=encoding,
            notes=("byte-order mark at the beginning",) if text.startswith(BOM) else (),
        )
    for mark, name, title in _MARKS:
        if data.startswith(mark):
            return DecodedText(
                text=_decode(path, data, name).lstrip(BOM),
                encoding=name,
                notes=(f"{title} byte-order mark at the beginning",),
            )
    if b"\0" in data[:4096]:
        # ASCII in UTF-16 has a zero byte beside each letter: at odd places when little-endian.
        little = data[1:4096:2].count(0) >= data[0:4096:2].count(0)
        name = "utf-16-le" if little else "utf-16-be"
        note = f"no byte-order mark; read as {name} because of its zero bytes"
        return DecodedText(text=_decode(path, data, name), encoding=name, notes=(note,))
    try:
        return DecodedText(text=data.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError as error:
        return _decode_unmarked(path, data, error)


def _decode_unmarked(path: Path, data: bytes, error: UnicodeDecodeError) -> DecodedText:
    """Text without a mark that is not UTF-8."""
    if _nearly_utf8(data):
        raise _not_in_encoding(path, data, "utf-8", error) from error
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if text and _looks_chinese(text):
        note = "no byte-order mark; read as gb18030 (GBK): it is not UTF-8, and looks Chinese that way"
        return DecodedText(text=text, encoding="gb18030", notes=(note,))
    best = load_library("charset_normalizer", "to guess an encoding").from_bytes(data).best()
    guess = f" (the nearest guess is {best.encoding!r})" if best is not None else ""
    raise DataError(
        f"The encoding of {path.name} cannot be told: no byte-order mark, not UTF-8, not Chinese in GB18030.",
        where=_line_of_byte(path, data, error.start),
        evidence=[f"bytes {data[max(0, error.start - 20) : error.start + 20]!r}"],
        fix=f"name the encoding{guess}, or save the file as UTF-8.",
    ) from error


def read_bytes(path: Path) -> bytes:
    """A file's content.

    Raises:
        SourceError: no such file, where the nearest name is told, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        known = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        near = did_you_mean(path.name, known)
        raise SourceError(
            f"There is no file {path.name}.", where=str(path), fix=near if near.startswith("did") else ""
        ) from error
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error}", where=str(path)) from error


def _decode(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise DataError(
            f"There is no encoding {encoding!r}.",
            where=str(path),
            fix="common ones: utf-8, gb18030, utf-16, cp1252.",
        ) from error
    except UnicodeDecodeError as error:
        raise _not_in_encoding(path, data, encoding, error) from error


def _not_in_encoding(path: Path, data: bytes, encoding: str, error: UnicodeDecodeError) -> DataError:
    return DataError(
        f"{path.name} is not valid {encoding}: byte {error.start}, {error.reason}.",
        where=_line_of_byte(path, data, error.start),
        evidence=[f"bytes {data[max(0, error.start - 20) : error.start + 20]!r}"],
        fix="name the right encoding, or mend the byte.",
    )


def _line_of_byte(path: Path, data: bytes, place: int) -> str:
    line = data.count(b"\n", 0, place) + 1
    return f"{path}:{line}"


def _nearly_utf8(data: bytes) -> bool:
    """UTF-8 with a few broken bytes: real multi-byte characters outnumber broken ones tenfold."""
    counts = Counter(char for char in data.decode("utf-8", errors="replace") if char > "\x7f")
    broken = counts.pop("\ufffd", 0)
    return sum(counts.values()) >= 10 * broken


def _looks_chinese(text: str) -> bool:
    """Whether text that decoded as GB18030 is Chinese and not another encoding's bytes.

    GB 2312 keeps its 3,755 common characters (level 1) at lead bytes B0 to D7, both bytes ≥ A1; they make up
    nearly all of real Chinese. One-byte Latin or Big5 text decodes to rare characters outside. Korean EUC-KR
    also falls into level 1, but only at B0 to C8, where Chinese has a good part beyond.
    """
    common = beyond = rare = 0
    for char, times in Counter(char for char in text if char > "\x7f").items():
        code = char.encode("gb18030")
        if len(code) == 4 or (code[1] >= 0xA1 and code[0] in (0xA1, 0xA2, 0xA3, 0xA6, 0xA7, 0xA8, 0xA9)):
            continue  # punctuation, full-width forms, other scripts that Chinese text may quote
        if code[1] >= 0xA1 and 0xB0 <= code[0] <= 0xD7:
            common += times
            beyond += times if code[0] > 0xC8 else 0
        else:
            rare += times
    korean = common >= 20 and beyond < 0.15 * common
    return common > 0 and common >= 0.9 * (common + rare) and not korean
