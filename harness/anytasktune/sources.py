"""Where rows come from: pinned public files, hub data sets, and local files.

A public file is pinned by commit and sha256, so the same builder sees the same bytes everywhere. It is
looked for in a mirror (``ANYTASKTUNE_MIRROR``), then in the user's cache (``ANYTASKTUNE_CACHE``), then at its
public address.

Text stays text. A CSV or XLSX cell is a ``str`` as its author wrote it: ``001``, ``1.0``, ``1e3``, ``NA``,
``true`` and dates are never turned into anything else. JSON and Parquet carry types of their own and keep
them; :func:`as_text` turns such a value into text.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime
import hashlib
import importlib
import io
import json
import math
import os
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import quote

import platformdirs

from anytasktune.errors import DataError, SourceError, did_you_mean

MIRROR_VARIABLE: Final = "ANYTASKTUNE_MIRROR"
CACHE_VARIABLE: Final = "ANYTASKTUNE_CACHE"
PUBLIC_ADDRESS: Final = "https://raw.githubusercontent.com"
DOWNLOAD_TIMEOUT: Final = 60  # seconds without a byte

OnBad = Literal["fail", "skip"]

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BOM: Final = "\ufeff"


# --- pinned public files -----


def cache_folder() -> Path:
    """The user's cache: the folder that ``ANYTASKTUNE_CACHE`` names, else the system's place for it."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else platformdirs.user_cache_path("anytasktune")


@dataclass(frozen=True, kw_only=True)
class PinnedFile:
    """One public file of a GitHub repository, pinned by commit and content.

    Args:
        owner, repo: as in the repository's address.
        commit: 40 hexadecimal digits; a branch or tag can move and is refused.
        path: inside the repository, with ``/``.
        sha256: of the file's bytes, 64 hexadecimal digits.

    Raises:
        SourceError: on a malformed pin.
    """

    owner: str
    repo: str
    commit: str
    path: str
    sha256: str

    def __post_init__(self) -> None:
        name = f"pinned file {self.owner}/{self.repo}/{self.path}"
        if not _COMMIT.fullmatch(self.commit):
            raise SourceError(
                f"{name}: commit {self.commit!r} is not 40 lower-case hexadecimal digits.",
                fix="pin the full commit; branches and tags move.",
            )
        if not _SHA256.fullmatch(self.sha256):
            raise SourceError(f"{name}: sha256 {self.sha256!r} is not 64 lower-case hexadecimal digits.")
        # The parts become a path below the mirror and a URL: nothing may climb out of either.
        parts = [self.owner, self.repo, *self.path.split("/")]
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts) or (
            "/" in self.owner or "/" in self.repo
        ):
            raise SourceError(
                f"{name}: owner, repo and path must be plain names, the path relative with '/'."
            )

    @property
    def url(self) -> str:
        """The public address, percent-encoded."""
        return f"{PUBLIC_ADDRESS}/{quote(self.mirror_path)}"

    @property
    def mirror_path(self) -> str:
        """Where a mirror keeps the file: ``<owner>/<repo>/<commit>/<path>``."""
        return f"{self.owner}/{self.repo}/{self.commit}/{self.path}"

    @property
    def cache_path(self) -> Path:
        """Where the cache keeps the file: named by content, so that a changed pin never meets old bytes."""
        return cache_folder() / "files" / self.sha256 / PurePosixPath(self.path).name

    def fetch(self) -> Path:
        """The file on this machine, its sha256 checked on every call.

        Raises:
            SourceError: when the bytes are not the pinned ones, or the file cannot be had; says what to fetch
                by hand and where to put it.
        """
        mirror = os.environ.get(MIRROR_VARIABLE)
        if mirror:
            found = _from_mirror(self, Path(mirror).expanduser())
            if found is not None:
                return found
        if self.cache_path.is_file():
            return _from_cache(self)
        return _from_public_address(self)


