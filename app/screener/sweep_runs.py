"""The runs of a sweep: features and domains of a market once for all of them, then a replay for each point."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.config.settings import Settings
from app.markets.bar_table import Integers
from app.measures.returns import Floats
from app.screener.backtest import STARTING_CASH, Prepared, Replay, replay_columns, replay_over
from app.screener.backtesting import Backtest
from app.screener.bars import Bars
from app.screener.columns import DAY_MS, Thresholds
from app.screener.features import Features, features_of
from app.screener.report import summarise
from app.screener.rules import rules_of
from app.screener.screen import Screened, passing, thresholds_of
from app.screener.strategy import Domains, domains_of
from app.screener.sweep_space import Point, settings_of
from app.screener.windows import windows_around

_NARROWEST = 2


class Shared(NamedTuple):
    """What runs over the same bars by the same thresholds have in common, from the first bar that was asked for on.

    `named` marks the bars at which entries are allowed where the screen lets them pass.
    """

    bars: Bars
    features: Features
    domains: Domains
    named: NDArray[np.bool_]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A point over one market, after costs; `daily` are simple returns of UTC days from `first_day` (since 1970) on."""

    point: int
    market: str
    trades: int
    won: int
    total_return: float
    sharpe: float | None
    sortino: float | None
    maximum_drawdown: float
    exposure: float
    fees: float
    funding: float
    mean_trade_bps: float | None
    mean_trade_bps_low: float | None
    mean_trade_bps_high: float | None
    first_day: int
    daily: tuple[float, ...]


def thresholds_by_point(base: Settings, points: Sequence[Point], interval_ms: int) -> list[Thresholds]:
    """The thresholds of each point: those with equal ones share features."""
    return [thresholds_of(settings_of(base, point).batch_mode, interval_ms) for point in points]


def shared_of(bars: Bars, thresholds: Thresholds, first: int, named: NDArray[np.bool_] | None = None) -> Shared:
    """Features and domains at the bars from place `first` on; those before warm up. All bars are named without any."""
    features = features_of(bars, thresholds)
    domains = domains_of(bars, features, rules_of(Settings(), bars.interval_ms))
    part = bars._replace(**{name: getattr(bars, name)[first:] for name in Bars._fields[3:]})
    return Shared(
        part,
        Features._make(column[first:] for column in features),
        Domains._make(column[first:] for column in domains),
        np.ones(part.length, dtype=np.bool_) if named is None else named[first:],
    )


def save_shared(path: Path, shared: Shared) -> None:
    """Put it into a folder, a file a column, where other processes map it."""
    path.mkdir()
    for number, column in enumerate((*shared.bars[3:], *shared.features, *shared.domains, shared.named)):
        np.save(path / f"{number:02d}.npy", column, allow_pickle=False)
    (path / "bars.json").write_bytes(msgspec.json.encode(list(shared.bars[:3])))


def load_shared(path: Path) -> Shared:
    """What `save_shared` has put there, mapped and not read."""
    names = sorted(path.glob("*.npy"))
    columns = [np.load(name, mmap_mode="r", allow_pickle=False) for name in names]
    name, interval_ms, missing = msgspec.json.decode((path / "bars.json").read_bytes(), type=tuple[str, int, int])
    split = len(Bars._fields) - 3, len(Features._fields)
    return Shared(
        Bars(name, interval_ms, missing, *columns[: split[0]]),
        Features._make(columns[split[0] : sum(split)]),
        Domains._make(columns[sum(split) : -1]),
        columns[-1],
    )


def run_points(folder: str, market: str, base: bytes, points: Sequence[tuple[int, Point]]) -> list[dict[str, Any]]:
    """Replay points (with their numbers) over the columns in a folder; runs as plain records.

    It takes and gives what any executor can carry to another process.
    """
    shared, settings = load_shared(Path(folder)), msgspec.json.decode(base, type=Settings)
    columns = replay_columns(shared.bars, shared.features, shared.domains)
    runs = [run_point(shared, columns, market, number, settings_of(settings, point)) for number, point in points]
    return [msgspec.to_builtins(run) for run in runs]


def run_point(shared: Shared, columns: Prepared, market: str, number: int, settings: Settings) -> Run:
    """One point: the same trades and figures as a backtest of its settings. No window is wider than it has to be."""
    bars, rules = shared.bars, rules_of(settings, shared.bars.interval_ms)
    passed = passing(shared.features, settings.batch_mode) & shared.named
    screened = Screened(bars, shared.features, passed, 0)
    domains, windows = shared.domains, windows_around(passed, _NARROWEST, 0)
    # In this order of sums it is what the pass over bars comes to, in every bit.
    fusion: Floats = (
        rules.structure_weight * domains.structure
        + rules.liquidity_weight * domains.liquidity
        + rules.blocks_weight * domains.blocks
        + rules.momentum_weight * domains.momentum
    )
    made = replay_over(bars, columns, fusion, passed, rules, windows=windows)
    first_day, daily = daily_returns(bars.times, made)
    summary = summarise(Backtest(screened, passed, rules, windows, made))
    account, mean = summary.strategy, summary.mean_trade_bps
    return Run(
        point=number, market=market, trades=summary.trades, won=summary.won, total_return=account.total_return,
        sharpe=account.sharpe, sortino=account.sortino, maximum_drawdown=account.maximum_drawdown,
        exposure=summary.exposure, fees=summary.fees, funding=summary.funding, mean_trade_bps=mean.value,
        mean_trade_bps_low=mean.low, mean_trade_bps_high=mean.high, first_day=first_day, daily=tuple(daily.tolist()),
    )  # fmt: skip


def daily_returns(times: Integers, made: Replay) -> tuple[int, Floats]:
    """The first day, counted from 1970, and the account's return of each day from it on; 0 on days without a bar.

    An account that is gone returns nothing any more.
    """
    days = times // DAY_MS
    first, last = int(days[0]), int(days[-1])
    newest = np.searchsorted(days, np.arange(first, last + 1), side="right") - 1
    closing = np.concatenate([[STARTING_CASH], made.equity[newest]])
    before, after = closing[:-1], closing[1:]
    returns: Floats = np.divide(after, before, out=np.ones(len(before)), where=before > 0) - 1.0
    return first, returns
