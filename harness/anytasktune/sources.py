"""Where files come from: pinned public files and hub data sets.

A public file is pinned by commit and sha256, so the same builder sees the same bytes everywhere. It is looked for in a
mirror (``ANYTASKTUNE_MIRROR``), then in the user's cache (``ANYTASKTUNE_CACHE``), then at its public address. Its rows
are read by ``anytasktune.tables``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

import platformdirs

from anytasktune.errors import SourceError
from anytasktune.libraries import load_library
from anytasktune.records import write_whole
from anytasktune.tables import RawRow, Table

MIRROR_VARIABLE: Final = "ANYTASKTUNE_MIRROR"
CACHE_VARIABLE: Final = "ANYTASKTUNE_CACHE"
PUBLIC_ADDRESS: Final = "https://raw.githubusercontent.com"
DOWNLOAD_TIMEOUT: Final = 60  # seconds without a byte

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


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
            raise SourceError(f"{name}: owner, repo and path must be plain names, the path relative with '/'.")

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
        with _writable(pin.cache_path.parent):
            write_whole(pin.cache_path, content)
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
    pooch = load_library("pooch", "to fetch public files")
    target = pin.cache_path
    with _writable(target.parent), tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        fetched = Path(folder) / "download"
        try:
            pooch.HTTPDownloader(progressbar=False, timeout=DOWNLOAD_TIMEOUT)(pin.url, str(fetched), None)
        except (OSError, ValueError) as error:  # what requests raises derives from OSError or ValueError
            mirror = os.environ.get(MIRROR_VARIABLE)
            here = (
                f"looked in mirror: {mirror} (has no {pin.mirror_path})" if mirror else f"{MIRROR_VARIABLE} is not set"
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
        write_whole(target, fetched.read_bytes())
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
        hub = load_library("datasets", "to read hub data sets")
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
        return Table(name=self.name, columns=tuple(loaded.column_names), rows=tuple(rows), encoding=None, notes=notes)
