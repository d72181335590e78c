"""Features of bars: of a whole series at once, or of each bar as it closes. One definition, equal in every bit."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from app.measures.returns import Floats
from app.screener import kernel
from app.screener.bars import Bars
from app.screener.columns import (
    DAY_MS,
    FOUR_HOURS_MS,
    RANKED,
    STATE_SIZES,
    BarColumns,
    Column,
    FeatureColumns,
    Function,
    HigherColumns,
    Places,
    States,
    Thresholds,
)

COMPILING_PAYS_BARS = 2_000_000
"""Compiling takes several seconds, in which so many bars go through the plain passes."""
_KEPT, _MOST_KEPT = 256, 4_096
"""A stream forgets bars down to the first number when it has the second: no feature looks back further."""


class Features(NamedTuple):
    """Columns as long as the bars; NaN where there are too few of them (docs/screener.md defines each).

    `adx`, `direction` and `trend` are of the newest bar of 4 h and of a day that had closed. `sentinels` is a sum of
    the flags of `app.screener.columns`, `score` 0 to 1, `side` 1, −1 or 0.
    """

    sma_20: Floats
    sma_50: Floats
    deviation: Floats
    rsi: Floats
    atr: Floats
    atr_rank: Floats
    macd: Floats
    macd_signal: Floats
    volume_mean: Floats
    volume_deviation: Floats
    adx: Floats
    direction: Floats
    trend: Floats
    sentinels: NDArray[np.int64]
    score: Floats
    side: NDArray[np.int64]


class FeatureRow(NamedTuple):
    """The features of one bar, as in `Features`."""

    sma_20: float
    sma_50: float
    deviation: float
    rsi: float
    atr: float
    atr_rank: float
    macd: float
    macd_signal: float
    volume_mean: float
    volume_deviation: float
    adx: float
    direction: float
    trend: float
    sentinels: int
    score: float
    side: int


class _Room(NamedTuple):
    """How many bars there are, and how many of 4 h and of a day there can be."""

    bars: int
    hours: int
    days: int


class _Work(NamedTuple):
    """Everything the passes write to."""

    features: FeatureColumns
    hours: HigherColumns
    days: HigherColumns
    states: States


def features_of(bars: Bars, thresholds: Thresholds) -> Features:
    """The features of each bar at its close, by the means that suit their number."""
    return compiled_features(bars, thresholds) if compiling_pays(bars.length) else plain_features(bars, thresholds)


def compiling_pays(bars: int) -> bool:
    """Whether so many bars are done sooner by compiling first; never without the optional extra `fast`."""
    return bars >= COMPILING_PAYS_BARS and find_spec("numba") is not None


def plain_features(bars: Bars, thresholds: Thresholds) -> Features:
    """The features by plain passes over lists: nothing is compiled."""
    work = _lists(_room(bars))
    columns = BarColumns(*(column.tolist() for column in bars[3:]))
    _plain()(columns, *work, thresholds, 0, bars.length, kernel.AT_ONCE)
    return _features(work.features)


def compiled_features(bars: Bars, thresholds: Thresholds) -> Features:
    """The features by the same passes, compiled at their first call. Raises `ImportError` where numba is missing."""
    work = _arrays(_room(bars))
    compiled_program()(BarColumns(*map(_as_list, bars[3:])), *work, thresholds, 0, bars.length, kernel.AT_ONCE)
    return _features(work.features)


def watched(bars: Bars, features: Features, thresholds: Thresholds) -> tuple[Floats, Floats]:
    """The sentinels and the score of each bar by these thresholds, from features that were made by any.

    The same passes as for all features, plain, so that they are equal in every bit.
    """
    columns = FeatureColumns(*(column.tolist() for column in features))
    columns = columns._replace(sentinels=_zeros(bars.length), score=_zeros(bars.length), side=_zeros(bars.length))
    state = _zeros(STATE_SIZES.watch)
    kernel.watch_pass(BarColumns(*(column.tolist() for column in bars[3:])), columns, 0, bars.length, state, thresholds)
    kernel.score_pass(columns, 0, bars.length, thresholds)
    return np.asarray(columns.sentinels, dtype=np.float64), np.asarray(columns.score, dtype=np.float64)


@cache
def compiled_program() -> Function:
    """The passes for numba, compiled at their first call."""
    return kernel.fused(compiler())


def compiler() -> Function:
    """What compiles passes for this process alone: numba would pickle what it keeps on disk."""
    import numba

    # Without fastmath: sums in another order would not be equal in every bit.
    compile_pass: Function = numba.njit(nogil=True, error_model="numpy")
    return compile_pass


class FeatureStream:
    """Features of bars as they close, one at a time, with the memory of some thousand bars.

    The bars it is given are of one span, in order, and such as `app.screener.bars.check_bars` takes.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._program = kernel.fused(lambda function: function)
        self._bars = BarColumns([], [], [], [], [], [])
        self._work = _lists(_Room(0, 0, 0))

    def add(self, time_ms: int, prices: tuple[float, float, float, float], volume: float) -> FeatureRow:
        """The features at the close of a bar that opened at `time_ms`; prices are open, high, low, close."""
        place = len(self._bars.times)
        self._bars.times.append(time_ms)
        for column, value in zip(self._bars[1:], (*prices, volume), strict=True):
            column.append(value)
        self._grow()
        self._program(self._bars, *self._work, self._thresholds, place, place + 1, 1)
        row = [column[place] for column in self._work.features]
        if place + 1 >= _MOST_KEPT:
            self._forget()
        told = FeatureRow._make(row)
        return told._replace(sentinels=int(told.sentinels), side=int(told.side))

    def _grow(self) -> None:
        for column in self._work.features:
            column.append(0.0)
        for longer in (self._work.hours, self._work.days):
            longer.closed.append(0)
            for place in (*longer.bars, longer.one, longer.two):
                place.append(0)

    def _forget(self) -> None:
        for column in (*self._bars, *self._work.features, self._work.hours.closed, self._work.days.closed):
            del column[:-_KEPT]
        for longer, state in (
            (self._work.hours, self._work.states.four_hours),
            (self._work.days, self._work.states.day),
        ):
            gone = max(0, int(state[0]) - _KEPT)
            state[0] -= gone
            for place in (*longer.bars, longer.one, longer.two):
                del place[:gone]


