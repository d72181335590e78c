import csv
import gzip
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Candle, Side, Trade
from app.markets.candles import DAY_MS, GRACE_MS, INTERVALS, CandleSeries, Interval
from app.markets.market import CANDLES_KEPT

START = 1_700_000_040_000
"""A whole minute."""
REAL_TRADES = Path(__file__).parents[2] / "../shared/data/ticks/hyperliquid_trades_BTC_2025-09-03.csv.gz"


def a_trade(offset_ms: int, price: float = 100.0, size: float = 1.0) -> Trade:
    return Trade("BTC", Side.BUY, price, size, START + offset_ms, 1)


def a_candle(offset_ms: int, price: float = 100.0, volume: float = 1.0, interval: str = "1m") -> Candle:
    return Candle("BTC", interval, START + offset_ms, price, price + 2, price - 2, price + 1, volume, 5)


def minutes(*trades: Trade) -> CandleSeries:
    series = CandleSeries("BTC", "1m", 100)
    for trade in trades:
        series.add_trade(trade)
    return series


def test_trades_of_a_minute_make_a_candle() -> None:
    series = minutes(a_trade(0, 100), a_trade(10_000, 103), a_trade(20_000, 98), a_trade(59_999, 101, 2.5))
    assert series.candles() == (Candle("BTC", "1m", START, 100, 103, 98, 101, 5.5, 4),)


def test_open_and_close_go_by_time_not_by_arrival() -> None:
    series = minutes(a_trade(30_000, 101), a_trade(40_000, 102), a_trade(10_000, 100), a_trade(35_000, 99))
    assert series.candles() == (Candle("BTC", "1m", START, 100, 102, 99, 102, 4, 4),)
    assert series.late == 0


def test_a_trade_of_the_next_bucket_closes_the_candle() -> None:
    series = minutes(a_trade(0))
    closed = series.add_trade(a_trade(60_000, 105))
    assert [candle.open_ms for candle in closed] == [START]


def test_time_closes_the_candle_after_the_grace() -> None:
    series = minutes(a_trade(0))
    assert not series.close_until(START + 60_000 + GRACE_MS - 1)
    assert [candle.open_ms for candle in series.close_until(START + 60_000 + GRACE_MS)] == [START]
    assert not series.close_until(START + 600_000)
    assert not series.add_trade(a_trade(600_000))


def test_after_a_clock_that_was_an_hour_ahead_candles_close_again_and_none_twice() -> None:
    series = minutes(a_trade(0))
    assert len(series.close_until(START + 3_600_000)) == 1
    series.clock_set_back(START + 30_000)
    closed = [candle.open_ms for minute in range(4) for candle in series.add_trade(a_trade(60_000 * minute + 35_000))]
    closed += [candle.open_ms for candle in series.close_until(START + 4 * 60_000 + GRACE_MS)]
    assert closed == [START + 60_000 * minute for minute in (1, 2, 3)]
    assert (series.late, [candle.trades for candle in series.candles()]) == (1, [2, 1, 1, 1])


def test_gaps_stay_gaps() -> None:
    series = minutes(a_trade(0), a_trade(300_000))
    assert [candle.open_ms - START for candle in series.candles()] == [0, 300_000]


def test_a_late_trade_corrects_a_closed_candle_without_telling_again() -> None:
    series = minutes(a_trade(0, 100), a_trade(60_000, 105))
    assert not series.add_trade(a_trade(59_000, 110))
    assert series.late == 1
    assert series.candles()[0] == Candle("BTC", "1m", START, 100, 110, 100, 110, 2, 2)
    assert [candle.open_ms for candle in series.close_until(START + DAY_MS)] == [START + 60_000]


def test_a_late_trade_fills_a_gap_silently() -> None:
    series = minutes(a_trade(0), a_trade(180_000))
    assert not series.add_trade(a_trade(60_000))
    assert [candle.open_ms - START for candle in series.candles()] == [0, 60_000, 180_000]
    assert [candle.open_ms - START for candle in series.close_until(START + DAY_MS)] == [180_000]


def test_a_trade_before_all_that_is_kept_is_only_counted() -> None:
    series = CandleSeries("BTC", "1s", 2)
    for offset_ms in (10_000, 11_000, 12_000):
        series.add_trade(a_trade(offset_ms))
    series.add_trade(a_trade(0))
    assert [candle.open_ms - START for candle in series.candles()] == [11_000, 12_000]
    assert series.late == 1


def test_the_venues_closed_candle_wins_and_is_final() -> None:
    series = minutes(a_trade(0, 100), a_trade(60_000))
    series.merge([a_candle(0, 200.0, 50.0)], START + 70_000)
    series.add_trade(a_trade(1_000, 999))
    assert series.candles()[0] == a_candle(0, 200.0, 50.0)


