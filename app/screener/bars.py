"""Bars of one market, checked: the only form in which the screener takes them."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.errors import DataError
from app.core.text import clean
from app.markets.bar_table import BarTable, Integers, read_table
from app.measures.returns import Floats

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
LONGEST_INTERVAL_MS = 4 * HOUR_MS
LARGEST = 1e15
"""No price and no volume of a bar is larger."""
SMALLEST = 1e-15
"""No price of a bar is smaller: of what one next to nothing would buy, there would be no number."""
_LAST_MS = 7_258_118_400_000
"""2200-01-01: times beyond are a mistake of units."""


class Bars(NamedTuple):
    """Bars, oldest first, each time once, all on the grid of `interval_ms`; `missing` are not there between them.

    `times` tell when each opened, in ms since 1970 UTC. Prices are above 0 and fit together, volumes are not negative;
    nothing is NaN.
    """

    name: str
    interval_ms: int
    missing: int
    times: Integers
    opens: Floats
    highs: Floats
    lows: Floats
    closes: Floats
    volumes: Floats

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.times)

    @property
    def missing_share(self) -> float:
        """The share of all bars between the first and the last that is not there, 0 to 1."""
        return self.missing / (self.missing + self.length)

    @property
    def sha256(self) -> str:
        """A hash of what they say, whatever file they came from."""
        digest = hashlib.sha256(f"bars 1 {self.interval_ms} {self.length} ".encode())
        for column in self[3:]:
            digest.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def until(self, end_ms: int) -> "Bars":
        """Those that opened at `end_ms` or before. Raises `DataError` where that leaves fewer than two."""
        count = int(np.searchsorted(self.times, end_ms, side="right"))
        if count < 2:
            raise DataError(
                f"{self.name} holds {count} bars up to {moment_text(end_ms)}, its first is of "
                f"{moment_text(int(self.times[0]))}; name a later end"
            )
        missing = int((self.times[count - 1] - self.times[0]) // self.interval_ms) + 1 - count
        prices = (self.opens[:count], self.highs[:count], self.lows[:count], self.closes[:count])
        return Bars(self.name, self.interval_ms, missing, self.times[:count], *prices, self.volumes[:count])


def read_bars(path: Path) -> Bars:
    """The bars in a file of CSV, Parquet or Feather. Raises `DataError` with what is wrong with it first.

    They are named after the file and what its column `source` says, so that simulated bars stay called so.
    """
    table = read_table(path, COLUMNS)
    said = f" ({'; '.join(sorted(table.sources))})" if table.sources else ""
    return check_bars(f"{clean(path.name, 100)}{said}", table)


def check_bars(name: str, table: BarTable) -> Bars:
    """Rows as bars. Raises `DataError` that names the row (from 1, without the line of names) and what is wrong."""
    times, columns, zones = table[:3]
    absent = next((column for column in COLUMNS if column not in columns), None)
    if absent is not None:
        raise DataError(f"{name} has no column {absent}; bars need a time, {', '.join(PRICES)} and volume")
    if len(times) < 2:
        raise DataError(f"{name} holds {len(times)} bars; give a file with at least 2")
    if len(zones) > 1:
        raise DataError(
            f"{name} mixes times of several zones ({', '.join(sorted(zones)[:4])}); write all of them in UTC"
        )
    _check_times(name, times)
    _check_values(name, times, columns)
    interval = _interval(name, times)
    missing = int((times[-1] - times[0]) // interval) + 1 - len(times)
    return Bars(name, interval, missing, times, *(columns[column] for column in COLUMNS))


def moment_text(time_ms: int) -> str:
    """A time in ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def interval_text(interval_ms: int) -> str:
    """The span of a bar in words of charts: 5m, 1h."""
    hours, rest = divmod(interval_ms, HOUR_MS)
    return f"{hours}h" if not rest else f"{interval_ms / MINUTE_MS:g}m"


def _check_times(name: str, times: Integers) -> None:
    outside = (times < 0) | (times >= _LAST_MS)
    if outside.any():
        raise DataError(f"{name}, row {_first(outside)}: its time is not between 1970 and 2200; write ISO 8601 or ms")
    steps = np.diff(times, prepend=times[0] - 1)
    if (steps < 0).any():
        row = _first(steps < 0)
        raise DataError(f"{name}, row {row}: {moment_text(int(times[row - 1]))} is before the row above; sort by time")
    if (steps == 0).any():
        row = _first(steps == 0)
        raise DataError(f"{name}, row {row}: {moment_text(int(times[row - 1]))} is there twice; leave one of them")


def _check_values(name: str, times: Integers, columns: dict[str, Floats]) -> None:
    def refuse(column: str, wrong: NDArray[np.bool_], what: str) -> None:
        if wrong.any():
            row = _first(wrong)
            raise DataError(
                f"{name}, row {row} ({moment_text(int(times[row - 1]))}): {column} is {columns[column][row - 1]:g}, "
                f"which is {what}; correct the file"
            )

    for column in COLUMNS:
        values = columns[column]
        refuse(column, ~np.isfinite(values), "no number")
        if column == "volume":
            refuse(column, values < 0, "below 0")
        else:
            refuse(column, values <= 0, "not above 0")
            refuse(column, values < SMALLEST, f"below {SMALLEST:g}")
        refuse(column, values > LARGEST, f"above {LARGEST:g}")
    opens, highs, lows, closes = (columns[column] for column in PRICES)
    refuse("high", highs < np.maximum(np.maximum(opens, closes), lows), "below another price of its bar")
    refuse("low", lows > np.minimum(opens, closes), "above another price of its bar")


def _first(wrong: NDArray[np.bool_]) -> int:
    """The number of the first row that is wrong, from 1."""
    return int(np.argmax(wrong)) + 1


def _interval(name: str, times: Integers) -> int:
    """The most common step. Raises `DataError` where that is no span of bars, or a bar is off its grid."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    interval = int(steps[np.argmax(counts)])
    if interval < MINUTE_MS or LONGEST_INTERVAL_MS % interval:
        raise DataError(
            f"{name} has a bar each {interval / MINUTE_MS:g} minutes; give bars of 4 hours or a whole part of that"
        )
    off = times % interval != 0
    if off.any():
        row = _first(off)
        raise DataError(
            f"{name}, row {row}: {moment_text(int(times[row - 1]))} is no time at which a bar of "
            f"{interval_text(interval)} opens; correct the file"
        )
    return interval
