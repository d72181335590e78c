"""One WebSocket connection that makes itself again, and renews itself before it grows old.

Reading is pulled: frames are taken for a few milliseconds, then everything else in the loop gets its turn, and TCP
pushes back on a sender that never rests. Silence counts as failure: a socket that is open but delivers nothing is
dropped and made again.
"""

import asyncio
import contextlib
import logging
import math
from typing import Protocol

import aiohttp
import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.text import clean
from app.feeds.backoff import Backoff, spread_s
from app.feeds.budget import WeightBudget
from app.feeds.http import NO_HEADERS, plain_reason
from app.feeds.statuses import retry_after_s

_TEXT = aiohttp.WSMsgType.TEXT
_REST_S, _LONGEST_REST_S = 0.001, 0.02
_RAN_DRY_NS = 2_000_000
"""Waiting for less than this does not count as a rest: the library may take as long to cut up what it has read."""
_CLOSE_TIMEOUT_S = 1.0
_AGAIN_S = 600.0
"""After so long another socket is tried where one has failed to take over: the old one only grows older."""
_STABLE_NS = 60_000_000_000
_OPEN_TIMEOUT_S = 10.0
_REFUSED_WAIT_S = {403: 60.0, 418: 300.0, 429: 60.0}
"""How long to stay away after a refused handshake that names no time: 418 is a ban."""

_NOT_YET = "the venue takes no new connections yet: it has refused one, or the limit of a minute is reached"

_log = logging.getLogger(__name__)


class ConnectionEvents(Protocol):
    """What a connection tells its owner. Called in the loop; must not block."""

    def connected(self, attempt: int) -> None:
        """The socket is open."""

    def dropped(self, reason: str, retry_in_s: float) -> None:
        """The socket is gone, could not be opened, or may not be yet; the next try comes in `retry_in_s`."""

    def fell_back(self) -> None:
        """The socket that was told of last has delivered nothing and is gone: the one before it goes on."""

    def received(self, frame: bytes) -> bool:
        """One text frame; whether it was data, not just an answer to ours."""

    async def digested(self) -> None:
        """Wait until what was received has been worked off: reading rests from then on."""


class _Life:
    """One socket: what waits to be sent, when it last delivered data, and whether it ever did."""

    def __init__(self, now_ns: int) -> None:
        self.outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.last_data_ns = now_ns
        self.delivering = asyncio.Event()


