"""``openai-chat:MODEL,key=value,…`` as data: what a spec says, what the environment adds, what of it a record shows."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from anytasktune.errors import UsageError, did_you_mean
from anytasktune.models.api.wires import WIRES, Wire
from anytasktune.records import is_private_host, is_secret
from anytasktune.scoring import MISSING_ALLOWED

LOCAL_SERVER = "local server"
"""Stands in records for the address of a server of one's own."""

NO_KEY = "none"

MANAGED = frozenset(
    (
        *("model", "messages", "prompt", "system", "stream", "stream_options", "n", "best_of", "echo"),
        *("max_tokens", "max_completion_tokens", "stop", "stop_sequences", "temperature", "seed"),
    )
)
"""Parts of a request's body that are ours to set."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What a spec says.

    Args:
        kind: a key of ``WIRES``.
        model: the name that the server knows.
        base_url: without a slash at its end.
        key_env: the environment variable with the key; "" asks without one.
        concurrency: requests at once.
        timeout: seconds for one attempt, from sending to the answer's last byte.
        attempts: per row, the first one included.
        price_in, price_out: USD per million tokens of prompt and answer; None where unknown.
        max_missing: share of rows that may stay without an answer.
        temperature: None leaves it to the server.
        seed: sent where it is given, or where answers are drawn.
        thinking_tokens: added to the answer's limit, for models that think before they answer.
        revision: free text: what the vendor calls this state of the model.
        tokenizer: a folder or hub name, to render chat prompts for plain completions.
        body: further parts of a request's body.
    """

    kind: str
    model: str
    base_url: str
    key_env: str
    concurrency: int = 8
    timeout: float = 120.0
    attempts: int = 6
    price_in: float | None = None
    price_out: float | None = None
    max_missing: float = MISSING_ALLOWED
    temperature: float | None = 0.0
    seed: int | None = None
    thinking_tokens: int = 0
    revision: str = ""
    tokenizer: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wire(self) -> Wire:
        """The interface."""
        return WIRES[self.kind]

    @property
    def url(self) -> str:
        """Where requests go."""
        return self.base_url + self.wire.path

    @property
    def is_local(self) -> bool:
        """Whether the server is one's own: this machine, or a host of a private network."""
        return is_private_host(urlsplit(self.base_url).hostname or "")

    @property
    def label(self) -> str:
        """The model's name; of a folder its last part."""
        return public_name(self.model)

    @property
    def shown(self) -> str:
        """The spec for a record: what answers depend on, without private hosts and folders."""
        parts = [f"{self.kind}:{self.label}"]
        if self.is_local:
            parts.append(f"base_url={LOCAL_SERVER}")
        elif self.base_url != self.wire.base_url:
            parts.append(f"base_url={self.base_url}")
        if self.temperature != 0.0:
            parts.append(f"temperature={'default' if self.temperature is None else f'{self.temperature:g}'}")
        named: dict[str, object] = {"seed": self.seed, "thinking_tokens": self.thinking_tokens or None}
        named |= {"tokenizer": public_name(self.tokenizer) or None, "revision": self.revision or None}
        parts += [f"{name}={value}" for name, value in named.items() if value is not None]
        return ",".join(parts + [f"body.{name}={json.dumps(value)}" for name, value in sorted(self.body.items())])

    def answers_hash(self, *more: object) -> str:
        """Sixteen hex digits over all that answers depend on: who is asked where, and with which settings."""
        parts = [self.kind, self.model, self.base_url, self.temperature, self.seed, self.thinking_tokens]
        text = json.dumps([*parts, self.revision, self.body, *more], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def public_name(name: str) -> str:
    """A model's or tokenizer's name; a path of this machine is shortened to its last part."""
    return Path(name).name if Path(name).is_absolute() else name


def _number(kind: type[int] | type[float], low: float, high: float = math.inf) -> Callable[[str], Any]:
    def read(text: str) -> float:
        number = kind(text)
        if not (math.isfinite(number) and low <= number <= high):
            raise ValueError
        return number

    what = "a whole number" if kind is int else "a number"
    read.__doc__ = f"{what} of {low:g} or more" if high == math.inf else f"{what} from {low:g} to {high:g}"
    return read


def _temperature(text: str) -> float | None:
    """a number of 0 or more, or default: what the server takes by itself"""  # noqa: D403  # the end of a sentence
    return None if text == "default" else float(_number(float, 0)(text))


def _key_env(text: str) -> str:
    """the NAME of an environment variable in capitals, or none"""  # noqa: D403
    if text != NO_KEY and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", text):
        raise ValueError
    return "" if text == NO_KEY else text


def _word(text: str) -> str:
    """a text that is not empty"""  # noqa: D403
    if not text:
        raise ValueError
    return text


READERS: Mapping[str, Callable[[str], Any]] = {
    "base_url": _word,
    "key_env": _key_env,
    "concurrency": _number(int, 1, 512),
    "timeout": _number(float, 0.1),
    "attempts": _number(int, 1, 100),
    "price_in": _number(float, 0),
    "price_out": _number(float, 0),
    "max_missing": _number(float, 0, 1),
    "temperature": _temperature,
    "seed": _number(int, 0),
    "thinking_tokens": _number(int, 0),
    "revision": _word,
    "tokenizer": _word,
}
"""How each argument is read; the docstring says what it must be."""


def parse(spec: str, environment: Mapping[str, str]) -> Arguments:
    """A spec as data.

    Raises:
        UsageError: it names no model, an argument is unknown or wrong, holds a key, or a key would be sent openly.
    """
    kind, _, rest = spec.partition(":")
    wire = WIRES[kind]
    model, *parts = [part.strip() for part in rest.split(",")]
    if not model or "=" in model:
        raise UsageError(f"{kind}: names no model.", fix=f"{kind}:MODEL,key=value,…")
    optional = {"seed", "tokenizer"} - wire.options
    given, body = _read(kind, [part for part in parts if part], [name for name in READERS if name not in optional])
    base_url = _base_url(given.pop("base_url", "") or environment.get(wire.base_variable, "") or wire.base_url, wire)
    local = is_private_host(urlsplit(base_url).hostname or "")
    key_env = given.pop("key_env", "" if local else wire.key_variable)
    if key_env and not local and urlsplit(base_url).scheme == "http":
        raise UsageError(
            f"The key in {key_env} would go to {base_url} unencrypted.",
            fix="use https, or key_env=none where the server asks for no key",
        )
    if ("price_in" in given) != ("price_out" in given):
        raise UsageError(f"{kind}: one price alone gives no cost.", fix="give both price_in and price_out")
    return Arguments(kind=kind, model=model, base_url=base_url, key_env=key_env, body=body, **given)


def _read(kind: str, parts: list[str], known: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    given: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for part in parts:
        name, mark, text = (piece.strip() for piece in part.partition("="))
        if is_secret(name.rpartition(".")[2]):
            raise UsageError(
                f"{kind}: a key ({name}) does not belong into a model's name, which histories and logs show.",
                fix="put it into an environment variable and give that one's name: key_env=NAME",
            )
        if not mark:
            raise UsageError(f"{kind}: {name!r} is not key=value.", fix="a value cannot hold a comma")
        if name.startswith("body."):
            _put(body, name.removeprefix("body.").split("."), _json(text), kind)
            continue
        if name not in known:
            raise UsageError(f"{kind} takes no {name!r}.", fix=did_you_mean(name, [*known, "body.NAME"]))
        if name in given:
            raise UsageError(f"{kind}: {name} is given twice.")
        try:
            given[name] = READERS[name](text)
        except ValueError:
            shown = "what was given" if name == "key_env" else repr(text)  # someone may have put the key itself there
            raise UsageError(f"{kind}: {name} is {READERS[name].__doc__}, not {shown}.") from None
    return given, body


def _json(text: str) -> Any:
    """What stands there as JSON, or the text itself."""
    try:
        return json.loads(text, parse_constant=lambda constant: constant)
    except ValueError:
        return text


def _put(body: dict[str, Any], path: list[str], value: Any, kind: str) -> None:
    """Put a value into the body, at a place like ``chat_template_kwargs.enable_thinking``."""
    if path[0] in MANAGED or not all(path):
        raise UsageError(f"{kind}: body.{'.'.join(path)} is not to be set.", fix="see docs/api-models.md for arguments")
    place = body
    for name in path[:-1]:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            break
    if not isinstance(place, dict) or path[-1] in place:
        raise UsageError(f"{kind}: body.{'.'.join(path)} is given twice.")
    place[path[-1]] = value


def _base_url(text: str, wire: Wire) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if host is None or parts.scheme not in ("http", "https"):
        raise UsageError(
            "base_url is no address.", fix="base_url=https://HOST/v1, or base_url=http://localhost:8000/v1"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            f"The address of {host} holds a user, a password or a query, which may be a secret.",
            fix="leave it out; a key goes into an environment variable: key_env=NAME",
        )
    address = text.rstrip("/").removesuffix(wire.path)
    return address.removesuffix("/v1") if wire.path.startswith("/v1/") else address
