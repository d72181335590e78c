"""Returns from equity histories, and what is measured on them: the worked examples of docs/whales.md and properties."""

from math import isfinite, sqrt

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import DAY_MS, NOW_MS, WEIGHTS, history

from app.core.traders import EquityHistory, HistoryPoint
from app.whales.performance import (
    RATIO_LIMIT,
    Performance,
    Return,
    consistency,
    daily_points,
    max_drawdown,
    performance_of,
    returns_of,
    sharpe_ratio,
    sortino_ratio,
)
from app.whales.round_trips import TripRecord

RETURNS = st.lists(st.builds(Return, st.integers(1, 20), st.floats(-1, 50)), min_size=2, max_size=60)
PNL = st.lists(st.floats(-9e5, 1e7), min_size=2, max_size=40)


def values(*histories: EquityHistory) -> list[tuple[int, float]]:
    return [(each.days, round(each.value, 9)) for each in returns_of(histories)]


def daily(*returns: float) -> list[Return]:
    return [Return(1, value) for value in returns]


def test_a_return_is_the_result_over_the_equity_at_the_start_of_the_day() -> None:
    assert values(history([0, 10_000, 0])) == [(1, 0.01), (1, round(-10_000 / 1_010_000, 9))]


def test_money_paid_in_is_no_profit_and_taken_out_no_loss() -> None:
    """A million makes 10,000; a million comes in and two make 20,000; 1.5 leave during a day that makes 5,000."""
    flows = [0, 0, 1e6, -1.5e6]
    assert values(history([0, 10_000, 30_000, 35_000], flows=flows)) == [
        (1, 0.01), (1, round(20_000 / 2_010_000, 9)), (1, round(5_000 / 2_030_000, 9)),
    ]  # fmt: skip


def test_a_loss_cannot_be_more_than_everything() -> None:
    assert values(history([0, -2e6])) == [(1, -1.0)]


def test_returns_on_nothing_are_not_known() -> None:
    """An account's first deposit comes as equity out of nothing, on the venue as profit, too."""
    assert values(history([0, 5e6, 5.05e6], equity=0)) == [(1, 0.01)]
    assert values(history([0, 50, 60], equity=10)) == []
    assert values(history([0, 10], equity=-500)) == []
    assert values(history([0, 10_000], equity=-500, flows=[0, 1_000_500])) == [(1, 0.01)]


def test_points_within_a_day_become_one_and_the_newest_day_is_whole() -> None:
    """Points 8 h apart: those at whole days before the newest stay."""
    points = daily_points(history([float(index) for index in range(8)], days=1 / 3).points)
    assert [point.pnl_usd for point in points] == [1, 4, 7]


def test_points_that_drift_against_the_day_are_not_lost() -> None:
    drifting = history([float(index) for index in range(20)], days=24.3 / 24)
    assert [each.days for each in returns_of([drifting])] == [1] * 19


def test_older_history_comes_in_steps_of_weeks_and_stops_where_the_month_begins() -> None:
    month = history([0.0, 1_000.0, 2_000.0], window="month")
    weeks = history([float(10_000 * index) for index in range(5)], window="all", days=7)
    found = returns_of([month, weeks])
    assert [each.days for each in found] == [7, 7, 7, 1, 1]
    assert found == returns_of([weeks, month])
    assert [each.days for each in returns_of([weeks])] == [7] * 4


def test_a_week_serves_where_no_month_is_known() -> None:
    assert len(returns_of([history([0, 1, 2], window="week")])) == 2
    assert returns_of([]) == []


def test_worked_example_of_the_measures() -> None:
    """+2 %, −1 %, +2 %, −1 %: mean 0.5 %, deviation √3 %, downside √0.5 %, half the days won, 1 % lost at most."""
    returns = daily(0.02, -0.01, 0.02, -0.01)
    assert (
        sharpe_ratio(returns) == pytest.approx(0.005 / (0.01 * sqrt(3)) * sqrt(365)) == pytest.approx(5.515, abs=1e-3)
    )
    assert (
        sortino_ratio(returns)
        == pytest.approx(0.005 / (0.01 * sqrt(0.5)) * sqrt(365))
        == pytest.approx(13.509, abs=1e-3)
    )
    assert consistency(returns) == 0.5
    assert max_drawdown(returns) == pytest.approx(0.01)


def test_ratios_without_a_spread_are_at_their_limit() -> None:
    assert (sharpe_ratio(daily(0.0, 0.0)), sortino_ratio(daily(0.0, 0.0))) == (0, 0)
    assert (sharpe_ratio(daily(0.01, 0.01)), sortino_ratio(daily(0.01, 0.02))) == (RATIO_LIMIT, RATIO_LIMIT)
    assert sharpe_ratio(daily(-0.01, -0.01)) == -RATIO_LIMIT


def test_idle_days_are_neither_won_nor_lost() -> None:
    assert consistency(daily(0.0, 0.01, 0.0, -0.01, 0.01)) == pytest.approx(2 / 3)
    assert consistency(daily(0.0, 0.0)) is None


