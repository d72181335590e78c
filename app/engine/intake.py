"""What the venue streams: each frame under the number of its stream, to the market and the connection it is about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec

from app.config.settings import MarketsSettings
from app.core.bus import Bus
from app.core.errors import FrameError
from app.core.events import Candle, Trade
from app.core.record import (
    BOOKS_CONNECTION,
    COINS_CONNECTION,
    FAST,
    FOR_TRADERS,
    TRADERS_CONNECTION,
    StreamOpened,
)
from app.core.text import clean
from app.engine.connections import Connections
from app.engine.journal import Journal
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid import parse
from app.feeds.hyperliquid.decoding import coin_name
from app.markets.market import Market

_MARKETS_CAP = 512
OF_TRADERS = frozenset({"userFills", "clearinghouseState"})
"""Channels about an account."""

_unpack_stream = msgspec.msgpack.Decoder(StreamOpened).decode
_Take = Callable[[bytes, int], None]
"""Takes a frame at a time of the engine. Raises `FrameError` for one that is of no use."""
_TakeAll = Callable[[list[bytes], int], bool]
"""Takes several frames as if they were one; False, and nothing is done, when one of them is of no use."""


class Elsewhere(Protocol):
    """Whoever wants to know who trades coins that are no markets."""

    def opened(self, coin: str) -> None:
        """The venue streams the trades of a coin."""

    def traded(self, trades: Sequence[Trade], now_ms: int) -> None:
        """Public trades of one coin."""


class Intake:
    """Keeps the markets up to date with the streams.

    `traded` is called with the new trades of a market, `priced` when it has a new price and is watched.
    """

    def __init__(
        self,
        settings: MarketsSettings,
        connections: Connections,
        journal: Journal,
        bus: Bus,
        traded: Callable[[Market, Sequence[Trade], int], None],
        priced: Callable[[Market, int], None],
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._journal = journal
        self._bus = bus
        self._traded = traded
        self._priced = priced
        self.watched: frozenset[str] = frozenset()
        """Coins of which every new price is told."""
        self.traders: Callable[[StreamOpened], _Take] | None = None
        """Takes over the streams of traders."""
        self._on_frame: dict[int, _Take] = {}
        self.elsewhere: Elsewhere | None = None
        """Takes the trades of coins that are no markets."""
        self._feeds: dict[int, FeedHealth] = {}
        """Connections of streams that do not come over the one with the data."""
        self._on_frames: dict[int, _TakeAll] = {}
        self._told: dict[str, int] = {}
        self.markets: dict[str, Market] = {}
        self.events = 0
        """Pieces of news taken: trades, pictures, candles, answers."""

    @property
    def parse_errors(self) -> int:
        """Messages that could not be used."""
        told = self._connections.data.parse_errors + self._connections.books.parse_errors
        return told + sum(map(_refused_by, self.markets.values()))

    @property
    def books_parse_errors(self) -> int:
        """Those of them that came over the socket of fast books."""
        return self._connections.books.parse_errors + sum(market.fast_errors for market in self.markets.values())

    def feed_of(self, stream: int) -> FeedHealth:
        """The connection that a stream comes over."""
        return self._feeds.get(stream, self._connections.data)

    def market(self, coin: str) -> Market:
        """The market of a coin, new when nothing was known of it. Raises `FrameError` for one too many."""
        market = self.markets.get(coin)
        if market is None:
            if len(self.markets) >= _MARKETS_CAP:
                raise FrameError(f"{coin}: more than {_MARKETS_CAP} markets")
            market = self.markets[coin] = Market(
                coin,
                self._settings,
                decode_book=parse.parse_book,
                decode_quote=parse.parse_quote,
                decode_context=parse.parse_context,
            )
        return market

    def opened(self, payload: bytes, now_ms: int) -> None:
        """A stream was opened: from here on its number stands for what it carries."""
        opened = _unpack_stream(payload)
        if opened.channel == "control":
            self._of_control(opened)
            return
        if opened.channel in OF_TRADERS and self.traders is not None:
            self._feeds[opened.stream] = self._connections.traders
            self._on_frame[opened.stream] = self.traders(opened)
            return
        if opened.variant == FOR_TRADERS:
            self._opened_elsewhere(opened)
            return
        if opened.variant == FAST:
            self._feeds[opened.stream] = self._connections.books
        make = self._takers(opened).get(opened.channel)
        if make is None:
            self._journal.say(now_ms, "warning", "feed", f"channel {clean(opened.channel)} is not used")
            self._on_frame[opened.stream] = _not_used
            return
        if opened.transport == "file":
            self._connections.data.connected()
        market = self.market(coin_name(opened.subject))
        if opened.channel == "trades":
            self._connections.opened(market.coin, now_ms)
            self._on_frames[opened.stream] = partial(self._trades_together, market, opened.transport != "file")
        self._on_frame[opened.stream] = make(market)

    def _of_control(self, opened: StreamOpened) -> None:
        """What another socket than that of the data says besides its streams: no trade of a market is in it."""
        connections = self._connections
        others = {
            BOOKS_CONNECTION: connections.books,
            TRADERS_CONNECTION: connections.traders,
            COINS_CONNECTION: connections.coins,
        }
        feed = others.get(opened.subject)
        if feed is not None:
            self._feeds[opened.stream] = feed
            self._on_frame[opened.stream] = self._others_said

    def _opened_elsewhere(self, opened: StreamOpened) -> None:
        """Trades of a coin that is no market."""
        coin = coin_name(opened.subject)
        self._feeds[opened.stream] = self._connections.coins
        self._on_frame[opened.stream] = partial(self._trades_elsewhere, coin)
        self._on_frames[opened.stream] = partial(self._trades_elsewhere_together, coin)
        if self.elsewhere is not None:
            self.elsewhere.opened(coin)

    def frame(self, stream: int, frame: bytes, now_ms: int) -> None:
        """One frame. Raises `FrameError`, or what decoding raises, for one that is of no use."""
        self.feed_of(stream).received()
        self._on_frame.get(stream, self._venue_said)(frame, now_ms)

    def frames(self, stream: int, frames: list[bytes], now_ms: int) -> bool:
        """Frames of one stream together. False, and nothing is done, when they must be taken one by one."""
        take = self._on_frames.get(stream)
        if take is None or not take(frames, now_ms):
            return False
        self.feed_of(stream).received(len(frames))
        return True

    def take_trades(self, market: Market, trades: list[Trade], now_ms: int) -> None:
        """Trades of a market, some of which may be known already."""
        before = market.tape.duplicates
        for event in market.on_trades(trades, now_ms):
            self._bus.publish(event)
        if trades:
            self._note_lag(now_ms - trades[-1].time_ms)
            self._connections.data.data(now_ms)
        self.events += len(trades) - (market.tape.duplicates - before)
        if market.fresh_trades:
            self._traded(market, market.fresh_trades, now_ms)

    def take_candles(self, market: Market, interval: str, candles: list[Candle], now_ms: int) -> None:
        """The venue's own candles. Raises `FrameError` for those of another market or length."""
        if interval not in market.candles or any((c.coin, c.interval) != (market.coin, interval) for c in candles):
            raise FrameError(f"candles of {market.coin} {clean(interval, 8)}: not what was asked for")
        market.merge_candles(interval, candles, now_ms)

    def untold_refusals(self) -> Iterator[Market]:
        """Markets that refused pictures since they were last asked: pictures are decoded when somebody looks."""
        for coin, market in self.markets.items():
            refused = _refused_by(market)
            if refused != self._told.get(coin, 0):
                self._told[coin] = refused
                yield market

    def _takers(self, opened: StreamOpened) -> Mapping[str, Callable[[Market], _Take]]:
        venue_answers = opened.transport != "file"
        return {
            "trades": lambda market: partial(self._trades, market, venue_answers),
            "bbo": lambda market: partial(self._prices, market, market.on_quote_frame),
            "l2Book": lambda market: self._books(market, fast=opened.variant == FAST),
            "activeAssetCtx": lambda market: partial(self._newest, market.on_context_frame),
            "candle": lambda market: partial(self._candle, market),
        }

    def _books(self, market: Market, *, fast: bool) -> _Take:
        return partial(self._fast_book, market) if fast else partial(self._prices, market, market.on_book_frame)

    def _fast_book(self, market: Market, frame: bytes, now_ms: int) -> None:
        self._prices(market, market.on_fast_book_frame, frame, now_ms)
        book = market.fast_book()
        if book is not None:
            self._connections.books.data(book.time_ms)

    def _prices(self, market: Market, take: _Take, frame: bytes, now_ms: int) -> None:
        take(frame, now_ms)
        self.events += 1
        if market.coin in self.watched:
            self._priced(market, now_ms)

    def _newest(self, take: _Take, frame: bytes, now_ms: int) -> None:
        take(frame, now_ms)
        self.events += 1

    def _trades(self, market: Market, venue_answers: bool, frame: bytes, now_ms: int) -> None:
        try:
            trades = parse.parse_trades(frame, market.coin)
        except FrameError:
            self._connections.unreadable(market, now_ms, venue_answers=venue_answers)
            raise
        self._streamed(market, venue_answers, trades, now_ms)

    def _trades_together(self, market: Market, venue_answers: bool, frames: list[bytes], now_ms: int) -> bool:
        try:
            trades = parse.parse_trades_together(frames, market.coin)
        except FrameError:
            return False
        self._streamed(market, venue_answers, trades, now_ms)
        return True

    def _trades_elsewhere(self, coin: str, frame: bytes, now_ms: int) -> None:
        self._take_elsewhere(parse.parse_trades(frame, coin), now_ms)

    def _trades_elsewhere_together(self, coin: str, frames: list[bytes], now_ms: int) -> bool:
        try:
            trades = parse.parse_trades_together(frames, coin)
        except FrameError:
            return False
        self._take_elsewhere(trades, now_ms)
        return True

    def _take_elsewhere(self, trades: list[Trade], now_ms: int) -> None:
        self._connections.coins.data(now_ms)
        self.events += len(trades)
        if self.elsewhere is not None:
            self.elsewhere.traded(trades, now_ms)

    def _streamed(self, market: Market, venue_answers: bool, trades: list[Trade], now_ms: int) -> None:
        self.take_trades(market, trades, now_ms)
        self._connections.streamed(market.coin, trades, now_ms, venue_answers=venue_answers)

    def _note_lag(self, lag_ms: int) -> None:
        # A subscription begins with old trades, and a clock may run ahead: neither says anything about the feed's lag.
        if 0 <= lag_ms < 10_000:
            self._connections.data.venue_lag_ms = lag_ms

    def _candle(self, market: Market, frame: bytes, now_ms: int) -> None:
        candle = parse.parse_candle(frame)
        self.take_candles(market, candle.interval, [candle], now_ms)
        self.events += 1

    def _venue_said(self, frame: bytes, now_ms: int) -> None:
        try:
            text = parse.parse_error_text(frame)
        except FrameError:
            self._connections.unplaceable(self.markets)
            raise
        self._journal.say(now_ms, "warning", "venue", f"Hyperliquid says: {text}")

    def _others_said(self, frame: bytes, now_ms: int) -> None:
        """Something came on another socket than that of the data that is of no stream."""
        self._journal.say(now_ms, "warning", "venue", f"Hyperliquid says: {parse.parse_error_text(frame)}")


def _not_used(_frame: bytes, _now_ms: int) -> None:
    """Frames of a channel nobody reads: received, and that is all."""


def _refused_by(market: Market) -> int:
    return market.parse_errors + market.refused
