"""Candles of one coin and interval, built from trades and completed from the venue's own."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Literal, get_args

import msgspec

from app.core.events import Candle, Trade

Interval = Literal["1s", "1m", "5m", "15m", "1h"]
"""The lengths of candles there are, shortest first."""

INTERVALS: Mapping[str, int] = dict(zip(get_args(Interval), (1_000, 60_000, 300_000, 900_000, 3_600_000), strict=True))
"""Length of each interval in milliseconds; buckets start at multiples of it since 1970."""

DAY_MS = 86_400_000
"""Times further ahead of the engine's than this are nonsense."""
_CLOCKS_APART_MS = 300_000
"""A candle that opens further ahead is refused: no trade would open one of its own until then."""

GRACE_MS = 2_000
"""A bucket without a successor closes this long after its end: trades arrive about half a second late."""

_NEVER_MS = 2**62


class _Bucket(msgspec.Struct, gc=False):
    """A candle in the making. `volume` and `trades` are of our own trades, `first_ms` and `last_ms` the times of those
    that gave open and close.

    `venue_volume` and `venue_trades` are the venue's, plus our trades later than `venue_ms`, when the venue's candle
    came. Kept apart, because a trade that the venue had counted already may still be on its way to us.
    `pending`: its closing will be told. `settled`: it came from the venue after its end and is final.
    """

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int
    first_ms: int
    last_ms: int
    pending: bool
    venue_volume: float = 0.0
    venue_trades: int = 0
    venue_ms: int = _NEVER_MS
    settled: bool = False


class Bundle(msgspec.Struct, gc=False):
    """What several trades make of an open candle: their extremes, and times and sizes in order of arrival."""

    first_ms: int
    last_ms: int
    open: float
    high: float
    low: float
    close: float
    times: list[int]
    sizes: list[float]


def bundled(trades: Sequence[Trade]) -> Bundle:
    """`trades` (at least one, in order of arrival) as one: the first of the earliest opens, the last one closes."""
    times = [trade.time_ms for trade in trades]
    prices = [trade.price for trade in trades]
    first_ms, last_ms = min(times), max(times)
    closing = len(times) - 1 - times[::-1].index(last_ms)
    return Bundle(
        first_ms,
        last_ms,
        prices[times.index(first_ms)],
        max(prices),
        min(prices),
        prices[closing],
        times,
        [trade.size for trade in trades],
    )


def _start(bucket: _Bucket) -> int:
    return bucket.open_ms


