"""The recent trades of one coin, each once."""

from collections import deque
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from app.core.events import Side, Trade
from app.core.ring import Ring

REMEMBERED = 10_000
"""At least so many of the newest identities are known to the duplicate check."""


class TradeTape:
    """The last `capacity` trades in order of arrival, without duplicates. Trades may arrive out of order of time.

    A trade is known by (time_ms, trade_id). Old sources have no ids (`trade_id` 0): there a trade is the same as
    another when every field is, so two equal prints within one millisecond count as one.
    """

    def __init__(self, capacity: int) -> None:
        self.duplicates = 0
        self._trades: deque[Trade] = deque(maxlen=capacity)
        self._columns = Ring(capacity, 3)
        self._without_row = 0
        # Two generations forget in O(1); when the newer is full, the older goes.
        self._newer: set[int | Trade] = set()
        self._older: set[int | Trade] = set()

    def __len__(self) -> int:
        return len(self._trades)

    def add(self, trade: Trade) -> bool:
        """Take one trade; False, and counted in `duplicates`, when it is known already."""
        # One integer takes a third of a tuple's memory; ids are below 2^53.
        trade_id, newer = trade.trade_id, self._newer
        identity = trade.time_ms << 53 | trade_id if trade_id else trade
        if identity in newer or identity in self._older:
            self.duplicates += 1
            return False
        newer.add(identity)
        if len(newer) >= REMEMBERED:
            self._older, self._newer = newer, set()
        self._trades.append(trade)
        self._without_row += 1
        return True

    def trades(self) -> tuple[Trade, ...]:
        """All kept trades, in order of arrival."""
        return tuple(self._trades)

    def columns(self) -> NDArray[np.float64]:
        """Rows (time in ms, size with the aggressor's sign, price) in order of arrival; valid until the next call."""
        if self._without_row:
            # Rows are made here and not for each trade, because nobody looks at them more often than once a second.
            newest = list(islice(reversed(self._trades), self._without_row))
            self._columns.extend(np.array([_row(trade) for trade in reversed(newest)], np.float64))
            self._without_row = 0
        return self._columns.view()


def _row(trade: Trade) -> tuple[float, float, float]:
    return trade.time_ms, trade.size if trade.side is Side.BUY else -trade.size, trade.price
