"""What the client makes of single frames, without a socket."""

import numpy as np
import pytest

from app.core.clock import ManualClock
from app.core.record import Kind, unpack_frames
from app.feeds.hyperliquid.client import ClientSettings, HyperliquidClient
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.inbox import Inbox

pytestmark = pytest.mark.asyncio


def a_client() -> tuple[HyperliquidClient, Inbox]:
    clock = ManualClock()
    inbox = Inbox(clock)
    url, base = "ws://127.0.0.1:9/ws", "http://127.0.0.1:9"
    settings = ClientSettings(url, base, 1_200, 10.0, 20.0, 30.0, 3_600.0, 2.0)
    return HyperliquidClient(settings, inbox, clock, np.random.default_rng(1)), inbox


async def refused(frame: bytes) -> list[bytes]:
    """What of a frame the core gets to see, for it to count and to put coins in doubt."""
    client, inbox = a_client()
    await inbox.fetch()
    assert not client.data.received(frame)
    return [arrival.payload for arrival in await inbox.fetch() if arrival.kind == Kind.FRAME] if inbox.waiting else []


async def test_the_venues_greeting_is_an_answer_to_ours() -> None:
    assert await refused(b"Websocket connection established.") == []


@pytest.mark.parametrize("frame", [b'\xf8"channel":"trades","data":[]}', b"PONG", b"", b"Websocket"])
async def test_hazard_8_a_message_damaged_at_its_first_byte_is_not_taken_for_a_greeting(frame: bytes) -> None:
    # It may have held trades: only what the core gets to see puts the coins in doubt.
    assert await refused(frame) == [frame]


async def test_trades_of_a_coin_that_wait_together_are_one_input_and_books_give_way() -> None:
    client, inbox = a_client()
    client.subscribe([WireSubscription(type=channel, coin="BTC") for channel in ("trades", "l2Book")])
    for channel in ("trades", "l2Book"):
        asked = b'{"method":"subscribe","subscription":{"type":"%s","coin":"BTC"}}' % channel.encode()
        client.data.received(b'{"channel":"subscriptionResponse","data":%s}' % asked)
    await inbox.fetch()
    trades = [b'{"channel":"trades","data":[{"coin":"BTC","side":"A","tid":%d}]}' % number for number in (1, 2)]
    books = [b'{"channel":"l2Book","data":{"coin":"BTC","time":%d}}' % number for number in (1, 2)]
    for frame in (trades[0], books[0], trades[1], books[1]):
        assert client.data.received(frame)
    together, book = await inbox.fetch()
    assert (together.kind, unpack_frames(together.payload)) == (Kind.FRAMES, trades)
    assert (book.kind, book.payload, inbox.superseded) == (Kind.FRAME, books[1], 1)
