"""A connection that makes itself again, whatever the other end does. The other end is a real server."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.utils import accept_key

from app.core.clock import SystemClock
from app.feeds.backoff import Backoff
from app.feeds.budget import WeightBudget
from app.feeds.websocket import ConnectionSettings, WebSocketConnection

pytestmark = pytest.mark.asyncio
Script = Callable[[ServerConnection], Awaitable[None]]


class Heard:
    """What the connection told, with something to wait on."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.frames: list[bytes] = []
        self.waits: list[float] = []
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def connected(self, attempt: int) -> None:
        self._tell(f"connected {attempt}")

    def dropped(self, reason: str, retry_in_s: float) -> None:
        self.waits.append(retry_in_s)
        self._tell(f"dropped: {reason}")

    def fell_back(self) -> None:
        self._tell("fell back")

    def received(self, frame: bytes) -> bool:
        if b"crash" in frame:
            raise RuntimeError("a frame nobody thought of")
        self.frames.append(frame)
        self._tell("frame")
        return b"pong" not in frame

    async def digested(self) -> None:
        """Nothing is worked off here."""

    async def until(self, condition: Callable[["Heard"], bool]) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: condition(self))

    def _tell(self, line: str) -> None:
        self.log.append(line)
        task = asyncio.create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()


def connection_to(
    port: int,
    heard: Heard,
    *,
    silence_s: float = 5,
    ping_s: float = 5,
    lifetime_s: float = 3_600,
    new_sockets: int = 1_000,
) -> WebSocketConnection:
    return WebSocketConnection(
        ConnectionSettings(
            url=f"ws://127.0.0.1:{port}/ws",
            ping=b'{"method":"ping"}',
            ping_every_s=ping_s,
            silence_limit_s=silence_s,
            lifetime_s=lifetime_s,
            frame_cap=65_536,
            budget_ms=2,
        ),
        heard,
        clock=SystemClock(),
        backoff=Backoff(np.random.default_rng(1), first_s=0.01, longest_s=0.02),
        generator=np.random.default_rng(2),
        new_sockets=WeightBudget(new_sockets, SystemClock()),
    )


