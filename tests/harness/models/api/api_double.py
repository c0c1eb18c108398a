"""A server that fails on demand, and the command line that asks it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "sk-do-not-tell-4711"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came in."""

    row: int
    """Number of the row that its prompt asks."""
    times: int
    """How often this row was asked before."""
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float


@dataclass(frozen=True, kw_only=True)
class Response:
    """What is sent back; ``torn`` closes the connection after half of the body, ``in_drops`` never stalls nor ends."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    torn: bool = False
    in_drops: bool = False


def answer(
    text: str | None = "billing", *, model: str = "m-2026-01-01", finish: str = "stop", **usage: int
) -> Response:
    """A chat completion of 20 + 3 tokens; ``usage`` changes them."""
    counts = {"prompt_tokens": 20, "completion_tokens": 3, **usage}
    message = {"role": "assistant", "content": text}
    return Response(body={"model": model, "usage": counts, "choices": [{"message": message, "finish_reason": finish}]})


def error(status: int, message: str = "no", *, headers: Mapping[str, str] | None = None, **fields: str) -> Response:
    """An error as OpenAI writes it."""
    return Response(status=status, body={"error": {"message": message, **fields}}, headers=headers or {})


Behaviour = Callable[[Asked], Response]


class Double:
    """Answers as its behaviour says, and remembers what it was asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                double.answer(self, body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Its base address for OpenAI's interface."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def rows(self) -> Counter[int]:
        """How often each row was asked."""
        return Counter(asked.row for asked in self.asked)

    def forget(self) -> None:
        """As if it had been asked nothing."""
        self.asked.clear()

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        found = re.search(r"test (\d+)|test，第(\d+)条", body.get("prompt") or body["messages"][-1]["content"])
        row = int(found.group(1) or found.group(2)) if found else -1
        with self._lock:
            asked = Asked(
                row=row,
                times=self.rows[row],
                path=handler.path,
                headers=dict(handler.headers),
                body=body,
                at=time.monotonic(),
            )
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._send(handler, self.behaviour(asked))
        finally:
            with self._lock:
                self._at_once -= 1

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, response: Response) -> None:
        content = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        try:
            handler.send_response(response.status)
            for name, value in {"content-type": "application/json", **response.headers}.items():
                handler.send_header(name, value)
            handler.send_header("content-length", str(len(content)))
            handler.end_headers()
            for drop in content if response.in_drops else ():
                handler.wfile.write(bytes([drop]))
                time.sleep(0.3)
            handler.wfile.write(content[: len(content) // 2] if response.torn else content)
        except OSError:
            handler.close_connection = True  # the one who asked has gone
        if response.torn:
            handler.close_connection = True

    @contextmanager
    def running(self) -> Iterator[Double]:
        """Serves until the block ends."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command left."""

    status: int
    out: str
    err: str


Serve = Callable[..., "Double"]
Command = Callable[..., Done]


def record_in(folder: Path) -> dict[str, Any]:
    """The one record below a folder."""
    (path,) = folder.rglob("record.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