class CandleSeries:
    """At most `capacity` candles, ordered, one a bucket; a bucket without trades has none.

    `late` counts trades of buckets that had closed before they came: such a trade still corrects its candle, unless the
    venue's own candle stands there or the bucket is no longer kept, but the closing is not told again. `refused` counts
    back-filled candles that contradict themselves or do not belong here.

    `revision` goes up whenever a candle comes or goes, and whenever one before the newest changes; the newest alone may
    change without it.
    """

    def __init__(self, coin: str, interval: str, capacity: int) -> None:
        """`interval` is a key of `INTERVALS`; `KeyError` otherwise."""
        self.coin = coin
        self.interval = interval
        self.late = 0
        self.refused = 0
        self.revision = 0
        self._length_ms = INTERVALS[interval]
        self._capacity = capacity
        self._buckets: list[_Bucket] = []
        self._closed_before_ms = 0

    def __len__(self) -> int:
        return len(self._buckets)

    def add_trade(self, trade: Trade) -> Sequence[Candle]:
        """Put one trade into its bucket. Returns the candles it closed: those before a bucket it opened."""
        buckets = self._buckets
        if self.is_open_at(trade.time_ms):
            _add(buckets[-1], trade)
            return ()
        open_ms = trade.time_ms - trade.time_ms % self._length_ms
        if open_ms < self._closed_before_ms or (buckets and open_ms <= buckets[-1].open_ms):
            self._correct(open_ms, trade)
            return ()
        closed = self._close_before(open_ms)
        buckets.append(_opened(open_ms, trade, pending=True))
        self.revision += 1
        self._forget_oldest()
        return closed

    def is_open_at(self, time_ms: int) -> bool:
        """Whether a trade of this time belongs into the newest candle, and that candle has not closed."""
        if not self._buckets:
            return False
        newest = self._buckets[-1]
        return newest.pending and 0 <= time_ms - newest.open_ms < self._length_ms

    def add_to_open(self, bundle: Bundle) -> None:
        """Put trades into the newest candle; `is_open_at` holds for the time of each."""
        _add_bundle(self._buckets[-1], bundle)

    def close_until(self, now_ms: int) -> Sequence[Candle]:
        """Close by time: returns the candles whose bucket ended `GRACE_MS` or longer before `now_ms`, oldest first."""
        elapsed_ms = now_ms - GRACE_MS
        return self._close_before(elapsed_ms - elapsed_ms % self._length_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """Time went back to `now_ms`: what ends after it closes then, but nothing up to what was told already."""
        elapsed_ms = now_ms - GRACE_MS
        told_until_ms = self._buckets[-1].open_ms + self._length_ms if self._buckets else 0
        begin_ms = max(elapsed_ms - elapsed_ms % self._length_ms, told_until_ms)
        self._closed_before_ms = min(self._closed_before_ms, begin_ms)

    def merge(self, candles: Iterable[Candle], now_ms: int) -> None:
        """Back-fill with the venue's candles, in any order.

        A candle whose bucket ended `GRACE_MS` or longer before `now_ms` replaces ours; where we had none, its closing
        is not told. In one still open high and low widen, open is the venue's, close ours where we have one; volume and
        number of trades are the larger of ours and the venue's, to which our trades after `now_ms` are added.
        """
        for candle in candles:
            if not self._belongs(candle) or candle.open_ms > now_ms + _CLOCKS_APART_MS:
                self.refused += 1
            elif candle.open_ms + self._length_ms + GRACE_MS <= now_ms:
                self._settle(candle)
            else:
                self._widen(candle, now_ms)
        self._forget_oldest()

    def candles(self) -> tuple[Candle, ...]:
        """All kept candles, oldest first; the last one may still be open."""
        return tuple(map(self._frozen, self._buckets))

    def newest(self) -> Candle | None:
        """The last of `candles()`; None while there is none."""
        return self._frozen(self._buckets[-1]) if self._buckets else None

    def close_at(self, time_ms: int, tolerance_ms: int) -> float | None:
        """Close of the newest candle that had ended by `time_ms`, at most `tolerance_ms` before; None without one."""
        index = bisect_right(self._buckets, time_ms - self._length_ms, key=_start) - 1
        if index < 0 or time_ms - self._buckets[index].open_ms - self._length_ms > tolerance_ms:
            return None
        return self._buckets[index].close

    def _close_before(self, open_ms: int) -> Sequence[Candle]:
        if open_ms <= self._closed_before_ms:
            return ()
        closed: list[Candle] = []
        first = bisect_left(self._buckets, self._closed_before_ms, key=_start)
        for bucket in self._buckets[first:]:
            if bucket.open_ms < open_ms and bucket.pending:
                bucket.pending = False
                closed.append(self._frozen(bucket))
        self._closed_before_ms = open_ms
        return closed

    def _correct(self, open_ms: int, trade: Trade) -> None:
        """Put a trade into a bucket that is not the newest open one."""
        pending = open_ms >= self._closed_before_ms
        self.late += not pending
        self.revision += 1
        index = bisect_left(self._buckets, open_ms, key=_start)
        if index == len(self._buckets) or self._buckets[index].open_ms != open_ms:
            if index or len(self._buckets) < self._capacity:
                self._buckets.insert(index, _opened(open_ms, trade, pending=pending))
                self._forget_oldest()
        elif not self._buckets[index].settled:
            _add(self._buckets[index], trade)

    def _belongs(self, candle: Candle) -> bool:
        return (
            (candle.coin, candle.interval) == (self.coin, self.interval)
            and candle.open_ms % self._length_ms == 0
            and candle.low <= min(candle.open, candle.close)
            and candle.high >= max(candle.open, candle.close)
        )

    def _settle(self, candle: Candle) -> None:
        index, known = self._find(candle.open_ms)
        settled = _filled(candle, pending=known is not None and known.pending, settled=True)
        self.revision += 1
        self._buckets[index : index + (known is not None)] = [settled]

    def _widen(self, candle: Candle, now_ms: int) -> None:
        index, known = self._find(candle.open_ms)
        if known is None:
            known = _filled(candle, pending=candle.open_ms >= self._closed_before_ms, settled=False)
            self._buckets.insert(index, known)
            self.revision += 1
        if known.settled:
            return
        known.open, known.first_ms = candle.open, candle.open_ms
        known.high, known.low = max(known.high, candle.high), min(known.low, candle.low)
        if not known.trades:
            known.close = candle.close
        known.venue_volume, known.venue_trades, known.venue_ms = candle.volume, candle.trades, now_ms
        self.revision += known is not self._buckets[-1]

    def _find(self, open_ms: int) -> tuple[int, _Bucket | None]:
        index = bisect_left(self._buckets, open_ms, key=_start)
        found = index < len(self._buckets) and self._buckets[index].open_ms == open_ms
        return index, self._buckets[index] if found else None

    def _forget_oldest(self) -> None:
        if len(self._buckets) > self._capacity:
            del self._buckets[: -self._capacity]

    def _frozen(self, bucket: _Bucket) -> Candle:
        return Candle(
            self.coin,
            self.interval,
            bucket.open_ms,
            bucket.open,
            bucket.high,
            bucket.low,
            bucket.close,
            max(bucket.volume, bucket.venue_volume),
            max(bucket.trades, bucket.venue_trades),
        )


def _opened(open_ms: int, trade: Trade, *, pending: bool) -> _Bucket:
    price, time_ms = trade.price, trade.time_ms
    return _Bucket(open_ms, price, price, price, price, trade.size, 1, time_ms, time_ms, pending)


def _filled(candle: Candle, *, pending: bool, settled: bool) -> _Bucket:
    return _Bucket(
        candle.open_ms,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        volume=0.0,
        trades=0,
        first_ms=candle.open_ms,
        last_ms=candle.open_ms,
        pending=pending,
        venue_volume=candle.volume,
        venue_trades=candle.trades,
        settled=settled,
    )


def _add(bucket: _Bucket, trade: Trade) -> None:
    time_ms, price, size = trade.time_ms, trade.price, trade.size
    if time_ms >= bucket.last_ms:
        bucket.last_ms, bucket.close = time_ms, price
    elif time_ms < bucket.first_ms:
        bucket.first_ms, bucket.open = time_ms, price
    # Comparing costs a third of calling max and min, and every trade comes by here five times.
    if price > bucket.high:
        bucket.high = price
    elif price < bucket.low:
        bucket.low = price
    bucket.volume += size
    bucket.trades += 1
    if time_ms > bucket.venue_ms:
        bucket.venue_volume += size
        bucket.venue_trades += 1


def _add_bundle(bucket: _Bucket, bundle: Bundle) -> None:
    """As `_add` of each trade, in order of arrival; the volume too is added one by one, to be the same to the bit."""
    if bundle.last_ms >= bucket.last_ms:
        bucket.last_ms, bucket.close = bundle.last_ms, bundle.close
    if bundle.first_ms < bucket.first_ms:
        bucket.first_ms, bucket.open = bundle.first_ms, bundle.open
    bucket.high, bucket.low = max(bucket.high, bundle.high), min(bucket.low, bundle.low)
    bucket.volume = reduce(add, bundle.sizes, bucket.volume)
    bucket.trades += len(bundle.sizes)
    if bundle.last_ms > bucket.venue_ms:
        for time_ms, size in zip(bundle.times, bundle.sizes, strict=True):
            if time_ms > bucket.venue_ms:
                bucket.venue_volume += size
                bucket.venue_trades += 1
