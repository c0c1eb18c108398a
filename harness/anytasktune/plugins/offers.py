"""What each hook has to return: a list of things of one type, each with a name that a person types."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anytasktune.errors import PluginError
from anytasktune.examples import KINDS
from anytasktune.recipes import Recipe
from anytasktune.subtask import SubTask

Test = Callable[[object], bool]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What one hook brings.

    Args:
        word: what a person calls it.
        what: the name of its type.
        kind: the type, imported when it is asked for; None where any object with the members will do.
        name: the member that holds its name.
        members: what each member has to be, in words, and the test of it.
        group: only names of one group may be hard to tell apart.
        clash: whether two names of a group are.
    """

    word: str
    what: str
    kind: Callable[[], type | None]
    name: str
    members: Mapping[str, tuple[str, Test]]
    group: Callable[[str], str] = str
    clash: Callable[[str, str], bool] = lambda one, other: True

    def checked(self, hook: str, returned: object, where: str) -> list[tuple[str, object]]:
        """What a hook returned, each with its name, when it is what it has to be.

        Args:
            hook: its name.
            returned: whatever came.
            where: ``file:line`` of the function that returned it.

        Raises:
            PluginError: it is not; says what was expected and what came.
        """
        expected = f"{hook} must return a list of {self.what}"
        kind = self.kind()
        if not isinstance(returned, list | tuple):
            came, fix = _told(returned, kind)
            raise PluginError(f"{expected}, not {came}.", where=where, fix=fix)
        for place, item in enumerate(returned):
            if kind is not None and not isinstance(item, kind):
                came, fix = _told(item, kind)
                raise PluginError(f"{expected}, and element {place} is {came}.", where=where, fix=fix)
            for member, (wanted, test) in self.members.items():
                if not test(getattr(item, member, None)):
                    raise PluginError(f"{expected}; the {member} of element {place} is not {wanted}.", where=where)
        return [(str(getattr(item, self.name)), item) for item in returned]

    def rivals(self, names: Sequence[str]) -> dict[int, list[int]]:
        """The places of names that cannot be told apart, each with the places of the others."""
        groups: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            groups[self.group(name)].append(place)
        found = {
            one: [other for other in group if other != one and self.clash(names[one], names[other])]
            for group in groups.values()
            for one in group
        }
        return {place: others for place, others in sorted(found.items()) if others}


def _told(returned: object, kind: type | None) -> tuple[str, str]:
    """What came instead, and what to do about it."""
    if returned is None:
        return "None", "end it with return […]"
    if isinstance(returned, type):
        return f"the class {returned.__name__}", "return an object of it"
    if inspect.isgenerator(returned) or inspect.iscoroutine(returned):
        returned.close()
        return ("a generator", "return, not yield") if inspect.isgenerator(returned) else ("a coroutine", "drop async")
    if kind is not None and isinstance(returned, kind):
        return f"one {kind.__name__}", "put it into a list: […]"
    name = type(returned).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}", ""


def _is_name(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[^\s:]\S*", value) is not None and value.isprintable()


_NAME: tuple[str, Test] = ("a name without spaces", _is_name)
_FUNCTION: tuple[str, Test] = ("a function", callable)
_TEXT: tuple[str, Test] = ("text", lambda value: isinstance(value, str))


def _is_suffix(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(\.\w+)+", value) is not None


def _is_metric(value: object) -> bool:
    functions = all(callable(getattr(value, member, None)) for member in ("grade", "summarise", "resampled"))
    return functions and not isinstance(value, type) and isinstance(getattr(value, "name", None), str)


def _slug(id: str) -> str:
    """``a/b-c`` and ``a-b/c`` have one name in lm-eval."""
    return id.replace("/", "_").replace("-", "_")


def _takes_the_other(one: str, other: str) -> bool:
    """A prefix takes every name that begins with it."""
    return one == other or any(a.endswith(":") and b.startswith(a) for a, b in ((one, other), (other, one)))


def _model_kind() -> type:
    from anytasktune.models.kinds import ModelKind

    return ModelKind


def _report_format() -> type:
    from anytasktune.reports.formats import ReportFormat

    return ReportFormat


OFFERS: Mapping[str, Offer] = {
    "register_subtasks": Offer(
        word="sub-task",
        what="SubTask",
        kind=lambda: SubTask,
        name="id",
        members={
            "id": ("text like domain/name", lambda name: _is_name(name) and str(name).count("/") == 1),
            "yaml": ("a pathlib.Path", lambda yaml: isinstance(yaml, Path)),
            "build": _FUNCTION,
            "metric": ("an object with name, grade, summarise and resampled", _is_metric),
            "recipe": ("a Recipe", lambda recipe: isinstance(recipe, Recipe)),
            "recorded": ("a mapping of names to functions", lambda recorded: isinstance(recorded, Mapping)),
        },
        group=_slug,
    ),
    "register_models": Offer(
        word="model",
        what="ModelKind",
        kind=_model_kind,
        name="name",
        members={
            "name": _NAME,
            "summary": _TEXT,
            "open": _FUNCTION,
            "kinds": (
                f"a tuple of {', '.join(KINDS)}",
                lambda kinds: isinstance(kinds, tuple) and {*kinds} <= {*KINDS},
            ),
        },
        group=lambda name: name.partition(":")[0],
        clash=_takes_the_other,
    ),
    "register_launchers": Offer(
        word="launcher",
        what="Launcher",
        kind=lambda: None,
        name="name",
        members={"name": _NAME, "launch": _FUNCTION},
    ),
    "register_report_formats": Offer(
        word="report format",
        what="ReportFormat",
        kind=_report_format,
        name="name",
        members={"name": _NAME, "suffix": ("a dot and letters", _is_suffix), "render": _FUNCTION},
    ),
}
"""By hook; ``run_finished`` offers nothing."""


def short(hook: str, returned: object) -> str:
    """What a hook returned, in a few words."""
    if hook not in OFFERS or not isinstance(returned, list | tuple):
        return type(returned).__name__
    names = [str(getattr(item, OFFERS[hook].name, type(item).__name__)) for item in returned]
    return "[" + ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "") + "]"
