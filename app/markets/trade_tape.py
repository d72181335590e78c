"""The recent trades of one coin, each once."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from app.core.events import Side, Trade
from app.core.ring import Ring

REMEMBERED = 10_000
"""At least so many of the newest identities are known to the duplicate check."""

_COLUMNS = 3
_MOST_WITHOUT_ROW = 256
"""Rows are made when they are looked at, or when so many are due: all at once would hold the loop in a flood."""
_BUY = Side.BUY


class TradeTape:
    """The last `capacity` trades in order of arrival, without duplicates. Trades may arrive out of order of time.

    A trade is known by (time_ms, trade_id). Old sources have no ids (`trade_id` 0): there a trade is the same as
    another when every field is, so two equal prints within one millisecond count as one.
    """

    def __init__(self, capacity: int) -> None:
        self.duplicates = 0
        self._trades: deque[Trade] = deque(maxlen=capacity)
        self._columns = Ring(capacity, _COLUMNS)
        self._without_row = 0
        # The newest time of each id. Two generations forget in O(1); when the newer is full, the older goes.
        self._newer: dict[int | Trade, int] = {}
        self._older: dict[int | Trade, int] = {}

    def __len__(self) -> int:
        return len(self._trades)

    @property
    def is_full(self) -> bool:
        """Whether older trades had to make room for newer ones, or the next ones will."""
        return len(self._trades) == self._trades.maxlen

    def add(self, trades: Sequence[Trade]) -> Sequence[Trade]:
        """Take trades; returns those that were not known yet. The others are counted in `duplicates`."""
        newer, older = self._newer, self._older
        fresh = trades
        for place, trade in enumerate(trades):
            trade_id = trade.trade_id
            if trade_id and trade_id not in newer and trade_id not in older:
                newer[trade_id] = trade.time_ms
            else:
                fresh = [*trades[:place], *self._unknown(trades[place:])]
                self.duplicates += len(trades) - len(fresh)
                break
        self._trades.extend(fresh)
        self._without_row += len(fresh)
        if self._without_row >= _MOST_WITHOUT_ROW:
            self._make_rows()
        if len(newer) >= REMEMBERED:
            self._older, self._newer = newer, {}
        return fresh

    def trades(self) -> tuple[Trade, ...]:
        """All kept trades, in order of arrival."""
        return tuple(self._trades)

    def newest(self) -> Iterator[Trade]:
        """All kept trades, the last to arrive first."""
        return reversed(self._trades)

    def columns(self) -> NDArray[np.float64]:
        """Rows (time in ms, size with the aggressor's sign, price) in order of arrival; valid until the next call."""
        self._make_rows()
        return self._columns.view()

    def _make_rows(self) -> None:
        """Rows for the trades that have none yet: many at once cost a fraction of each alone."""
        newest = list(islice(self.newest(), self._without_row))
        if newest:
            newest.reverse()
            rows = np.empty((len(newest), _COLUMNS))
            rows[:, 0] = [trade.time_ms for trade in newest]
            rows[:, 1] = [trade.size if trade.side is _BUY else -trade.size for trade in newest]
            rows[:, 2] = [trade.price for trade in newest]
            self._columns.extend(rows)
            self._without_row = 0

    def _unknown(self, trades: Sequence[Trade]) -> list[Trade]:
        """Those of `trades` that are not known; from now on they are."""
        return [trade for trade in trades if not self._is_known(trade)]

    def _is_known(self, trade: Trade) -> bool:
        newer, older = self._newer, self._older
        key = trade.trade_id or trade
        before_ms = newer.get(key) or older.get(key)
        if before_ms is None:
            newer[key] = trade.time_ms
            return False
        identity = _identity(trade.time_ms, trade.trade_id)
        if before_ms == trade.time_ms or identity in newer or identity in older:
            return True
        # An id that came at another time before: that time is remembered under a name of its own.
        newer[_identity(before_ms, trade.trade_id)] = before_ms
        newer[key] = trade.time_ms
        return False


def _identity(time_ms: int, trade_id: int) -> int:
    # One integer, and never one that is an id: those are below 2^53.
    return time_ms << 53 | trade_id
