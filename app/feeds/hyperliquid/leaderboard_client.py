"""Fetches the leaderboard: 39 MB that go piece by piece to a process of their own, which sends back the best rows.

Neither the document nor its rows are ever in this process; the answer, on a tape too, is the digest of about 1 MB.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import TypeVar

import msgspec
import numpy as np

from app import __version__
from app.core.clock import Clock
from app.core.errors import FrameError, VenueError
from app.core.record import WITHDRAWN, Answer, Kind, Request
from app.core.text import clean
from app.feeds.backoff import Backoff
from app.feeds.http import HttpClient, TooLargeError
from app.feeds.hyperliquid.leaderboard import LeaderboardRules, encode_rules, parse_rules
from app.feeds.inbox import Inbox
from app.feeds.statuses import retry_after_s

FETCH_TIMEOUT_S = 180.0
"""For 39 MB over a slow line."""
_CHILD_TIMEOUT_S = 60.0
"""From the document's last byte to the digest."""
_DIGEST_BYTES = 16 << 20
_TRIES = 3
_WAITS_S = (15.0, 120.0)
_REFUSED_WAIT_S = {403: 60.0, 418: 300.0, 429: 60.0}
"""How long to stay away when the venue names no time; 418 is a ban."""
_LONGEST_ASKED_WAIT_S = 900.0
_HEADERS = {"User-Agent": f"Mozilla/5.0 (compatible; tapedeck/{__version__})"}
"""The host serves files to browsers; a client without a name of that kind is refused."""

_T = TypeVar("_T")
_pack = msgspec.msgpack.encode


class _TryError(VenueError):
    """One try failed; `wait_s` is how long the venue asked to be left alone, None when it is of no use to try again."""

    def __init__(self, words: str, wait_s: float | None = 0.0) -> None:
        super().__init__(words)
        self.wait_s = wait_s


