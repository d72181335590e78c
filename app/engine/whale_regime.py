"""The regime of the market that leads the others, from its hourly candles: shown beside the signals."""

from collections.abc import Mapping

from app.engine.protocol_whales import RegimeView
from app.markets.hourly_bars import HOUR_MS, bars_of_candles
from app.markets.market import Market
from app.markets.regime import RegimeTracker
from app.markets.regime_model import decode_model

COIN = "BTC"
"""The others follow it more than it follows them."""


class WhaleRegime:
    """Looks at whole hours, once each. Without a model the regime is unknown, and says so."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets
        self._tracker = RegimeTracker(COIN, None)
        self._looked_ms = 0

    def use(self, model: bytes) -> None:
        """Judge by this model, none where it is empty. Raises `DataError` for one that cannot be used."""
        self._tracker = RegimeTracker(COIN, decode_model(model) if model else None)
        self._looked_ms = 0

    def every_minute(self, now_ms: int) -> None:
        """Look at the hours that have closed."""
        market = self._markets.get(COIN)
        whole_ms = now_ms - now_ms % HOUR_MS
        if market is None or whole_ms <= self._looked_ms:
            return
        hours = [candle for candle in market.candles["1h"].candles() if candle.open_ms + HOUR_MS <= whole_ms]
        if hours and hours[-1].open_ms + HOUR_MS == whole_ms:
            self._looked_ms = whole_ms
            self._tracker.look(bars_of_candles(COIN, hours))

    def view(self, now_ms: int) -> RegimeView:
        """The regime as it stands."""
        state = self._tracker.state(now_ms)
        age_ms = state.age_ms(now_ms)
        return RegimeView(
            coin=COIN,
            name=state.regime,
            age_s=None if age_ms is None else age_ms // 1000,
            at_least=state.since_at_least,
            probability=state.probability,
            multiplier=state.multiplier,
            why=state.why,
        )
