"""Backtests of settings: on candidates as over every bar, entries at candidates alone, and what differs is told."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from bar_samples import START_MS, THRESHOLDS, market, some_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.settings import Settings
from app.screener.backtest import STARTING_CASH, Replay, replay
from app.screener.backtesting import Backtest, backtest, first_difference
from app.screener.bars import HOUR_MS, Bars, read_bars
from app.screener.features import FeatureStream
from app.screener.replay_columns import Rules
from app.screener.rules import rules_of
from app.screener.screen import Screened, passes, screen, thresholds_of
from app.screener.strategy import domains_of
from app.screener.windows import windows_around

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ohlcv"
EVER_MS = 1 << 50

four_hourly = some_bars(longest=260, shortest=130, intervals_ms=(4 * HOUR_MS,))
"""Bars of which a day's trend is known early, so that there are candidates."""
fusions = st.builds(
    FusionSettings,
    mode=st.sampled_from(["fusion_only", "confirm", "prefilter", "advisory"]),
    entry_threshold_confidence=st.sampled_from([0.0, 0.1, 0.3]),
    aligned_trends=st.integers(0, 3),
    momentum_weight=st.sampled_from([0.3, 2.0]),
)
strategies = st.builds(
    StrategySettings,
    stop_atr=st.sampled_from([0.3, 1.0, 4.0]),
    structure_stop=st.booleans(),
    partial_share=st.sampled_from([0.0, 0.5]),
    partial_at_r=st.sampled_from([0.3, 1.0]),
    trail_atr=st.sampled_from([0.0, 1.5]),
    target_at_r=st.sampled_from([0.0, 2.0]),
    time_stop_bars=st.sampled_from([0, 1, 30]),
    risk_share=st.sampled_from([0.01, 0.9]),
    most_losses=st.sampled_from([0, 1, 2]),
    pause_bars=st.sampled_from([0, 1, 7, 60]),
    most_atr_share=st.sampled_from([0.02, 1.0]),
)
some_settings = st.builds(
    lambda fusion, strategy, score, width: Settings(
        fusion=fusion,
        strategy=strategy,
        batch_mode=BatchModeSettings(
            minimum_score=score, maximum_missing=1.0, candidate_window_bars=width, full_above=1.0
        ),
    ),
    fusions, strategies, st.sampled_from([0.3, 0.6]), st.sampled_from([2, 3, 8, 48]),
)  # fmt: skip


def both(bars: Bars, chosen: Settings, start_ms: int = 0, end_ms: int = EVER_MS) -> tuple[Backtest, Backtest]:
    """A backtest over every bar, and one on candidates, whatever they cover."""
    screened = screen(bars, chosen.batch_mode.screen, start_ms, end_ms)
    return backtest(screened, chosen), backtest(screened, chosen, named=screened.passed)


def check_same(full: Backtest, focused: Backtest) -> None:
    assert first_difference(full.replay, focused.replay, full.screened) == ""
    assert focused.windows is not None


@settings(max_examples=300)
@given(four_hourly, some_settings)
def test_a_backtest_on_candidates_is_that_over_every_bar(bars: Bars, chosen: Settings) -> None:
    check_same(*both(bars, chosen))


@pytest.mark.nightly
@settings(max_examples=10_000)
@given(some_bars(longest=400, shortest=130, intervals_ms=(4 * HOUR_MS, HOUR_MS)), some_settings, st.floats(0, 0.9))
def test_ten_thousand_backtests_on_candidates_are_those_over_every_bar(
    bars: Bars, chosen: Settings, cut: float
) -> None:
    check_same(*both(bars, chosen, int(bars.times[int(cut * bars.length)])))