def test_an_open_candle_widens() -> None:
    series = minutes(a_trade(20_000, 100), a_trade(30_000, 97, 3.0))
    series.merge([a_candle(0, 100.0, 2.0)], START + 31_000)
    assert series.candles() == (Candle("BTC", "1m", START, 100, 102, 97, 97, 4.0, 5),)
    series.add_trade(a_trade(40_000, 90))
    assert series.candles()[0].close == 90
    assert len(series.close_until(START + 62_000)) == 1


def test_a_streamed_candle_counts_no_trade_twice() -> None:
    series = CandleSeries("BTC", "1m", 10)
    for second in range(1, 30):
        # The venue's candle holds the second's trade half a second before that trade reaches us.
        series.merge([a_candle(0, 100.0, float(second))], START + 1_000 * second + 300)
        series.add_trade(a_trade(1_000 * second))
    assert series.candles()[0].volume == 29.0


def test_after_a_back_fill_of_the_open_candle_new_trades_add_to_it() -> None:
    series = CandleSeries("BTC", "1h", 10)
    hour = START // INTERVALS["1h"] * INTERVALS["1h"]
    series.merge([a_candle(hour - START, 100.0, 50.0, "1h")], START + 10_000)
    for offset_ms in (9_000, 10_001, 11_000):
        series.add_trade(a_trade(offset_ms, 101.0))
    assert (series.candles()[0].volume, series.candles()[0].trades) == (52.0, 7)


def test_without_trades_the_venues_open_candle_is_followed() -> None:
    series = CandleSeries("BTC", "1m", 10)
    for price in (100.0, 104.0):
        series.merge([a_candle(0, price)], START + 1_000)
    assert series.candles()[0].close == 105.0
    assert [candle.open_ms for candle in series.close_until(START + 62_000)] == [START]


def test_back_fill_is_ordered_without_doubles_and_not_told() -> None:
    series = minutes(a_trade(180_000))
    series.merge([a_candle(120_000), a_candle(0), a_candle(0, 101.0), a_candle(60_000)], START + 181_000)
    assert [candle.open_ms - START for candle in series.candles()] == [0, 60_000, 120_000, 180_000]
    assert series.candles()[0].open == 101.0
    assert [candle.open_ms - START for candle in series.close_until(START + DAY_MS)] == [180_000]


def test_a_candle_settled_within_its_grace_is_told_with_the_venues_values() -> None:
    series = minutes(a_trade(0))
    series.merge([a_candle(0, 300.0)], START + 60_000 + GRACE_MS)
    assert series.close_until(START + 60_000 + GRACE_MS) == [a_candle(0, 300.0)]


@pytest.mark.parametrize(
    "candle",
    [
        Candle("ETH", "1m", START, 1, 1, 1, 1, 1, 1),
        Candle("BTC", "5m", START, 1, 1, 1, 1, 1, 1),
        Candle("BTC", "1m", START + 1, 1, 1, 1, 1, 1, 1),
        Candle("BTC", "1m", START, 3, 2, 1, 2, 1, 1),
        Candle("BTC", "1m", START, 2, 3, 2.5, 2.5, 1, 1),
        Candle("BTC", "1m", START + 2 * DAY_MS, 1, 1, 1, 1, 1, 1),
        Candle("BTC", "1m", START + 6 * 60_000, 1, 1, 1, 1, 1, 1),
    ],
)
def test_candles_that_cannot_be_are_refused_and_counted(candle: Candle) -> None:
    series = CandleSeries("BTC", "1m", 10)
    series.merge([candle], START)
    assert (len(series), series.refused) == (0, 1)


def test_hazard_3_a_candle_of_the_venue_dated_hours_ahead_stops_no_candle() -> None:
    series = CandleSeries("BTC", "1m", 10)
    series.merge([Candle("BTC", "1m", START + 23 * 3_600_000, 9, 9, 9, 9, 1, 1)], START)
    closed = [*series.add_trade(a_trade(0, 1.0)), *series.add_trade(a_trade(60_000, 2.0))]
    assert [candle.open_ms for candle in closed] == [START]
    assert (series.late, series.refused) == (0, 1)


def test_capacity_bounds_trades_and_back_fill() -> None:
    series = CandleSeries("BTC", "1m", 3)
    series.merge([a_candle(60_000 * minute) for minute in range(10)], START + DAY_MS)
    assert [candle.open_ms - START for candle in series.candles()] == [420_000, 480_000, 540_000]
    series.add_trade(a_trade(600_000))
    assert len(series) == 3


def test_close_at_takes_the_newest_ended_candle_within_tolerance() -> None:
    series = minutes(a_trade(0, 100), a_trade(60_000, 105))
    assert series.close_at(START + 59_999, 60_000) is None
    assert series.close_at(START + 60_000, 0) == 100
    assert series.close_at(START + 119_999, 60_000) == 100
    assert series.close_at(START + 120_000, 0) == 105
    assert series.close_at(START + 300_000, 60_000) is None


distinct_trades = st.lists(
    st.tuples(st.integers(0, 400_000), st.integers(1, 1_000), st.integers(1, 10)), unique_by=lambda row: row[0]
)


