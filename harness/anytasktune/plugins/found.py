"""What is known of a plugin, whether it could be used or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

GROUP: Final = "anytasktune"
"""Of entry points."""
DISABLE: Final = "ANYTASKTUNE_DISABLE_PLUGINS"
"""Names of plugins to leave out, separated by commas."""
FILES: Final = "ANYTASKTUNE_PLUGIN_FILES"
"""Single-file plugins, separated as in PATH: how ``--plugin`` reaches child processes and stock lm-eval."""
TRACE: Final = "ANYTASKTUNE_TRACE_HOOKS"
"""Set to 1, every call of a hook is told on standard error."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One plugin that was found.

    Args:
        name: its entry point's name, or the file's; no two plugins have the same.
        distribution, version: what brought it; empty for a file.
        source, place: where from: an entry point and what it names, or a file and its path.
        hook_version: the version of the hooks that it says it was written for.
        hooks: the hooks that it implements.
        failures: what is wrong with it, a sentence each; what they do not touch can be used all the same.
        note: what its user should know besides.
        disabled: left out on request, not even imported.
    """

    name: str
    distribution: str = ""
    version: str = ""
    source: Literal["entry point", "file"] = "entry point"
    place: str = ""
    hook_version: int | None = None
    hooks: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    note: str = ""
    disabled: bool = False

    @property
    def failure(self) -> str:
        """All that is wrong with it; empty when nothing is."""
        return " ".join(self.failures)

    @property
    def title(self) -> str:
        """The name with what brought it, for sentences."""
        brought = " ".join(filter(None, (self.distribution, self.version)))
        return f"plugin {self.name} ({brought or self.source})"
