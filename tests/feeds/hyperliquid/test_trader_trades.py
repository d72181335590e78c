"""Trades of coins that are no markets come over a socket of their own, and say what they are for."""

import msgspec
import numpy as np
import pytest

from app.core.clock import ManualClock
from app.core.record import COINS_CONNECTION, FOR_TRADERS, Kind, StreamOpened
from app.feeds.budget import WeightBudget
from app.feeds.hyperliquid.streams import ping_frame
from app.feeds.hyperliquid.trader_trades import TraderTrades
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings

pytestmark = pytest.mark.asyncio
_opened = msgspec.msgpack.Decoder(StreamOpened).decode


def a_socket() -> tuple[TraderTrades, Inbox]:
    clock = ManualClock()
    settings = ConnectionSettings(
        url="ws://127.0.0.1:9", ping=ping_frame(), ping_every_s=20.0, silence_limit_s=20.0, lifetime_s=3_600.0,
        frame_cap=1 << 20, budget_ms=2.0,
    )  # fmt: skip
    inbox = Inbox(clock)
    return TraderTrades(settings, inbox, clock, np.random.default_rng(1), WeightBudget(30, clock)), inbox


def acknowledged(coin: str) -> bytes:
    subscription = {"type": "trades", "coin": coin}
    data = {"method": "subscribe", "subscription": subscription}
    return msgspec.json.encode({"channel": "subscriptionResponse", "data": data})


async def test_streams_say_what_they_are_for_and_are_given_up_with_their_coins() -> None:
    socket, inbox = a_socket()
    socket.want(["DOGE", "WIF"])
    socket.connected(1)
    for coin in ("DOGE", "WIF", "NOBODY-ASKED"):
        assert socket.received(acknowledged(coin))
    told = [_opened(arrival.payload) for arrival in await inbox.fetch() if arrival.kind == Kind.STREAM]
    assert [(one.channel, one.subject, one.variant) for one in told] == [
        ("control", COINS_CONNECTION, ""),
        ("trades", "DOGE", FOR_TRADERS),
        ("trades", "WIF", FOR_TRADERS),
    ]
    assert socket.opened() == told
    socket.want(["WIF"])
    assert socket.subscriptions == 1
    frame = b'{"channel":"trades","data":[{"coin":"WIF"}]}'
    assert socket.received(frame)
    assert [(arrival.stream, arrival.payload) for arrival in await inbox.fetch() if arrival.kind == Kind.FRAME] == [
        (told[2].stream, frame)
    ]


async def test_whatever_the_venue_says_is_a_sign_of_life() -> None:
    socket, _ = a_socket()
    assert socket.received(b'{"channel":"pong"}')
