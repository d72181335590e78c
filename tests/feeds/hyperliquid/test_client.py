"""What the client makes of single frames, without a socket."""

import numpy as np
import pytest

from app.core.clock import ManualClock
from app.core.record import Kind
from app.feeds.hyperliquid.client import ClientSettings, HyperliquidClient
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
