"""The venue's connections as the core knows them: health, breaks, and what is missing because of them."""

from collections import deque
from collections.abc import Sequence

import msgspec

from app.config.settings import MarketsSettings
from app.core.bus import Bus
from app.core.events import FeedHole, Trade
from app.core.record import (
    AT_REST,
    BOOKS_CONNECTION,
    COINS_CONNECTION,
    DATA_CONNECTION,
    REQUEST_CONNECTION,
    TRADERS_CONNECTION,
    Connected,
    Dropped,
)
from app.core.text import clean
from app.engine.continuity import Continuity
from app.engine.journal import Journal
from app.engine.protocol import Mode
from app.engine.token_state import ABOUT_TOKENS
from app.engine.watch import MarketWatch
from app.feeds.health import FeedHealth
from app.feeds.polymarket.limits import VENUE as POLYMARKET
from app.feeds.token_questions import BIRDEYE, DEXSCREENER, GECKOTERMINAL
from app.markets.market import Market

_LONG_BREAK_MS = 30_000
_RULES_WINDOW_MS = 60_000
_DOUBT_EVERY_MS = 60_000
_HOLES_KEPT = 32
_WALLETS_NAMES: dict[Mode, str] = {"live": "Polymarket", "demo": "simulated wallets", "tape": "recorded wallets"}
_TOKENS_NAMES: dict[Mode, dict[str, str]] = {
    "live": {GECKOTERMINAL: "GeckoTerminal", DEXSCREENER: "DexScreener", BIRDEYE: "Birdeye"},
    "demo": {GECKOTERMINAL: "simulated pools", DEXSCREENER: "simulated pairs", BIRDEYE: "simulated holders"},
    "tape": {GECKOTERMINAL: "recorded pools", DEXSCREENER: "recorded pairs", BIRDEYE: "recorded holders"},
}
_DATA_NAMES: dict[Mode, str] = {"live": "Hyperliquid", "demo": "simulated", "tape": "recorded"}

_unpack_connected = msgspec.msgpack.Decoder(Connected).decode
_unpack_dropped = msgspec.msgpack.Decoder(Dropped).decode


