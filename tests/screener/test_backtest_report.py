"""A backtest's report: its figures add up, and nothing in it depends on which bars were looked at."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from bar_samples import START_MS, market

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.settings import Settings
from app.screener.backtest import STARTING_CASH, Macro
from app.screener.backtesting import Backtest, backtest
from app.screener.bars import HOUR_MS, Bars, moment_text
from app.screener.equity_chart import equity_chart
from app.screener.equity_picture import equity_picture
from app.screener.report import (
    assumptions,
    direction_sentence,
    equity_rows,
    held_equity,
    summarise,
    trade_rows,
)
from app.screener.screen import screen

BUSY = Settings(
    fusion=FusionSettings(mode="advisory"),
    strategy=StrategySettings(most_losses=0, time_stop_bars=24),
    batch_mode=BatchModeSettings(minimum_score=0.6, candidate_window_bars=2, full_above=1.0),
)
FIRST = 600


def of(bars: Bars, settings: Settings = BUSY, *, on_candidates: bool = False) -> Backtest:
    screened = screen(bars, settings.batch_mode, START_MS + FIRST * HOUR_MS, 1 << 50)
    return backtest(screened, settings, named=screened.passed if on_candidates else None)


@pytest.fixture(scope="module")
def result() -> Backtest:
    return of(market(4_000, 9))


def test_figures_add_up(result: Backtest) -> None:
    summary, trades = summarise(result), result.replay.trades
    assert summary.trades == len(trades) > 50
    assert (summary.bars, summary.start) == (3_400, moment_text(START_MS + FIRST * HOUR_MS))
    made = summary.gross - summary.fees - summary.funding
    assert summary.strategy.final == pytest.approx(STARTING_CASH + made)
    assert summary.strategy.total_return == pytest.approx(made / STARTING_CASH)
    assert summary.mean_trade_usd.value == pytest.approx(made / len(trades))
    low, value, high = summary.mean_trade_bps.low, summary.mean_trade_bps.value, summary.mean_trade_bps.high
    assert low is not None
    assert value is not None
    assert high is not None
    assert low < value < high
    held = np.zeros(4_000)
    for trade in trades:
        held[trade.entry_place : trade.exit_place + 1] += 1
    # A position may begin in the bar in which the one before it ended: never with two at a time.
    assert summary.exposure == pytest.approx(held.sum() / 3_400)
    assert 0 < summary.exposure <= 1


def test_figures_and_records_are_the_same_on_candidates(result: Backtest) -> None:
    focused = of(market(4_000, 9), on_candidates=True)
    assert focused.windows is not None
    assert summarise(focused) == summarise(result)
    assert trade_rows(focused) == trade_rows(result)
    assert equity_rows(focused) == equity_rows(result)


def test_records_are_of_the_bars_that_were_asked_for(result: Backtest) -> None:
    rows, trades = equity_rows(result), trade_rows(result)
    assert len(rows) == 3_400
    assert rows[0]["timestamp"] == moment_text(START_MS + FIRST * HOUR_MS)
    assert rows[-1]["equity"] == result.replay.equity[-1]
    assert {row["bars_of"] for row in (*rows, *trades)} == {result.screened.bars.name}
    assert [row["number"] for row in trades] == list(range(1, len(trades) + 1))
    for row, trade in zip(trades, result.replay.trades, strict=True):
        assert row["entry_time"] == moment_text(START_MS + trade.entry_place * HOUR_MS)
        assert row["pnl"] == trade.pnl


def test_holding_pays_both_ways_and_all_the_while() -> None:
    settings = Settings(strategy=StrategySettings(slippage_bps=100.0, funding_bps_8h=8.0))
    held = of(market(4_000, 9), settings)
    bars, equity = held.screened.bars, held_equity(held)
    coins = STARTING_CASH / (bars.opens[FIRST] * 1.01 * 1.00045)
    funding = coins * 1e-4 * bars.closes[FIRST:].sum()
    assert equity[-1] == pytest.approx(coins * bars.closes[-1] * 0.99 * (1 - 0.00045) - funding)
    assert equity[0] == pytest.approx(coins * bars.closes[FIRST] * (1 - 1e-4))
    rates = np.full(bars.length, np.nan)
    rates[-1] = 0.5
    told = held_equity(held, Macro(rates, rates))
    assert equity[-1] - told[-1] == pytest.approx(coins * bars.closes[-1] * (0.5 - 1e-4))


def test_an_account_that_is_gone_has_no_ratios() -> None:
    reckless = StrategySettings(
        leverage=100.0, margin_cap=1.0, risk_share=1.0, most_losses=0, most_atr_share=1.0, slippage_bps=300.0
    )
    summary = summarise(
        of(market(4_000, 9), Settings(fusion=BUSY.fusion, strategy=reckless, batch_mode=BUSY.batch_mode))
    )
    assert summary.strategy.final <= 0
    assert (summary.strategy.sharpe, summary.strategy.sortino) == (None, None)
    assert summary.strategy.maximum_drawdown >= 1


def test_no_trades_are_no_figures() -> None:
    summary = summarise(of(market(4_000, 9), Settings(fusion=FusionSettings(entry_threshold_confidence=1.0))))
    assert (summary.trades, summary.mean_trade_bps.value, summary.strategy.sharpe) == (0, None, None)
    assert summary.strategy.final == STARTING_CASH


def test_what_is_said_of_direction_is_a_share_with_an_interval(result: Backtest) -> None:
    told = summarise(result).next_bar
    assert told.bars == 3_399
    assert told.low < told.higher < told.high
    assert "nothing here foretells it" in direction_sentence(summarise(result))
    assert "no better than a coin" in direction_sentence(summarise(result))


def test_assumptions_name_the_costs(result: Backtest) -> None:
    text = " ".join(assumptions(result.rules))
    assert "4.5 bp of fees and is 1 bp worse" in text
    assert "1 bp in 8 h" in text


@pytest.mark.parametrize("width", [10, 80, 200])
def test_the_chart_has_the_account_and_its_trades(result: Backtest, width: int) -> None:
    lines = equity_chart(result, width)
    assert all(len(line) <= max(width, 40) for line in lines)
    assert len({len(line) for line in lines[:8]}) == 1
    assert set("".join(lines[8])) <= set(" ▲▼◆")
    assert set("".join(lines[9])) <= set(" +−±")
    assert "2025-01-26" in lines[10]
    assert len(lines) == 11
    # The bottom row is filled everywhere: every column has at least an eighth.
    assert " " not in lines[7][11:]


def test_a_chart_of_few_bars_and_no_trades() -> None:
    bars = market(FIRST + 2, 9)
    lines = equity_chart(of(bars, Settings()), 80)
    assert lines[7].endswith("▁▁")
    assert (lines[8], lines[9]) == ("", "")


def test_the_picture_is_xml_with_every_trade_and_no_address(result: Backtest) -> None:
    text = equity_picture(result, held_equity(result), "a <b> & c", ["note <i>"])
    root = ElementTree.fromstring(text)
    names = [element.tag.partition("}")[2] for element in root.iter()]
    assert names.count("circle") == len(result.replay.trades)
    assert names.count("polyline") == 3
    assert set(names) == {"svg", "title", "rect", "text", "polyline", "line", "path", "circle"}
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "a &lt;b&gt; &amp; c" in text
