"""The coin and the candles that each deck has open: they are asked for, and followed, on its behalf."""

from collections.abc import Mapping

from app.core.text import clean
from app.engine.fast_books import FastBooks
from app.engine.protocol import LookAt
from app.engine.watch import MarketWatch
from app.feeds.hyperliquid.limits import SHORTEST_CANDLE_MS
from app.markets.candles import INTERVALS
from app.markets.market import CANDLES_KEPT, Market


class MarketLooks:
    """Has the fast book and the candles that somebody wants to see; `1s` ones are nobody's but ours."""

    def __init__(self, markets: Mapping[str, Market], fast_books: FastBooks, watch: MarketWatch) -> None:
        self._markets, self._fast_books, self._watch = markets, fast_books, watch

    def refusal(self, look: LookAt) -> str:
        """Why this cannot be looked at, in a sentence; empty where it can, and where it is nothing."""
        market = self._markets.get(look.coin)
        if market is None:
            return f"{clean(look.coin, 32)} is not followed" if look.coin else ""
        if look.interval not in market.candles:
            return f"There are no candles of {clean(look.interval, 8)}: try {', '.join(CANDLES_KEPT)}"
        return ""

    def at(self, look: LookAt, now_ms: int) -> tuple[bool, str]:
        """A client looks at this coin from now on, at none when it is empty."""
        if refusal := self.refusal(look):
            return False, refusal
        self._fast_books.look(look.client, look.coin)
        self._watch.look(look.client, look.coin, look.interval)
        if not look.coin:
            return True, ""
        if (length_ms := INTERVALS[look.interval]) >= SHORTEST_CANDLE_MS:
            span_ms = CANDLES_KEPT[look.interval] * length_ms
            self._watch.look_at_past(look.coin, look.interval, span_ms, now_ms)
        return True, ""
