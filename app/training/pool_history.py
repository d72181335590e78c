"""Histories of pools, in one form wherever they come from, and what was known of a pool at a moment."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.measures.returns import Floats
from app.tokens.candles import SLOT_S, CandleTable, Integers, from_trades, last_close, window
from app.tokens.features import Context, turnover
from app.tokens.labels import RUG_REMAINS, Entry, Levels

HOUR_S, DAY_S = 3_600, 86_400


class ReservePath(NamedTuple):
    """Every update of a pool's reserves, oldest first: time, price, money moved by a swap (0 where liquidity was added
    or taken), and what lies in the pool, both sides. Money is in the unit of the pool's other token."""

    time_s: Integers
    price: Floats
    volume: Floats
    liquidity: Floats


class PoolHistory(NamedTuple):
    """What was recorded of one pool. `born_s` is None where the recording may begin later than the pool.

    Later than `watched_until_s` nothing is known; before, an interval without a candle had no trades. `is_listed_scam`
    is what the authors of a list say of it, None where no list names it. `path` is None where only candles were kept.
    `told` gives the context of a moment where the recording holds what venues tell.
    """

    token: str
    source: str
    born_s: int | None
    watched_until_s: int
    table: CandleTable
    path: ReservePath | None = None
    is_listed_scam: bool | None = None
    told: Callable[[int], Context] | None = None

    @property
    def levels(self) -> Levels | None:
        """Liquidity over time, None where it was not recorded."""
        return None if self.path is None else Levels(self.path.time_s, self.path.liquidity)


class Histories(NamedTuple):
    """Pools of one or several files. `bad_rows` could not be used; `passed_over` pools say nothing of what is asked."""

    pools: tuple[PoolHistory, ...]
    bad_rows: int = 0
    passed_over: int = 0


def reserve_path(time_s: Integers, tokens: Floats, quote: Floats) -> ReservePath:
    """Reserves of the token and of what it is paid with, after each update, oldest first → a path.

    A swap raises one reserve and lowers the other; what raises or lowers both adds liquidity or takes it. The price is
    quote / tokens; an update that empties a side has none and keeps the price before it (NaN where there was none).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.where((tokens > 0) & (quote > 0), quote / tokens, np.nan)
    moved, given = np.diff(quote, prepend=quote[:1]), np.diff(tokens, prepend=tokens[:1])
    swapped = moved * given < 0
    return ReservePath(time_s, _carried(price), np.where(swapped, np.abs(moved), 0.0), 2 * quote)


def history_of_path(
    token: str, source: str, path: ReservePath, watched_until_s: int, is_listed_scam: bool | None = None
) -> PoolHistory:
    """A pool's history from its first update on, with five-minute candles."""
    priced = np.isfinite(path.price)
    table = from_trades(path.time_s[priced], path.price[priced], path.volume[priced], SLOT_S)
    return PoolHistory(token, source, int(path.time_s[0]), watched_until_s, table, path, is_listed_scam)


def entry_at(history: PoolHistory, at_s: int) -> Entry | None:
    """Where one could have bought at `at_s`; None where there was no price yet."""
    path = history.path
    if path is None:
        price = last_close(history.table, at_s)
        return None if price is None else Entry(at_s, price, None)
    place = _updates_until(path, at_s)
    if not place or not np.isfinite(path.price[place - 1]):
        return None
    return Entry(at_s, float(path.price[place - 1]), float(path.liquidity[place - 1]))


def context_at(history: PoolHistory, at_s: int) -> Context:
    """What was known beside candles. Reserve paths are not in dollars: what needs them is not known, turnover is."""
    if history.told is not None:
        return history.told(at_s)
    age = None if history.born_s is None else float(at_s - history.born_s)
    volume = _volume_24h(history, at_s)
    if history.path is None:
        return Context(age_s=age, volume_24h_usd=volume)
    place = _updates_until(history.path, at_s)
    liquidity = float(history.path.liquidity[place - 1]) if place else None
    trades = float(place - _updates_until(history.path, at_s - HOUR_S))
    return Context(age_s=age, trades_1h=trades, turnover=turnover(volume, liquidity))


def is_alive(history: PoolHistory, at_s: int, slot_s: int) -> bool:
    """Whether there is anything to predict: a trade within the window, and liquidity that was not taken already."""
    if not window(history.table, at_s, slot_s).candles:
        return False
    if history.path is None:
        return True
    seen = history.path.liquidity[: _updates_until(history.path, at_s)]
    return bool(len(seen)) and bool(seen[-1] > RUG_REMAINS * seen.max())


def _volume_24h(history: PoolHistory, at_s: int) -> float | None:
    """Volume of the last day, or of a younger pool's life; None where the recording begins within it."""
    path, table = history.path, history.table
    if path is not None:
        first, last = _updates_until(path, at_s - DAY_S), _updates_until(path, at_s)
        return float(path.volume[first:last].sum())
    if history.born_s is None and (not len(table.time_s) or int(table.time_s[0]) > at_s - DAY_S):
        return None
    first, last = np.searchsorted(table.time_s + table.interval_s, [at_s - DAY_S, at_s], side="right")
    total = float(table.volume[first:last].sum())
    return total if np.isfinite(total) else None


def _updates_until(path: ReservePath, at_s: int) -> int:
    return int(np.searchsorted(path.time_s, at_s, side="right"))


def _carried(values: Floats) -> Floats:
    """Each value that is not known replaced by the one before it."""
    known: NDArray[np.intp] = np.where(np.isfinite(values), np.arange(len(values)), 0)
    return values[np.maximum.accumulate(known)] if len(values) else values