@given(distinct_trades, st.sampled_from(sorted(INTERVALS)))
def test_candles_do_not_depend_on_the_order_of_arrival(rows: list[tuple[int, int, int]], interval: str) -> None:
    arrived, sorted_by_time = (CandleSeries("BTC", interval, 1_000) for _ in range(2))
    for row in rows:
        arrived.add_trade(a_trade(*row))
    for row in sorted(rows):
        sorted_by_time.add_trade(a_trade(*row))
    assert arrived.candles() == sorted_by_time.candles() == by_hand(rows, interval)


def by_hand(rows: list[tuple[int, int, int]], interval: str) -> tuple[Candle, ...]:
    length = INTERVALS[interval]
    buckets: dict[int, list[tuple[int, int, int]]] = {}
    for row in sorted(rows):
        buckets.setdefault((START + row[0]) // length * length, []).append(row)
    candles = []
    for open_ms, members in buckets.items():
        prices = [price for _, price, _ in members]
        volume = sum(size for _, _, size in members)
        ends = prices[0], max(prices), min(prices), prices[-1]
        candles.append(Candle("BTC", interval, open_ms, *ends, volume, len(members)))
    return tuple(candles)


steps = st.one_of(
    st.tuples(st.just("trade"), st.integers(0, 900_000)),
    st.tuples(st.just("time"), st.integers(0, 900_000)),
    st.tuples(st.just("merge"), st.integers(0, 15)),
)


@given(st.lists(steps, max_size=60))
def test_closings_are_told_once_in_order_and_the_series_stays_sorted(sequence: list[tuple[str, int]]) -> None:
    series = CandleSeries("BTC", "1m", 8)
    told: list[int] = []
    for kind, value in sequence:
        if kind == "trade":
            told += [candle.open_ms for candle in series.add_trade(a_trade(value))]
        elif kind == "time":
            told += [candle.open_ms for candle in series.close_until(START + value)]
        else:
            series.merge([a_candle(60_000 * value)], START + 480_000)
        kept = [candle.open_ms for candle in series.candles()]
        assert all(earlier < later for earlier, later in pairwise(kept))
        assert len(kept) <= 8
    assert all(earlier < later for earlier, later in pairwise(told))


@pytest.mark.real
@pytest.mark.skipif(not REAL_TRADES.exists(), reason="needs ../shared")
@pytest.mark.parametrize("interval", ["1s", "1m", "5m"])
def test_real_trades_add_up(interval: str) -> None:
    with gzip.open(REAL_TRADES, "rt") as file:
        rows = list(csv.DictReader(file))
    series = CandleSeries("BTC", interval, 10_000)
    for row in rows:
        side = Side.BUY if row["side"] == "buy" else Side.SELL
        trade_id, time_ms = int(row["trade_id"]), int(row["exchange_timestamp"])
        series.add_trade(Trade("BTC", side, float(row["price"]), float(row["size"]), time_ms, trade_id))
    candles = series.candles()
    assert sum(candle.trades for candle in candles) == len(rows)
    assert sum(candle.volume for candle in candles) == pytest.approx(sum(float(row["size"]) for row in rows))
    assert max(candle.high for candle in candles) == max(float(row["price"]) for row in rows)
    assert all(candle.low <= candle.open <= candle.high for candle in candles)


def test_there_is_one_table_of_intervals() -> None:
    assert tuple(INTERVALS) == get_args(Interval) == tuple(CANDLES_KEPT)
    assert list(INTERVALS.values()) == sorted(INTERVALS.values())


changes = st.one_of(
    st.tuples(st.just("trade"), st.integers(0, 400_000)),
    st.tuples(st.just("venue"), st.integers(0, 6)),
    st.tuples(st.just("close"), st.integers(0, 400_000)),
)


@given(st.lists(changes, max_size=30), st.lists(st.integers(0, 400_000), min_size=30, max_size=30))
def test_without_a_new_revision_only_the_newest_candle_may_have_changed(
    made: list[tuple[str, int]], times: list[int]
) -> None:
    series = CandleSeries("BTC", "1m", 4)
    for (what, amount), now_ms in zip(made, times, strict=False):
        revision, before = series.revision, series.candles()
        if what == "trade":
            series.add_trade(a_trade(amount, 90 + amount % 20))
        elif what == "venue":
            series.merge([a_candle(60_000 * amount, 80 + amount + now_ms % 7)], START + now_ms)
        else:
            series.close_until(START + amount)
        after = series.candles()
        assert series.newest() == (after[-1] if after else None)
        if series.revision == revision:
            assert (len(after), after[:-1]) == (len(before), before[:-1])


def test_a_candle_in_its_grace_that_widens_is_a_new_revision() -> None:
    series = minutes(a_trade(0), a_trade(60_500))
    before = series.revision
    series.merge([a_candle(0, 200.0)], START + 61_000)
    assert series.candles()[0].high == 202.0
    assert series.revision > before
