"""Sends questions, several at once, and tries again where that can help."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import httpx
import stamina

from anytasktune.errors import ModelError, UsageError
from anytasktune.models.api.arguments import Arguments
from anytasktune.models.api.faults import FaultError, LostError, ServerError, excerpt, judge, retry_after, server_error
from anytasktune.models.api.wires import Question, Reply, WithheldError
from anytasktune.models.kinds import Say

FIRST_WAIT, LONGEST_BACKOFF, JITTER = 1.0, 60.0, 1.0
"""Seconds before the second attempt, doubled each time up to the longest, with up to the jitter added."""

SILENCE = 10
"""So many rows in a row without an answer, and twice the concurrency at least, end the run: nobody is there."""

Answered = Callable[[int, Reply], None]
Lost = Callable[[int, LostError], None]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How this server wants things called; learnt from its refusals."""

    limit_name: str
    sends_stops: bool = True


class Transport:
    """One server, asked with one model's name.

    Args:
        arguments: who is asked, and how.
        key: "" for none; it goes into a header and nowhere else.
        say: told once of each kind of trouble.
    """

    def __init__(self, arguments: Arguments, key: str, say: Say) -> None:
        self._arguments = arguments
        self._key = key
        self._say = say
        self._said: set[str] = set()
        self._dialect = Dialect(limit_name=arguments.wire.limit_names[0])
        self._reached = False
        self._lost_in_a_row = 0
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=arguments.attempts,
            timeout=None,
            wait_initial=FIRST_WAIT,
            wait_max=LONGEST_BACKOFF,
            wait_jitter=JITTER,
        )

    def ask(self, questions: Sequence[Question], answered: Answered, lost: Lost) -> None:
        """Asks all of them; ``answered`` and ``lost`` are told of one at a time, in whatever order they end.

        Raises:
            ModelError: the server cannot be asked at all, or has fallen silent.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._ask_all(questions, answered, lost))
        else:  # a notebook runs a loop of its own in this thread
            with ThreadPoolExecutor(1) as other:
                other.submit(asyncio.run, self._ask_all(questions, answered, lost)).result()

    async def _ask_all(self, questions: Sequence[Question], answered: Answered, lost: Lost) -> None:
        waiting = iter(enumerate(questions))
        arguments = self._arguments

        async def work() -> None:
            for index, question in waiting:
                try:
                    reply = await self._answer(client, question)
                except LostError as loss:
                    lost(index, loss)
                    self._require_life(loss)
                else:
                    self._lost_in_a_row = 0
                    answered(index, reply)

        async with httpx.AsyncClient(
            headers={
                "content-type": "application/json",
                "user-agent": f"anytasktune/{version('anytasktune')}",
                **arguments.wire.headers(self._key),
            },
            timeout=httpx.Timeout(None, connect=min(arguments.timeout, 20.0)),
            limits=httpx.Limits(max_connections=arguments.concurrency),
            # a proxy does not lead to a server of one's own; behind https, the environment names certificates
            trust_env=not (arguments.is_local and arguments.base_url.startswith("http:")),
        ) as client:
            try:
                with _quiet_retries():
                    async with asyncio.TaskGroup() as group:
                        for _ in range(min(arguments.concurrency, len(questions))):
                            group.create_task(work())
            except ExceptionGroup as several:
                raise several.exceptions[0] from None

    def _require_life(self, loss: LostError) -> None:
        """Ends the run where nothing has come back for long: every further row would only wait its time out."""
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= max(SILENCE, 2 * self._arguments.concurrency):
            raise ModelError(
                f"{self._arguments.label} left {self._lost_in_a_row} rows in a row without an answer: stopped.",
                where=self._arguments.url,
                evidence=[f"the last one: {loss.reason}{': ' if loss.detail else ''}{loss.detail}"],
                fix="the same command again goes on, what was answered is kept",
            )

    async def _answer(self, client: httpx.AsyncClient, question: Question) -> Reply:
        try:
            return await self._retrying(self._wait, self._attempt, client, question)
        except FaultError as fault:
            if fault.unreachable and not self._reached:
                raise ModelError(
                    f"{self._arguments.label} cannot be asked: no server answers ({fault.reason}).",
                    where=self._arguments.url,
                    evidence=[fault.detail] if fault.detail else [],
                    fix="start the server, or look at base_url",
                ) from None
            raise LostError(f"{fault.reason}, {self._arguments.attempts} attempts", detail=fault.detail) from None

    def _wait(self, error: Exception) -> bool | float:
        """Whether to try again, and after how many seconds where the server says it."""
        if not isinstance(error, FaultError):
            return False
        seconds = "" if error.wait is None else f", which asks to wait {error.wait:.0f} s"
        self._say_once(error.reason, f"{self._arguments.label}: {error.reason}{seconds}; tried again")
        return True if error.wait is None else error.wait

    def _say_once(self, what: str, line: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._say(line)

    async def _attempt(self, client: httpx.AsyncClient, question: Question) -> Reply:
        while True:
            dialect = self._dialect
            response = await self._send(client, self._body(question, dialect))
            self._reached = True
            if response.is_success:
                return self._read(response)
            error = server_error(response.status_code, response.text, self._key)
            if not self._learns(error, dialect, question):
                raise judge(error, retry_after(response.headers.get("retry-after")), self._arguments)

    def _body(self, question: Question, dialect: Dialect) -> bytes:
        arguments = self._arguments
        body: dict[str, Any] = {"model": arguments.model, **arguments.wire.body(question), "stream": False}
        body |= {dialect.limit_name: question.limit, **question.settings}
        if question.stop and dialect.sends_stops:
            body[arguments.wire.stop_name] = list(question.stop)
        return json.dumps(body | dict(arguments.body)).encode()  # all in ASCII: half a surrogate pair cannot tear it

    async def _send(self, client: httpx.AsyncClient, body: bytes) -> httpx.Response:
        try:
            async with asyncio.timeout(self._arguments.timeout):  # of the whole answer, which may come in drops
                return await client.post(self._arguments.url, content=body)
        except TimeoutError:
            raise FaultError(f"no answer within {self._arguments.timeout:g} s") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise FaultError("no connection", detail=excerpt(str(error), self._key), unreachable=True) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            detail = excerpt(f"{type(error).__name__}: {error}", self._key)
            raise FaultError("connection torn", detail=detail) from None

    def _read(self, response: httpx.Response) -> Reply:
        try:
            content = response.json()
        except (ValueError, RecursionError):
            raise FaultError("not JSON", detail=excerpt(response.text, self._key)) from None
        try:
            if not isinstance(content, Mapping):
                raise ValueError(f"it is a {type(content).__name__}")
            return self._arguments.wire.read(content)
        except WithheldError as held:
            raise LostError(f"withheld by the provider ({held})") from None
        except ValueError as error:
            raise FaultError("not an answer", detail=f"{error}: {excerpt(response.text, self._key)}") from None

    def _learns(self, error: ServerError, dialect: Dialect, question: Question) -> bool:
        """Whether the request is to be sent again in another dialect.

        Raises:
            ModelError: a setting is refused that was asked for; without it, answers would be others.
        """
        if error.status not in (400, 422):
            return False
        wire, label = self._arguments.wire, self._arguments.label
        names = wire.limit_names
        if dialect.limit_name == names[0] and len(names) > 1 and error.refuses(names[0]):
            self._dialect = replace(self._dialect, limit_name=names[1])
            self._say_once(names[1], f"{label} refuses {names[0]}; {names[1]} is sent from now on")
            return True
        if question.stop and dialect.sends_stops and error.refuses(wire.stop_name):
            self._dialect = replace(self._dialect, sends_stops=False)
            self._say_once(wire.stop_name, f"{label} takes no stop strings; its answers are cut here")
            return True
        for name in (*question.settings, *self._arguments.body):
            if error.refuses(name):
                fix = "temperature=default leaves it to the server" if name == "temperature" else f"leave {name} out"
                raise ModelError(
                    f"{label} refuses {name} ({error.reason}).",
                    where=self._arguments.url,
                    evidence=[error.message],
                    fix=fix,
                )
        return False


def read_key(arguments: Arguments, environment: Mapping[str, str]) -> str:
    """The key; "" where none is asked for.

    Raises:
        UsageError: the variable is not set, or holds what cannot be a key.
    """
    if not arguments.key_env:
        return ""
    key = environment.get(arguments.key_env, "").strip()
    if not key:
        raise UsageError(
            f"{arguments.label} needs a key, and {arguments.key_env} is not set.",
            fix=f"export {arguments.key_env}=…, or name another variable: key_env=NAME",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            f"What {arguments.key_env} holds cannot be a key.", fix="letters, digits and signs in one line"
        )
    return key


@contextmanager
def _quiet_retries() -> Iterator[None]:
    """Hold back stamina's own log lines: trouble is told by us."""
    log = logging.getLogger("stamina")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
