"""Of which coins the trades are watched for the sake of who trades: those that are no markets here.

A trade there makes no price and no candle: its two sides are looked up among the followed, and that is all.
"""

from collections.abc import Callable, Container, Mapping, Sequence

from app.config.whale_settings import WhalesSettings
from app.core.events import Trade
from app.engine.watch import CHANNELS, MarketWatch

SUBSCRIPTIONS = 1_000
"""The venue allows one address so many."""
_A_MARKET = len(CHANNELS) + 1
"""Subscriptions of a market: its channels and its candles."""
_OTHERS = 100
"""So many are left for fast books and streams of traders, and for a market that is on two sockets for a moment."""


class WhaleCoins:
    """Chooses coins, and counts what comes of them."""

    def __init__(
        self, settings: WhalesSettings, watch: MarketWatch, markets: Container[str], followed: Container[str],
        followed_traded: Callable[[Trade, int], None],
    ) -> None:  # fmt: skip
        """`markets` are the coins whose trades come anyway; `followed_traded` is told of trades of the `followed`."""
        self._settings = settings
        self._watch = watch
        self._markets, self._followed, self._followed_traded = markets, followed, followed_traded
        self._volume_usd: dict[str, float] = {}
        self._chosen: tuple[str, ...] = ()
        self._opened: set[str] = set()
        self.prices: dict[str, float] = {}
        """The price of the newest trade of each coin."""
        self.trades = 0
        """How many trades were looked at."""

    @property
    def listed(self) -> int:
        """How many coins are traded at the venue."""
        return len(self._volume_usd)

    @property
    def watched(self) -> int:
        """Of how many of these the venue streams us the trades: markets, and coins that were chosen."""
        markets = sum(coin in self._markets for coin in self._volume_usd)
        return markets + len(self._opened.intersection(self._chosen))

    def list(self, volume_usd: Mapping[str, float]) -> None:
        """The coins that are traded at the venue, each with the volume of a day."""
        self._volume_usd = dict(volume_usd)

    def choose(self, held_usd: Mapping[str, float]) -> None:
        """Watch the coins in which followed traders hold most, and then those that are traded most."""
        others = [coin for coin in self._volume_usd if coin not in self._markets]
        markets = self.listed - len(others)
        free = SUBSCRIPTIONS - _OTHERS - _A_MARKET * markets
        room = max(0, min(self._settings.trade_coins - markets, free))
        others.sort(key=lambda coin: (-held_usd.get(coin, 0.0), -self._volume_usd[coin], coin))
        chosen = tuple(others[:room])
        if frozenset(chosen) != frozenset(self._chosen):
            self._chosen = chosen
            self._watch.effects.watch_trades(chosen)

    def opened(self, coin: str) -> None:
        """The venue streams the trades of a coin."""
        self._opened.add(coin)

    def closed(self) -> None:
        """The connection is gone, and all streams with it."""
        self._opened.clear()
        self.prices.clear()

    def traded(self, trades: Sequence[Trade], now_ms: int) -> None:
        """Public trades of one coin."""
        followed = self._followed
        for trade in trades:
            buyer, seller = trade.raw_users
            if buyer in followed or seller in followed:
                self._followed_traded(trade, now_ms)
        if trades:
            self.trades += len(trades)
            self.prices[trades[-1].coin] = trades[-1].price
