"""The hooks that one plugin implements, held against the specification.

Each plugin is read by a plugin manager of its own: nothing that one does can touch another.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import pluggy

from anytasktune import hookspecs
from anytasktune.errors import PluginError, did_you_mean

VERSION_ATTRIBUTE = "ANYTASKTUNE_HOOKS"


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """One plugin's function for one hook; ``takes`` names the arguments that it wants, which may be fewer than all."""

    hook: str
    function: Callable[..., object]
    takes: tuple[str, ...]

    @property
    def where(self) -> str:
        """``file:line`` of the function; empty where it has none."""
        return line_of(self.function)


def line_of(function: object) -> str:
    """``file:line`` that a function is defined at; empty for what has no source."""
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""


def hook_version(plugin: object) -> int | None:
    """The version of the hooks that a plugin says it was written for; None when it says nothing.

    Raises:
        PluginError: it is no number, newer than ours, or older than what still works.
    """
    written_for = getattr(plugin, VERSION_ATTRIBUTE, None)
    if written_for is None:
        return None
    if not isinstance(written_for, int) or isinstance(written_for, bool):
        raise PluginError(
            f"{VERSION_ATTRIBUTE} is {written_for!r}, which is no whole number.", fix=f"say {hookspecs.VERSION}"
        )
    if written_for > hookspecs.VERSION:
        raise PluginError(
            f"It was written for version {written_for} of the hooks; this anytasktune has version {hookspecs.VERSION}.",
            fix="install a newer anytasktune, or an older release of the plugin",
        )
    if written_for < hookspecs.OLDEST:
        raise PluginError(
            f"It was written for version {written_for} of the hooks; this anytasktune takes version "
            f"{hookspecs.OLDEST} to {hookspecs.VERSION}.",
            fix="install a newer release of the plugin, or an older anytasktune",
        )
    return written_for


def read_hooks(plugin: object) -> dict[str, Implementation]:
    """A plugin's hooks by name.

    Raises:
        PluginError: it is a class or a function, implements no hook, or one that does not exist, takes an argument that
            the hook does not give, or looks like a hook and is not marked as one.
    """
    if isinstance(plugin, type):
        raise PluginError(
            f"The entry point names the class {plugin.__name__}, not an object of it.",
            fix=f"register a module or an instance: put plugin = {plugin.__name__}() behind it and name that",
        )
    if inspect.isroutine(plugin):
        name = getattr(plugin, "__name__", "")
        raise PluginError(
            f"The entry point names the function {name}.", where=line_of(plugin), fix="name the module that holds it"
        )
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.register(plugin, name="plugin")
    found: dict[str, Implementation] = {}
    for caller in manager.get_hookcallers(plugin) or []:
        for marked in caller.get_hookimpls():
            if caller.name in hookspecs.specified():
                if caller.name in found:
                    raise PluginError(f"It implements {caller.name} twice.", where=line_of(marked.function))
                found[caller.name] = _checked(caller.name, marked)
            elif not marked.optionalhook:
                raise PluginError(
                    f"It implements the hook {caller.name!r}, which does not exist.",
                    where=line_of(marked.function),
                    fix=did_you_mean(caller.name, hookspecs.specified()),
                )
    _require_marks(plugin, found)
    if not found:
        raise PluginError("It implements no hook.", fix="mark its functions with @hookimpl of anytasktune.hookspecs")
    return found


def _checked(hook: str, marked: pluggy.HookImpl) -> Implementation:
    where = line_of(marked.function)
    if marked.hookwrapper or marked.wrapper:
        raise PluginError(
            f"Its {hook} is a wrapper, and hooks are asked plugin by plugin: there is nothing to wrap.",
            where=where,
            fix="return what the plugin itself offers",
        )
    given = hookspecs.specified()[hook]
    signature = inspect.signature(marked.function)
    needed = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind not in _REST]
    for name in needed:
        if name not in given:
            raise PluginError(
                f"Its {hook} takes {name!r}, which the hook does not give.",
                where=where,
                fix=did_you_mean(name, given) if given else "take no argument",
            )
    takes = tuple(name for name in given if name in signature.parameters)
    try:
        signature.bind(**dict.fromkeys(takes))
    except TypeError as error:
        raise PluginError(f"Its {hook} cannot be called by name: {error}.", where=where) from None
    return Implementation(hook=hook, function=marked.function, takes=takes)


_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _require_marks(plugin: object, found: dict[str, Implementation]) -> None:
    """A function with a hook's name and without its mark would be passed over in silence."""
    for hook in hookspecs.specified():
        function = getattr(plugin, hook, None)
        if hook not in found and inspect.isroutine(function) and function is not getattr(hookspecs, hook):
            raise PluginError(
                f"Its {hook} is not marked as a hook.",
                where=line_of(function),
                fix="put @hookimpl of anytasktune.hookspecs above it",
            )
