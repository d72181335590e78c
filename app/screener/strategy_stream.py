"""The bar strategy as bars close, one at a time: candidates, entries and trades, by the passes that replay files."""

from functools import cache
from math import nan
from typing import NamedTuple

from app.config.screener_settings import ScreenSettings
from app.screener.backtest import REASONS, STARTING_CASH, Trade, rising_and_falling
from app.screener.columns import (
    DOMAIN_STATE_SIZES,
    BarColumns,
    DomainColumns,
    DomainStates,
    FeatureColumns,
    Function,
)
from app.screener.features import FeatureRow, FeatureStream
from app.screener.replay_columns import (
    CASH,
    COUNT,
    ENTRY,
    PENDING,
    REPLAY_STATE_SIZE,
    REST,
    SIDE,
    STOP,
    ReplayColumns,
    Rules,
    TradeColumns,
)
from app.screener.replay_passes import replay_with
from app.screener.screen import Candidate, Struck, candidate, passes, thresholds_of
from app.screener.strategy import plain_domains

_KEPT, _MOST_KEPT = 16, 512
"""Bars that are forgotten down to the first number at the second: no domain looks back further than 4."""


class Bar(NamedTuple):
    """When it opened (ms since 1970 UTC), its prices and its volume, such as `app.screener.bars.check_bars` takes."""

    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class DomainRow(NamedTuple):
    """What the strategy sees at one close, as in `app.screener.strategy.Domains`."""

    swing_high: float
    swing_low: float
    shape: float
    structure: float
    liquidity: float
    blocks: float
    momentum: float
    fusion: float


class Seen(NamedTuple):
    """Everything that is told of a bar at its close.

    `passed` says whether it is a candidate; `entry` is the side, 1 or −1, that is entered at the next open, 0 for none;
    `held` the side that is held at this close, `entry_price` what it was entered at and `stop` where its stop stands
    (both 0 without a position); `rest` for how many bars nothing is entered after losses; `trade` the position that
    ended in this bar, its places counted from the first bar of the stream; `equity` the account in USD.
    """

    bar: Bar
    features: FeatureRow
    domains: DomainRow
    passed: bool
    entry: int
    held: int
    entry_price: float
    stop: float
    rest: int
    trade: Trade | None
    equity: float


def candidate_of(seen: Seen, before: Seen, settings: ScreenSettings, interval_ms: int) -> Candidate:
    """What a screen writes down of a bar that passed, after the bar before it."""
    bar, features = seen.bar, seen.features
    struck = Struck(
        features.sentinels, bar.close, bar.volume, features.sma_20, features.sma_50, features.atr_rank,
        before.features.volume_mean, bar.time_ms - before.bar.time_ms - interval_ms,
    )  # fmt: skip
    return candidate(bar.time_ms, features.side, features.score, struck, settings)


class StrategyStream:
    """The strategy over bars of one span, in order, from an account of `STARTING_CASH` on, with bounded memory.

    What `backtest` gives of the same bars is the same in every bit, but for a position that is still open at the end:
    a stream has no end.
    """

    def __init__(self, settings: ScreenSettings, rules: Rules) -> None:
        self._settings, self._rules = settings, rules
        self._stream = FeatureStream(thresholds_of(settings, int(rules.interval_ms)))
        self._bars = BarColumns([], [], [], [], [], [])
        self._features = FeatureColumns(*([] for _ in FeatureColumns._fields))
        self._domains = DomainColumns(*([] for _ in DomainColumns._fields))
        self._seen = ReplayColumns(*([] for _ in ReplayColumns._fields))
        self._states = DomainStates(*([0.0] * size for size in DOMAIN_STATE_SIZES))
        self._equity: list[float] = []
        self._trades = TradeColumns([0], [0], *([0.0] for _ in TradeColumns._fields[2:]))
        self._account = [0.0] * REPLAY_STATE_SIZE
        self._account[CASH] = STARTING_CASH
        self._forgotten = 0

    def add(self, bar: Bar) -> Seen:
        """What is told of a bar when it has closed."""
        features = self._stream.add(bar.time_ms, bar[1:5], bar.volume)
        passed = passes(features, self._settings)
        place = self._append(bar, features)
        remember, judge = plain_domains()
        remember(self._bars, self._features, self._domains, self._states, place, place + 1)
        judge(self._bars, self._features, self._domains, self._states, self._rules, place, place + 1)
        domains = DomainRow._make(column[place] for column in self._domains)
        self._look(features, domains, passed=passed)
        _plain_replay()(
            self._bars, self._seen, self._trades, self._equity, place, place + 1, self._account, self._rules
        )  # fmt: skip
        held = int(self._account[SIDE])
        seen = Seen(
            bar, features, domains, passed, int(self._account[PENDING]), held,
            self._account[ENTRY] if held else 0.0, self._account[STOP] if held else 0.0, int(self._account[REST]),
            self._ended_trade(), self._equity[place],
        )  # fmt: skip
        self._forget()
        return seen

    def _append(self, bar: Bar, features: FeatureRow) -> int:
        self._bars.times.append(bar.time_ms)
        for column, value in zip((*self._bars[1:], *self._features), (*bar[1:], *features), strict=True):
            column.append(value)
        for column in self._domains:
            column.append(0.0)
        self._equity.append(0.0)
        return len(self._equity) - 1

    def _look(self, features: FeatureRow, domains: DomainRow, *, passed: bool) -> None:
        """Tell the replay of this bar; the wider market is not known to it."""
        seen = (
            float(passed), float(features.side), *rising_and_falling(features), domains.fusion, features.atr,
            features.atr_rank, domains.swing_high, domains.swing_low, nan, nan,
        )  # fmt: skip
        for column, value in zip(self._seen, seen, strict=True):
            column.append(value)

    def _ended_trade(self) -> Trade | None:
        if not self._account[COUNT]:
            return None
        self._account[COUNT] = 0.0
        trade = Trade._make(column[0] for column in self._trades)
        return trade._replace(
            entry_place=trade.entry_place + self._forgotten,
            exit_place=trade.exit_place + self._forgotten,
            side=int(trade.side),
            reason=REASONS[int(trade.reason)],
        )

    def _forget(self) -> None:
        gone = len(self._equity) - _KEPT
        if gone < _MOST_KEPT:
            return
        for column in (*self._bars, *self._features, *self._domains, *self._seen, self._equity):
            del column[:gone]
        self._forgotten += gone
        # The entry of a position that is open keeps its place among all bars.
        self._trades.entry_places[0] -= gone


@cache
def _plain_replay() -> Function:
    return replay_with(lambda function: function)
