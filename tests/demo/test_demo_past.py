"""The past fits the present: bars, trades and totals tell one story that ends at the start price."""

import numpy as np
import pytest

from app.demo import bars as bar
from app.demo.bars import DAY_MINUTES, Bars, BarStore, aggregate
from app.demo.grid import positions, prices
from app.demo.market import Market
from app.demo.past import HISTORY_DAYS

START_MS = 1_790_232_236_546


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(7, 12, START_MS)


def test_a_month_of_bars_ends_at_the_start_price(market: Market) -> None:
    for coin, listing in enumerate(market.live):
        month = market.past.month(coin)
        assert len(month.rows) == HISTORY_DAYS * DAY_MINUTES
        assert month.first + len(month.rows) - 1 == START_MS // 60_000
        assert month.rows[-1, bar.CLOSE] == round(float(positions(listing.price, listing.price_decimals)))


def test_bars_hold_together(market: Market) -> None:
    rows = market.past.month(3).rows
    assert (rows[:, bar.LOW] <= rows[:, [bar.OPEN, bar.CLOSE]].min(axis=1)).all()
    assert (rows[:, bar.HIGH] >= rows[:, [bar.OPEN, bar.CLOSE]].max(axis=1)).all()
    several = rows[1:, bar.TRADES] != 1
    assert (rows[1:, bar.OPEN] == rows[:-1, bar.CLOSE])[several].all()
    assert (rows[:, bar.LOTS] >= rows[:, bar.TRADES]).all()


def test_the_last_day_of_the_month_is_the_last_day(market: Market) -> None:
    assert np.array_equal(market.past.month(2).rows[-DAY_MINUTES:], market.past.last_day(2).rows)


@pytest.mark.parametrize("coin", [0, 11])
def test_a_day_of_trades_makes_the_minute_bars(market: Market, coin: int) -> None:
    trades = list(market.past_trades(coin))
    rows = market.past.last_day(coin).rows
    assert len(trades) == rows[:, bar.TRADES].sum()
    assert sum(trade.lots for trade in trades) == rows[:, bar.LOTS].sum()
    times = [trade.time_ms for trade in trades]
    assert times == sorted(times)
    assert times[-1] < START_MS
    minute = next(number for number, row in enumerate(rows) if row[bar.TRADES] >= 4)
    of_minute = [t.tick for t in trades if t.time_ms // 60_000 == START_MS // 60_000 - DAY_MINUTES + 1 + minute]
    assert [of_minute[0], max(of_minute), min(of_minute), of_minute[-1]] == rows[minute, : bar.LOTS].tolist()


def test_previous_price_and_day_volume_come_from_the_bars(market: Market) -> None:
    day, rows, listing = market.day(1), market.past.last_day(1).rows, market.live[1]
    assert day.previous_price == float(prices(rows[0, bar.OPEN], listing.price_decimals))
    assert day.lots == rows[:, bar.LOTS].sum()
    assert day.notional_usd / (day.lots * listing.lot) == pytest.approx(listing.price, rel=0.2)
    assert day.notional_usd == pytest.approx(listing.day_volume_musd * 1e6, rel=0.5)


def test_volatility_of_the_past_is_that_of_the_listing(market: Market) -> None:
    for coin, listing in enumerate(market.live[:4]):
        rows = market.past.month(coin).rows[::60]
        returns = np.diff(np.log(prices(rows[:, bar.CLOSE], listing.price_decimals)))
        assert float(returns.std()) == pytest.approx(listing.sigma * 60.0, rel=0.35)


def test_live_bars_go_on_where_the_past_ends() -> None:
    market = Market(4, 2, START_MS)
    before = market.past.last_day(0).rows[-1].copy()
    steps = list(market.advance(START_MS + 120_000))
    assert sum(step.rolled for step in steps) == 2
    joined = market.bars(0, START_MS // 60_000 - 3_000)
    assert len(joined.rows) == 3_003
    seam = joined.rows[-3]
    assert seam[bar.OPEN] == before[bar.OPEN]
    assert seam[bar.TRADES] > before[bar.TRADES]


def test_longer_candles_are_the_minutes_joined() -> None:
    rows = np.array([[5, 9, 4, 6, 10, 1], [6, 7, 2, 3, 20, 2], [3, 8, 3, 8, 5, 1]])
    joined = aggregate(Bars(14, 1, rows), 5)
    assert joined.first == 10
    assert joined.rows.tolist() == [[5, 9, 4, 6, 10, 1], [6, 8, 2, 8, 25, 3]]


def test_a_store_forgets_the_oldest() -> None:
    store = BarStore(Bars(100, 1, np.array([[1, 1, 1, 1, 1, 1]] * 3)), limit=4)
    for _ in range(5):
        store.roll()
    store.trade(7, 3)
    assert (store.bars.first, len(store.bars.rows), store.minute) == (104, 4, 107)
    assert store.bars.rows[-1].tolist() == [7, 7, 7, 7, 3, 1]