def _from_mirror(pin: PinnedFile, mirror: Path) -> Path | None:
    """The file out of the mirror, or None where the mirror lacks it."""
    if mirror.is_dir():
        path = mirror / pin.mirror_path
        if not path.is_file():
            return None
        _check(
            pin,
            _sha256_of(path),
            str(path),
            "replace it in the mirror with the file from the public address.",
        )
        return path
    if not mirror.is_file():
        raise SourceError(
            f"The mirror {mirror} does not exist.",
            where=f"environment variable {MIRROR_VARIABLE}",
            fix=f"name a folder or .zip laid out <owner>/<repo>/<commit>/<path>, or unset {MIRROR_VARIABLE}.",
        )
    try:
        with zipfile.ZipFile(mirror) as archive:
            content = archive.read(pin.mirror_path)
    except KeyError:
        return None
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise SourceError(
            f"The mirror {mirror} cannot be read as a zip file: {error}",
            where=f"environment variable {MIRROR_VARIABLE}",
            evidence=[pin.mirror_path],
        ) from error
    where = f"{mirror}!{pin.mirror_path}"
    _check(pin, hashlib.sha256(content).hexdigest(), where, "replace it in the mirror.")
    if not (pin.cache_path.is_file() and _sha256_of(pin.cache_path) == pin.sha256):
        _write_atomically(pin.cache_path, content)
    return pin.cache_path


def _from_cache(pin: PinnedFile) -> Path:
    path = pin.cache_path
    got = _sha256_of(path)
    if got != pin.sha256:
        aside = path.with_name(f"{path.name}.wrong-{got[:12]}")
        try:
            path.replace(aside)
        except OSError as error:
            raise SourceError(
                f"{pin.mirror_path} is wrong in the cache and cannot be moved aside: {error}", where=str(path)
            ) from error
        _check(pin, got, str(path), f"run again to fetch it anew; the wrong file now lies at {aside}.")
    return path


def _from_public_address(pin: PinnedFile) -> Path:
    pooch = _load("pooch", "to fetch public files")
    target = pin.cache_path
    with _writable(target.parent), tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        fetched = Path(folder) / "download"
        try:
            pooch.HTTPDownloader(progressbar=False, timeout=DOWNLOAD_TIMEOUT)(pin.url, str(fetched), None)
        except (OSError, ValueError) as error:  # what requests raises derives from OSError or ValueError
            mirror = os.environ.get(MIRROR_VARIABLE)
            here = (
                f"looked in mirror: {mirror} (has no {pin.mirror_path})"
                if mirror
                else f"{MIRROR_VARIABLE} is not set"
            )
            raise SourceError(
                f"{pin.mirror_path} cannot be had: {type(error).__name__}: {error}",
                where=pin.url,
                evidence=[here, f"looked in cache: {target}"],
                fix=f"fetch {pin.url} and put it at {target}, or into a mirror (folder or zip named by "
                f"{MIRROR_VARIABLE}) as {pin.mirror_path}; its sha256 must be {pin.sha256}.",
            ) from error
        _check(
            pin,
            _sha256_of(fetched),
            pin.url,
            "the public file is not the pinned one: check commit and sha256.",
        )
        _write_atomically(target, fetched.read_bytes())
    return target


def _check(pin: PinnedFile, got: str, where: str, fix: str) -> None:
    if got != pin.sha256:
        raise SourceError(
            f"{pin.mirror_path} is not the pinned file: its sha256 differs.",
            where=where,
            evidence=[f"expected {pin.sha256}", f"got      {got}"],
            fix=fix,
        )


def _sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}", where=str(path)) from error


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Makes the cache's folder; a cache that cannot be written is the user's to solve, not a bug."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise SourceError(
            f"The cache cannot be written: {error}",
            where=str(folder),
            fix=f"free space, or set {CACHE_VARIABLE} to a folder you may write to.",
        ) from error


