"""All plugins together: what they offer, asked one by one, and what is wrong with them."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from anytasktune import hookspecs
from anytasktune.errors import PluginError, UsageError, did_you_mean
from anytasktune.plugins.found import DISABLE, Found
from anytasktune.plugins.guarding import guarded
from anytasktune.plugins.implementations import Implementation, hook_version, read_hooks
from anytasktune.plugins.offers import OFFERS, Offer, short
from anytasktune.subtask import SubTask

if TYPE_CHECKING:
    from anytasktune.launchers.base import Launcher
    from anytasktune.models.kinds import ModelKind
    from anytasktune.records import RunRecord
    from anytasktune.reports.formats import ReportFormat

CORE: Final = ""
"""Whose the core's own things are."""


class _Loaded(NamedTuple):
    """A plugin that can be asked: its hooks, and its top-level module."""

    hooks: Mapping[str, Implementation]
    root: str


class _Offered(NamedTuple):
    """One thing that can be named, and whose it is."""

    owner: str
    name: str
    item: Any


@dataclass
class Registry:
    """What all plugins offer.

    Args:
        strict: whatever is wrong with a plugin is an error at once.
        say: is told each fault when it is found, a line each.
        trace: tell every call of a hook on standard error.
        found: every plugin, usable or not.
    """

    strict: bool = False
    say: Callable[[str], None] = field(default=lambda line: None)
    trace: bool = False
    found: list[Found] = field(default_factory=list)
    _loaded: dict[str, _Loaded] = field(default_factory=dict)
    _names: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _disputed: dict[str, list[str]] = field(default_factory=dict)

    # --- what they offer ---

    @cached_property
    def subtasks(self) -> dict[str, SubTask]:
        """Every registered sub-task by id, sorted by id. An id that two plugins claim is nobody's."""
        offered = sorted(self._offered("register_subtasks", {}), key=lambda offered: offered.name)
        return {id: replace(task, origin=owner) for owner, id, task in offered}

    @cached_property
    def model_kinds(self) -> list[ModelKind]:
        """The core's kinds of model, then those of plugins in the order of their names."""
        from anytasktune.models.kinds import BUILT_IN

        return [kind for _, _, kind in self._offered("register_models", {kind.name: kind for kind in BUILT_IN})]

    @cached_property
    def report_formats(self) -> list[ReportFormat]:
        """The report formats of plugins, in the order of their names."""
        from anytasktune.reports.formats import FORMATS

        return [report for owner, _, report in self._offered("register_report_formats", FORMATS) if owner != CORE]

    @cached_property
    def launchers(self) -> list[Launcher]:
        """The launcher that is always there, then those of plugins in the order of their names."""
        from anytasktune.launchers.local import LocalLauncher

        local = LocalLauncher()
        return [launcher for _, _, launcher in self._offered("register_launchers", {local.name: local})]

    def everything(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """By hook and by plugin, the names of what can be used of it; asks every hook."""
        _ = self.subtasks, self.model_kinds, self.launchers, self.report_formats
        return self._names

    def run_finished(self, record: RunRecord) -> list[str]:
        """Tell every plugin of a finished run; returns a sentence for each that raised.

        Raises:
            PluginError: one raised, and ``strict`` is set; the others were told all the same.
        """
        complaints = []
        for name, implementation in self._implementations("run_finished"):
            try:
                self._call(name, implementation, {"record": record})
            except PluginError as error:
                complaints.append(f"{self._title(name)}: {error.problem}")
        if complaints and self.strict:
            raise PluginError("A plugin failed when it was told of a finished run.", evidence=complaints)
        return complaints

    def select(self, patterns: Sequence[str], *, listing: bool = False) -> list[SubTask]:
        """The sub-tasks that ids or globs name, each once, sorted by id.

        Args:
            patterns: ids or globs.
            listing: an id that two plugins claim is passed over where a glob fits others too.

        Raises:
            UsageError: a name or glob fits nothing.
            PluginError: it fits an id that two plugins claim.
        """
        chosen: dict[str, SubTask] = {}
        for pattern in patterns:
            fits = [task for id, task in self.subtasks.items() if _fits(id, pattern)]
            disputed = [id for id in self._disputed if _fits(id, pattern)]
            if disputed and not (listing and fits):
                raise PluginError(
                    f"The sub-task {disputed[0]!r} cannot be told from another: it is registered twice.",
                    evidence=self._disputed[disputed[0]],
                    fix=f"leave one of them out: {DISABLE}=NAME",
                )
            if not fits:
                raise UsageError(
                    f"No sub-task is called {pattern!r}.",
                    evidence=self._left_out(),
                    fix=did_you_mean(pattern, self.subtasks),
                )
            chosen.update((task.id, task) for task in fits)
        return [chosen[id] for id in sorted(chosen)]

    def _left_out(self) -> list[str]:
        """Plugins that might have brought what is not there."""
        failed = [f"{found.title} failed: {found.failure}" for found in self.found if found.failure]
        return failed + [f"{found.title} is disabled by {DISABLE}" for found in self.found if found.disabled]

    # --- who they are ---

    def add(self, plugin: object, found: Found, root: str = "") -> None:
        """Register one loaded plugin, after checking that it implements hooks, and only hooks that exist.

        Args:
            plugin: a module or an object.
            found: what is known of it.
            root: its top-level module.

        Raises:
            PluginError: it was written for another version of the hooks, or one of its hooks does not fit.
        """
        written_for = guarded(lambda: hook_version(plugin), root)
        hooks = guarded(lambda: read_hooks(plugin), root)
        note = ""
        if written_for is not None and written_for < hookspecs.VERSION:
            note = f"written for version {written_for} of the hooks; version {hookspecs.VERSION} still takes it"
        self._loaded[found.name] = _Loaded(hooks, root)
        self.found.append(replace(found, hooks=tuple(sorted(hooks)), hook_version=written_for, note=note))

    def try_add(self, load: Callable[[], object], found: Found, root: str = "") -> None:
        """Load and register one plugin; a failure is remembered and told, or raised when strict."""
        try:
            self.add(guarded(load, root), found, root)
        except PluginError as error:
            self.found.append(found)
            self.fail(found.name, error.problem)

    def fail(self, name: str, why: str) -> None:
        """Remember and tell what is wrong with a plugin.

        Raises:
            PluginError: strict.
        """
        line = f"{self._title(name)} failed: {why}"
        if self.strict:
            raise PluginError(line[0].upper() + line[1:])
        self.found = [replace(f, failures=(*f.failures, why)) if f.name == name else f for f in self.found]
        self.say(line)

    def _title(self, name: str) -> str:
        return next((found.title for found in self.found if found.name == name), "the core")

    # --- how they are asked ---

    def _implementations(self, hook: str) -> list[tuple[str, Implementation]]:
        return [(name, loaded.hooks[hook]) for name, loaded in sorted(self._loaded.items()) if hook in loaded.hooks]

    def _call(self, name: str, implementation: Implementation, arguments: Mapping[str, object]) -> object:
        """Call one plugin's hook.

        Raises:
            PluginError: it raised.
        """
        hook, root = implementation.hook, self._loaded[name].root
        given = {argument: arguments[argument] for argument in implementation.takes}
        started, told = perf_counter(), "stopped"
        try:
            returned = guarded(lambda: implementation.function(**given), root)
            told = guarded(lambda: short(hook, returned), root) if self.trace else ""
        except PluginError as error:
            told = f"raised {error.problem}"
            raise PluginError(f"{hook} {told}") from error
        finally:
            if self.trace:
                taken = 1000 * (perf_counter() - started)
                sys.stderr.write(f"trace: {hook} of {self._title(name)}: {told}, {taken:.2f} ms\n")
        return returned

    def _offered(self, hook: str, own: Mapping[str, Any]) -> list[_Offered]:
        """The core's own things, then those of plugins that nobody else claims."""
        offer = OFFERS[hook]
        answers = [_Offered(CORE, name, item) for name, item in own.items()]
        for name, implementation in self._implementations(hook):
            try:
                answers += [_Offered(name, *item) for item in self._answer(name, implementation, offer)]
            except PluginError as error:
                self.fail(name, error.problem)
        kept = self._undisputed(offer, answers)
        self._names[hook] = {}
        for owner, name, _ in kept:
            self._names[hook].setdefault(owner, []).append(name)
        return kept

    def _answer(self, name: str, implementation: Implementation, offer: Offer) -> list[tuple[str, object]]:
        returned = self._call(name, implementation, {})
        hook, where = implementation.hook, implementation.where
        return guarded(lambda: offer.checked(hook, returned, where), self._loaded[name].root)

    def _undisputed(self, offer: Offer, answers: list[_Offered]) -> list[_Offered]:
        """Without what cannot be told apart by name: that is nobody's; but the core keeps its own."""
        rivals = offer.rivals([answer.name for answer in answers])
        for place, others in rivals.items():
            owner, name, item = answers[place]
            if owner == CORE:
                continue
            rival = answers[others[0]]
            if isinstance(item, SubTask):
                titles = {self._title(answers[other].owner) for other in (place, *others)}
                self._disputed[name] = sorted(titles)
            title = "the same plugin" if rival.owner == owner else self._title(rival.owner)
            self.fail(owner, _dispute(offer.word, name, rival, title))
        return [answer for place, answer in enumerate(answers) if place not in rivals or answer.owner == CORE]


def _fits(id: str, pattern: str) -> bool:
    return id == pattern or fnmatch.fnmatchcase(id, pattern)


def _dispute(word: str, name: str, rival: _Offered, title: str) -> str:
    """One name, two owners, in a sentence."""
    if name == rival.name:
        what = f"The {word} {name!r} is also registered by {title}"
    else:
        what = f"The {word} {name!r} cannot be told from {rival.name!r} of {title}"
    if rival.owner == CORE:
        return f"{what}, which keeps it. Next: choose another name"
    return f"{what}: neither can be used. Next: leave one of them out with {DISABLE}, or rename it"
