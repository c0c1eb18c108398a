"""What can go wrong with a request, and whether it concerns the moment, the row or the whole run."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from anytasktune.errors import ModelError
from anytasktune.models.api.arguments import Arguments

RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
"""Statuses that may be another one next time (RFC 9110, RFC 6585, RFC 8470; 52x of proxies; 529 overloaded)."""

OF_THE_ROW = frozenset({400, 413, 422})
"""Statuses that say something about the request itself: too long, filtered, not understood."""

LONGEST_WAIT = 120.0
"""Seconds; a server that asks for more is asked again after these."""

_REFUSES = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|deprecated|not permitted|not allowed|only .*set to"
)


class FaultError(Exception):
    """Of the moment: to be tried again.

    Args:
        reason: short, fit for a record: no word of the server's.
        detail: for the screen.
        wait: seconds, where the server says.
        unreachable: no server answered at all.
    """

    def __init__(self, reason: str, *, detail: str = "", wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.wait, self.unreachable = reason, detail, wait, unreachable


class LostError(Exception):
    """Of the row: it stays without an answer."""

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, kw_only=True)
class ServerError:
    """What a response says went wrong: the fields that OpenAI, Anthropic, vLLM, llama.cpp and FastAPI use."""

    status: int
    message: str
    code: str
    param: str

    @property
    def reason(self) -> str:
        """The status and the server's code for it, for a record."""
        return f"HTTP {self.status}{' ' + self.code if self.code else ''}"

    def refuses(self, name: str) -> bool:
        """Whether the server does not take this part of the body at all (and not merely its value for this row)."""
        text = self.message.lower()
        named = self.param == name or re.search(rf"(?<![\w.]){re.escape(name.lower())}(?!\w)", text) is not None
        return named and bool(self.code.startswith(("unsupported", "unknown")) or _REFUSES.search(text))


def server_error(status: int, text: str, key: str) -> ServerError:
    """The error in a response's body, whatever its shape; the key is taken out, should the server repeat it."""
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        content = text
    found: Any = content.get("error", content) if isinstance(content, Mapping) else content
    fields: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    message = fields.get("message") or fields.get("detail") or (text if not isinstance(found, str) else found)
    code = next((str(fields[name]) for name in ("code", "type") if isinstance(fields.get(name), str)), "")
    return ServerError(
        status=status,
        message=excerpt(message if isinstance(message, str) else json.dumps(message, ensure_ascii=False), key),
        code=code if re.fullmatch(r"[\w.-]{1,60}", code) and code != key else "",
        param=str(fields.get("param") or ""),
    )


def excerpt(text: str, key: str) -> str:
    """The first words of what a server said, in one line, without the key and without what a terminal obeys."""
    hidden = text.replace(key, "***") if key else text
    line = " ".join(hidden[:2000].split())[:300]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait by a ``Retry-After`` header (RFC 9110: seconds, or a date), from 0 to ``LONGEST_WAIT``."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        seconds = (then - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None


def judge(error: ServerError, wait: float | None, arguments: Arguments) -> FaultError | LostError | ModelError:
    """What a response that is no answer means."""
    spent = error.status == 429 and error.code == "insufficient_quota"  # OpenAI's word for an empty account
    if error.status in RETRIED and not spent:
        return FaultError(error.reason, detail=error.message, wait=wait)
    if error.status in OF_THE_ROW:
        return LostError(error.reason, detail=error.message)
    key = f"the key in {arguments.key_env}" if arguments.key_env else "a request without a key"
    ending = "" if arguments.kind == "anthropic" or arguments.base_url.endswith("/v1") else " (most end in /v1)"
    what, fix = {
        401: (f"{key} is not accepted", f"put a key into {arguments.key_env or 'a variable: key_env=NAME'}"),
        403: (f"{key} has no access", "ask for access, or use another key"),
        404: ("there is no such model, or no such address", f"look at the model's name and at base_url{ending}"),
        429: (f"the account of {key} has no quota left", "raise its quota"),
    }.get(error.status, ("the server speaks another interface", f"look at base_url{ending}"))
    return ModelError(
        f"{arguments.label} cannot be asked: {what} ({error.reason}).",
        where=arguments.url,
        evidence=[error.message] if error.message else [],
        fix=f"{fix}; the same command again goes on, what was answered is kept",
    )
