"""What became of a token after a moment: the truth that predictions are trained on and graded by.

A label is a function of the price and liquidity at entry and of what came after, never of what was before. It is None
until its whole horizon has been watched: a loss that shows early would else be known sooner than a quiet day, and what
is known would be no fair sample of what happens. Prices are those of five-minute closes: a high may be one trade that
nobody else could have had.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.measures.returns import Floats
from app.tokens.candles import CandleTable, Integers

RISE_HORIZON_S = 3_600
RUG_HORIZON_S = 86_400
ROUND_TRIP = 0.01
"""Share of what is sold that buying and selling cost together."""
RISE = 0.03
"""A gain after costs from which on it counts as a rise."""
RUG_REMAINS = 0.10
"""A rug leaves this share or less: of the price (a fall), or of the liquidity (a drain)."""


class Entry(NamedTuple):
    """Where one could have bought: the moment, the price, and what lay in the pool, None where that is not known."""

    at_s: int
    price: float
    liquidity: float | None


class Levels(NamedTuple):
    """Liquidity at several times, oldest first, in the unit of the entry's."""

    time_s: Integers
    value: Floats


class Labels(NamedTuple):
    """What became of it; None where it is not known.

    `gain_pct` is what selling at the highest close of the next hour would have brought, in percent after the round
    trip, −1 where there was none to sell at; `rises` says whether it is 3 or more. `high_gain_pct` is the same at the
    highest high: for comparison only. `falls` and `drains` tell of the next 24 hours.
    """

    rises: bool | None
    gain_pct: float | None
    high_gain_pct: float | None
    falls: bool | None
    drains: bool | None

    @property
    def rugs(self) -> bool | None:
        """Whether it fell or drained. None unless both are known: falls alone would miss a pool that is pulled."""
        return None if self.falls is None or self.drains is None else self.falls or self.drains

    def happened(self, horizon_s: int) -> bool | None:
        """Whether the event came true that a probability is given of: a rise within the hour, a rug within the day."""
        return self.rises if horizon_s == RISE_HORIZON_S else self.rugs


def labels(entry: Entry, table: CandleTable, liquidity: Levels | None, watched_until_s: int) -> Labels:
    """What became of a token bought at `entry`; `table` and `liquidity` may hold any past as well.

    Nothing happened in an interval without a candle before `watched_until_s`; later than that, nobody knows. Once a
    pool has drained nobody can sell there, whatever price its last crumbs make: closes from then on are no gain.
    """
    best = high = falls = drains = None
    drained_s = _drained_s(entry, liquidity)
    if watched_until_s >= entry.at_s + RISE_HORIZON_S:
        best = after_costs_pct(_best(entry, table, table.close, drained_s), entry.price)
        high = after_costs_pct(_best(entry, table, table.high, drained_s), entry.price)
    if watched_until_s >= entry.at_s + RUG_HORIZON_S:
        after = _closing_within(entry.at_s, table, RUG_HORIZON_S)
        falls = bool((table.close[after] <= RUG_REMAINS * entry.price).any())
        drains = None if drained_s is None else drained_s <= entry.at_s + RUG_HORIZON_S
    return Labels(None if best is None else best >= RISE * 100, best, high, falls, drains)


def after_costs_pct(price: float, entry_price: float) -> float:
    """What selling at `price` brings, in percent of what buying at `entry_price` took, after the round trip."""
    return (price / entry_price * (1 - ROUND_TRIP) - 1) * 100


def _best(entry: Entry, table: CandleTable, prices: Floats, drained_s: float | None) -> float:
    """The highest of `prices` in the next hour; an interval without trades closes where the one before closed."""
    after = _closing_within(entry.at_s, table, RISE_HORIZON_S)
    if drained_s is not None:
        after = after[table.time_s[after] + table.interval_s <= drained_s]
    first_slot_s = entry.at_s // table.interval_s * table.interval_s
    begins_quiet = not len(after) or int(table.time_s[after[0]]) > first_slot_s
    found = prices[after].tolist()
    return float(max([*found, entry.price] if begins_quiet else found))


def _closing_within(at_s: int, table: CandleTable, horizon_s: int) -> NDArray[np.intp]:
    ends = table.time_s + table.interval_s
    first, last = np.searchsorted(ends, [at_s, at_s + horizon_s], side="right")
    return np.arange(first, last)


def _drained_s(entry: Entry, liquidity: Levels | None) -> float | None:
    """When the pool drained after entry, infinity for never; None where the liquidity at entry is not known, or there
    was none to drain."""
    if liquidity is None or not entry.liquidity:
        return None
    first = int(np.searchsorted(liquidity.time_s, entry.at_s, side="right"))
    drained = np.flatnonzero(liquidity.value[first:] <= RUG_REMAINS * entry.liquidity)
    return float(liquidity.time_s[first + drained[0]]) if len(drained) else float("inf")
