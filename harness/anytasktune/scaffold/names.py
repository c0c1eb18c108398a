"""From the id of a new sub-task to every name in its package; an id that cannot be one gets a sentence."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from anytasktune.errors import UsageError

_ID: Final = re.compile(r"[a-z][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
_LONGEST: Final = 60
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))]
)
"""What Windows takes for devices wherever they stand as a file's name."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a sub-task's package and its parts are called.

    Args:
        id: ``domain/name``.
    """

    id: str

    @property
    def name(self) -> str:
        """Behind the slash; the package's folder and the entry point's second half."""
        return self.id.partition("/")[2]

    @property
    def module(self) -> str:
        """The module beside which the YAML stands."""
        return self.name.replace("-", "_")

    @property
    def slug(self) -> str:
        """lm-eval's task name."""
        return self.id.replace("/", "_").replace("-", "_")

    @property
    def package(self) -> str:
        """The import package; the prefix keeps ``lm/eval`` from hiding a library."""
        return f"anytasktune_{self.slug}"

    @property
    def distribution(self) -> str:
        """As pip names it."""
        return f"anytasktune-{self.entry_point}"

    @property
    def entry_point(self) -> str:
        """The plugin's name; the whole id, since two domains may have one name."""
        return self.id.replace("/", "-")


def names_of(id: str, registered: Iterable[str]) -> Names:
    """The names of a new sub-task.

    Args:
        id: as it was asked for.
        registered: the ids that plugins offer already.

    Raises:
        UsageError: it is no id, it cannot name a module, or it is taken.
    """
    domain, slash, name = id.partition("/")
    if not slash or not domain or not name:
        raise UsageError(
            f"{id!r} is not an id: it is written domain/name.",
            fix=f"{_proposal(domain or 'demo', name or 'my-task')}, or another pair of a field and a task in it",
        )
    if not _ID.fullmatch(id):
        raise UsageError(
            f"{id!r} cannot be an id.",
            evidence=[_fault(id)],
            fix=f"{_proposal(domain, name)}: small letters a to z, digits and hyphens; "
            "a name in another script goes into the card's title",
        )
    for part, word in (("domain", domain), ("name", name)):
        if len(word) > _LONGEST:
            raise UsageError(f"The {part} of the id has {len(word)} letters; at most {_LONGEST} fit into file names.")
    if not name[0].isalpha():
        raise UsageError(
            f"The name {name!r} begins with a digit, and no Python module can.", fix=f"{domain}/task-{name}"
        )
    if name.endswith("-"):
        raise UsageError(
            f"The name {name!r} ends in a hyphen, and no distribution can.", fix=f"{domain}/{name.strip('-')}"
        )
    if keyword.iskeyword(name):
        raise UsageError(f"{name!r} is a word of Python and names no module.", fix=f"{domain}/{name}-task")
    if reserved := [word for word in (domain, name) if word in _DEVICES]:
        raise UsageError(
            f"{reserved[0]!r} is a device on Windows and names no folder there.", fix=f"{domain}/{name}-task"
        )
    names = Names(id=id)
    known = {Names(id=other).slug: other for other in registered}
    if names.slug in known:
        other = known[names.slug]
        alike = f"{id!r} would be called {names.slug} in lm-eval, as {other!r} is already."
        raise UsageError(
            alike if other != id else f"The sub-task {id!r} is registered already.",
            fix=f"choose another name, or look at that one: anytasktune show {other}",
        )
    return names


def _fault(id: str) -> str:
    """The first thing that is wrong with an id."""
    if id.count("/") > 1:
        return f"it has {id.count('/')} slashes, one is right"
    for place, char in enumerate(id, start=1):
        if char.isascii() and (char.islower() or char.isdigit() or char in "-/"):
            continue
        name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
        what = "a capital letter" if char.isascii() and char.isupper() else "white space" if char.isspace() else name
        return f"character {place}, {char!r}, is {what}"
    return "domain and name each begin with a letter or digit, the domain with a letter"


def _proposal(domain: str, name: str) -> str:
    """The nearest id that would do, ``demo/my-task`` where nothing is left of a word."""

    def plain(word: str, other: str) -> str:
        bare = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
        kept = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:_LONGEST].strip("-")
        return kept if kept[:1].isalpha() else other

    return f"{plain(domain, 'demo')}/{plain(name, 'my-task')}"