class Connections:
    """Judges the feeds by their data, and asks for what a break may have cost."""

    def __init__(self, mode: Mode, settings: MarketsSettings, watch: MarketWatch, journal: Journal, bus: Bus) -> None:
        self.data = FeedHealth(_DATA_NAMES[mode], round(settings.stale_after_s * 1000))
        self.requests = FeedHealth("requests", None)
        self._holes: dict[str, deque[FeedHole]] = {}
        self.books = FeedHealth("fast books", round(settings.stale_after_s * 1000))
        self.wallets = FeedHealth(_WALLETS_NAMES[mode], None)
        """The venue that wallets are asked of; it is connected while it answers."""
        self.traders = FeedHealth("trader streams", None, is_stream=True)
        """Streams of a few accounts: they are silent as long as nobody of them trades."""
        self.coins = FeedHealth("other coins", None, is_stream=True)
        """Trades of coins that are no markets here."""
        self.leaderboard = FeedHealth("leaderboard", None)
        """A document that is fetched now and then; it is connected while it comes."""
        self.tokens = {venue: FeedHealth(name, None) for venue, name in _TOKENS_NAMES[mode].items()}
        """The venues of new tokens; each is connected while it answers."""
        self._by_name = {
            DATA_CONNECTION: self.data,
            REQUEST_CONNECTION: self.requests,
            BOOKS_CONNECTION: self.books,
            TRADERS_CONNECTION: self.traders,
            COINS_CONNECTION: self.coins,
        }
        self._watch = watch
        self._journal = journal
        self._bus = bus
        self._continuity = Continuity()
        self._broken_since_ms: int | None = None
        self._opened_ms: dict[str, int] = {}
        self._reached_ms: dict[str, int] = {}
        self._unplaced_since_ms: dict[str, int] = {}
        self._doubted_ms = 0

    @property
    def _others(self) -> tuple[FeedHealth, ...]:
        return self.books, self.traders, self.coins, self.leaderboard, self.wallets, *self.tokens.values()

    @property
    def feeds(self) -> tuple[FeedHealth, ...]:
        """The connections, the one with the data first; those that may never be wanted once they were tried."""
        always = (self.data, self.requests)
        return (*always, *(feed for feed in self._others if feed.was_tried))

    def _named(self, told: Connected | Dropped) -> FeedHealth | None:
        """Whose connection was told of; None for one that is no feed."""
        if told.venue == POLYMARKET:
            return self.wallets
        if told.venue in ABOUT_TOKENS:
            return self.tokens.get(told.venue)
        return self._by_name.get(told.connection)

    def connected(self, payload: bytes, markets: dict[str, Market], now_ms: int) -> None:
        """A connection is up, or a fresh one has taken over."""
        connected = _unpack_connected(payload)
        feed = self._named(connected)
        if feed is None:
            return
        first = feed.state(now_ms) in ("connecting", "down")
        feed.connected()
        if feed is self.requests:
            feed.received()
        elif feed is self.data and self._broken_since_ms is not None:
            self._fill_candles(self._broken_since_ms, now_ms)
        if feed is self.data and not first:
            # The socket that is relieved may have fallen silent before: what the new one replays has to show it.
            self._continuity.interrupted(self._last_trades(markets))
        if first:
            self._journal.say(now_ms, "info", "feed", f"{feed.name}: connected")

    def dropped(self, payload: bytes, markets: dict[str, Market], now_ms: int) -> None:
        """A connection is down, or could not be made."""
        dropped = _unpack_dropped(payload)
        feed = self._named(dropped)
        if feed is None:
            return
        if dropped.reason == AT_REST and feed is not self.data:
            feed.rests()
            return
        feed.dropped(now_ms, clean(dropped.reason, 200), dropped.retry_in_s)
        if feed.wanted is False:
            return
        again = "" if dropped.retry_in_s is None else f"; next try in {dropped.retry_in_s:.0f} s"
        self._journal.say(now_ms, "warning", "feed", f"{feed.name}: {dropped.reason}{again}", kind=f"{feed.name} down")
        if feed is self.data:
            self._broken_since_ms = self._broken_since_ms or now_ms
            self._continuity.interrupted(self._last_trades(markets))

    def answered_about_tokens(self, venue: str, status: int, now_ms: int) -> None:
        """A venue of new tokens has answered, or the model, which is no feed."""
        self._answered(self.tokens.get(venue), status, now_ms)

    def answered_about_wallets(self, venue: str, status: int, now_ms: int) -> None:
        """The venue of wallets has answered, or the database, which is no feed."""
        self._answered(self.wallets if venue == POLYMARKET else None, status, now_ms)

    def _answered(self, feed: FeedHealth | None, status: int, now_ms: int) -> None:
        if feed is not None and status == 200:
            feed.received()
            feed.data(now_ms)

    def opened(self, coin: str, now_ms: int) -> None:
        """The trades of a coin are streamed from now on: what is missing is counted from here, if it never traded."""
        self._opened_ms.setdefault(coin, now_ms)

    def streamed(self, coin: str, trades: list[Trade], now_ms: int, *, venue_answers: bool) -> None:
        """Trades came over the stream: is anything missing before them?"""
        if not trades:
            return
        if self._continuity.streamed(coin, trades[0].time_ms):
            self._ask(coin, now_ms, venue_answers=venue_answers)
        self._reached(coin, trades[-1].time_ms, now_ms)

    def unreadable(self, market: Market, now_ms: int, *, venue_answers: bool) -> None:
        """A message with trades of a coin could not be read."""
        if self._continuity.lost(market.coin, self._whole_until_ms(market.coin), now_ms):
            self._ask(market.coin, now_ms, venue_answers=venue_answers)

    def unplaceable(self, markets: dict[str, Market]) -> None:
        """A message came that cannot be given to any stream: any coin's trades may have been in it."""
        for coin, last_ms in self._last_trades(markets).items():
            self._unplaced_since_ms.setdefault(coin, last_ms)

    def every_second(self, now_ms: int) -> None:
        """Put coins in doubt for what nobody could place; at most once a minute, or garbage would cost dear."""
        if self._unplaced_since_ms and now_ms - self._doubted_ms >= _DOUBT_EVERY_MS:
            self._doubted_ms = now_ms
            self._continuity.interrupted(self._unplaced_since_ms)
            self._unplaced_since_ms = {}

    def answered(self, coin: str, trades: list[Trade] | None, now_ms: int) -> None:
        """The newest trades were asked for and came, or did not (None)."""
        hole, ask_again = self._continuity.answered(coin, trades[0].time_ms if trades else None)
        # Trades that are newer than all the stream has brought close no gap between the two.
        if trades and trades[0].time_ms < self._whole_until_ms(coin):
            self._reached(coin, trades[-1].time_ms, now_ms)
        if hole is not None:
            self._hole(hole, now_ms)
        if ask_again:
            self._watch.ask_for_recent_trades(coin)

    def _ask(self, coin: str, now_ms: int, *, venue_answers: bool) -> None:
        if venue_answers:
            self._watch.ask_for_recent_trades(coin)
        else:
            self.answered(coin, None, now_ms)

    def _hole(self, hole: FeedHole, now_ms: int) -> None:
        self._holes.setdefault(hole.coin, deque(maxlen=_HOLES_KEPT)).append(hole)
        self.data.holes += 1
        self._bus.publish(hole)
        seconds = (hole.to_ms - hole.from_ms) / 1000
        self._journal.say(
            now_ms, "warning", "feed", f"{hole.coin}: trades of {seconds:.0f} s are missing from the tape"
        )

    def _last_trades(self, markets: dict[str, Market]) -> dict[str, int]:
        return {coin: self._whole_until_ms(coin) for coin in self._opened_ms if coin in markets}

    def _whole_until_ms(self, coin: str) -> int:
        """Up to when no trade of a coin is missing, but for what is in doubt already."""
        return self._reached_ms.get(coin) or self._opened_ms.get(coin, 0)

    def _reached(self, coin: str, time_ms: int, now_ms: int) -> None:
        # A print dated ahead must not hide what is missing before it.
        time_ms = min(time_ms, now_ms)
        if time_ms > self._reached_ms.get(coin, 0):
            self._reached_ms[coin] = time_ms

    def holes(self, coin: str) -> Sequence[FeedHole]:
        """The newest holes of a coin's tape, oldest first."""
        return self._holes.get(coin, ())

    def hole_spoils_rules(self, coin: str, now_ms: int) -> bool:
        """Whether trades are missing from the minute that the rules look at."""
        return any(hole.to_ms > now_ms - _RULES_WINDOW_MS for hole in self.holes(coin))

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        for feed in self.feeds:
            feed.clock_set_back(now_ms)
        self._doubted_ms = min(self._doubted_ms, now_ms)
        self._reached_ms = {coin: min(reached_ms, now_ms) for coin, reached_ms in self._reached_ms.items()}
        self._broken_since_ms = None if self._broken_since_ms is None else min(self._broken_since_ms, now_ms)

    def _fill_candles(self, since_ms: int, now_ms: int) -> None:
        self._broken_since_ms = None
        if now_ms - since_ms > _LONG_BREAK_MS:
            self._watch.ask_for_missed_candles(since_ms, now_ms)
