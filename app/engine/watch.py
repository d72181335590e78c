"""Which markets are followed, and what is asked of the venue for them. Pure: effects leave through a port."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from app.config.settings import MarketsSettings
from app.core.events import Listing, MarketContext
from app.core.record import Request
from app.engine.candle_past import CandlePast
from app.engine.looks import Looks
from app.feeds.hyperliquid.wire import WireSubscription
from app.markets.candles import INTERVALS
from app.scalper.desk import MODEL_VENUE

BACKFILL = (("1m", 360 * INTERVALS["1m"]), ("1h", 168 * INTERVALS["1h"]))
CHANNELS = ("trades", "bbo", "l2Book", "activeAssetCtx")
CANDLE_STREAM_INTERVAL = "1m"


class Effects(Protocol):
    """What the engine can ask of the outside world. On a tape nothing is asked: what came back is on the tape."""

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams from now on."""

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams no longer. Ones that are not followed are left alone."""

    def request(self, request: Request) -> None:
        """Ask a question; the answer will be an input."""

    def stream_traders(self, traders: Sequence[str]) -> None:
        """Follow what these accounts do, and no others; the most important first, for the venue takes only a few."""

    def watch_trades(self, coins: Sequence[str]) -> None:
        """Have the trades of these coins, and of no others, for the sake of who trades; none of them is a market."""

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Have a question that waits go before those that nobody waits for."""

    def withdraw(self, request_id: int) -> None:
        """Have a question no longer answered; that, too, is an answer."""


