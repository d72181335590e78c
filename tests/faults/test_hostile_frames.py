"""Frames that are too large or too deep: refused, told, and cheap. The venue is on real sockets."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from app.core.clock import SystemClock
from app.core.record import Dropped, Kind
from app.feeds.hyperliquid import limits
from app.feeds.hyperliquid.client import ClientSettings, HyperliquidClient
from app.feeds.hyperliquid.parse_traders import parse_fills_frame
from app.feeds.inbox import Inbox

Send = Callable[[ServerConnection], Awaitable[None]]
Lane = Literal["data", "traders"]
"""The sockets with the smallest and the largest cap."""
MOST_GROWTH_BYTES = 64 << 20
HUGE = 200 << 20
DEEP = 100_000
MOST_FILLS = 10_000
TRADER = f"0x{1:040x}"

_unpack_dropped = msgspec.msgpack.Decoder(Dropped).decode


async def one_frame(socket: ServerConnection) -> None:
    """A frame that claims its size at once, and begins."""
    socket.transport.write(b"\x81\x7f" + HUGE.to_bytes(8, "big") + b"x" * (1 << 20))


async def fragments(socket: ServerConnection) -> None:
    """A message whose size shows only as it grows."""

    async def pieces() -> AsyncIterator[str]:
        for _ in range(HUGE >> 20):
            yield "x" * (1 << 20)

    await socket.send(pieces())


def forget_highest_memory() -> None:
    """Begin anew with the highest memory of this process."""
    Path("/proc/self/clear_refs").write_text("5")


def highest_memory() -> int:
    """The most memory this process had since then, in bytes."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024


async def outcomes(send: Send, enough: int, lane: Lane = "data") -> list[tuple[int, bytes]]:
    """What a socket of the client puts into its inbox (drops, and frames refused) while each new one gets a hostile
    frame."""
    found: list[tuple[int, bytes]] = []

    async def venue(socket: ServerConnection) -> None:
        try:
            await send(socket)
            await socket.wait_closed()
        except ConnectionClosed:
            return

    async with serve(venue, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=0.1) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        settings = ClientSettings(
            websocket_url=url, rest_url="http://127.0.0.1:9", weight_per_minute=1_200, request_timeout_s=5.0,
            ping_every_s=20.0, silence_limit_s=30.0, lifetime_s=3_600.0, ingest_budget_ms=2.0,
        )  # fmt: skip
        inbox = Inbox(SystemClock())
        client = HyperliquidClient(settings, inbox, SystemClock(), np.random.default_rng(1))
        running = asyncio.create_task(getattr(client, lane).run())
        try:
            async with asyncio.timeout(30):
                while len(found) < enough:
                    arrivals = await inbox.fetch()
                    found += [(a.kind, a.payload) for a in arrivals if a.kind in (Kind.DROP, Kind.FRAME)]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return found


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the highest memory of a while")
@pytest.mark.usefixtures("usual_collector")
@pytest.mark.parametrize("lane", ["data", "traders"])
@pytest.mark.parametrize("send", [one_frame, fragments])
async def test_hazard_4_a_huge_message_ends_its_socket_and_costs_little_memory(send: Send, lane: Lane) -> None:
    forget_highest_memory()
    before = highest_memory()
    ((kind, payload),) = await outcomes(send, 1, lane)
    assert kind == Kind.DROP
    assert "refused" in _unpack_dropped(payload).reason
    assert highest_memory() - before < MOST_GROWTH_BYTES


def longest_fills() -> bytes:
    """As many fills as are taken, in the largest frame that is."""
    fill = {
        "coin": "BTC", "px": "1", "sz": "1", "side": "B", "time": 1_700_000_000_000, "startPosition": "0",
        "closedPnl": "0", "crossed": True, "dir": "x" * 256,
    }  # fmt: skip
    fills = [{**fill, "tid": number} for number in range(MOST_FILLS)]
    return msgspec.json.encode({"channel": "userFills", "data": {"user": TRADER, "fills": fills}})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the highest memory of a while")
@pytest.mark.usefixtures("usual_collector")
def test_hazard_4_the_largest_frame_that_is_taken_costs_little_memory() -> None:
    frame = longest_fills()
    assert 0.9 * limits.TRADERS_FRAME_BYTES < len(frame) <= limits.TRADERS_FRAME_BYTES
    forget_highest_memory()
    before = highest_memory()
    assert len(parse_fills_frame(frame, TRADER).fills) == MOST_FILLS
    assert highest_memory() - before < MOST_GROWTH_BYTES / 2


@pytest.mark.asyncio
async def test_hazard_4_a_deeply_nested_frame_is_refused_and_the_socket_goes_on() -> None:
    deep = '{"channel":"trades","data":' + "[" * DEEP + "]" * DEEP + "}"

    async def send(socket: ServerConnection) -> None:
        await socket.send(deep)
        await socket.send(deep)

    found = await outcomes(send, 2)
    assert [kind for kind, _ in found] == [Kind.FRAME, Kind.FRAME]
    assert all(len(payload) <= 1_024 for _, payload in found)
