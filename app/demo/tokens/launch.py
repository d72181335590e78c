"""A launched token as the APIs see it: its life by minutes, and what of it is known at a moment. Pure."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MINUTE_S = 60
SUPPLY = 1e9
"""Every token has so many units, as those of launchpads do."""


class Path(NamedTuple):
    """What happened in each minute of a pool's life, from the one it was made in; arrays of one length.

    Prices and money are dollars. A minute without trades has no volume and keeps the price. `liquidity` is what lies in
    the pool at the minute's end, `holders` counts accounts.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    buys: Floats
    sells: Floats
    liquidity: Floats
    holders: Floats


class Launch(Protocol):
    """What a generator gives of one token. What kind of launch it is stays with the generator."""

    @property
    def mint(self) -> str:
        """The token's address."""

    @property
    def pool(self) -> str:
        """Its pool's address."""

    @property
    def symbol(self) -> str:
        """Its short name."""

    @property
    def dex(self) -> str:
        """Where it trades, in GeckoTerminal's words."""

    @property
    def created_s(self) -> int:
        """When the pool was made, epoch seconds."""

    def path(self) -> Path:
        """Its whole life, the same each time."""


class LaunchSource(Protocol):
    """A world of launches."""

    def launches(self, from_s: int, to_s: int) -> list[Launch]:
        """Those whose pools were made in this time, `to_s` not included, oldest first."""


class Trading(NamedTuple):
    """Trades of a span of time: dollars, and how often was bought and sold; the change of the price in percent, None
    where the pool is younger than the minute that the span began in."""

    volume: float
    buys: int
    sells: int
    change_pct: float | None


class Lived(NamedTuple):
    """The life of a launch as far as a moment: whole minutes, and of the open one what has happened so far."""

    launch: Launch
    now_s: int
    path: Path

    @property
    def price(self) -> float:
        """The last price."""
        return float(self.path.close[-1])

    @property
    def liquidity(self) -> float:
        """Dollars in the pool, both sides."""
        return float(self.path.liquidity[-1])

    @property
    def holders(self) -> int:
        """Accounts that hold it."""
        return int(self.path.holders[-1])

    @property
    def last_trade_s(self) -> int | None:
        """The minute of the last trade; None before the first."""
        traded = np.flatnonzero(self.path.volume > 0)
        return self._start_s + int(traded[-1]) * MINUTE_S if len(traded) else None

    def trading(self, minutes: int) -> Trading:
        """Trades of the last so many minutes, the open one among them."""
        minute = _minute(self.launch, self.now_s)
        recent = slice(max(0, minute + 1 - minutes), minute + 1)
        volume, buys, sells = (
            float(part[recent].sum()) for part in (self.path.volume, self.path.buys, self.path.sells)
        )
        opened = self.path.open[recent]
        before = float(opened[0]) if len(opened) else self.price
        change = (self.price / before - 1) * 100
        return Trading(volume, int(buys), int(sells), change if minute + 1 >= minutes else None)

    def candles(self, interval_s: int) -> NDArray[np.float64]:
        """Rows of time, open, high, low, close and volume, oldest first; none for an interval without trades."""
        path, traded = self.path, np.flatnonzero(self.path.volume > 0)
        if not len(traded):
            return np.empty((0, 6))
        slots = (self._start_s + traded * MINUTE_S) // interval_s
        starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
        ends = np.append(starts[1:], len(slots)) - 1
        return np.column_stack(
            [
                slots[starts] * interval_s,
                path.open[traded[starts]],
                np.maximum.reduceat(path.high[traded], starts),
                np.minimum.reduceat(path.low[traded], starts),
                path.close[traded[ends]],
                np.add.reduceat(path.volume[traded], starts),
            ]
        )

    @property
    def _start_s(self) -> int:
        return self.launch.created_s // MINUTE_S * MINUTE_S


def lived(launch: Launch, path: Path, now_s: int) -> Lived:
    """The part of a path that has happened by `now_s`, which is not before the launch. After its end nothing moves."""
    minute = _minute(launch, now_s)
    if minute >= len(path.close):
        return Lived(launch, now_s, path)
    passed = Path(*(part[: minute + 1].copy() for part in path))
    _open_minute(passed, now_s % MINUTE_S / MINUTE_S)
    return Lived(launch, now_s, passed)


def _minute(launch: Launch, now_s: int) -> int:
    """Which minute of its life it is in, from 0."""
    return now_s // MINUTE_S - launch.created_s // MINUTE_S


def _open_minute(path: Path, share: float) -> None:
    """Of the last minute only `share` has happened: its price is on the way, its trades are fewer."""
    opened = path.open[-1]
    path.close[-1] = opened + (path.close[-1] - opened) * share
    path.high[-1], path.low[-1] = max(opened, path.close[-1]), min(opened, path.close[-1])
    path.volume[-1] *= share
    path.buys[-1], path.sells[-1] = int(path.buys[-1] * share), int(path.sells[-1] * share)
