"""A draft as the files of an installable package, and those files on disk: all of them or none."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml

from anytasktune.card import Card, read_card
from anytasktune.errors import AnyTaskTuneError, CardError, UsageError
from anytasktune.reports.inert import json_text, markdown, visible
from anytasktune.scaffold.draft import Draft
from anytasktune.scaffold.rows import Row

EVIDENCE: Final = 100
"""Rows that the README shows of each thing to look at."""


def next_commands(draft: Draft, folder: Path) -> list[str]:
    """What to type next, from where the author stands."""
    place = folder.as_posix()
    place = place if folder.is_absolute() or place.startswith(".") else f"./{place}"
    return [
        f"anytasktune check {shlex.quote(place)}",
        f"python -m pip install --editable {shlex.quote(place)}",
        f"anytasktune tune {draft.names.id} --model smollm2-135m",
    ]


def files_of(draft: Draft) -> dict[str, bytes]:
    """Every file of the package, by its path inside it."""
    source = f"src/{draft.names.package}"
    texts = {
        "pyproject.toml": "pyproject.toml.j2",
        "README.md": "README.md.j2",
        f"{source}/{draft.names.module}.py": "module.py.j2",
        f"{source}/{draft.names.module}.yaml": "card.yaml.j2",
        f"tests/test_{draft.names.module}.py": "conformance_test.py.j2",
    }
    fields = _fields(draft)
    environment = _environment()
    files = {path: environment.get_template(name).render(fields).encode() for path, name in texts.items()}
    files[f"{source}/__init__.py"] = f'"""The sub-task {draft.names.id}."""\n'.encode()
    for split in draft.splits:
        files[f"{source}/data/{split}.jsonl"] = _lines(draft, draft.rows_of(split))
    return dict(sorted(files.items()))


def write(draft: Draft, parent: Path) -> tuple[Path, list[str]]:
    """Write the package into ``parent``; returns its folder and the paths of its files in it.

    Raises:
        UsageError: something of that name is there, or nothing can be written there.
        CardError: no card can be made of the draft.
    """
    folder = parent / draft.names.name
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"There is already something called {draft.names.name!r}, and nothing is overwritten.",
            where=str(folder),
            fix="take it away, choose another name, or write elsewhere: --out DIR",
        )
    files = files_of(draft)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=parent, prefix=f".{draft.names.name}."))
        try:
            for path, content in files.items():
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_bytes(content)
            _check_card(draft, made)
            made.chmod(0o755)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise UsageError(
            f"The package cannot be written: {error.strerror or error}.", where=str(parent), fix="--out DIR"
        ) from error
    return folder, list(files)


def _check_card(draft: Draft, made: Path) -> Card:
    """The card as the core reads it.

    Raises:
        CardError: labels or words of the data do not fit on a card.
    """
    path = made / "src" / draft.names.package / f"{draft.names.module}.yaml"
    try:
        return read_card(path, expected_id=draft.names.id)
    except AnyTaskTuneError as error:
        raise CardError(
            f"No card can be made of this: {error.problem}", evidence=error.evidence, fix="mend the labels in the file"
        ) from None


# --- rendering -----


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701  # no HTML is made
        loader=jinja2.PackageLoader("anytasktune.scaffold", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(yaml=_yaml, quoted=_quoted, toml=_toml, docstring=_docstring, markdown=markdown)
    return environment


def _fields(draft: Draft) -> dict[str, Any]:
    """What the templates ask for besides the draft."""
    first = draft.rows_of("train")[0]
    all_splits = draft.splits == ["train", "validation", "test"]
    names = ["DataRequest", "Example", "SubTask", "hookimpl", "metric", "rows"]
    options = ['language="language"'] if _has_languages(draft) else []
    options += ['group="group"'] if draft.grouped else []
    options += [f"slices={_tuple(draft.slices)}"] if draft.slices else []
    return {
        "draft": draft,
        "version": version("anytasktune"),
        "example": first,
        "imports": [draft.recipe, *(["SPLITS"] if all_splits else []), *names],
        "splits": "SPLITS" if all_splits else _tuple(draft.splits),
        "options": "".join(f", {option}" for option in options),
        "keys": ", ".join(f"`{key}`" for key in next(_values(draft, [first]))),
        "most": EVIDENCE,
        "commands": next_commands(draft, Path()),
    }


def _tuple(names: Sequence[str]) -> str:
    """Names as a tuple in Python."""
    return (
        "(" + ", ".join(json.dumps(name, ensure_ascii=False) for name in names) + ("," if len(names) == 1 else "") + ")"
    )


def _has_languages(draft: Draft) -> bool:
    return any(row.language for row in draft.rows)


def _values(draft: Draft, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Rows as they stand in their file: the same keys in every one."""
    language, group, slices = _has_languages(draft), draft.grouped, draft.slices
    lists = draft.kind in ("labels", "extract")
    for row in rows:
        yield {
            "input": row.input,
            "target": list(row.targets) if lists or len(row.targets) != 1 else row.targets[0],
            **({"language": row.language} if language else {}),
            **({"group": row.group} if group else {}),
            **{name: row.slices.get(name, "") for name in slices},
        }


def _lines(draft: Draft, rows: Sequence[Row]) -> bytes:
    """JSON Lines; characters that cannot be seen are escaped, so that no editor breaks a line at one."""
    lines = (json_text(json.dumps(values, ensure_ascii=False)) for values in _values(draft, rows))
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")


def _yaml(value: Any, *, quoted: bool = False) -> str:
    """A value as YAML in one line, quoted wherever it could be read as something else."""
    texts = value if isinstance(value, list | tuple) else [value]
    style = '"' if quoted or any(isinstance(text, str) and "\n" in text for text in texts) else None
    plain = list(value) if isinstance(value, tuple) else value
    listed = yaml.safe_dump([plain], default_style=style, default_flow_style=True, allow_unicode=True, width=10**9)
    return listed.strip().removeprefix("[").removesuffix("]")


def _quoted(text: str) -> str:
    """A text as YAML that no reader takes for a number, a date or a truth."""
    return _yaml(text, quoted=True)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _docstring(text: str, length: int) -> str:
    """The beginning of a text, in one line, such that it cannot end a docstring or escape anything."""
    line = visible(text)
    line = line if len(line) <= length else line[: length - 1] + "…"
    return line.replace("\\", "\\\\").replace('"', "'").strip()
