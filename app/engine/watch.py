"""Which markets are followed, and what is asked of the venue for them. Pure: effects leave through a port."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from app.config.settings import MarketsSettings
from app.core.events import Listing, MarketContext
from app.core.record import Request
from app.feeds.hyperliquid.wire import WireSubscription

_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_STEPS_MS = {"1m": _MINUTE_MS, "1h": _HOUR_MS, "5m": 5 * _MINUTE_MS, "15m": 15 * _MINUTE_MS}
BACKFILL = (("1m", 360 * _MINUTE_MS), ("1h", 168 * _HOUR_MS))
CHANNELS = ("trades", "bbo", "l2Book", "activeAssetCtx")
CANDLE_STREAM_INTERVAL = "1m"


class Effects(Protocol):
    """What the engine can ask of the outside world. On a tape nothing is asked: what came back is on the tape."""

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams from now on."""

    def request(self, request: Request) -> None:
        """Ask a question; the answer will be an input."""


class NoEffects:
    """Asks nothing: for tapes, and for the moments before a venue can be asked."""

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Nothing to follow: the tape has what was followed."""

    def request(self, request: Request) -> None:
        """Nothing to ask: the tape has what was answered."""


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
        self._request_id = 0
        self._followed: dict[str, None] = {}
        self._filled: set[tuple[str, str]] = set()

    def ask_for_markets(self) -> None:
        """Ask for the list of markets and their contexts."""
        self._ask("metaAndAssetCtxs", {"type": "metaAndAssetCtxs"})

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
        if coin in self._followed and (coin, interval) not in self._filled:
            self._filled.add((coin, interval))
            self._ask_for_candles(coin, interval, now_ms - span_ms, now_ms)

    def past_did_not_come(self, coin: str, interval: str) -> None:
        """The answer to `ask_for_past` was of no use: it may be asked for again."""
        self._filled.discard((coin, interval))

    def ask_for_missed_candles(self, since_ms: int, now_ms: int) -> None:
        """Ask for all candles that were asked for before over a break, from the one it began in."""
        for interval, step_ms in _STEPS_MS.items():
            for coin in self._followed:
                if (coin, interval) in self._filled:
                    self._ask_for_candles(coin, interval, since_ms - since_ms % step_ms, now_ms)

    def ask_for_all_again(self, now_ms: int) -> None:
        """Ask for the list and for the candles that an engine which starts now would ask for."""
        self.ask_for_markets()
        self._filled.clear()
        self._ask_for_pasts(self._followed, now_ms)

    def ask_for_recent_trades(self, coin: str) -> None:
        """Ask for the newest trades of a coin, to close a hole in its tape."""
        self._ask("recentTrades", {"type": "recentTrades", "coin": coin}, coin)

    def _ask_for_candles(self, coin: str, interval: str, start_ms: int, end_ms: int) -> None:
        span = {"coin": coin, "interval": interval, "startTime": start_ms, "endTime": end_ms}
        self._ask("candleSnapshot", {"type": "candleSnapshot", "req": span}, coin, interval)

    def _ask(self, channel: str, body: dict[str, object], subject: str = "", variant: str = "") -> None:
        self._request_id += 1
        encoded = msgspec.json.encode(body)
        self.effects.request(Request(self._request_id, self._venue, channel, encoded, subject, variant))


def _streams(coin: str) -> list[WireSubscription]:
    return [WireSubscription(type=channel, coin=coin) for channel in CHANNELS]


def _candle_stream(coin: str) -> WireSubscription:
    return WireSubscription(type="candle", coin=coin, interval=CANDLE_STREAM_INTERVAL)
