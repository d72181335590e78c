"""One WebSocket connection that makes itself again.

Reading is pulled: frames are taken for a few milliseconds, then everything else in the loop gets its turn, and TCP
pushes back on a sender that never rests. Silence counts as failure: a socket that is open but delivers nothing is
dropped and made again.
"""

import asyncio
import contextlib
import logging
from typing import Protocol

import aiohttp

from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.text import clean
from app.feeds.backoff import Backoff
from app.feeds.http import plain_reason

_REST_S = 0.001
_RAN_DRY_NS = 200_000
_CLOSE_TIMEOUT_S = 1.0
_STABLE_NS = 60_000_000_000
_OPEN_TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)


class ConnectionEvents(Protocol):
    """What a connection tells its owner. Called in the loop; must not block."""

    def connected(self, attempt: int) -> None:
        """The socket is open."""

    def dropped(self, reason: str, retry_in_s: float) -> None:
        """The socket is gone, or could not be opened; the next try comes in `retry_in_s`."""

    def received(self, frame: bytes) -> bool:
        """One text frame; whether it was data, not just an answer to ours."""


class WebSocketConnection:
    """Connects, reads, pings and reconnects until cancelled."""

    def __init__(
        self,
        url: str,
        events: ConnectionEvents,
        *,
        clock: Clock,
        backoff: Backoff,
        ping: bytes,
        ping_every_s: float,
        silence_limit_s: float,
        frame_cap: int,
        budget_ms: float,
    ) -> None:
        self._url = url
        self._events = events
        self._clock = clock
        self._backoff = backoff
        self._ping = ping
        self._ping_every_s = ping_every_s
        self._silence_limit_s = silence_limit_s
        self._frame_cap = frame_cap
        self._budget_ns = round(budget_ms * 1e6)
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._last_frame_ns = 0

    def send(self, frame: bytes) -> None:
        """Queue a frame for the open socket; a new socket starts with an empty queue."""
        self._outgoing.put_nowait(frame)

    async def run(self) -> None:
        """Keep a socket open until cancelled."""
        while True:
            # A session of its own for each socket: closing it ends the transport of a peer that will not let go.
            async with aiohttp.ClientSession(trust_env=False) as session:
                reason = await self._connect_once(session)
            delay = self._backoff.next_s()
            self._events.dropped(reason, delay)
            await asyncio.sleep(delay)

    async def _connect_once(self, session: aiohttp.ClientSession) -> str:
        """One life of a socket; returns why it ended."""
        opened_ns = self._clock.monotonic_ns()
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                socket = await session.ws_connect(
                    self._url, compress=0, autoping=False, max_msg_size=self._frame_cap, decode_text=False
                )
        except TimeoutError:
            return f"{self._url} did not answer within {_OPEN_TIMEOUT_S:g} s"
        except (aiohttp.ClientError, OSError) as error:
            return f"{self._url} cannot be reached: {plain_reason(error)}"
        try:
            return await self._serve(socket)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await socket.close()
            if self._clock.monotonic_ns() - opened_ns > _STABLE_NS:
                self._backoff.reset()

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> str:
        self._outgoing = asyncio.Queue()
        self._last_frame_ns = self._clock.monotonic_ns()
        self._events.connected(self._backoff.failures + 1)
        reason = "the connection was closed"
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(socket))
                group.create_task(self._watch_silence())
                group.create_task(self._read(socket))
        except* VenueError as errors:
            reason = str(errors.exceptions[0])
        except* (aiohttp.ClientError, OSError) as errors:
            reason = f"the connection broke: {plain_reason(errors.exceptions[0])}"
        except* Exception as errors:  # noqa: BLE001 - the last barrier of a connection; told and logged
            # Whatever one frame does to us, the next connection is a fresh start.
            _log.exception("a frame could not be handled")
            reason = f"a frame could not be handled: {clean(repr(errors.exceptions[0]), 120)}"
        return reason

    async def _read(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        monotonic_ns, received = self._clock.monotonic_ns, self._events.received
        turn_ends_ns = monotonic_ns() + self._budget_ns
        while True:
            asked_ns = monotonic_ns()
            if asked_ns >= turn_ends_ns:
                await asyncio.sleep(_REST_S)
                asked_ns = monotonic_ns()
                turn_ends_ns = asked_ns + self._budget_ns
            message = await socket.receive()
            now = monotonic_ns()
            if now - asked_ns > _RAN_DRY_NS:
                turn_ends_ns = now + self._budget_ns
            if message.type is aiohttp.WSMsgType.TEXT:
                if received(message.data):
                    self._last_frame_ns = now
            elif message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is not aiohttp.WSMsgType.PONG:
                raise VenueError(_closing_words(socket.close_code, message.type, message.data))

    async def _write(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        while True:
            try:
                async with asyncio.timeout(self._ping_every_s):
                    frame = await self._outgoing.get()
            except TimeoutError:
                frame = self._ping
            await socket.send_str(frame.decode())

    async def _watch_silence(self) -> None:
        limit_ns = round(self._silence_limit_s * 1e9)
        while True:
            quiet_ns = self._clock.monotonic_ns() - self._last_frame_ns
            if quiet_ns >= limit_ns:
                raise VenueError(f"no data for {self._silence_limit_s:g} s")
            await asyncio.sleep((limit_ns - quiet_ns) / 1e9 + 0.01)


def _closing_words(close_code: int | None, kind: aiohttp.WSMsgType, data: object) -> str:
    if kind is aiohttp.WSMsgType.ERROR:
        return f"the venue sent what is refused: {clean(str(data), 120)}"
    if kind is aiohttp.WSMsgType.BINARY:
        return "the venue sent a binary frame"
    return f"the venue closed the connection (code {close_code})"