async def converse(script: Script, until: Callable[[Heard], bool], **settings: Any) -> Heard:
    """Run a connection against a server that follows `script` on every new socket."""
    heard = Heard()
    async with serve(script, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        running = asyncio.create_task(connection_to(port, heard, **settings).run())
        try:
            await heard.until(until)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return heard


def drops(count: int) -> Callable[[Heard], bool]:
    return lambda heard: sum(line.startswith("dropped") for line in heard.log) >= count


async def test_frames_come_in_order_as_bytes() -> None:
    async def script(socket: ServerConnection) -> None:
        for number in range(500):
            await socket.send(f"{number}")
        await socket.wait_closed()

    heard = await converse(script, lambda heard: len(heard.frames) >= 500)
    assert heard.frames == [b"%d" % number for number in range(500)]


async def test_a_closed_socket_is_made_again() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.send("hello")

    heard = await converse(script, drops(3))
    assert heard.log[:3] == ["connected 1", "frame", "dropped: the venue closed the connection (code 1000)"]
    assert heard.log.count("frame") >= 3


async def test_an_abrupt_end_is_made_again() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.send("hello")
        socket.transport.abort()

    heard = await converse(script, drops(2))
    assert any("1006" in line or "broke" in line for line in heard.log)


@pytest.mark.parametrize(
    ("message", "words"), [("x" * 70_000, "refused"), (b"\x00\x01", "binary"), (b"\xff" * 70_000, "refused")]
)
async def test_what_is_too_big_or_binary_ends_the_socket_and_not_the_run(message: str | bytes, words: str) -> None:
    async def script(socket: ServerConnection) -> None:
        try:
            await socket.send(message)
            await socket.wait_closed()
        except ConnectionClosed:
            return

    heard = await converse(script, drops(2))
    assert all(words in line for line in heard.log if line.startswith("dropped"))
    assert heard.frames == []


async def test_an_open_but_silent_socket_is_dropped() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.wait_closed()

    heard = await converse(script, drops(1), silence_s=0.05)
    assert "dropped: no data for 0.05 s" in heard.log


async def test_a_socket_that_only_answers_pings_is_silent_too() -> None:
    async def script(socket: ServerConnection) -> None:
        async for _ in socket:
            await socket.send('{"channel":"pong"}')

    heard = await converse(script, drops(1), silence_s=0.2, ping_s=0.02)
    assert "dropped: no data for 0.2 s" in heard.log


async def test_a_frame_that_breaks_us_costs_one_connection() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.send("crash")
        await socket.wait_closed()

    heard = await converse(script, drops(3))
    assert "a frame nobody thought of" in next(line for line in heard.log if line.startswith("dropped"))


async def test_a_peer_that_ignores_our_close_is_left_behind() -> None:
    release = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = next(line for line in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n") if b"-Key:" in line)
        accept = accept_key(key.split(b":")[1].strip().decode())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n\x82\x01x"
        )
        await release.wait()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    heard = Heard()
    running = asyncio.create_task(connection_to(server.sockets[0].getsockname()[1], heard).run())
    await heard.until(drops(1))
    release.set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    server.close()
    assert heard.log[1] == "dropped: the venue sent a binary frame"


async def test_it_pings_when_it_has_nothing_else_to_say() -> None:
    async def script(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    heard = await converse(script, lambda heard: len(heard.frames) >= 3, ping_s=0.01)
    assert set(heard.frames) == {b'{"method":"ping"}'}


async def test_an_unreachable_venue_is_tried_again_and_again() -> None:
    heard = Heard()
    running = asyncio.create_task(connection_to(9, heard).run())
    await heard.until(drops(3))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert all("cannot be reached" in line and "refused" in line for line in heard.log)


async def test_an_old_socket_hands_over_before_it_goes() -> None:
    sockets = 0

    async def script(socket: ServerConnection) -> None:
        nonlocal sockets
        sockets += 1
        number = 0
        try:
            while True:
                await socket.send(f"{number}")
                number += 1
                await asyncio.sleep(0.002)
        except ConnectionClosed:
            return

    heard = await converse(script, lambda heard: heard.log.count("connected 1") >= 3, lifetime_s=0.05)
    assert sockets >= 3
    assert not any(line.startswith("dropped") for line in heard.log)


async def test_a_successor_that_delivers_nothing_does_not_take_over() -> None:
    sockets = 0

    async def script(socket: ServerConnection) -> None:
        nonlocal sockets
        sockets += 1
        if sockets > 1:
            return
        try:
            while True:
                await socket.send("data")
                await asyncio.sleep(0.002)
        except ConnectionClosed:
            return

    heard = await converse(script, lambda heard: heard.log.count("connected 1") >= 3, lifetime_s=0.05)
    assert not any(line.startswith("dropped") for line in heard.log)
    assert heard.log[-1] in ("frame", "connected 1")


async def test_new_sockets_stay_inside_their_budget() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.send("hello")

    heard = Heard()
    async with serve(script, "127.0.0.1", 0) as server:
        running = asyncio.create_task(connection_to(server.sockets[0].getsockname()[1], heard, new_sockets=3).run())
        await heard.until(drops(3))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert heard.waits[1] < 1
    assert heard.waits[2] > 50


async def test_a_run_that_is_begun_again_waits_out_what_is_left() -> None:
    handshakes: list[str] = []

    async def never(socket: ServerConnection) -> None:
        raise AssertionError(socket)

    def refuse(connection: ServerConnection, request: Request) -> Response:
        handshakes.append(request.path)
        return connection.respond(HTTPStatus(418), "no")

    heard = Heard()
    async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
        connection = connection_to(server.sockets[0].getsockname()[1], heard)
        for told in (1, 2, 3):
            running = asyncio.create_task(connection.run())
            await heard.until(drops(told))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert handshakes == ["/ws"]
    assert set(heard.log) == {heard.log[0]}
    assert 290 < heard.waits[2] <= heard.waits[1] <= heard.waits[0]
