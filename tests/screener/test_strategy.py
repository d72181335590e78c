"""The strategy and its replay: the plain reference, no lookahead, and parity of plain and compiled passes."""

from functools import partial

import numpy as np
import pytest
from bar_samples import market, some_bars
from hypothesis import given
from hypothesis import strategies as st
from strategy_reference import bars_of, domains, replay_plainly

from app.config.screener_settings import BatchModeSettings
from app.screener.backtest import STARTING_CASH, Macro, Replay, Trade, replay
from app.screener.bars import Bars
from app.screener.replay_columns import Rules
from app.screener.screen import Screened, screen
from app.screener.strategy import Domains, domains_of

EVER_MS = 1 << 50
any_trends = partial(Rules, aligned_trends=0.0)
LOOSE = BatchModeSettings(minimum_score=0.2, maximum_missing=1.0)

rule_sets = st.fixed_dictionaries(
    {
        "mode": st.sampled_from([0.0, 1.0, 2.0, 3.0]),
        "threshold": st.sampled_from([0.05, 0.25]),
        "aligned_trends": st.sampled_from([0.0, 0.0, 1.0, 2.0]),
        "stop_atr": st.sampled_from([0.5, 2.0]),
        "structure_stop": st.sampled_from([0.0, 1.0]),
        "partial_share": st.sampled_from([0.0, 0.5]),
        "trail_atr": st.sampled_from([0.0, 1.5]),
        "target_at_r": st.sampled_from([0.0, 0.5, 3.0]),
        "time_stop_bars": st.sampled_from([0.0, 6.0, 40.0]),
        "risk_share": st.sampled_from([0.01, 0.5]),
        "most_losses": st.sampled_from([0.0, 1.0, 2.0]),
        "pause_bars": st.sampled_from([0.0, 10.0]),
        "most_atr_share": st.sampled_from([0.01, 0.5]),
        "most_volatility": st.sampled_from([30.0, float("inf")]),
        "most_funding": st.sampled_from([0.0001, float("inf")]),
    }
).map(lambda given_rules: Rules(**given_rules))