def test_months_have_trades_that_outlive_their_windows_and_rests_that_begin_in_one() -> None:
    chosen = Settings(
        fusion=FusionSettings(mode="advisory"),
        strategy=StrategySettings(most_losses=1, pause_bars=30, time_stop_bars=0, trail_atr=6.0),
        batch_mode=BatchModeSettings(minimum_score=0.7, candidate_window_bars=4, full_above=1.0),
    )
    full, focused = both(market(6_000, 5, gaps=0.01), chosen)
    check_same(full, focused)
    assert focused.windows is not None
    ends = focused.windows.ends
    outlived = [trade for trade in full.replay.trades if np.any((ends > trade.entry_place) & (ends < trade.exit_place))]
    assert len(outlived) > 5
    assert focused.visited < 0.3 * full.visited


@settings(max_examples=40)
@given(four_hourly, some_settings)
def test_every_entry_follows_a_bar_that_a_stream_lets_pass(bars: Bars, chosen: Settings) -> None:
    """The screen is a sound filter: nothing that it leaves out could have been entered."""
    stream = FeatureStream(thresholds_of(chosen.batch_mode, bars.interval_ms))
    rows = zip(*(column.tolist() for column in bars[3:]), strict=True)
    let_through = [
        passes(stream.add(time, (opened, high, low, close), volume), chosen.batch_mode)
        for time, opened, high, low, close, volume in rows
    ]
    for trade in both(bars, chosen)[0].replay.trades:
        assert let_through[trade.entry_place - 1]