_Running = tuple[asyncio.Task[str], _Life]
"""A socket that is being opened or used: the task ends with the reason why it is no more."""


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection behaves. `ping` is the frame sent after `ping_every_s` of saying nothing.

    Without data for `silence_limit_s` a socket is dropped. After `lifetime_s`, or up to a twentieth sooner, a fresh one
    takes over, with an overlap.
    Frames over `frame_cap` bytes end the socket. Reading rests after `budget_ms`.
    """

    url: str
    ping: bytes
    ping_every_s: float
    silence_limit_s: float
    lifetime_s: float
    frame_cap: int
    budget_ms: float


class WebSocketConnection:
    """Connects, reads, pings and reconnects until cancelled."""

    def __init__(
        self,
        settings: ConnectionSettings,
        events: ConnectionEvents,
        *,
        clock: Clock,
        backoff: Backoff,
        generator: np.random.Generator,
        new_sockets: WeightBudget,
    ) -> None:
        """`new_sockets` counts the sockets of all connections to this venue, each with weight 1, and is closed to all
        of them while the venue wants none. `generator` draws how much sooner a socket is renewed than planned.
        """
        self._settings = settings
        self._events = events
        self._clock = clock
        self._backoff = backoff
        self._generator = generator
        self._new_sockets = new_sockets
        self._budget_ns = round(settings.budget_ms * 1e6)
        self._newest = _Life(clock.monotonic_ns())
        self._why_none = _NOT_YET
        self._not_before_ns = 0

    def send(self, frame: bytes) -> None:
        """Queue a frame for the socket that was opened last; a new one starts with an empty queue."""
        self._newest.outgoing.put_nowait(frame)

    async def run(self) -> None:
        """Keep a socket open until cancelled. Being begun again does not shorten a wait."""
        while True:
            await self._until_allowed()
            self._why_none = await self._live()
            self._not_before_ns = self._clock.monotonic_ns() + round(self._backoff.next_s() * 1e9)

    async def _until_allowed(self) -> None:
        """Wait until a socket may be opened. Others may have taken the place that was waited for: then wait again."""
        while (delay_s := self._delay_s()) > 0:
            self._events.dropped(self._why_none, delay_s)
            await asyncio.sleep(delay_s)
        self._why_none = _NOT_YET

    def _delay_s(self) -> float:
        own_s = (self._not_before_ns - self._clock.monotonic_ns()) / 1e9
        return max(own_s, self._new_sockets.delay_s(1))

    async def _live(self) -> str:
        """One socket after another, each taking over from the one before it, until one breaks; the reason why."""
        current, wait_s = self._start(), self._lifetime_s()
        try:
            while not (await asyncio.wait({current[0]}, timeout=wait_s))[0]:
                wait_s = self._new_sockets.delay_s(1)
                if wait_s <= 0:
                    older, current = current, await self._hand_over(current)
                    wait_s = min(self._lifetime_s(), _AGAIN_S if current is older else math.inf)
            return current[0].result()
        finally:
            await _cancel(current[0])

    def _lifetime_s(self) -> float:
        return spread_s(self._settings.lifetime_s, self._generator)

    async def _hand_over(self, current: _Running) -> _Running:
        """Let a fresh socket take over once it delivers data; when it fails to, the old one goes on."""
        successor = self._start()
        delivering = asyncio.ensure_future(successor[1].delivering.wait())
        try:
            await asyncio.wait({successor[0], delivering, current[0]}, return_when=asyncio.FIRST_COMPLETED)
            stays, goes = (successor, current) if successor[1].delivering.is_set() else (current, successor)
            await _cancel(goes[0])
        except asyncio.CancelledError:
            await _cancel(successor[0])
            raise
        finally:
            delivering.cancel()
        if stays is current:
            self._fall_back(current, successor)
        return stays

    def _fall_back(self, current: _Running, successor: _Running) -> None:
        """Use the old socket again, if it still stands, for what is to be sent."""
        if self._newest is successor[1] and not current[0].done():
            self._newest = current[1]
            self._events.fell_back()

    def _start(self) -> _Running:
        life = _Life(self._clock.monotonic_ns())
        self._new_sockets.spend(1)
        return asyncio.create_task(self._connect_once(life)), life

    async def _connect_once(self, life: _Life) -> str:
        # A session of its own for each socket: closing it ends the transport of a peer that will not let go.
        async with aiohttp.ClientSession(trust_env=False, trace_configs=[_without_redirects()]) as session:
            socket = await self._open(session)
            if isinstance(socket, str):
                return socket
            opened_ns = self._clock.monotonic_ns()
            try:
                return await self._serve(socket, life)
            finally:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                        await socket.close()
                if self._clock.monotonic_ns() - opened_ns > _STABLE_NS:
                    self._backoff.reset()

    async def _open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse[bool] | str:
        """The socket, or why there is none."""
        url = self._settings.url
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                return await session.ws_connect(
                    url, compress=0, autoping=False, max_msg_size=self._settings.frame_cap, decode_text=False
                )
        except TimeoutError:
            return f"{url} did not answer within {_OPEN_TIMEOUT_S:g} s"
        except aiohttp.WSServerHandshakeError as error:
            asked = retry_after_s(error.headers or NO_HEADERS, self._clock.wall_ns())
            self._new_sockets.close_for(asked or _REFUSED_WAIT_S.get(error.status, 0.0))
            return f"{url} refused the connection ({error.status})"
        except VenueError as error:
            return f"{url} {error}"
        except (aiohttp.ClientError, OSError) as error:
            return f"{url} cannot be reached: {plain_reason(error)}"

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse[bool], life: _Life) -> str:
        life.last_data_ns = self._clock.monotonic_ns()
        self._newest = life
        self._events.connected(self._backoff.failures + 1)
        reason = "the connection was closed"
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(socket, life))
                group.create_task(self._watch_silence(life))
                group.create_task(self._read(socket, life))
        except* VenueError as errors:
            reason = str(errors.exceptions[0])
        except* (aiohttp.ClientError, OSError) as errors:
            reason = f"the connection broke: {plain_reason(errors.exceptions[0])}"
        except* Exception as errors:  # noqa: BLE001 - the last barrier of a connection; told and logged
            # Whatever one frame does to us, the next connection is a fresh start.
            _log.exception("a frame could not be handled")
            reason = f"a frame could not be handled: {clean(repr(errors.exceptions[0]), 120)}"
        return reason

    async def _read(self, socket: aiohttp.ClientWebSocketResponse[bool], life: _Life) -> None:
        monotonic_ns, received = self._clock.monotonic_ns, self._events.received
        turn_began_ns = monotonic_ns()
        while True:
            asked_ns = monotonic_ns()
            if asked_ns >= turn_began_ns + self._budget_ns:
                await self._rest(turn_began_ns)
                turn_began_ns = asked_ns = monotonic_ns()
            message = await socket.receive()
            now = monotonic_ns()
            if now - asked_ns > _RAN_DRY_NS:
                turn_began_ns = now
            if message.type is _TEXT:
                if received(message.data):
                    life.last_data_ns = now
                    life.delivering.set()
            elif message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is not aiohttp.WSMsgType.PONG:
                raise VenueError(_closing_words(socket.close_code, message.type, message.data))

    async def _rest(self, turn_began_ns: int) -> None:
        """Leave the loop to everybody else for as long as reading, and working off what was read, have held it."""
        await self._events.digested()
        held_s = (self._clock.monotonic_ns() - turn_began_ns) / 1e9
        await asyncio.sleep(min(max(held_s, _REST_S), _LONGEST_REST_S))

    async def _write(self, socket: aiohttp.ClientWebSocketResponse[bool], life: _Life) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.ping_every_s):
                    frame = await life.outgoing.get()
            except TimeoutError:
                frame = self._settings.ping
            await socket.send_str(frame.decode())

    async def _watch_silence(self, life: _Life) -> None:
        limit_ns = round(self._settings.silence_limit_s * 1e9)
        while True:
            quiet_ns = self._clock.monotonic_ns() - life.last_data_ns
            if quiet_ns >= limit_ns:
                raise VenueError(f"no data for {self._settings.silence_limit_s:g} s")
            await asyncio.sleep((limit_ns - quiet_ns) / 1e9 + 0.01)


def _without_redirects() -> aiohttp.TraceConfig:
    """Has a session follow none: its handshakes would, past the list of hosts that may be asked, and without TLS."""
    refusing = aiohttp.TraceConfig()
    refusing.on_request_redirect.append(_refuse_redirect)
    return refusing


async def _refuse_redirect(_: object, __: object, redirect: aiohttp.TraceRequestRedirectParams) -> None:
    answer = redirect.response
    answer.close()
    elsewhere = clean(answer.headers.get("Location", ""), 120)
    raise VenueError(f"sends us elsewhere ({answer.status} to {elsewhere}), which is refused; has the venue moved?")


async def _cancel(task: asyncio.Task[str]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _closing_words(close_code: int | None, kind: aiohttp.WSMsgType, data: object) -> str:
    if kind is aiohttp.WSMsgType.ERROR:
        return f"the venue sent what is refused: {clean(str(data), 120)}"
    if kind is aiohttp.WSMsgType.BINARY:
        return "the venue sent a binary frame"
    return f"the venue closed the connection (code {close_code})"
