"""What was known of a pool at a moment: nothing later counts, and missing is not zero."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from launch_samples import BORN_S, DAY_S, history

from app.tokens.candles import SLOT_S, CandleTable
from app.tokens.features import features
from app.tokens.labels import Levels
from app.training.pool_history import (
    PoolHistory,
    ReservePath,
    context_at,
    entry_at,
    history_of_path,
    is_alive,
    reserve_path,
)

CANDLE_S = BORN_S // SLOT_S * SLOT_S


def test_a_path_of_reserves() -> None:
    # Bought for 5, liquidity doubled, sold for 10, emptied, filled again.
    tokens, ether = np.array([100.0, 80, 160, 200, 0, 50]), np.array([20.0, 25, 50, 40, 0, 5])
    path = reserve_path(np.arange(6), tokens, ether)
    assert path.price.tolist() == [0.2, 0.3125, 0.3125, 0.2, 0.2, 0.1]
    assert path.volume.tolist() == [0, 5, 0, 10, 0, 0]
    assert path.liquidity.tolist() == [40, 50, 100, 80, 0, 10]


def test_a_path_that_begins_empty_has_no_price_yet() -> None:
    path = reserve_path(np.arange(BORN_S, BORN_S + 3), np.array([0.0, 10, 9]), np.array([0.0, 1, 1.2]))
    assert np.isnan(path.price[0])
    pool = history_of_path("x", "made up", path, BORN_S + DAY_S)
    assert (entry_at(pool, BORN_S - 1), entry_at(pool, BORN_S)) == (None, None)
    later = entry_at(pool, BORN_S + 1)
    assert later is not None
    assert (later.price, later.liquidity) == (0.1, 2.0)


def test_context_of_a_path() -> None:
    seconds = np.array([0, 100, 3_700, 90_000], dtype=np.int64)
    path = ReservePath(BORN_S + seconds, np.full(4, 0.1), np.array([0.0, 4, 6, 8]), np.array([40.0, 40, 40, 20]))
    pool = history_of_path("x", "made up", path, BORN_S + 2 * DAY_S)
    told = context_at(pool, BORN_S + 3_701)
    assert (told.age_s, told.trades_1h, told.turnover) == (3_701, 1, 0.25)
    # Reserves are in ether: dollars are not known, and holders neither.
    assert (told.liquidity_usd, told.market_cap_usd, told.holders, told.volume_24h_usd) == (None,) * 4
    assert context_at(pool, BORN_S + 90_000).turnover == pytest.approx((6 + 8) / 20)
    assert context_at(pool, BORN_S + 3_600).trades_1h == 1
    assert context_at(pool, BORN_S + 3_599).trades_1h == 2


def candles_only(born_s: int | None) -> PoolHistory:
    times = CANDLE_S + np.arange(400, dtype=np.int64) * SLOT_S
    table = CandleTable(SLOT_S, times, *[np.ones(400)] * 5)
    return PoolHistory("x", "made up", born_s, int(times[-1]), table)


def test_context_of_candles() -> None:
    early = CANDLE_S + 10 * SLOT_S
    assert context_at(candles_only(CANDLE_S), early)[3:6] == (3_000, 10, None)
    # Where the recording may begin later than the pool, a day's volume is known only after a day of it.
    assert context_at(candles_only(None), early)[3:6] == (None, None, None)
    assert context_at(candles_only(None), CANDLE_S + DAY_S).volume_24h_usd == 288
    assert context_at(candles_only(CANDLE_S), CANDLE_S + DAY_S + 3_000).volume_24h_usd == 288
    entry = entry_at(candles_only(None), early)
    assert entry is not None
    assert entry.liquidity is None


def test_a_pool_is_looked_at_while_it_trades_and_holds_liquidity() -> None:
    pool = history(1, 100, pulled_after=60)
    path = pool.path
    assert path is not None
    pulled_s, last_s = int(path.time_s[60]), int(path.time_s[-1])
    assert [is_alive(pool, at_s, SLOT_S) for at_s in (BORN_S + 600, pulled_s - 1, pulled_s)] == [True, True, False]
    grown = path._replace(liquidity=np.where(np.arange(100) < 80, path.liquidity[0], 1e3 * path.liquidity[0]))
    assert is_alive(history_of_path("x", "made up", grown, last_s), pulled_s, SLOT_S)
    quiet = history(1, 100)
    assert is_alive(quiet, last_s + 100 * SLOT_S - SLOT_S, SLOT_S)
    assert not is_alive(quiet, last_s + 102 * SLOT_S, SLOT_S)


@given(st.integers(0, 10**6), st.integers(600, 2 * DAY_S))
def test_nothing_known_at_a_moment_changes_with_what_came_later(seed: int, after_s: int) -> None:
    pool, at_s = history(seed), BORN_S + after_s
    assert pool.path is not None
    past = pool.path.time_s <= at_s
    own = pool.path
    path = ReservePath(own.time_s[past], own.price[past], own.volume[past], own.liquidity[past])
    then = history_of_path(pool.token, pool.source, path, at_s)
    assert context_at(then, at_s) == context_at(pool, at_s)
    assert entry_at(then, at_s) == entry_at(pool, at_s)
    assert is_alive(then, at_s, SLOT_S) == is_alive(pool, at_s, SLOT_S)
    told = [features(each.table, context_at(each, at_s), at_s).flat().tobytes() for each in (then, pool)]
    assert told[0] == told[1]


def test_liquidity_over_time_is_that_of_the_path() -> None:
    pool = history(2, 50)
    assert pool.path is not None
    assert isinstance(pool.levels, Levels)
    assert pool.levels.value is pool.path.liquidity
    assert candles_only(None).levels is None
