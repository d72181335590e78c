"""What is told of tokens is worked out once: a question asked again is the same row, and whatever is new is told."""

import numpy as np
import pytest
from core_driver import START_MS
from hypothesis import given
from hypothesis import strategies as st
from token_client import KnownLaunches, known
from token_driver import TokenDriver
from token_tables import BORN_S, walk

from app.config.token_settings import TokenModelSettings
from app.core.record import Kind
from app.core.text import clean
from app.core.tokens import PoolState
from app.engine.protocol import StartJob
from app.engine.token_features import TokenFeatures
from app.engine.token_state import PREDICTOR
from app.engine.tokens_view import TokensViews
from app.tokens.candles import SLOT_S, SLOTS, CandleTable
from app.tokens.features import CANDLE_COLUMNS, CONTEXT
from app.tokens.strategies import strategies
from app.tokens.watched import Listed, Seen
from app.tokens.worker_protocol import row_bytes

_WALKS = {1: walk(1), 2: walk(2)}
_AGE = SLOTS * (len(CANDLE_COLUMNS) + 1) + list(CONTEXT).index("age_s")
"""Where a row holds the token's age, as ln(1 + seconds)."""
_ENDED_S = BORN_S + 150 * SLOT_S


def _state(liquidity: float | None = 900.0) -> PoolState:
    words = clean("x")
    return PoolState(
        mint="M" * 42, pool="P" * 42, dex=words, name=words, quote_mint="", created_s=BORN_S, price_usd=1.0,
        liquidity_usd=liquidity, market_cap_usd=None, diluted_value_usd=None, volume_24h_usd=None, buys_1h=None,
        sells_1h=None,
    )  # fmt: skip


def _seen(after_s: int, table: CandleTable, liquidity: float | None = 900.0) -> Seen:
    listed, at_s = Listed("M" * 42, "P" * 42, "T", "x", BORN_S), _ENDED_S + after_s
    return Seen(listed, at_s, table, _state(liquidity), None, at_s)


def _counts(kept: TokenFeatures) -> tuple[int, int, int, int]:
    return kept.charts.hits, kept.charts.misses, kept.rows.hits, kept.rows.misses


def test_the_same_question_within_a_minute_is_asked_with_the_same_row() -> None:
    kept, table = TokenFeatures(TokenModelSettings()), walk(1)
    first = kept.of(_seen(10, table))
    assert kept.of(_seen(69, table)) is first
    assert _counts(kept) == (1, 1, 1, 1)
    later = kept.of(_seen(70, table))
    assert (later.row == first.row, later.chart is first.chart) == (False, True)
    assert later.row == row_bytes(_seen(70, table).features().flat())


def test_what_venues_tell_anew_is_told_and_the_candles_are_not_worked_out_again() -> None:
    kept, table = TokenFeatures(TokenModelSettings()), walk(1)
    first = kept.of(_seen(10, table))
    drained = kept.of(_seen(11, table, 90.0))
    assert drained.row == row_bytes(_seen(11, table, 90.0).features().flat()) != first.row
    assert drained.chart is first.chart


@pytest.mark.parametrize(
    "seen", [_seen(SLOT_S + 1, walk(1)), _seen(11, walk(2)), _seen(11, walk(1).rows(slice(0, 60)))]
)
def test_another_slot_and_a_candle_told_otherwise_are_worked_out_anew(seen: Seen) -> None:
    kept = TokenFeatures(TokenModelSettings())
    kept.of(_seen(10, walk(1)))
    told = kept.of(seen)
    assert told.row == row_bytes(seen.features().flat())
    assert told.chart.strategy == strategies(seen.window)
    assert _counts(kept) == (0, 2, 0, 2)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 2), st.sampled_from([None, 90.0, 900.0])), max_size=12))
def test_only_the_age_may_be_of_a_moment_ago(steps: list[tuple[int, int, float | None]]) -> None:
    kept, after_s = TokenFeatures(TokenModelSettings()), 0
    for passed_s, chart, liquidity in steps:
        after_s += passed_s
        seen = _seen(after_s, _WALKS[chart], liquidity)
        fresh, told = seen.features().flat(), np.frombuffer(kept.of(seen).row, dtype="<f4")
        others = np.arange(len(fresh)) != _AGE
        assert np.array_equal(fresh[others], told[others])
        assert -0.01 <= np.expm1(fresh[_AGE]) - np.expm1(told[_AGE]) < 60


def test_a_cache_of_no_time_works_everything_out() -> None:
    kept, table = TokenFeatures(TokenModelSettings(cache_s=0)), walk(1)
    for after_s in (10, 11):
        assert kept.of(_seen(after_s, table)).row == row_bytes(_seen(after_s, table).features().flat())
    assert _counts(kept) == (0, 2, 0, 2)


def test_all_that_is_watched_asked_for_twice_is_asked_with_the_same_rows() -> None:
    launches = [known(number, 0)._replace(created_s=START_MS // 1_000 - 7_200 - number) for number in (2, 1, 0)]
    driver = TokenDriver(KnownLaunches(launches))
    driver.begin()
    driver.run(20)
    bodies = []
    for _ in range(2):
        before = len(driver.asked.requests)
        driver.put(Kind.COMMAND, StartJob("tokens"))
        driver.carry()
        bodies.append([each.body for each in driver.asked.requests[before:] if each.venue == PREDICTOR])
        driver.now_ms += 2_000
    assert len(bodies[0]) == len(launches)
    assert bodies[0] == bodies[1]
    view = TokensViews().of(driver.core.tokens, None)
    assert view is not None
    assert view.feature_hit_pct == pytest.approx(200 / 3)