def _write_atomically(path: Path, content: bytes) -> None:
    """Whole file or none, also when two processes fetch at once or one is killed."""
    with _writable(path.parent):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def _load(module: str, purpose: str) -> Any:
    """Imports a heavy library when it is first needed; listing commands never pay for it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SourceError(
            f"The package {module!r} is needed {purpose} and cannot be imported: {error}",
            fix=f"pip install {module.partition('.')[0].replace('_', '-')}",
        ) from error


# --- tables -----


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """One published row, before a builder makes an example of it.

    Args:
        number: zero-based, counted over all published rows, torn ones included; blank lines are no rows.
        line: line (XLSX: sheet row) where the row begins, from 1; None where the format has no lines.
        values: by column name.
        key: the row's key where the file is one JSON object of rows (``{"0": {...}, "1": {...}}``).
    """

    number: int
    line: int | None
    values: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """All rows of one file or hub split.

    Args:
        name: of the file or data set, for messages.
        columns: in published order (JSON: in order of first appearance).
        rows: in published order, without those skipped.
        encoding: what the text was decoded with, or None where the format has none.
        notes: what a reader should know: byte-order mark, guessed encoding, skipped rows, unread sheets.
        skipped: numbers of the rows that ``on_bad="skip"`` left out.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    encoding: str | None
    notes: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()


def row_id(prefix: str, row: RawRow) -> str:
    """``<prefix>:<zero-based row>``; stable because torn rows are counted too."""
    return f"{prefix}:{row.number}"


