"""The Hyperliquid client: carries out what the engine asks for and puts what comes back into the inbox.

It is four sockets, three of them for fast books, for accounts and for who trades other coins, a queue of questions, and
a reader of the leaderboard. It decides nothing about markets.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.record import Request, StreamOpened
from app.feeds.budget import WeightBudget
from app.feeds.http import HttpClient
from app.feeds.hyperliquid import limits
from app.feeds.hyperliquid.leaderboard import CHANNEL as LEADERBOARD
from app.feeds.hyperliquid.leaderboard_client import LeaderboardClient
from app.feeds.hyperliquid.requests import RequestClient
from app.feeds.hyperliquid.streams import BOOKS_LANE, DATA_LANE, StreamClient, ping_frame
from app.feeds.hyperliquid.trader_trades import TraderTrades
from app.feeds.hyperliquid.user_streams import UserStreams
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings


class ClientSettings(msgspec.Struct, frozen=True):
    """What the client needs to know; see `HyperliquidSettings` for the meaning of each."""

    websocket_url: str
    rest_url: str
    weight_per_minute: int
    request_timeout_s: float
    ping_every_s: float
    silence_limit_s: float
    lifetime_s: float
    ingest_budget_ms: float
    leaderboard_url: str = ""
    """Where the leaderboard is; empty at a venue without one."""
    leaderboard_cap: int = 100_000_000
    """Bytes above which a leaderboard is refused."""
    traders_share: float = 0.85
    """Of the weight, what following traders may use."""
    histories_share: float = 0.2
    """Of that, what their histories may use."""


class HyperliquidClient:
    """The venue as the engine asks it. `subscribe`, `unsubscribe`, `request`, `hurry` and `withdraw` never block."""

    def __init__(self, settings: ClientSettings, inbox: Inbox, clock: Clock, generator: np.random.Generator) -> None:
        new_sockets = WeightBudget(limits.NEW_CONNECTIONS_PER_MINUTE, clock)
        connection = _connection_settings(settings)
        self.data = StreamClient(DATA_LANE, connection, inbox, clock, generator, new_sockets)
        self.books = StreamClient(BOOKS_LANE, connection, inbox, clock, generator, new_sockets)
        roomy = msgspec.structs.replace(connection, frame_cap=limits.TRADERS_FRAME_BYTES)
        self.traders = UserStreams(roomy, inbox, clock, generator, new_sockets)
        self.coins = TraderTrades(connection, inbox, clock, generator, new_sockets)
        http = HttpClient(settings.rest_url, timeout_s=settings.request_timeout_s, body_cap=limits.BODY_BYTES)
        self.requests = RequestClient(
            http,
            settings.weight_per_minute,
            inbox,
            clock,
            generator,
            traders_share=settings.traders_share,
            histories_share=settings.histories_share,
        )
        self.leaderboard = LeaderboardClient(
            settings.leaderboard_url, settings.leaderboard_cap, inbox, clock, generator
        )

    @property
    def sockets(self) -> tuple[StreamClient, ...]:
        """All sockets."""
        return self.data, self.books, self.traders, self.coins

    def opened(self) -> list[StreamOpened]:
        """What each stream carries, as it was told when it was opened."""
        return [stream for socket in self.sockets for stream in socket.opened()]

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Want these from now on. Already wanted ones are left alone."""
        for subscription in subscriptions:
            self._socket_of(subscription).subscribe([subscription])

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Want these no longer. Ones that are not wanted are left alone."""
        for subscription in subscriptions:
            self._socket_of(subscription).unsubscribe([subscription])

    def stream_traders(self, traders: Sequence[str]) -> None:
        """Want streams of these accounts and no others, the most important first; the venue takes about ten."""
        self.traders.want(traders)

    def watch_trades(self, coins: Sequence[str]) -> None:
        """Want the trades of these coins and of no others, for the sake of who trades."""
        self.coins.want(coins)

    def request(self, request: Request) -> None:
        """Queue a question; its answer, or its failure after some tries, arrives as an input with its id."""
        if request.channel == LEADERBOARD:
            self.leaderboard.request(request)
        else:
            self.requests.request(request)

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Have a question that waits go before those that nobody waits for."""
        self.requests.hurry(channel, subject, variant)

    def withdraw(self, request_id: int) -> None:
        """Answer a question that still waits as failed, whether it is under way or not."""
        self.requests.withdraw(request_id)
        self.leaderboard.withdraw(request_id)

    def _socket_of(self, subscription: WireSubscription) -> StreamClient:
        return self.books if subscription.fast else self.data


def _connection_settings(settings: ClientSettings) -> ConnectionSettings:
    return ConnectionSettings(
        url=settings.websocket_url,
        ping=ping_frame(),
        ping_every_s=settings.ping_every_s,
        silence_limit_s=settings.silence_limit_s,
        lifetime_s=settings.lifetime_s,
        frame_cap=limits.FRAME_BYTES,
        budget_ms=settings.ingest_budget_ms,
    )
