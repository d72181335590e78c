"""A replay of the strategy over bars: trades, the account bar by bar, and what it came to after costs."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.compiling import compiler
from app.measures.returns import Floats
from app.screener.bars import Bars
from app.screener.columns import BarColumns, Function
from app.screener.features import Features
from app.screener.replay_columns import (
    CASH,
    COINS,
    COUNT,
    ENTRY,
    FUNDED,
    MADE,
    PAID,
    REPLAY_STATE_SIZE,
    SIDE,
    ReplayColumns,
    Rules,
    TradeColumns,
)
from app.screener.replay_passes import ENDED, focused_with, replay_with
from app.screener.strategy import Domains
from app.screener.windows import Windows

STARTING_CASH = 10_000.0
REASONS = {1: "stop", 2: "time stop", 3: "end of bars", 4: "target"}


class Macro(NamedTuple):
    """What is known of the wider market at each bar, as long as the bars; NaN where it is not.

    `funding` is the rate of an hour as a fraction, positive where longs pay; `volatility` an index of any kind.
    """

    volatility: Floats
    funding: Floats


class Trade(NamedTuple):
    """One position: the places of its bars, 1 or −1, coins at the entry, prices, and USD.

    `pnl` is after fees and funding; `exit` the price at which what was left went.
    """

    entry_place: int
    exit_place: int
    side: int
    coins: float
    entry: float
    stop: float
    exit: float
    reason: str
    gross: float
    fees: float
    funding: float

    @property
    def pnl(self) -> float:
        """What it made after costs, in USD."""
        return self.gross - self.fees - self.funding


class Replay(NamedTuple):
    """What a replay came to: trades in order, and the account at each close, open positions at their market price."""

    trades: list[Trade]
    equity: Floats


def replay(
    bars: Bars, features: Features, domains: Domains, passed: NDArray[np.bool_], rules: Rules,
    macro: Macro | None = None, *, first: int = 0, windows: Windows | None = None, compiled: bool = False,
) -> Replay:  # fmt: skip
    """Replay the strategy from the bar at `first` on; entries happen at bars that `passed` alone, exits at every bar.

    A position that is open at the end is closed at the last close, with the costs of any exit. Plain and compiled
    passes agree in every bit. With `windows`, in which every bar that passed has to lie, bars outside them are left
    out while nothing is held: the result is the same in every bit.
    """
    columns = replay_columns(bars, features, domains, macro, compiled=compiled)
    return replay_over(bars, columns, domains.fusion, passed, rules, first=first, windows=windows, compiled=compiled)


class Prepared(NamedTuple):
    """Bars and what is seen of them as passes take it: views, or arrays where compiled. Many replays share it."""

    prices: BarColumns
    seen: ReplayColumns


def replay_columns(
    bars: Bars, features: Features, domains: Domains, macro: Macro | None = None, *, compiled: bool = False
) -> Prepared:
    """All that a replay looks at but for fusion and what passed, which `replay_over` is given."""
    unknown = np.full(bars.length, np.nan)
    volatility, funding = macro or Macro(unknown, unknown)
    seen = (
        features.side.astype(np.float64), *rising_and_falling(features), features.atr, features.atr_rank,
        domains.swing_high, domains.swing_low, volatility, funding,
    )  # fmt: skip
    hint, rising, falling, *others = (_given(column, compiled=compiled) for column in seen)
    prices = BarColumns(*(_given(column, compiled=compiled) for column in bars[3:]))
    return Prepared(prices, ReplayColumns([], hint, rising, falling, [], *others))


def replay_over(
    bars: Bars, columns: Prepared, fusion: Floats, passed: NDArray[np.bool_], rules: Rules, *, first: int = 0,
    windows: Windows | None = None, compiled: bool = False,
) -> Replay:  # fmt: skip
    """What `replay` does, over columns that are there already."""
    trades, equity, state = _room(int(np.count_nonzero(passed)) + 1, bars.length, compiled=compiled)
    state[CASH] = STARTING_CASH
    full, focused = _compiled() if compiled else _plain()
    seen = columns.seen._replace(
        passed=_given(passed.astype(np.float64), compiled=compiled), fusion=_given(fusion, compiled=compiled)
    )
    if windows is None:
        full(columns.prices, seen, trades, equity, first, bars.length, state, rules)
    else:
        spans = (_given(each, compiled=compiled) for each in windows)
        focused(columns.prices, seen, trades, equity, *spans, first, bars.length, state, rules)
    told = _told(trades, int(state[COUNT]))
    account: Floats = np.array(equity, dtype=np.float64)
    account[:first] = STARTING_CASH
    if state[SIDE] != 0.0:
        told.append(_ended(bars, trades, state, rules))
        account[-1] = STARTING_CASH + sum(trade.pnl for trade in told)
    return Replay(told, account)


def _given(column: NDArray[Any], *, compiled: bool) -> Any:  # noqa: ANN401 - the passes take arrays wherever they say lists
    # Plain passes read a number through a view sooner than through an array, and no list has to be made first.
    return column if compiled else column.data


def rising_and_falling(features: Any) -> tuple[Any, Any]:  # noqa: ANN401 - of columns, or of one bar's numbers
    """How many of the three trends go up at each bar, and how many down; one that is not known goes nowhere.

    `features` are `Features` or a `FeatureRow`: columns come of columns, numbers of numbers.
    """
    trends = (features.sma_20 - features.sma_50, features.direction, features.trend)
    return sum(1.0 * (trend > 0) for trend in trends), sum(1.0 * (trend < 0) for trend in trends)


def _room(most: int, length: int, *, compiled: bool) -> tuple[TradeColumns, Any, Any]:
    """Columns for so many trades, the account at each of the bars, and the memory of a replay."""

    def floats(rows: int) -> Any:  # noqa: ANN401 - the passes take arrays wherever they say lists
        return np.zeros(rows) if compiled else [0.0] * rows

    def places() -> Any:  # noqa: ANN401
        return np.zeros(most, np.int64) if compiled else [0] * most

    columns = (floats(most) for _ in TradeColumns._fields[2:])
    return TradeColumns(places(), places(), *columns), floats(length), floats(REPLAY_STATE_SIZE)


def _told(trades: TradeColumns, count: int) -> list[Trade]:
    """Columns as trades."""
    rows = zip(*(np.asarray(column[:count]).tolist() for column in trades), strict=True)
    made = (Trade._make(row) for row in rows)
    return [trade._replace(side=int(trade.side), reason=REASONS[int(trade.reason)]) for trade in made]


def _ended(bars: Bars, trades: TradeColumns, state: list[float], rules: Rules) -> Trade:
    """The trade of the position that is still open, as if it were closed at the last close."""
    count, side, coins = int(state[COUNT]), float(state[SIDE]), float(state[COINS])
    price = float(bars.closes[-1]) * (1.0 - side * rules.slippage)
    gross = float(state[MADE]) + side * coins * (price - float(state[ENTRY]))
    fees = float(state[PAID]) + price * coins * rules.fee
    return Trade(
        int(trades.entry_places[count]), bars.length - 1, int(side), float(trades.coins[count]), float(state[ENTRY]),
        float(trades.stops[count]), price, REASONS[int(ENDED)], gross, fees, float(state[FUNDED]),
    )  # fmt: skip


@cache
def _plain() -> tuple[Function, Function]:
    return replay_with(lambda function: function), focused_with(lambda function: function)


@cache
def _compiled() -> tuple[Function, Function]:
    return replay_with(compiler()), focused_with(compiler())