@given(st.lists(st.booleans(), min_size=1, max_size=200), st.integers(2, 60), st.floats(0, 1))
def test_windows_hold_every_candidate_once(marks: list[bool], width: int, share: float) -> None:
    first = int(share * len(marks))
    passed = np.array(marks)
    passed[:first] = False
    windows = windows_around(passed, width, first)
    held = [place for start, end in zip(*windows, strict=True) for place in range(start, end)]
    wanted = {
        place
        for candidate in np.flatnonzero(passed)
        for place in range(candidate - width // 2, candidate + width - width // 2)
    }
    assert held == sorted(wanted & set(range(first, len(marks))))
    assert windows.bars == len(held)
    assert np.all(windows.starts[1:] > windows.ends[:-1])


def test_windows_that_cover_most_bars_are_not_worth_it() -> None:
    bars = market(2_000, 3)
    chosen = Settings(batch_mode=BatchModeSettings(minimum_score=0.3))
    full, focused = both(bars, chosen)
    assert focused.windows is None
    assert focused.visited == full.visited == 2_000
    assert focused.replay.trades == full.replay.trades


def test_candidates_that_are_not_named_are_not_entered() -> None:
    bars = market(3_000, 8)
    chosen = Settings(fusion=FusionSettings(mode="advisory"), batch_mode=BatchModeSettings(minimum_score=0.6))
    screened = screen(bars, chosen.batch_mode, 0, EVER_MS)
    named = screened.passed.copy()
    named[: bars.length // 2] = False
    # A bar that is named and does not pass is no candidate.
    named |= ~screened.passed
    result = backtest(screened, chosen, named=named)
    assert result.replay.trades
    assert all(trade.entry_place > bars.length // 2 for trade in result.replay.trades)
    assert all(screened.passed[trade.entry_place - 1] for trade in result.replay.trades)


def test_bars_before_the_start_change_nothing_in_the_account() -> None:
    bars = market(3_000, 8)
    result = both(bars, Settings(), START_MS + 1_000 * HOUR_MS)[0]
    assert result.replay.trades
    np.testing.assert_array_equal(result.replay.equity[:1_000], STARTING_CASH)
    assert min(trade.entry_place for trade in result.replay.trades) > 1_000


def test_what_differs_first_is_told_field_by_field() -> None:
    result = both(market(3_000, 8), Settings())[0]
    screened, made = result.screened, result.replay
    other = made.trades.copy()
    other[1] = other[1]._replace(exit=other[1].exit + 1, reason="target")
    told = first_difference(made, Replay(other, made.equity), screened)
    assert told.startswith("trade 2, entered 2025-")
    assert f"exit {made.trades[1].exit!r} against {other[1].exit!r}; reason " in told
    assert "fees" not in told
    shorter = Replay(made.trades[:-1], made.equity)
    assert "one lacks Trade(" in first_difference(shorter, made, screened)
    equity = made.equity.copy()
    equity[7] += 1e-9
    assert first_difference(made, Replay(made.trades, equity), screened).startswith("equity at 2025-01-01T07:00:00Z")


def test_the_usual_settings_are_the_usual_rules() -> None:
    assert rules_of(Settings(), HOUR_MS)._asdict() == pytest.approx(Rules()._asdict())
    assert thresholds_of(Settings().batch_mode, HOUR_MS) == THRESHOLDS


def test_every_setting_of_the_strategy_is_a_rule() -> None:
    """A setting that no rule comes from would be a knob that does nothing."""
    usual = rules_of(Settings(), HOUR_MS)
    for section, names in (
        ("fusion", FusionSettings.__struct_fields__),
        ("strategy", StrategySettings.__struct_fields__),
    ):
        for name in names:
            given_section = getattr(Settings(), section)
            value = getattr(given_section, name)
            other = "advisory" if name == "mode" else (not value if isinstance(value, bool) else value + 0.5)
            changed = msgspec.structs.replace(given_section, **{name: other})
            assert rules_of(msgspec.structs.replace(Settings(), **{section: changed}), HOUR_MS) != usual, name


def window(name: str, start_ms: int, end_ms: int) -> Screened:
    return screen(read_bars(REAL / name), BatchModeSettings(maximum_missing=1.0), start_ms, end_ms)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared beside the checkout")
def test_real_bars_of_july() -> None:
    """ETH, 2025-07-01 to 2025-07-15, in windows of any width."""
    screened = window("binance_um_ETHUSDT_1h_2023-2025.parquet", 1_751_328_000_000, 1_752_623_999_999)
    assert screened.length == 15 * 24
    for mode in ("confirm", "advisory"):
        for width in (2, 48):
            chosen = Settings(
                fusion=FusionSettings(mode=mode),
                batch_mode=BatchModeSettings(candidate_window_bars=width, full_above=1.0),
            )
            full, focused = backtest(screened, chosen), backtest(screened, chosen, named=screened.passed)
            check_same(full, focused)
            assert full.replay.trades


@pytest.mark.nightly
def test_compiled_passes_around_candidates_give_the_same() -> None:
    bars, rules = market(4_000, 12, gaps=0.01), rules_of(Settings(), HOUR_MS)._replace(threshold=0.1)
    screened = screen(bars, BatchModeSettings(minimum_score=0.6), 0, EVER_MS)
    windows = windows_around(screened.passed, 6, 0)
    results = []
    for compiled, around in ((False, None), (True, None), (True, windows)):
        domains = domains_of(bars, screened.features, rules, windows=around, compiled=compiled)
        given_bars = (bars, screened.features, domains, screened.passed, rules)
        results.append(replay(*given_bars, windows=around, compiled=compiled))
    for other in results[1:]:
        assert first_difference(results[0], other, screened) == ""
    assert len(results[0].trades) > 10


@pytest.mark.nightly
@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared beside the checkout")
def test_every_shared_file_of_bars() -> None:
    names = sorted(path.name for path in REAL.iterdir() if "funding" not in path.name)
    assert len(names) > 12
    for name in names:
        screened = window(name, 0, EVER_MS)
        for mode, width in zip(("confirm", "fusion_only", "prefilter", "advisory"), (48, 2, 48, 2), strict=True):
            chosen = Settings(
                fusion=msgspec.convert({"mode": mode, "entry_threshold_confidence": 0.2}, FusionSettings),
                batch_mode=BatchModeSettings(candidate_window_bars=width, full_above=1.0),
            )
            check_same(backtest(screened, chosen), backtest(screened, chosen, named=screened.passed))
