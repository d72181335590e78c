"""A backtest: screened bars and settings → trades, over every bar or around candidates, with the same result."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.config.settings import Settings
from app.screener.backtest import Macro, Replay, Trade, replay
from app.screener.bars import moment_text
from app.screener.features import compiling_pays
from app.screener.replay_columns import Rules
from app.screener.rules import rules_of
from app.screener.screen import Screened
from app.screener.strategy import domains_of
from app.screener.windows import Windows, windows_around


class Backtest(NamedTuple):
    """What was replayed by which rules, and what it came to.

    `passed` marks the bars at which entries were allowed, `windows` those that were looked at; None for every bar.
    """

    screened: Screened
    passed: NDArray[np.bool_]
    rules: Rules
    windows: Windows | None
    replay: Replay

    @property
    def visited(self) -> int:
        """How many bars were looked at whether or not a position was open."""
        return self.screened.length if self.windows is None else self.windows.bars


def backtest(
    screened: Screened, settings: Settings, macro: Macro | None = None, named: NDArray[np.bool_] | None = None
) -> Backtest:
    """Replay the strategy over the bars that were asked for.

    An entry needs the whole screen at its bar. With `named`, as long as the bars, it needs to be among these as well,
    and only the bars around those are looked at, unless windows cover more than the settings allow.
    """
    bars, rules = screened.bars, rules_of(settings, screened.bars.interval_ms)
    passed = screened.passed if named is None else screened.passed & named
    windows = None if named is None else focus(passed, settings, screened)
    compiled = compiling_pays(bars.length)
    domains = domains_of(bars, screened.features, rules, windows=windows, compiled=compiled)
    made = replay(
        bars, screened.features, domains, passed, rules, macro, first=screened.first, windows=windows, compiled=compiled
    )
    return Backtest(screened, passed, rules, windows, made)


def focus(passed: NDArray[np.bool_], settings: Settings, screened: Screened) -> Windows | None:
    """The windows that a backtest on candidates looks at; None where they cover too much to be worth it."""
    batch = settings.batch_mode
    windows = windows_around(passed, batch.candidate_window_bars, screened.first)
    return None if windows.bars > batch.full_above * screened.length else windows


def first_difference(one: Replay, other: Replay, screened: Screened) -> str:
    """How two replays of the same bars differ, the first trade field by field; empty where they are equal."""
    for number, (trade, twin) in enumerate(zip(one.trades, other.trades, strict=False), start=1):
        if trade != twin:
            return f"trade {number}, {_when(trade, screened)}: " + "; ".join(
                f"{name} {value!r} against {against!r}"
                for name, value, against in zip(Trade._fields, trade, twin, strict=True)
                if value != against
            )
    if len(one.trades) != len(other.trades):
        longer = max(one.trades, other.trades, key=len)
        number = min(len(one.trades), len(other.trades))
        return f"{len(one.trades)} trades against {len(other.trades)}: one lacks {longer[number]}"
    apart = np.flatnonzero(one.equity != other.equity)
    if not len(apart):
        return ""
    place = int(apart[0])
    moment = moment_text(int(screened.bars.times[place]))
    return f"equity at {moment}: {float(one.equity[place])!r} against {float(other.equity[place])!r}"


def _when(trade: Trade, screened: Screened) -> str:
    return f"entered {moment_text(int(screened.bars.times[trade.entry_place]))}"
