"""The rows of the feeds screen: of each socket, every message that came is accounted for, in its own row."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest
from core_driver import START_MS

from app.config.settings import Settings
from app.core.clock import ManualClock
from app.core.record import Request
from app.demo.session import Session
from app.demo.venue import Venue
from app.engine.core import Core
from app.engine.demo_venue import Urls
from app.engine.freeze import Outside, freeze
from app.engine.protocol import FeedView, SourceView
from app.engine.sequencer import Sequencer
from app.engine.venue_run import socket_counts
from app.engine.venue_urls import client_settings
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.streams import StreamClient
from app.feeds.hyperliquid.wire import WireClientFrame, WireSubscription
from app.feeds.inbox import Inbox

pytestmark = pytest.mark.asyncio
COINS = ("BTC", "ETH")
NOWHERE = Urls("ws://127.0.0.1:9", "http://127.0.0.1:9")


class Wire:
    """The client of a simulated venue, its two sockets pumped by hand; inputs wait until they are dispatched."""

    def __init__(self) -> None:
        settings, self.clock = Settings(), ManualClock(START_MS * 1_000_000)
        self.now_ms = START_MS
        self.inbox = Inbox(self.clock)
        self.client = HyperliquidClient(
            client_settings(settings, NOWHERE), self.inbox, self.clock, np.random.default_rng(1)
        )
        self.core = Core("demo", settings)
        self.sequencer = Sequencer(self.clock, self.core.dispatch)
        self.venue = Venue(seed=7, coins=3, start_ms=START_MS)
        self.sessions = [(socket, self._session()) for socket in self.client.sockets]
        for socket, _ in self.sessions:
            socket.connected(1)
        self.core.start(self)

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        for subscription in subscriptions:
            self.client.subscribe([subscription])
            frame = msgspec.json.encode(WireClientFrame(method="subscribe", subscription=subscription))
            self.sessions[subscription.fast][1].receive(frame, self.now_ms)

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Nothing is given up here."""

    def stream_traders(self, traders: Sequence[str]) -> None:
        pass

    def watch_trades(self, coins: Sequence[str]) -> None:
        pass

    def request(self, request: Request) -> None:
        """Nothing is answered here."""

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Nothing is hurried here."""

    def withdraw(self, request_id: int) -> None:
        """Nothing is withdrawn here."""

    def pump(self, seconds: float) -> None:
        """Let the venue send for so long; nobody fetches meanwhile."""
        for _ in range(round(seconds * 10)):
            self.now_ms += 100
            self.clock.advance(0.1)
            self.venue.advance(self.now_ms)
            for socket, session in self.sessions:
                while session.pending():
                    socket.received(session.take(self.now_ms))

    async def dispatch(self) -> None:
        for arrival in await self.inbox.fetch():
            self.sequencer.put(arrival)

    def rows(self) -> tuple[FeedView, FeedView]:
        outside = Outside(data=socket_counts(self.client.data), books=socket_counts(self.client.books))
        feeds = {feed.name: feed for feed in freeze(self.core, SourceView("demo", "DEMO", ""), outside).feeds}
        return feeds["simulated"], feeds["fast books"]

    def _session(self) -> Session:
        session = self.venue.connect(START_MS)
        assert session is not None
        return session


def wanted() -> list[WireSubscription]:
    kinds = [WireSubscription(type=kind, coin=coin) for coin in COINS for kind in ("trades", "bbo", "l2Book")]
    return kinds + [WireSubscription(type="l2Book", coin=coin, fast=True) for coin in COINS]


def accounted(feed: FeedView, socket: StreamClient) -> None:
    assert feed.received == socket.received_frames
    assert feed.received == feed.frames + feed.superseded + feed.control


async def test_each_socket_is_accounted_for_in_its_own_row() -> None:
    wire = Wire()
    wire.subscribe(wanted())
    for _ in range(5):
        wire.pump(4)
        await wire.dispatch()
    data, books = wire.rows()
    accounted(data, wire.client.data)
    accounted(books, wire.client.books)
    # Four seconds bring eight fast books of each coin, of which one is used; and the slow ones are not among them.
    assert books.superseded > 3 * books.frames > 0
    assert data.superseded > 0
    assert (data.subscriptions, books.subscriptions) == (6, 2)
    assert wire.inbox.superseded == data.superseded + books.superseded


async def test_what_cannot_be_used_counts_where_it_came() -> None:
    wire = Wire()
    wire.subscribe(wanted())
    wire.pump(2)
    await wire.dispatch()
    broken = b'{"channel":"l2Book","data":{"coin":"BTC","time":%d,"levels":[[{"px":"x"}]]}}' % wire.now_ms
    wire.client.books.received(broken)
    wire.client.books.received(b"nonsense")
    await wire.dispatch()
    wire.client.data.received(b"nonsense")
    wire.client.data.received(broken)
    await wire.dispatch()
    market = wire.core.markets["BTC"]
    assert (market.books(), market.touch is not None) == ((), True)
    data, books = wire.rows()
    accounted(data, wire.client.data)
    accounted(books, wire.client.books)
    assert (data.parse_errors, books.parse_errors) == (2, 2)
    assert wire.core.parse_errors == 4
