"""A socket of which nothing is wanted rests after ten seconds, and says so before it goes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import numpy as np
from virtual_loop import VirtualClock, VirtualLoop, run_virtual
from websockets.asyncio.server import ServerConnection, serve

from app.core.record import AT_REST, Dropped, Kind
from app.feeds.budget import WeightBudget
from app.feeds.hyperliquid.streams import BOOKS_LANE, StreamClient, ping_frame
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings

BOOK = WireSubscription(type="l2Book", coin="BTC", fast=True)
_dropped = msgspec.msgpack.Decoder(Dropped).decode


def resting(check: Callable[[StreamClient, Inbox], Coroutine[Any, Any, None]]) -> None:
    """Run `check` with a client whose venue takes everything and says nothing."""

    async def listen(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        inbox = Inbox(clock)
        async with serve(listen, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
            settings = ConnectionSettings(
                url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws",
                ping=ping_frame(),
                ping_every_s=20,
                silence_limit_s=300,
                lifetime_s=3_600,
                frame_cap=65_536,
                budget_ms=2,
            )
            budget = WeightBudget(20, clock)
            client = StreamClient(BOOKS_LANE, settings, inbox, clock, np.random.default_rng(1), budget)
            running = asyncio.create_task(client.run_when_wanted())
            try:
                await check(client, inbox)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    run_virtual(main)


def test_the_ten_seconds_begin_anew_when_something_was_wanted_in_between() -> None:
    async def check(client: StreamClient, inbox: Inbox) -> None:
        client.subscribe([BOOK])
        await asyncio.sleep(1)
        client.unsubscribe([BOOK])
        await asyncio.sleep(7)
        client.subscribe([BOOK])
        client.unsubscribe([BOOK])
        await asyncio.sleep(7)
        assert client.is_connected
        await asyncio.sleep(4)
        assert not client.is_connected

    resting(check)


def test_that_it_rests_is_told_before_it_closes_and_a_look_meanwhile_opens_another() -> None:
    async def check(client: StreamClient, inbox: Inbox) -> None:
        client.subscribe([BOOK])
        await asyncio.sleep(1)
        client.unsubscribe([BOOK])
        await inbox.fetch()
        told = await inbox.fetch()
        client.subscribe([BOOK])
        assert [_dropped(arrival.payload).reason for arrival in told] == [AT_REST]
        await asyncio.sleep(3)
        assert client.is_connected
        kinds = [arrival.kind for arrival in await inbox.fetch()]
        assert kinds == [Kind.CONNECT]

    resting(check)
