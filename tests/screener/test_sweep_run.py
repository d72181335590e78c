"""A run of a sweep is a backtest of the same bars, equal in every bit, by columns that went through files."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
from bar_samples import market, some_bars
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.config.settings import Settings
from app.core.errors import DataError, UsageError
from app.screener.backtesting import backtest
from app.screener.bars import HOUR_MS, Bars
from app.screener.folds import Place, folds_of, places_of
from app.screener.report import summarise
from app.screener.screen import Screened, screen, thresholds_of
from app.screener.shared_columns import (
    Market,
    Screen,
    market_of,
    open_market,
    open_screen,
    save_bars,
    save_market,
    save_screen,
    screen_of,
)
from app.screener.sweep_run import part_of, run_trial
from app.screener.trials import Trial, grid_values, plan_trials

BUSY = (
    "batch_mode.minimum_score=0.4,0.6",
    "batch_mode.atr_percentile=0.5,0.8",
    "batch_mode.sentinels=sma_20_cross,volume_spike",
    "batch_mode.volume_sigma=1,2",
    "fusion.mode=fusion_only,confirm,prefilter,advisory",
    "fusion.entry_threshold_confidence=.05,.2",
    "fusion.momentum_weight=0.1,0.5",
    "fusion.aligned_trends=0,2",
    "strategy.stop_atr=1,2.5",
    "strategy.time_stop_bars=0,12",
    "costs.taker_fee_bps=0,4.5",
)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    values = {key: draw(st.sampled_from(values)) for key, values in grid_values(BUSY).items()}
    values["batch_mode.sentinels"] = draw(st.sampled_from([("sma_20_cross", "sma_50_cross"), ("volume_spike",)]))
    return plan_trials(Settings(), {key: [value] for key, value in values.items()}, {}, 0, 0)[0]


def through_files(bars: Bars, trial: Trial, marks: NDArray[np.bool_] | None = None) -> tuple[Market, Screen]:
    """The market and the trial's screen as a worker sees them; the market was made by other thresholds."""
    thresholds = thresholds_of(trial.settings.screen, bars.interval_ms)
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_bars(folder, bars, marks)
        save_market(folder, market_of(bars, thresholds._replace(high_rank=0.33, volume_sigma=0.1)))
        opened = open_market(folder, bars.name, bars.interval_ms)
        save_screen(folder / "screen.npy", screen_of(opened, thresholds))
        return opened, open_screen(folder / "screen.npy")


@given(some_bars(longest=1_500, shortest=400, intervals_ms=(HOUR_MS, 4 * HOUR_MS)), trials(), st.integers(1, 4))
def test_a_run_is_a_backtest_of_its_fold(bars: Bars, trial: Trial, count: int) -> None:
    folds = folds_of(int(bars.times[0]), int(bars.times[-1]) + bars.interval_ms, min(count, 1 + bars.length // 100))
    shared, own = through_files(bars, trial)
    settings = trial.settings.settings()
    for fold, place in zip(folds, places_of(bars, folds), strict=True):
        if place is None:
            continue
        made, figures = run_trial(part_of(shared, own, place), trial.settings)
        whole = backtest(_screened(bars, settings, fold.start_ms, fold.end_ms - 1), settings)
        moved = [
            trade._replace(entry_place=trade.entry_place - place.first, exit_place=trade.exit_place - place.first)
            for trade in whole.replay.trades
        ]
        assert made.trades == moved
        assert made.equity.tobytes() == whole.replay.equity[place.first :].tobytes()
        told = summarise(whole)
        assert (figures.candidates, figures.trades, figures.won) == (told.candidates, told.trades, told.won)
        assert (figures.total_return, figures.sharpe) == (told.strategy.total_return, told.strategy.sharpe)
        assert (figures.maximum_drawdown, figures.exposure) == (told.strategy.maximum_drawdown, told.exposure)
        assert (figures.gross, figures.fees, figures.funding) == (told.gross, told.fees, told.funding)
        assert np.prod(1 + figures.daily()) - 1 == pytest.approx(figures.total_return, abs=1e-9)


def _screened(bars: Bars, settings: Settings, start_ms: int, end_ms: int) -> Screened:
    """The screen of a fold; how many bars may be missing is no matter of a run."""
    lenient = msgspec.structs.replace(settings.batch_mode, maximum_missing=1.0)
    return screen(bars, lenient, start_ms, end_ms)


def test_marks_restrict_entries_as_named_candidates_do() -> None:
    bars = market(2_000, 4)
    (trial,) = plan_trials(Settings(), grid_values(["fusion.mode=advisory", "batch_mode.minimum_score=.5"]), {}, 0, 0)
    marks = np.random.default_rng(1).random(bars.length) < 0.5
    settings = trial.settings.settings()
    screened = screen(bars, settings.batch_mode, 0, 1 << 53)
    shared, own = through_files(bars, trial, marks)
    made, figures = run_trial(part_of(shared, own, Place(0, bars.length)), trial.settings)
    named = backtest(screened, settings, None, marks)
    assert made.trades == named.replay.trades != backtest(screened, settings).replay.trades
    assert figures.candidates == np.count_nonzero(screened.passed & marks) > 10


def test_a_folder_without_columns_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--shared"):
        open_market(tmp_path, "ETH", HOUR_MS)


@given(st.integers(0, 2**43), st.integers(1, 400 * 24), st.integers(1, 20))
def test_folds_part_time_at_midnight(start_hour: int, hours: int, count: int) -> None:
    start, end = start_hour // HOUR_MS * HOUR_MS, start_hour // HOUR_MS * HOUR_MS + hours * HOUR_MS
    day = 24 * HOUR_MS
    days = -(-end // day) - start // day
    if days < count:
        with pytest.raises(UsageError, match="take fewer"):
            folds_of(start, end, count)
        return
    folds = folds_of(start, end, count)
    assert [folds[0].start_ms, *(fold.end_ms for fold in folds)] == [*(fold.start_ms for fold in folds), end]
    assert all(fold.start_ms % day == 0 for fold in folds[1:])
    lengths = [-(-fold.end_ms // day) - fold.start_ms // day for fold in folds]
    assert max(lengths) - min(lengths) <= 1
