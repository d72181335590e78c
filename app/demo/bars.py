"""Minute bars: one row a minute without holes, prices as grid indices, volume in lots."""

from typing import NamedTuple

import numpy as np

from app.demo.grid import Integers

OPEN, HIGH, LOW, CLOSE, LOTS, TRADES = range(6)
COLUMNS = 6
MINUTE_MS = 60_000
DAY_MINUTES = 1_440
INTERVAL_MINUTES = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "8h": 480,
    "12h": 720,
    "1d": 1_440,
}


class Bars(NamedTuple):
    """Rows of `COLUMNS` numbers; row i covers minute `first + i * step` (minutes since 1970) and `step` minutes on."""

    first: int
    step: int
    rows: Integers

    def since(self, minute: int) -> "Bars":
        """The bars from the one that holds `minute` on."""
        skip = max(0, (minute - self.first) // self.step)
        return Bars(self.first + skip * self.step, self.step, self.rows[skip:])


def aggregate(bars: Bars, step: int) -> Bars:
    """Minute bars joined to bars of `step` minutes, aligned to multiples of it; the first may be incomplete."""
    if step == 1 or len(bars.rows) == 0:
        return bars
    first = bars.first // step * step
    starts = np.arange(first, bars.first + len(bars.rows), step) - bars.first
    starts[0] = 0
    ends = np.append(starts[1:], len(bars.rows)) - 1
    rows = np.empty((len(starts), COLUMNS), dtype=np.int64)
    rows[:, OPEN] = bars.rows[starts, OPEN]
    rows[:, HIGH] = np.maximum.reduceat(bars.rows[:, HIGH], starts)
    rows[:, LOW] = np.minimum.reduceat(bars.rows[:, LOW], starts)
    rows[:, CLOSE] = bars.rows[ends, CLOSE]
    rows[:, LOTS:] = np.add.reduceat(bars.rows[:, LOTS:], starts, axis=0)
    return Bars(first, step, rows)


class BarStore:
    """The minute bars of one coin: the last one is still open. Keeps at most `limit` of them."""

    def __init__(self, bars: Bars, limit: int = 31 * DAY_MINUTES) -> None:
        self._limit = limit
        self._first = bars.first
        self._count = len(bars.rows)
        self._rows = np.concatenate([bars.rows, np.zeros((256, COLUMNS), dtype=np.int64)])

    @property
    def bars(self) -> Bars:
        """All bars as a view, good until the next change."""
        return Bars(self._first, 1, self._rows[: self._count])

    @property
    def minute(self) -> int:
        """The minute of the open bar."""
        return self._first + self._count - 1

    def trade(self, index: int, lots: int) -> None:
        """A trade at a grid index goes into the open bar."""
        row = self._rows[self._count - 1]
        if row[TRADES] == 0:
            row[OPEN : CLOSE + 1] = index
        row[HIGH] = max(row[HIGH], index)
        row[LOW] = min(row[LOW], index)
        row[CLOSE] = index
        row[LOTS] += lots
        row[TRADES] += 1

    def roll(self) -> None:
        """Close the open bar; the next one starts flat at its close."""
        if self._count == self._limit:
            self._rows[:-1] = self._rows[1:].copy()
            self._first += 1
            self._count -= 1
        elif self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros((DAY_MINUTES, COLUMNS), dtype=np.int64)])
        row = self._rows[self._count]
        row[:LOTS] = self._rows[self._count - 1, CLOSE]
        row[LOTS:] = 0
        self._count += 1