class LeaderboardClient:
    """`run` works until it is cancelled; `request` and `withdraw` never block. One question at a time."""

    def __init__(self, url: str, body_cap: int, inbox: Inbox, clock: Clock, generator: np.random.Generator) -> None:
        """`url` is that of the document, empty where there is none; `body_cap` in bytes."""
        self._http = HttpClient(url, timeout_s=FETCH_TIMEOUT_S, body_cap=body_cap, connections=1) if url else None
        self._inbox = inbox
        self._clock = clock
        self._generator = generator
        self._waiting: dict[int, Request] = {}
        self._changed = asyncio.Event()
        self._fetching: tuple[int, asyncio.Task[bytes]] | None = None

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return list(self._waiting.values())

    def request(self, request: Request) -> None:
        """Queue a request; its answer, or its failure after some tries, arrives as an input with its id.

        While one waits another is left out: there is one leaderboard.
        """
        if not self._waiting:
            self._waiting[request.request_id] = request
            self._inbox.put(0, Kind.REQUEST, _pack(request))
            self._changed.set()

    def withdraw(self, request_id: int) -> None:
        """Answer a request that still waits as failed, whether it is under way or not."""
        if request_id in self._waiting:
            self._answer(Answer(request_id, 0, b"", WITHDRAWN))
            if self._fetching is not None and self._fetching[0] == request_id:
                self._fetching[1].cancel()

    async def run(self) -> None:
        """Fetch whatever is asked for."""
        try:
            while True:
                self._changed.clear()
                for request in list(self._waiting.values()):
                    await self._carry_out(request)
                await self._changed.wait()
        finally:
            if self._http is not None:
                await self._http.close()

    async def _carry_out(self, request: Request) -> None:
        fetching = asyncio.create_task(self._fetch(request.body))
        self._fetching = request.request_id, fetching
        try:
            await asyncio.wait({fetching})
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)
            self._fetching = None
        if fetching.cancelled():
            return
        error = fetching.exception()
        if error is not None and not isinstance(error, VenueError | FrameError):
            raise error
        answer = Answer(request.request_id, 200, fetching.result()) if error is None else None
        self._answer(answer or Answer(request.request_id, 0, b"", clean(str(error), 400)))

    def _answer(self, answer: Answer) -> None:
        if self._waiting.pop(answer.request_id, None) is not None:
            self._inbox.put(0, Kind.ANSWER, _pack(answer))

    async def _fetch(self, body: bytes) -> bytes:
        """The digest, after some tries. Raises `VenueError` when none brought one, `FrameError` for odd rules."""
        rules = parse_rules(body)
        backoff = Backoff(self._generator, first_s=_WAITS_S[0], longest_s=_WAITS_S[1])
        for left in reversed(range(_TRIES)):
            try:
                return await self._try(rules)
            except _TryError as error:
                if error.wait_s is None or not left:
                    raise VenueError(f"the leaderboard did not come: {error}") from error
                await asyncio.sleep(max(error.wait_s, backoff.next_s()))
        raise AssertionError("the last try returns or raises")

    async def _try(self, rules: LeaderboardRules) -> bytes:
        if self._http is None:
            raise _TryError("this venue has none", None)
        child = await _started(encode_rules(rules).decode())
        try:
            await self._pour(self._http, child)
            async with asyncio.timeout(_CHILD_TIMEOUT_S):
                return await _digest(child)
        except TimeoutError as error:
            raise _TryError(f"its reader took longer than {_CHILD_TIMEOUT_S:g} s") from error
        finally:
            await _whole(asyncio.create_task(_end(child)))

    async def _pour(self, http: HttpClient, child: Process) -> None:
        """Have the child read the document as it comes."""
        into = child.stdin
        if into is None:
            raise AssertionError("the child was started with a pipe")

        async def take(part: bytes) -> None:
            into.write(part)
            try:
                await into.drain()
            except ConnectionError as error:
                raise _TryError("its reader ended before it had read it") from error

        try:
            answer = await http.pour("", _HEADERS, take)
        except TooLargeError as error:
            raise _TryError(f"{error}; `whales.leaderboard_mb` is the cap", None) from error
        except VenueError as error:
            raise error if isinstance(error, _TryError) else _TryError(str(error)) from error
        if answer.status != 200:
            asked = retry_after_s(answer.headers, self._clock.wall_ns())
            raise _TryError(
                f"the venue answered {answer.status}",
                min(_REFUSED_WAIT_S.get(answer.status, 0.0) if asked is None else asked, _LONGEST_ASKED_WAIT_S),
            )
        into.close()


async def _started(rules: str) -> Process:
    """A child that waits for the document."""
    # -P keeps a folder named `app` in the current directory from being run instead of this one.
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "app.feeds.hyperliquid.leaderboard_child", rules,
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        )
    )  # fmt: skip
    try:
        return await _whole(starting)
    except asyncio.CancelledError:
        if starting.exception() is None:
            await _whole(asyncio.create_task(_end(starting.result())))
        raise


async def _whole(task: asyncio.Task[_T]) -> _T:
    """What comes of something short that leaves pipes or processes open when it is broken off.

    Raises `CancelledError` at its end if somebody cancelled the wait meanwhile.
    """
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


async def _digest(child: Process) -> bytes:
    """What the child answers. Raises `_TryError` for what is no digest."""
    out = child.stdout
    if out is None:
        raise AssertionError("the child was started with a pipe")
    answer = bytearray()
    while part := await out.read(65_536):
        answer += part
        if len(answer) > _DIGEST_BYTES:
            raise _TryError(f"its reader answered with more than {_DIGEST_BYTES} bytes", None)
    code = await child.wait()
    if code == 0:
        return bytes(answer)
    words = clean(answer.decode("utf-8", "replace"), 200)
    raise _TryError(words if code == 1 and words else f"its reader failed (exit code {code})")


async def _end(child: Process) -> None:
    """End the child, whatever it does, and take its exit code."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    if child.stdin is not None:
        child.stdin.close()
        with suppress(ConnectionError):
            await child.stdin.wait_closed()
    # A pipe is closed once it was read to its end.
    while child.stdout is not None and await child.stdout.read(65_536):
        pass
    await child.wait()
