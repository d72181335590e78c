"""The simulated venue and an engine that follows its traders, in virtual time and without sockets.

What the venue answers and prints is the venue's own, and so are its limits. Left out, to make hours pass in minutes:
books, contexts and streams of accounts; quotes, ticks and answers come each `BEAT_S` seconds, answers as fast as the
venue's request weight allows.
"""

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from app.config.settings import Settings
from app.core.record import Answer, Connected, Kind, Record, Request, StreamOpened
from app.demo import frames
from app.demo.trades import VenueTrade
from app.demo.venue import Venue
from app.engine.core import Core
from app.engine.whale_state import RestoreWhales
from app.feeds.hyperliquid.leaderboard import CHANNEL as LEADERBOARD
from app.feeds.hyperliquid.leaderboard import digest_of, encode_digest, parse_rules
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.hyperliquid.wire import WireSubscription

START_MS = 1_790_000_000_000
BEAT_S = 4
"""Grades tolerate quotes that are 5 s late."""
_TOO_MANY = 429
_ROWS = 5_000
_pack = msgspec.msgpack.encode


class VirtualFollowing:
    """Venue and engine, moved by `beat` alone. The engine begins with nothing stored."""

    def __init__(self, settings: Settings, regime_model: bytes = b"") -> None:
        """`regime_model` is a trained model of regimes, empty for none."""
        self.venue = Venue(seed=settings.demo.seed, coins=settings.demo.coins, start_ms=START_MS)
        self.core = Core("demo", settings)
        self.now_ms = START_MS
        self._number = 0
        self._asked: deque[Request] = deque()
        self._streams: dict[tuple[str, str], int] = {}
        self.core.start(self)
        self._put(Kind.CONNECT, _pack(Connected(VENUE, "stream")))
        self._put(Kind.COMMAND, _pack(RestoreWhales(b"", regime_model=regime_model)))

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Open the streams of trades and quotes; nothing else is streamed here."""
        for wanted in subscriptions:
            key = wanted.type, wanted.coin or ""
            if wanted.type in ("trades", "bbo") and key not in self._streams:
                self._streams[key] = len(self._streams) + 1

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Streams stay: whoever no longer wants them may leave them unread."""

    def stream_traders(self, traders: Sequence[str]) -> None:
        """No account has a stream here: all are asked for."""

    def watch_trades(self, coins: Sequence[str]) -> None:
        """Only markets are traded here."""

    def request(self, request: Request) -> None:
        """Note what is asked; `beat` answers it."""
        self._asked.append(request)

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Nobody looks, so nothing is in a hurry."""

    def withdraw(self, request_id: int) -> None:
        """Nobody gives anything up here."""

    def beat(self) -> None:
        """Let `BEAT_S` seconds pass."""
        opened = len(self._streams)
        prints: dict[int, list[VenueTrade]] = {}
        for step in self.venue.market.advance(self.now_ms + 1_000 * BEAT_S):
            for coin, trades in step.trades.items():
                prints.setdefault(coin, []).extend(trades)
        self.now_ms += 1_000 * BEAT_S
        self._tell(prints)
        self._put(Kind.TIMER, b"")
        self._answer()
        if len(self._streams) != opened:
            self._open()

    def _tell(self, prints: dict[int, list[VenueTrade]]) -> None:
        market = self.venue.market
        for coin, listing in enumerate(market.live):
            for channel, number in (("trades", coin), ("bbo", coin)):
                stream = self._streams.get((channel, listing.name))
                if stream is None or (channel == "trades" and number not in prints):
                    continue
                text = frames.quote(market, coin) if channel == "bbo" else frames.trades(market, prints[coin])
                self._put(Kind.FRAME, frames.channel(channel, text), stream)

    def _open(self) -> None:
        for (channel, coin), stream in self._streams.items():
            self._put(Kind.STREAM, _pack(StreamOpened(stream, VENUE, "websocket", channel, coin)))

    def _answer(self) -> None:
        """Answer what is asked in its order, until the weight of the minute is used up."""
        for _ in range(len(self._asked)):
            request = self._asked[0]
            if request.venue != VENUE:
                self._asked.popleft()
                continue
            status, body = self._reply(request)
            if status == _TOO_MANY:
                return
            self._asked.popleft()
            self._put(Kind.REQUEST, _pack(request))
            self._put(Kind.ANSWER, _pack(Answer(request.request_id, status, body)))

    def _reply(self, request: Request) -> tuple[int, bytes]:
        if request.channel == LEADERBOARD:
            document = b"".join(self.venue.leaderboard(_ROWS))
            return 200, encode_digest(digest_of(document, parse_rules(request.body)))
        reply = self.venue.request(request.body, self.now_ms)
        return reply.status, reply.body

    def _put(self, kind: Kind, payload: bytes, stream: int = 0) -> None:
        self._number += 1
        at_ns = self.now_ms * 1_000_000
        self.core.dispatch(Record(self._number, at_ns, at_ns, stream, kind, payload))
