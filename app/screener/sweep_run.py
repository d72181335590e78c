"""One run of a sweep: a trial's settings replayed over a fold of a market, and what of it is kept."""

from typing import NamedTuple

import msgspec
import numpy as np

from app.measures.days import DAY_MS, daily_returns
from app.measures.returns import Floats
from app.screener.backtest import STARTING_CASH, Prepared, Replay, replay_columns, replay_over
from app.screener.folds import Place
from app.screener.report import account_of, assumptions
from app.screener.rules import rules_of
from app.screener.screen import passing
from app.screener.shared_columns import Market, Screen, fused
from app.screener.trials import TrialSettings
from app.screener.windows import windows_around

_NARROWEST = 2
"""Windows that hold their candidates and nothing more: no trade depends on their width."""
_FULL_ABOVE = 0.65


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to, after costs: money in USD, shares as fractions; the ratio of a year, from bars, or None.

    `returns` are those of each UTC day from `first_day` (days since 1970) on, doubles of eight bytes, the lowest first.
    """

    candidates: int
    trades: int
    won: int
    total_return: float
    sharpe: float | None
    maximum_drawdown: float
    exposure: float
    gross: float
    fees: float
    funding: float
    first_day: int
    returns: bytes

    def daily(self) -> Floats:
        """The returns as numbers."""
        values: Floats = np.frombuffer(self.returns, dtype="<f8")
        return values


class Part(NamedTuple):
    """The bars of a fold with all that is known of them, and the columns of it that every replay looks at."""

    market: Market
    columns: Prepared


def part_of(market: Market, screen: Screen, place: Place) -> Part:
    """The part of a market that a fold is."""
    part = market.part(screen, place)
    return Part(part, replay_columns(part.bars, part.features, part.domains, part.macro))


def run_trial(given: Part, trial: TrialSettings) -> tuple[Replay, RunFigures]:
    """Replay a trial over the bars of a fold, with an account of its own: what `backtest` makes of these bars."""
    part = given.market
    settings = trial.settings()
    rules = rules_of(settings, part.bars.interval_ms)
    passed = passing(part.features, trial.screen)
    if part.marks is not None:
        passed &= part.marks
    windows = windows_around(passed, _NARROWEST, 0)
    few = windows.bars <= _FULL_ABOVE * part.bars.length
    fusion = fused(part.domains, rules)
    made = replay_over(part.bars, given.columns, fusion, passed, rules, windows=windows if few else None)
    return made, _figures(part, made, int(np.count_nonzero(passed)))


def _figures(part: Market, made: Replay, candidates: int) -> RunFigures:
    times, trades = part.bars.times, made.trades
    account = account_of(made.equity, times, part.bars.interval_ms)
    daily = daily_returns(times, made.equity, STARTING_CASH)
    return RunFigures(
        candidates=candidates,
        trades=len(trades),
        won=sum(trade.pnl > 0 for trade in trades),
        total_return=account.total_return,
        sharpe=account.sharpe,
        maximum_drawdown=account.maximum_drawdown,
        exposure=sum(trade.exit_place - trade.entry_place + 1 for trade in trades) / part.bars.length,
        gross=sum(trade.gross for trade in trades),
        fees=sum(trade.fees for trade in trades),
        funding=sum(trade.funding for trade in trades),
        first_day=int(times[0]) // DAY_MS,
        returns=daily.astype("<f8").tobytes(),
    )


def assumptions_of(trial: TrialSettings, interval_ms: int) -> list[str]:
    """How fills were reckoned, in sentences."""
    return assumptions(rules_of(trial.settings(), interval_ms))
