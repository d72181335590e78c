"""Columns, thresholds and memory that the passes over bars share, and the numbers that define features."""

from collections.abc import Callable
from typing import Any, NamedTuple

Column = list[float]
Places = list[int]
Function = Callable[..., Any]

WINDOW = 20
LONG_WINDOW = 50
PERIOD = 14
FAST, SLOW, SIGNAL = 12, 26, 9
RANKED = 100
FOUR_HOURS_MS, DAY_MS = 4 * 3_600_000, 24 * 3_600_000
SUM_AGAIN = 64
"""After so many bars sums over a window are added up anew around the newest value: rounding cannot pile up, and a bar
of absurd size is forgotten."""

KEEP, TAKE = (PERIOD - 1) / PERIOD, 1 / PERIOD
"""What Wilder's averages keep of the old value and take of the new one."""

SMA_20_CROSS, SMA_50_CROSS, ATR_REGIME, VOLUME_SPIKE, SESSION_BREAK = 1, 2, 4, 8, 16


class BarColumns(NamedTuple):
    """Bars, oldest first: when each opened (ms since 1970 UTC), its prices, and its volume."""

    times: Places
    opens: Column
    highs: Column
    lows: Column
    closes: Column
    volumes: Column


class FeatureColumns(NamedTuple):
    """What is told of each bar at its close.

    `adx`, `direction` and `trend` are those of the newest 4 h and 1 d bar that had closed by then. `sentinels` is a sum
    of the five flags, `side` is 1, −1 or 0.
    """

    sma_20: Column
    sma_50: Column
    deviation: Column
    rsi: Column
    atr: Column
    atr_rank: Column
    macd: Column
    macd_signal: Column
    volume_mean: Column
    volume_deviation: Column
    adx: Column
    direction: Column
    trend: Column
    sentinels: Column
    score: Column
    side: Column


class DomainColumns(NamedTuple):
    """What the strategy sees at each close: swings, the four domains, and what they come to together, −1 to 1."""

    swing_high: Column
    swing_low: Column
    shape: Column
    structure: Column
    liquidity: Column
    blocks: Column
    momentum: Column
    fusion: Column


class DomainStates(NamedTuple):
    """What each of their passes remembers."""

    swing: Column
    structure: Column
    liquidity: Column
    blocks: Column
    momentum: Column


DOMAIN_STATE_SIZES = (5, 1, 3, 13, 1)


class HigherColumns(NamedTuple):
    """Bars of a longer span that were put together, how many had closed at each base bar, and what is told of them."""

    bars: BarColumns
    closed: Places
    one: Column
    two: Column


class Thresholds(NamedTuple):
    """The span of a bar, and where sentinels strike: a gap in ms, a share of 100 bars, deviations of volume."""

    interval_ms: float
    session_gap_ms: float
    high_rank: float
    volume_sigma: float


class States(NamedTuple):
    """What each pass remembers from bar to bar."""

    spread: Column
    volume: Column
    average: Column
    strength: Column
    ranges: Column
    macd: Column
    four_hours: Column
    adx: Column
    day: Column
    trend: Column
    watch: Column


class StateSizes(NamedTuple):
    """How many numbers each of them is."""

    spread: int = 4
    volume: int = 4
    average: int = 3
    strength: int = 4
    ranges: int = 3
    macd: int = 4
    four_hours: int = 8
    adx: int = 8
    day: int = 8
    trend: int = 4
    watch: int = 6


STATE_SIZES = StateSizes()