def seen(bars: Bars, rules: Rules) -> tuple[Screened, Domains, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Bars with what is seen of them; where trends are not known for lack of days, entries are let through anyway."""
    screened = screen(bars, LOOSE, 0, EVER_MS)
    hint = np.where(np.isnan(screened.features.trend), np.sign(screened.features.sma_20 - screened.features.sma_50), 0)
    side = np.where(screened.features.side != 0, screened.features.side, np.nan_to_num(hint)).astype(np.int64)
    screened = screened._replace(features=screened.features._replace(side=side))
    return screened, domains_of(bars, screened.features, rules), (screened.features.sentinels > 0) & (side != 0)


def macro_of(bars: Bars) -> Macro:
    rng = np.random.default_rng(bars.length)
    volatility, funding = rng.uniform(10, 50, bars.length), rng.normal(0, 1e-4, bars.length)
    funding[rng.random(bars.length) < 0.3] = np.nan
    return Macro(volatility, funding)


@given(some_bars(longest=150))
def test_domains_are_those_of_the_reference(bars: Bars) -> None:
    screened, found, _ = seen(bars, Rules())
    for place, expected in enumerate(domains(bars_of(bars, screened.features))):
        told = {name: getattr(found, name)[place] for name in expected}
        assert told == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), place
        fusion = (
            0.30 * expected["structure"]
            + 0.25 * expected["liquidity"]
            + 0.15 * expected["blocks"]
            + 0.30 * expected["momentum"]
        )
        assert found.fusion[place] == pytest.approx(fusion, abs=1e-9, nan_ok=True)


@given(some_bars(longest=400), rule_sets)
def test_a_replay_is_that_of_the_reference(bars: Bars, rules: Rules) -> None:
    check_replay(bars, rules._replace(interval_ms=float(bars.interval_ms)))


def check_replay(bars: Bars, rules: Rules) -> int:
    screened, found, passed = seen(bars, rules)
    macro = macro_of(bars)
    result = replay(bars, screened.features, found, passed, rules, macro)
    rows = zip(*(column.tolist() for column in found), strict=True)
    views = [dict(zip(Domains._fields, values, strict=True)) for values in rows]
    series = (passed.tolist(), macro.volatility.tolist(), macro.funding.tolist())
    trades, equity = replay_plainly(bars_of(bars, screened.features), views, *series, rules)
    for number, (trade, expected) in enumerate(zip(result.trades, trades, strict=False)):
        assert differences(trade, expected) == {}, f"trade {number}"
    assert len(result.trades) == len(trades)
    np.testing.assert_allclose(result.equity, equity, rtol=1e-9)
    return len(trades)


def differences(trade: Trade, expected: Trade) -> dict[str, tuple[object, object]]:
    """Fields in which two trades differ, with both values."""
    return {
        name: (one, other)
        for name, one, other in zip(Trade._fields, trade, expected, strict=True)
        if one != (other if isinstance(other, str) else pytest.approx(other, rel=1e-7, abs=1e-7))
    }


@pytest.mark.parametrize("mode", [0.0, 1.0, 2.0, 3.0])
def test_months_of_trades_are_those_of_the_reference(mode: float) -> None:
    rules = any_trends(mode=mode, threshold=0.2, time_stop_bars=30.0)
    assert check_replay(market(3_000, 11, gaps=0.01), rules) > 40


@pytest.mark.parametrize(
    "rules",
    [
        # Stops beyond nine tenths of the price, and opens beyond the target.
        any_trends(
            mode=3.0, stop_atr=300.0, structure_stop=0.0, most_atr_share=0.5, partial_at_r=0.02, time_stop_bars=9.0
        ),
        # Many trades: most end in the bar they began in, and the next is decided on at its close.
        any_trends(mode=3.0, stop_atr=0.01, structure_stop=0.0, most_losses=0.0, most_atr_share=0.5),
    ],
    ids=["wide", "narrow"],
)
def test_odd_stops_are_those_of_the_reference(rules: Rules) -> None:
    bars = market(1_500, 14)
    rng = np.random.default_rng(1)
    opens = bars.opens * np.exp(rng.normal(0, 0.02, bars.length))
    bars = bars._replace(opens=opens, highs=np.maximum(bars.highs, opens), lows=np.minimum(bars.lows, opens))
    _, _, passed = seen(bars, rules)
    assert check_replay(bars, rules) > (0.4 if rules.stop_atr < 1 else 0.1) * np.count_nonzero(passed)


@given(some_bars(longest=400), rule_sets, st.floats(0.2, 1))
def test_no_later_bar_moves_a_trade_that_was_over(bars: Bars, rules: Rules, cut: float) -> None:
    part = bars.until(int(bars.times[int(cut * (bars.length - 1))]))
    whole, then = made(bars, rules), made(part, rules)
    over = [trade for trade in then.trades if trade.reason != "end of bars"]
    assert whole.trades[: len(over)] == over
    np.testing.assert_array_equal(whole.equity[: part.length - 1], then.equity[:-1])


def made(bars: Bars, rules: Rules, *, compiled: bool = False) -> Replay:
    screened, found, passed = seen(bars, rules)
    if compiled:
        found = domains_of(bars, screened.features, rules, compiled=True)
    return replay(bars, screened.features, found, passed, rules, compiled=compiled)


@pytest.mark.nightly
def test_compiled_passes_make_the_same_trades_to_the_last_bit() -> None:
    bars = market(4_000, 12, gaps=0.01)
    for mode in (0.0, 1.0, 2.0, 3.0):
        rules = any_trends(mode=mode, threshold=0.2)
        plain, compiled = made(bars, rules), made(bars, rules, compiled=True)
        assert compiled.trades == plain.trades
        np.testing.assert_array_equal(compiled.equity, plain.equity)


@given(some_bars(longest=400), rule_sets)
def test_every_dollar_is_in_some_trade(bars: Bars, rules: Rules) -> None:
    result = made(bars, rules)
    scale = max(STARTING_CASH, *(abs(trade.gross) + trade.fees for trade in result.trades), 0.0)
    total = STARTING_CASH + sum(trade.pnl for trade in result.trades)
    assert result.equity[-1] == pytest.approx(total, abs=1e-9 * scale)
    for trade in result.trades:
        assert trade.entry_place <= trade.exit_place
        assert trade.fees > 0
        assert trade.side * (trade.entry - trade.stop) > 0


def test_costs_only_take() -> None:
    bars = market(3_000, 13)
    free = made(bars, any_trends(mode=3.0, fee=0.0, slippage=0.0, funding=0.0))
    dear = made(bars, any_trends(mode=3.0, fee=0.001, slippage=0.0, funding=0.0, most_losses=0.0))
    assert all(trade.fees == trade.funding == 0 for trade in free.trades)
    assert all(trade.pnl < trade.gross for trade in dear.trades)