def column_name(table: Table, wanted: str) -> str:
    """The table's own spelling of a column, which may have spaces or a byte-order mark around it.

    Raises:
        DataError: no such column; names the nearest.
    """
    if wanted in table.columns:
        return wanted
    found = [name for name in table.columns if _bare(name) == _bare(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(
            f"{table.name} has several columns {wanted!r}.", evidence=[repr(name) for name in found]
        )
    raise DataError(
        f"{table.name} has no column {wanted!r}.",
        evidence=[repr(name) for name in table.columns],
        fix=did_you_mean(_bare(wanted), [_bare(name) for name in table.columns]),
    )


def column(table: Table, wanted: str) -> list[Any]:
    """The values of a column, one a row of ``table.rows``; None where a JSON row lacks it.

    Raises:
        DataError: no such column; names the nearest.
    """
    name = column_name(table, wanted)
    return [row.values.get(name) for row in table.rows]


def as_text(value: object) -> str | None:
    """A value as text: ``True`` → ``"true"``, ``1.0`` → ``"1.0"``, dates as ISO, ``None`` and NaN → None.

    Raises:
        DataError: the value is a list, an object or bytes, which have no one text.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):  # tables spell "missing" NaN
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise DataError(
        f"A value of type {type(value).__name__} is not text.",
        evidence=[repr(value)[:80]],
        fix="let the dataset builder pick the text out of it.",
    )


def _bare(name: str) -> str:
    return name.strip().strip(_BOM).strip()


def _beginning(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "…")


class _Rows:
    """Collects good rows, and fails on or counts torn ones."""

    def __init__(self, path: Path, on_bad: OnBad) -> None:
        self.path = path
        self.on_bad = on_bad
        self.rows: list[RawRow] = []
        self.bad: list[tuple[int, int | None]] = []

    @property
    def number(self) -> int:
        """The next row's."""
        return len(self.rows) + len(self.bad)

    def add(self, values: Mapping[str, Any], *, line: int | None, key: str | None = None) -> None:
        self.rows.append(RawRow(number=self.number, line=line, values=values, key=key))

    def torn(self, why: str, text: str, *, line: int | None) -> None:
        if self.on_bad == "fail":
            raise DataError(
                f"Row {self.number} of {self.path.name} is torn: {why}.",
                where=f"{self.path}:{line}" if line is not None else f"{self.path}, row {self.number}",
                evidence=[f"begins {_beginning(text)}"],
                fix='mend the file, or skip such rows with on_bad="skip" (they are counted and named).',
            )
        self.bad.append((self.number, line))

    def table(self, columns: Sequence[str] | None, encoding: str | None, notes: Iterable[str]) -> Table:
        if columns is None:
            columns = list(dict.fromkeys(name for row in self.rows for name in row.values))
        all_notes = list(notes)
        if self.bad:
            named = [f"{number}" + (f" (line {line})" if line else "") for number, line in self.bad[:10]]
            more = f" and {len(self.bad) - 10} more" if len(self.bad) > 10 else ""
            all_notes.append(f"skipped {len(self.bad)} torn rows: {', '.join(named)}{more}")
        return Table(
            name=self.path.name,
            columns=tuple(columns),
            rows=tuple(self.rows),
            encoding=encoding,
            notes=tuple(all_notes),
            skipped=tuple(number for number, _ in self.bad),
        )


def read_rows(
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    on_bad: OnBad = "fail",
) -> Table:
    """Reads a file of rows by its suffix: ``.jsonl``, ``.json``, ``.csv``, ``.tsv``, ``.parquet``, ``.xlsx``.

    Args:
        path: of a local file.
        encoding: of text files; when left out it is found as :func:`read_text` says.
        sheet: of an XLSX file; when left out the first one is read and the others are noted.
        delimiter: of ``.csv`` (``,``) and ``.tsv`` (tab) files.
        on_bad: ``"fail"`` at a torn row (not JSON, too many or too few fields), or ``"skip"`` and name it.

    Raises:
        SourceError: no such file, or it cannot be read.
        DataError: the content is malformed; names file, line and the text's beginning.
    """
    path = Path(path)
    readers: dict[str, Callable[[], Table]] = {
        ".jsonl": lambda: _read_json_lines(path, read_text(path, encoding=encoding), on_bad),
        ".json": lambda: _read_json(path, read_text(path, encoding=encoding), on_bad),
        ".csv": lambda: _read_csv(path, read_text(path, encoding=encoding), delimiter or ",", on_bad),
        ".tsv": lambda: _read_csv(path, read_text(path, encoding=encoding), delimiter or "\t", on_bad),
        ".parquet": lambda: _read_parquet(path),
        ".xlsx": lambda: _read_xlsx(path, sheet, on_bad),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{path.name} has the suffix {path.suffix!r}, which no reader knows.",
            where=str(path),
            fix=did_you_mean(path.suffix.lower(), readers),
        )
    if on_bad not in ("fail", "skip"):
        raise DataError(f'on_bad is {on_bad!r}; it must be "fail" or "skip".')
    return reader()


# --- text and its encoding -----


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
    data = _read_bytes(path)
    if encoding is not None:
        text = _decode(path, data, encoding)
        return DecodedText(
            text=text.lstrip(_BOM),
            encoding=encoding,
            notes=("byte-order mark at the beginning",) if text.startswith(_BOM) else (),
        )
    for mark, name, title in _MARKS:
        if data.startswith(mark):
            return DecodedText(
                text=_decode(path, data, name).lstrip(_BOM),
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
    best = _load("charset_normalizer", "to guess an encoding").from_bytes(data).best()
    guess = f" (the nearest guess is {best.encoding!r})" if best is not None else ""
    raise DataError(
        f"The encoding of {path.name} cannot be told: no byte-order mark, not UTF-8, not Chinese in GB18030.",
        where=_line_of_byte(path, data, error.start),
        evidence=[f"bytes {data[max(0, error.start - 20) : error.start + 20]!r}"],
        fix=f"name the encoding{guess}, or save the file as UTF-8.",
    ) from error


def _read_bytes(path: Path) -> bytes:
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


# --- JSON -----


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
        raise ValueError(f"the key {twice[0]!r} stands twice in one object")
    return values


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# json.loads would keep the last of two equal keys and drop rows without a word, and would let NaN through.
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)


def _parse_json(text: str) -> Any:
    """Raises ValueError (JSONDecodeError has the place) for all that is not strict JSON of encodable text."""
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half of a surrogate pair") from error
    return value


def _read_json_lines(path: Path, decoded: DecodedText, on_bad: OnBad) -> Table:
    rows = _Rows(path, on_bad)
    # Only \n ends a line: str.splitlines would also cut at U+2028 and U+0085 inside strings.
    for line, content in enumerate(decoded.text.split("\n"), start=1):
        text = content.strip(" \t\r" + _BOM)
        if not text:
            continue
        try:
            value = _parse_json(text)
        except ValueError as error:
            rows.torn(f"not JSON ({error})", text, line=line)
            continue
        if isinstance(value, dict):
            rows.add(value, line=line)
        else:
            rows.torn(f"a JSON {type(value).__name__}, not an object", text, line=line)
    return rows.table(None, decoded.encoding, decoded.notes)


def _read_json(path: Path, decoded: DecodedText, on_bad: OnBad) -> Table:
    try:
        document = _parse_json(decoded.text)
    except ValueError as error:
        place = error if isinstance(error, json.JSONDecodeError) else None
        if place is not None and place.msg == "Extra data" and _first_line_is_object(decoded.text):
            note = "JSON Lines in a file named .json"
            return _read_json_lines(path, replace(decoded, notes=(*decoded.notes, note)), on_bad)
        begin = decoded.text[place.pos - 20 if place and place.pos > 20 else 0 :]
        raise DataError(
            f"{path.name} is not JSON: {error}.",
            where=f"{path}:{place.lineno if place else 1}",
            evidence=[f"near {_beginning(begin)}"],
        ) from error
    items: Iterable[tuple[str | None, Any]]
    if isinstance(document, list):
        items = ((None, item) for item in document)
    elif isinstance(document, dict) and all(isinstance(item, dict) for item in document.values()):
        items = document.items()
    else:
        kind = (
            "an object whose values are not all objects" if isinstance(document, dict) else "a single value"
        )
        raise DataError(
            f"{path.name} holds {kind}; rows are a list of objects, or an object of key → object.",
            where=str(path),
            evidence=[f"begins {_beginning(decoded.text)}"],
            fix="let the dataset builder use read_text and json; a file of one object a line is .jsonl.",
        )
    rows = _Rows(path, on_bad)
    for key, item in items:
        if isinstance(item, dict):
            rows.add(item, line=None, key=key)
        else:
            rows.torn(
                f"a JSON {type(item).__name__}, not an object",
                json.dumps(item, ensure_ascii=False),
                line=None,
            )
    return rows.table(None, decoded.encoding, decoded.notes)


def _first_line_is_object(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    try:
        return isinstance(_parse_json(first), dict)
    except ValueError:
        return False


# --- CSV -----


@contextlib.contextmanager
def _long_fields(length: int) -> Iterator[None]:
    """Court judgments pass csv's limit of 131,072 characters; it is process-wide, so it is put back."""
    before = csv.field_size_limit(max(length + 1, csv.field_size_limit()))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _header(path: Path, fields: Sequence[str], line: int) -> tuple[list[str], list[str]]:
    """Column names without spaces or mark around them, and notes. A nameless column becomes ``column N``."""
    names, notes = [], []
    for place, field in enumerate(fields, start=1):
        name = _bare(field) or f"column {place}"
        if not _bare(field):
            notes.append(f"column {place} has no name and is called {name!r}")
        names.append(name)
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(
            f"{path.name} has the column {twice[0]!r} twice.", where=f"{path}:{line}", evidence=names
        )
    return names, notes


def _read_csv(path: Path, decoded: DecodedText, delimiter: str, on_bad: OnBad) -> Table:
    """Header by name, quoted line breaks kept, blank lines no rows; a value is the text as it stands."""
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise DataError(f"The delimiter {delimiter!r} is not one character.", where=str(path))
    rows = _Rows(path, on_bad)
    # strict: a stray quote is an error; otherwise csv drops quotes, or swallows the rest of the file.
    reader = csv.reader(io.StringIO(decoded.text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    notes = list(decoded.notes)
    with _long_fields(len(decoded.text)):
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                text = _line_of(decoded.text, line)
                if columns is None or "unexpected end of data" in str(error):
                    # All that follows an unclosed quote is lost in it, more than a row: never skipped.
                    why = "a quote that is opened here is never closed" if columns is not None else str(error)
                    raise DataError(
                        f"{path.name}: {why}.",
                        where=f"{path}:{line}",
                        evidence=[f"begins {_beginning(text)}"],
                    ) from error
                rows.torn(f"quotes are wrong ({error})", text, line=line)
                continue
            if not fields:
                continue
            if columns is None:
                columns, header_notes = _header(path, fields, line)
                notes += header_notes
            elif len(fields) == len(columns):
                rows.add(dict(zip(columns, fields, strict=True)), line=line)
            else:
                few = f"{len(fields)} fields where the header has {len(columns)}"
                rows.torn(few, delimiter.join(fields), line=line)
    if columns is None:
        raise DataError(f"{path.name} is empty: it has no header.", where=str(path))
    other = [mark for mark in ",;\t|" if mark != delimiter and mark in columns[0]]
    if len(columns) == 1 and other:
        notes.append(f"only one column was found, and its name contains {other[0]!r}: is that the delimiter?")
    return rows.table(columns, decoded.encoding, notes)


def _line_of(text: str, line: int) -> str:
    """The physical line as csv counts it: line feed, carriage return, or both together end one."""
    for number, content in enumerate(io.StringIO(text, newline=""), start=1):
        if number == line:
            return content.rstrip("\r\n")
    return ""


# --- Parquet -----


def _read_parquet(path: Path) -> Table:
    """Types stay as stored: a string column gives str, nulls give None."""
    content = _read_bytes(path)
    arrow = _load("pyarrow", "to read Parquet")
    parquet = _load("pyarrow.parquet", "to read Parquet")
    try:
        stored = parquet.read_table(io.BytesIO(content))
        columns, _ = _header(path, stored.column_names, 1)
        values = stored.rename_columns(columns).to_pylist()
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} is not a readable Parquet file: {error}", where=str(path)) from error
    rows = _Rows(path, "fail")
    for row in values:
        rows.add(row, line=None)
    return rows.table(columns, None, ())


# --- XLSX -----

# Quoted text may stand before and after the digits; colours, conditions and fractions are not followed.
_FORMAT: Final = re.compile(
    r'(?P<before>(?:"[^"]*")?)(?P<digits>[#0]+|#,##0|#,#00|#,000)(?P<decimals>\.[0#]+)?'
    r'(?P<percent>%?)(?P<after>(?:"[^"]*")?)'
)
_SCIENTIFIC: Final = re.compile(r"0(?:\.(0+))?E\+00")
_ESCAPED_CONTROL: Final = re.compile(r"_x00([01][0-9A-Fa-f])_")


def _read_xlsx(path: Path, sheet: str | None, on_bad: OnBad) -> Table:
    """The cells as text, as a spreadsheet shows them.

    Text cells stay; numbers follow their number format (``000`` shows 1 as ``001``), and with the format
    General show up to 15 digits; booleans are ``TRUE`` and ``FALSE``; dates are ISO text; formulas give the
    value last saved; an empty cell is ``""``, as in CSV. Rows without any filled cell are no rows.
    """
    content = _read_bytes(path)
    openpyxl = _load("openpyxl", "to read XLSX")
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise DataError(
            f"{path.name} is not a readable XLSX file: {error}",
            where=str(path),
            fix="save it again as .xlsx or .csv.",
        ) from error
    with contextlib.closing(book):
        names = [page.title for page in book.worksheets]
        if not names or (sheet is not None and sheet not in names):
            raise DataError(
                f"{path.name} has no sheet {sheet!r}.", where=str(path), fix=did_you_mean(sheet or "", names)
            )
        chosen = sheet if sheet is not None else names[0]
        page = book[chosen]
        # Stored sizes are wrong in many files: too small hides cells, too large pads every row.
        page.reset_dimensions()
        return _table_of_sheet(
            path, page, [name for name in names if name != chosen] if sheet is None else [], on_bad
        )


def _table_of_sheet(path: Path, page: Any, unread: Sequence[str], on_bad: OnBad) -> Table:
    rows = _Rows(path, on_bad)
    notes = [f"read sheet {page.title!r}; not read: {', '.join(map(repr, unread))}"] if unread else []
    odd_formats: dict[str, None] = {}
    columns: list[str] | None = None
    for line, cells in enumerate(page.iter_rows(), start=1):
        texts = [_cell_text(cell, odd_formats) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if columns is None:
            columns, header_notes = _header(path, texts, line)
            notes += header_notes
        elif len(texts) > len(columns):
            rows.torn(f"{len(texts)} cells where the header has {len(columns)}", " | ".join(texts), line=line)
        else:
            texts += [""] * (len(columns) - len(texts))
            rows.add(dict(zip(columns, texts, strict=True)), line=line)
    if columns is None:
        raise DataError(f"Sheet {page.title!r} of {path.name} is empty: it has no header.", where=str(path))
    notes += [
        f"number format {name!r} is not followed; such cells show the bare number" for name in odd_formats
    ]
    return rows.table(columns, None, notes)


def _cell_text(cell: Any, odd_formats: dict[str, None]) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        # XLSX spells control characters as _x000D_; openpyxl leaves them so.
        return _ESCAPED_CONTROL.sub(lambda match: chr(int(match[1], 16)), value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        shown = _number_text(value, cell.number_format or "General")
        if shown is None:
            odd_formats[cell.number_format] = None
            shown = _general(value)
        return shown
    if isinstance(value, datetime.datetime):
        whole_day = value.time() == datetime.time() and "h" not in cell.number_format.lower()
        return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
    return str(value)  # date and time print as ISO text; a duration as H:MM:SS


def _general(value: int | float) -> str:
    """A spreadsheet computes with 15 digits, so that 0.1 + 0.2 shows as 0.3."""
    return str(value) if isinstance(value, int) else format(value, ".15g").replace("e", "E")


def _number_text(value: int | float, number_format: str) -> str | None:
    """The number as its format shows it, or None for a format not followed (fractions, conditions, …)."""
    if number_format in ("General", "@"):
        return _general(value)
    scientific = _SCIENTIFIC.fullmatch(number_format)
    if scientific:
        return format(value, f".{len(scientific[1] or '')}E")
    match = _FORMAT.fullmatch(number_format)
    if not match:
        return None
    pattern, decimals = match["digits"], match["decimals"] or ""
    number = Decimal(_general(value)) * (100 if match["percent"] else 1)
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


# --- hub data sets -----


@dataclass(frozen=True, kw_only=True)
class HubDataset:
    """One split of a data set of the Hugging Face hub, pinned by revision.

    Args:
        name: ``owner/name``.
        revision: the commit, 40 hexadecimal digits; a branch can move and is refused.
        split: one published split.
        config: where the data set has several.

    Raises:
        SourceError: on a malformed pin.
    """

    name: str
    revision: str
    split: str
    config: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.name) or ".." in self.name:
            raise SourceError(f"Hub data set {self.name!r} is not of the form owner/name.")
        if not _COMMIT.fullmatch(self.revision):
            raise SourceError(
                f"Hub data set {self.name}: revision {self.revision!r} is not 40 lower-case hex digits.",
                fix="pin the commit shown under 'Files and versions'; branches and tags move.",
            )

    def read(self) -> Table:
        """The split's rows, types as published; class numbers become class names (-1, "no label": None).

        Raises:
            SourceError: no network, no such data set, or one that needs code of its own.
        """
        if Path(self.name).exists():
            # The library would read the folder instead and ignore the pinned revision.
            raise SourceError(
                f"A folder {self.name} in the working directory hides the hub data set of that name.",
                where=str(Path(self.name).resolve()),
                fix="run from another directory, or rename the folder.",
            )
        hub = _load("datasets", "to read hub data sets")
        try:
            loaded = hub.load_dataset(self.name, self.config, split=self.split, revision=self.revision)
        except (OSError, ValueError, RuntimeError, hub.exceptions.DatasetsError) as error:
            raise SourceError(
                f"The hub data set {self.name} (config {self.config}, split {self.split}) cannot be had: "
                f"{type(error).__name__}: {error}",
                where=f"https://huggingface.co/datasets/{self.name}/tree/{self.revision}",
                fix="check name, config, split and revision; without a network, load it once on a "
                "machine that has one and carry its cache (HF_HOME) over.",
            ) from error
        classes = {name: kind for name, kind in loaded.features.items() if isinstance(kind, hub.ClassLabel)}
        rows = []
        for number, values in enumerate(loaded):
            for name, kind in classes.items():
                code = values[name]
                values[name] = None if code is None or code < 0 else kind.int2str(code)
            rows.append(RawRow(number=number, line=None, values=values))
        notes = tuple(f"column {name!r}: class numbers shown as class names" for name in classes)
        return Table(
            name=self.name, columns=tuple(loaded.column_names), rows=tuple(rows), encoding=None, notes=notes
        )