class NoEffects:
    """Asks nothing: for tapes, and for the moments before a venue can be asked."""

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Nothing to follow: the tape has what was followed."""

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Nothing to give up: the tape has what was followed."""

    def request(self, request: Request) -> None:
        """Nothing to ask: the tape has what was answered."""

    def stream_traders(self, traders: Sequence[str]) -> None:
        """Nobody to follow: the tape has what was followed."""

    def watch_trades(self, coins: Sequence[str]) -> None:
        """Nothing to watch: the tape has what was watched."""

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Nothing to hurry: the tape has what was answered."""

    def withdraw(self, request_id: int) -> None:
        """Nothing to withdraw: the tape has what was answered."""


def select(listed: Sequence[tuple[Listing, MarketContext]], settings: MarketsSettings) -> list[str]:
    """Coins to follow: favourites that are listed, in their order, then by 24 h volume up to `settings.top` in all."""
    trading = {listing.coin: context for listing, context in listed if not listing.delisted}
    chosen = [coin for coin in dict.fromkeys(settings.favourites) if coin in trading]
    by_volume = sorted(trading, key=lambda coin: -trading[coin].day_notional_volume)
    rest = [coin for coin in by_volume if coin not in chosen]
    return chosen + rest[: max(0, settings.top - len(chosen))]


class MarketWatch:
    """Turns a choice of coins into subscriptions and requests."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self.effects: Effects = NoEffects()
        self._request_id = self._list_asked = 0
        self._followed: dict[str, None] = {}
        self._looks: Looks[tuple[str, str]] = Looks()
        self.past = CandlePast()

    def ask_for_markets(self) -> None:
        """Ask for the list of markets and their contexts."""
        self._list_asked = self._ask("metaAndAssetCtxs", {"type": "metaAndAssetCtxs"})

    def withdraw_list(self) -> None:
        """Give up the question for the list that was asked last."""
        self.effects.withdraw(self._list_asked)

    def follow(self, coins: Sequence[str], now_ms: int) -> None:
        """Subscribe to coins that are not followed yet and ask for their past, the first interval of all first."""
        new = [coin for coin in coins if coin not in self._followed]
        self._followed.update(dict.fromkeys(new))
        self.effects.subscribe(subscription for coin in new for subscription in (*_streams(coin), _candle_stream(coin)))
        self._ask_for_pasts(new, now_ms)

    def _ask_for_pasts(self, coins: Iterable[str], now_ms: int) -> None:
        for interval, span_ms in BACKFILL:
            for coin in coins:
                self.ask_for_past(coin, interval, span_ms, now_ms)

    def ask_for_past(self, coin: str, interval: str, span_ms: int, now_ms: int) -> None:
        """Ask once for the candles of an interval that nobody has looked at before; nothing for one that is there."""
        if coin in self._followed and self.past.ask(coin, interval):
            self._ask_for_candles(coin, interval, now_ms - span_ms, now_ms)

    def look_at_past(self, coin: str, interval: str, span_ms: int, now_ms: int) -> None:
        """As `ask_for_past`, for somebody who looks: a question that waits already goes before the others."""
        if coin in self._followed and self.past.is_waited_for(coin, interval):
            self.effects.hurry("candleSnapshot", coin, interval)
        else:
            self.ask_for_past(coin, interval, span_ms, now_ms)

    def look(self, client: int, coin: str, interval: str) -> None:
        """A client has these candles open from now on, none when `coin` is empty."""
        self._looks.look(client, (coin, interval) if coin else None)

    def _hurry_what_is_open(self) -> None:
        """What was asked again for all goes first for the charts that somebody has open."""
        for coin, interval in self._looks:
            self.effects.hurry("candleSnapshot", coin, interval)

    def past_did_not_come(self, coin: str, interval: str, reason: str) -> None:
        """The answer to `ask_for_past` was of no use: it may be asked for again."""
        # A tape may hold answers for more names than there is room for.
        if coin in self._followed and interval in INTERVALS:
            self.past.failed(coin, interval, reason)

    def ask_for_missed_candles(self, since_ms: int, now_ms: int) -> None:
        """Ask for all candles that were asked for before over a break, from the one it began in."""
        for coin, interval in self.past.missed():
            self._ask_for_candles(coin, interval, since_ms - since_ms % INTERVALS[interval], now_ms)
        self._hurry_what_is_open()

    def ask_for_all_again(self, now_ms: int) -> None:
        """Ask for the list and for the candles that an engine which starts now would ask for."""
        self.ask_for_markets()
        self.past.may_be_asked_again()
        self._ask_for_pasts(self._followed, now_ms)
        self._hurry_what_is_open()

    def ask_for_recent_trades(self, coin: str) -> None:
        """Ask for the newest trades of a coin, to close a hole in its tape."""
        self._ask("recentTrades", {"type": "recentTrades", "coin": coin}, coin)

    def _ask_for_candles(self, coin: str, interval: str, start_ms: int, end_ms: int) -> None:
        span = {"coin": coin, "interval": interval, "startTime": start_ms, "endTime": end_ms}
        self._ask("candleSnapshot", {"type": "candleSnapshot", "req": span}, coin, interval)

    def ask_model(self, coin: str, reason: str, question: bytes) -> int:
        """Put a question about a coin to the language model; gives the number its answer will carry."""
        return self._put(MODEL_VENUE, "read", question, coin, reason)

    def ask_of(self, venue: str, channel: str, body: bytes, subject: str = "", variant: str = "") -> int:
        """Ask another venue; gives the number the answer will carry."""
        return self._put(venue, channel, body, subject, variant)

    def _ask(self, channel: str, body: dict[str, object], subject: str = "", variant: str = "") -> int:
        return self._put(self._venue, channel, msgspec.json.encode(body), subject, variant)

    def _put(self, venue: str, channel: str, body: bytes, subject: str, variant: str) -> int:
        self._request_id += 1
        self.effects.request(Request(self._request_id, venue, channel, body, subject, variant))
        return self._request_id


def _streams(coin: str) -> list[WireSubscription]:
    return [WireSubscription(type=channel, coin=coin) for channel in CHANNELS]


def _candle_stream(coin: str) -> WireSubscription:
    return WireSubscription(type="candle", coin=coin, interval=CANDLE_STREAM_INTERVAL)