@cache
def _plain() -> Function:
    return kernel.fused(lambda function: function, _rank_in_numpy)


def _rank_in_numpy(atr: Column, first: int, last: int, rank: Column) -> None:
    """What the kernel's own pass counts, many times as fast on lists: counting is exact in any order."""
    rank[first:last] = [np.nan] * (last - first)
    start = max(first, RANKED)
    if start >= last:
        return
    values = np.array(atr[start - RANKED : last])
    windows = sliding_window_view(values[:-1], RANKED)
    below = (windows < values[RANKED:, np.newaxis]).sum(axis=1) * (1 / RANKED)
    rank[start:last] = np.where(np.isnan(windows[:, 0]), np.nan, below).tolist()


def _room(bars: Bars) -> _Room:
    span = int(bars.times[-1] - bars.times[0])
    return _Room(bars.length, *(min(bars.length, span // width + 2) for width in (FOUR_HOURS_MS, DAY_MS)))


def _lists(room: _Room) -> _Work:
    return _work(room, _zeros, lambda length: [0] * length, _zeros)


def _arrays(room: _Room) -> _Work:
    # One piece of memory for all columns: the system maps a large one in large pages, of which there are few.
    longer = len(BarColumns._fields) + 1
    block = np.empty(len(FeatureColumns._fields) * room.bars + longer * (room.hours + room.days))
    used = 0

    def column(length: int) -> Column:
        nonlocal used
        used += length
        piece: Column = _as_list(block[used - length : used])
        return piece

    return _work(
        room,
        column,
        lambda length: _as_list(np.empty(length, np.int64)),
        lambda length: _as_list(np.zeros(length)),
    )


def _zeros(length: int) -> Column:
    return [0.0] * length


def _work(
    room: _Room, column: Callable[[int], Column], places: Callable[[int], Places], state: Callable[[int], Column]
) -> _Work:
    def longer(length: int) -> HigherColumns:
        bars = BarColumns(places(length), *(column(length) for _ in range(5)))
        return HigherColumns(bars, places(room.bars), column(length), column(length))

    features = FeatureColumns(*(column(room.bars) for _ in FeatureColumns._fields))
    return _Work(features, longer(room.hours), longer(room.days), States(*map(state, STATE_SIZES)))


def _as_list(values: NDArray[Any]) -> Any:  # noqa: ANN401 - the passes take arrays wherever they say lists
    return values


def _features(columns: FeatureColumns) -> Features:
    told = Features._make(np.asarray(column, dtype=np.float64) for column in columns)
    return told._replace(sentinels=told.sentinels.astype(np.int64), side=told.side.astype(np.int64))