def test_a_fall_is_counted_from_the_highest_point() -> None:
    assert max_drawdown(daily(1.0, -0.5, 0.5, -0.5)) == pytest.approx(1 - 0.75 / 2)
    assert max_drawdown(daily(-1.0, 5.0)) == 1
    assert max_drawdown([*daily(*[50.0] * 500), Return(1, -0.25)]) == pytest.approx(0.25)


def test_steps_of_weeks_give_the_mean_and_the_spread_of_days() -> None:
    """Independent days with a Sharpe ratio of 2, told by the week: the estimate is that of the days on average."""
    generator = np.random.default_rng(7)
    daily_mean = 2 / sqrt(365) * 0.02
    found = []
    for _ in range(200):
        days = generator.normal(daily_mean, 0.02, 700)
        weeks = [Return(7, float(week)) for week in days.reshape(100, 7).sum(axis=1)]
        found.append((sharpe_ratio(daily(*days.tolist())), sharpe_ratio(weeks)))
    by_day, by_week = np.array(found).mean(axis=0)
    assert by_day == pytest.approx(2, abs=0.2)
    assert by_week == pytest.approx(by_day, abs=0.1)


def test_too_short_a_record_says_nothing() -> None:
    trips = TripRecord(closed=9, wins=9, gained_usd=9.0, first_ms=NOW_MS, last_ms=NOW_MS + DAY_MS)
    short = performance_of([history([float(day) for day in range(7)])], trips, WEIGHTS)
    assert short == Performance(days=6, returns=6, closed=9, trip_days=1.0)
    few = performance_of([history([0, 1, 2, 3, 4], window="all", days=30)], trips, WEIGHTS)
    assert (few.days, few.sharpe) == (120, None)


def test_enough_of_both_is_measured() -> None:
    trips = TripRecord(closed=10, wins=6, gained_usd=90.0, lost_usd=30.0, first_ms=NOW_MS, last_ms=NOW_MS + DAY_MS)
    found = performance_of([history([0, 1e4, 0, 1e4, 0, 1e4, 2e4, 3e4])], trips, WEIGHTS)
    assert (found.days, found.win_rate, found.profit_factor) == (7, 0.6, 3.0)
    assert found.consistency == pytest.approx(5 / 7)
    assert found.max_drawdown == pytest.approx(10 / 1_010)
    assert performance_of([], msgspec.structs.replace(trips, lost_usd=0.0), WEIGHTS).profit_factor == RATIO_LIMIT


@given(RETURNS)
def test_measures_are_finite_and_within_their_bounds(returns: list[Return]) -> None:
    assert abs(sharpe_ratio(returns)) <= RATIO_LIMIT
    assert abs(sortino_ratio(returns)) <= RATIO_LIMIT
    assert 0 <= (consistency(returns) or 0.0) <= 1
    assert 0 <= max_drawdown(returns) <= 1


@given(PNL, st.randoms(use_true_random=False), st.floats(0.01, 30))
def test_the_order_of_points_does_not_matter(pnl: list[float], random: object, days: float) -> None:
    told = history(pnl, days=days)
    points = list(told.points)
    random.shuffle(points)  # type: ignore[attr-defined]
    assert returns_of([told]) == returns_of([msgspec.structs.replace(told, points=tuple(points))])


@given(PNL, st.floats(1, 1e6))
def test_measures_do_not_depend_on_the_size_of_the_account(pnl: list[float], times: float) -> None:
    small = returns_of([history(pnl)])
    large = returns_of([history([made * times for made in pnl], equity=1e6 * times)])
    assert [each.value for each in large] == pytest.approx([each.value for each in small], abs=1e-6)


@given(st.lists(st.floats(-0.5, 0.5), min_size=5, max_size=30), st.integers(0, 29), st.floats(0, 0.2))
def test_a_better_day_never_worsens_the_sortino_ratio_of_a_record_that_gains(
    days: list[float], at: int, gain: float
) -> None:
    better = list(days)
    better[at % len(days)] += gain
    if sum(days) >= 0:
        assert sortino_ratio(daily(*better)) >= sortino_ratio(daily(*days)) - 1e-9


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=30), st.floats(-0.5, 0.5))
def test_another_day_never_makes_the_deepest_fall_less_deep(days: list[float], more: float) -> None:
    assert max_drawdown(daily(*days, more)) >= max_drawdown(daily(*days))


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=20))
def test_no_number_that_is_none_gets_through(pairs: list[tuple[float, float]]) -> None:
    points = tuple(
        HistoryPoint(at_ms=NOW_MS + index * DAY_MS, equity_usd=equity, pnl_usd=pnl)
        for index, (equity, pnl) in enumerate(pairs)
        if not (abs(equity) > 1e15 or abs(pnl) > 1e15)
    )
    returns = returns_of([EquityHistory(window="month", points=points, volume_usd=0.0)])
    assert all(isfinite(each.value) for each in returns)
    if len(returns) > 1:
        assert isfinite(sharpe_ratio(returns))
        assert isfinite(sortino_ratio(returns))
