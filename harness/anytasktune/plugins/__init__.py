"""Finds plugins, asks them one by one, and remembers who answered.

Plugins are entry points of the group ``anytasktune``, sorted by name, and single files. Each is loaded and asked by
itself: a bare ``pm.hook`` call would let one plugin's exception take down all others, and ``check_pending`` would stop
at the first offender. What one of them does wrong is said in a sentence that names it with its distribution; the others
go on, and a command that needs what it would have brought fails.

``found``: what is known of a plugin. ``guarding``: another's code, run so that it can harm nobody. ``implementations``:
its hooks, held against the specification. ``offers``: what each hook has to return. ``registry``: all of them together.
``loading``: where they come from.
"""

from __future__ import annotations

from anytasktune.plugins.found import DISABLE, FILES, GROUP, TRACE, Found
from anytasktune.plugins.loading import load, load_file
from anytasktune.plugins.registry import Registry

__all__ = ["DISABLE", "FILES", "GROUP", "TRACE", "Found", "Registry", "load", "load_file"]
