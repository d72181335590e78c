"""The candles of one coin in all intervals."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from app.core.events import Candle, Trade
from app.markets.candles import CandleSeries

_MINUTE_MS = 60_000
_MOST_GATHERED = 256


class CandleSet:
    """A series for each interval, fed with the same trades.

    The shortest series takes each trade as it comes. For the others the trades of a minute are gathered, and put in
    together before anything else is asked of them or done to them: the same candles and closings, for less work.
    """

    def __init__(self, coin: str, kept: Mapping[str, int]) -> None:
        """`kept` is the number of candles to keep by interval, the shortest first, the others whole minutes long.

        Raises `KeyError` for an interval that is not in `INTERVALS`.
        """
        self._series = {interval: CandleSeries(coin, interval, capacity) for interval, capacity in kept.items()}
        self._shortest, *self._longer = self._series.values()
        self._gathered: list[Trade] = []
        self._gather_from_ms = self._gather_until_ms = 0

    def __contains__(self, interval: str) -> bool:
        return interval in self._series

    def __getitem__(self, interval: str) -> CandleSeries:
        """The series of one interval, all trades in it. `KeyError` for an interval that is not kept."""
        self._settle()
        return self._series[interval]

    def add_trade(self, trade: Trade) -> Sequence[Candle]:
        """Take one trade. Returns the candles it closed: those before a bucket it opened."""
        closed = self._shortest.add_trade(trade)
        if not self._gather_from_ms <= trade.time_ms < self._gather_until_ms:
            self._settle()
            closed = [*closed, *chain.from_iterable(series.add_trade(trade) for series in self._longer)]
            self._gather(trade.time_ms)
            return closed
        self._gathered.append(trade)
        if len(self._gathered) >= _MOST_GATHERED:
            self._settle()
        return closed

    def close_until(self, now_ms: int) -> Sequence[Candle]:
        """Close by time; see `CandleSeries.close_until`."""
        self._settle()
        return list(chain.from_iterable(series.close_until(now_ms) for series in self._series.values()))

    def merge(self, interval: str, candles: Iterable[Candle], now_ms: int) -> None:
        """Back-fill one interval; see `CandleSeries.merge`. `KeyError` for an interval that is not kept."""
        self[interval].merge(candles, now_ms)

    def _gather(self, time_ms: int) -> None:
        """From here on gather the trades of that minute, if they all belong into the open candles."""
        if all(series.is_open_at(time_ms) for series in self._longer):
            self._gather_from_ms = time_ms - time_ms % _MINUTE_MS
            self._gather_until_ms = self._gather_from_ms + _MINUTE_MS

    def _settle(self) -> None:
        """Put the gathered trades into the series and gather no more."""
        self._gather_until_ms = 0
        if self._gathered:
            for series in self._longer:
                series.add_to_open(self._gathered)
            self._gathered.clear()
