"""The candles of one coin in all intervals."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from app.core.events import Candle, Trade
from app.markets.candles import CandleSeries, bundled

_SECOND_MS = 1_000
_MOST_GATHERED = 256


class CandleSet:
    """A series for each interval, fed with the same trades.

    Trades of one second are gathered, and put into the series together before anything else is asked of them or done
    to them: the same candles and closings as one by one, for less work when much is traded.
    """

    def __init__(self, coin: str, kept: Mapping[str, int]) -> None:
        """`kept` is the number of candles to keep by interval, a key of `INTERVALS`; `KeyError` otherwise."""
        self._series = {interval: CandleSeries(coin, interval, capacity) for interval, capacity in kept.items()}
        self._all = tuple(self._series.values())
        self._gathered: list[Trade] = []
        self._gather_from_ms = self._gather_until_ms = 0

    def __contains__(self, interval: str) -> bool:
        return interval in self._series

    def __getitem__(self, interval: str) -> CandleSeries:
        """The series of one interval, all trades in it. `KeyError` for an interval that is not kept."""
        self._settle()
        return self._series[interval]

    def add_trades(self, trades: Iterable[Trade]) -> Sequence[Candle]:
        """Take trades one after another. Returns the candles they closed: those before a bucket one opened."""
        closed: list[Candle] = []
        for trade in trades:
            if self._gather_from_ms <= trade.time_ms < self._gather_until_ms:
                self._gathered.append(trade)
            else:
                closed += self._add_alone(trade)
        if len(self._gathered) >= _MOST_GATHERED:
            self._settle()
        return closed

    def _add_alone(self, trade: Trade) -> Sequence[Candle]:
        self._settle()
        closed = list(chain.from_iterable(series.add_trade(trade) for series in self._all))
        self._gather(trade.time_ms)
        return closed

    def close_until(self, now_ms: int) -> Sequence[Candle]:
        """Close by time; see `CandleSeries.close_until`."""
        self._settle()
        return list(chain.from_iterable(series.close_until(now_ms) for series in self._all))

    def clock_set_back(self, now_ms: int) -> None:
        """Time went back; see `CandleSeries.clock_set_back`."""
        self._settle()
        for series in self._all:
            series.clock_set_back(now_ms)

    def merge(self, interval: str, candles: Iterable[Candle], now_ms: int) -> None:
        """Back-fill one interval; see `CandleSeries.merge`. `KeyError` for an interval that is not kept."""
        self[interval].merge(candles, now_ms)

    def _gather(self, time_ms: int) -> None:
        """From here on gather the trades of that second, if they all belong into the open candles."""
        if all(series.is_open_at(time_ms) for series in self._all):
            self._gather_from_ms = time_ms - time_ms % _SECOND_MS
            self._gather_until_ms = self._gather_from_ms + _SECOND_MS

    def _settle(self) -> None:
        """Put the gathered trades into the series and gather no more."""
        self._gather_until_ms = 0
        if self._gathered:
            bundle = bundled(self._gathered)
            for series in self._all:
                series.add_to_open(bundle)
            self._gathered.clear()
