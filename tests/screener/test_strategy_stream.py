"""The strategy bar by bar: the same candidates, entries, trades and account as of whole files, in every bit."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from bar_samples import market, some_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.settings import Settings
from app.screener.backtesting import Backtest, backtest
from app.screener.bars import HOUR_MS, Bars, read_bars
from app.screener.features import Features
from app.screener.rules import rules_of
from app.screener.screen import candidates, screen
from app.screener.strategy import Domains, domains_of
from app.screener.strategy_stream import Bar, Seen, StrategyStream, candidate_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "ohlcv" / "binance_um_ETHUSDT_1h_2023-2025.parquet"
EVER_MS = 1 << 42
EASY = Settings(
    batch_mode=BatchModeSettings(minimum_score=0.5, maximum_missing=1.0),
    fusion=FusionSettings(entry_threshold_confidence=0.1, aligned_trends=1),
    strategy=StrategySettings(most_losses=2, pause_bars=5, time_stop_bars=12),
)


def streamed(bars: Bars, chosen: Settings) -> list[Seen]:
    stream = StrategyStream(chosen.batch_mode, rules_of(chosen, bars.interval_ms))
    return [stream.add(Bar(*row)) for row in zip(*(column.tolist() for column in bars[3:]), strict=True)]


def check_same(bars: Bars, chosen: Settings) -> Backtest:
    """A stream and a backtest of all bars agree in every bit of everything they tell."""
    screened = screen(bars, chosen.batch_mode, 0, EVER_MS)
    whole, seen = backtest(screened, chosen), streamed(bars, chosen)
    domains = domains_of(bars, screened.features, whole.rules)
    for name, column in zip(Features._fields, screened.features, strict=True):
        np.testing.assert_array_equal([getattr(row.features, name) for row in seen], column, err_msg=name)
    for name, column in zip(Domains._fields, domains, strict=True):
        np.testing.assert_array_equal([getattr(row.domains, name) for row in seen], column, err_msg=name)
    assert [row.passed for row in seen] == screened.passed.tolist()
    told = [
        candidate_of(row, before, chosen.batch_mode, bars.interval_ms) for before, row in pairwise(seen) if row.passed
    ]
    assert told == candidates(screened, chosen.batch_mode)
    trades = [row.trade for row in seen if row.trade is not None]
    ended = [trade for trade in whole.replay.trades if trade.reason != "end of bars"]
    assert trades == ended
    # What a backtest closes at the last close is still open here.
    assert bool(seen[-1].held) == (len(ended) < len(whole.replay.trades))
    np.testing.assert_array_equal([row.equity for row in seen][:-1], whole.replay.equity[:-1])
    entered = {trade.entry_place: trade.side for trade in whole.replay.trades}
    assert {place + 1: row.entry for place, row in enumerate(seen[:-1]) if row.entry} == entered
    return whole


@settings(max_examples=40)
@given(some_bars(longest=300), st.sampled_from(["confirm", "fusion_only", "prefilter", "advisory"]))
def test_a_stream_is_the_backtest_of_the_same_bars(bars: Bars, mode: str) -> None:
    chosen = Settings(
        batch_mode=EASY.batch_mode,
        fusion=FusionSettings(mode=mode, entry_threshold_confidence=0.1, aligned_trends=0),  # type: ignore[arg-type]
        strategy=EASY.strategy,
    )
    check_same(bars, chosen)


def test_a_stream_that_forgets_old_bars_tells_the_same_for_months() -> None:
    whole = check_same(market(2_500, 12, gaps=0.01), EASY)
    assert len(whole.replay.trades) > 20


def test_a_position_that_is_open_while_bars_are_forgotten_keeps_its_entry() -> None:
    chosen = Settings(
        batch_mode=EASY.batch_mode,
        fusion=EASY.fusion,
        strategy=StrategySettings(stop_atr=40, structure_stop=False, partial_share=0, time_stop_bars=700),
    )
    whole = check_same(market(2_500, 12), chosen)
    assert any(trade.exit_place - trade.entry_place > 600 for trade in whole.replay.trades)


def test_a_stop_is_told_while_a_position_is_held_alone() -> None:
    seen = streamed(market(1_500, 12), EASY)
    assert any(row.held for row in seen)
    assert all((row.stop > 0) == (row.held != 0) for row in seen)
    assert all(after.held in (0, before.entry) for before, after in pairwise(seen) if before.entry)
    assert all(math.isfinite(row.equity) for row in seen)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_file(), reason="no ../shared beside the checkout")
def test_real_bars_of_july() -> None:
    """ETH, the 30 days before July 2025 and its first half."""
    bars = read_bars(REAL).until(1_752_623_999_999)
    first = int(np.searchsorted(bars.times, 1_751_328_000_000)) - 30 * 24
    columns = [column[first:] for column in bars[3:]]
    window = Bars(bars.name, HOUR_MS, 0, *columns)  # type: ignore[arg-type]
    for mode in ("confirm", "advisory"):
        whole = check_same(window, Settings(fusion=FusionSettings(mode=mode)))
        assert whole.screened.passed.any()
        assert whole.replay.trades
