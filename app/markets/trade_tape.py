"""The recent trades of one coin, each once."""

from collections import deque

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
        # Two generations forget in O(1); when the newer is full, the older goes.
        self._newer: set[int | Trade] = set()
        self._older: set[int | Trade] = set()

    def __len__(self) -> int:
        return len(self._trades)

    def add(self, trade: Trade) -> bool:
        """Take one trade; False, and counted in `duplicates`, when it is known already."""
        # One integer takes a third of a tuple's memory; ids are below 2^53.
        identity = trade.time_ms << 53 | trade.trade_id if trade.trade_id else trade
        if identity in self._newer or identity in self._older:
            self.duplicates += 1
            return False
        if len(self._newer) >= REMEMBERED:
            self._older, self._newer = self._newer, set()
        self._newer.add(identity)
        self._trades.append(trade)
        signed_size = trade.size if trade.side is Side.BUY else -trade.size
        self._columns.append(trade.time_ms, signed_size, trade.price)
        return True

    def trades(self) -> tuple[Trade, ...]:
        """All kept trades, in order of arrival."""
        return tuple(self._trades)

    def columns(self) -> NDArray[np.float64]:
        """Rows (time in ms, size with the aggressor's sign, price) in order of arrival; valid until the next trade."""
        return self._columns.view()
