"""A set of series tells and holds what the series would alone, whoever looks and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Candle, Side, Trade
from app.markets.candle_set import CandleSet
from app.markets.candles import CandleSeries

START = 1_700_000_040_000
"""A whole minute."""
KEPT = {"1s": 30, "1m": 8, "5m": 4, "1h": 2}


def a_trade(offset_ms: int, price: float, size: float) -> Trade:
    return Trade("BTC", Side.BUY, price, size, START + offset_ms, 1)


def venue_candle(minute: int) -> Candle:
    return Candle("BTC", "1m", START + 60_000 * minute, 100.1, 107.0, 93.0, 101.3, 4.7, 5)


steps = st.one_of(
    st.tuples(st.just("trade"), st.integers(0, 200_000), st.integers(1, 1_000)),
    st.tuples(st.just("trade"), st.integers(60_000, 64_000), st.integers(1, 1_000)),
    st.tuples(st.just("time"), st.integers(0, 200_000), st.just(0)),
    st.tuples(st.just("merge"), st.integers(0, 3), st.integers(0, 200_000)),
    st.tuples(st.just("look"), st.just(0), st.just(0)),
)


@given(st.lists(steps, max_size=80))
def test_together_is_the_same_as_one_by_one(sequence: list[tuple[str, int, int]]) -> None:
    together = CandleSet("BTC", KEPT)
    apart = {interval: CandleSeries("BTC", interval, capacity) for interval, capacity in KEPT.items()}
    for kind, first, second in sequence:
        if kind == "trade":
            trade = a_trade(first, second / 10, second / 7)
            alone = [candle for series in apart.values() for candle in series.add_trade(trade)]
            assert list(together.add_trades([trade])) == alone
        elif kind == "time":
            alone = [candle for series in apart.values() for candle in series.close_until(START + first)]
            assert list(together.close_until(START + first)) == alone
        elif kind == "merge":
            together.merge("1m", [venue_candle(first)], START + second)
            apart["1m"].merge([venue_candle(first)], START + second)
        else:
            assert together["5m"].candles() == apart["5m"].candles()
    for interval, series in apart.items():
        assert together[interval].candles() == series.candles()
        assert together[interval].late == series.late


def test_a_flood_within_a_minute_is_not_kept() -> None:
    candles = CandleSet("BTC", KEPT)
    for number in range(1_000):
        candles.add_trades([a_trade(number, 100.0, 1.0)])
    assert len(candles._gathered) < 256
    assert candles["1m"].candles()[0].trades == 1_000


def test_an_interval_that_is_not_kept_is_refused() -> None:
    candles = CandleSet("BTC", KEPT)
    assert "15m" not in candles
    with pytest.raises(KeyError):
        candles.merge("15m", [], START)
