import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.markets.hourly_bars import HOUR_MS
from app.markets.regime import RegimeHour, RegimeState
from app.markets.regime_fit import LEAST_PERIODS, PRIOR_PERIODS, PastRegimes, RegimeFit, regime_fit
from app.markets.regime_model import REGIMES

DAY = 24


def past(regimes: list[int]) -> PastRegimes:
    """A day of each regime."""
    return PastRegimes([
        RegimeHour((day * DAY + hour + 1) * HOUR_MS, regime, 0.9)
        for day, regime in enumerate(regimes) for hour in range(DAY)
    ])  # fmt: skip


def days(count: int) -> list[int]:
    return [day * DAY * HOUR_MS for day in range(count + 1)]


def state(regime: int | None, multiplier: float = 1.0) -> RegimeState:
    return RegimeState(coin="BTC", regime=None if regime is None else REGIMES[regime], multiplier=multiplier)


REGIME_OF_DAY = [1, 5] * 10
RESULTS = [-1.0, 1.0] * 10


def test_a_trader_who_wins_in_rallies_fits_a_rally() -> None:
    falling, rising = (regime_fit(days(20), RESULTS, past(REGIME_OF_DAY), state(regime)).value for regime in (1, 5))
    assert rising == pytest.approx((10 + PRIOR_PERIODS * 0.5) / (10 + PRIOR_PERIODS))
    assert falling == pytest.approx(PRIOR_PERIODS * 0.5 / (10 + PRIOR_PERIODS))


def test_an_unsure_regime_moves_it_less() -> None:
    fits = [regime_fit(days(20), RESULTS, past(REGIME_OF_DAY), state(5, share)).value for share in (0.0, 0.5, 1.0)]
    assert fits[0] == 0.5
    assert fits[1] == pytest.approx((0.5 + (fits[2] or 0.0)) / 2)


def test_where_nothing_can_be_said_nothing_is() -> None:
    assert regime_fit(days(20), RESULTS, past(REGIME_OF_DAY), state(None)).value is None
    assert regime_fit(days(20), RESULTS, past(REGIME_OF_DAY), state(0)).value is None
    assert regime_fit(days(20), RESULTS, PastRegimes(), state(5)).value is None
    assert regime_fit([], [], past(REGIME_OF_DAY), state(5)).value is None
    few = 2 * LEAST_PERIODS - 1
    assert regime_fit(days(few), RESULTS[:few], past(REGIME_OF_DAY), state(5)).value is None
    with pytest.raises(ValueError, match="21"):
        regime_fit(days(19), RESULTS, past(REGIME_OF_DAY), state(5))


def test_periods_shorter_than_an_hour_belong_to_the_hour_under_way() -> None:
    short = [HOUR_MS * 30 + minute * 60_000 for minute in range(1, 9)]
    assert regime_fit(short, [1.0] * 7, past(REGIME_OF_DAY), state(5)).value == 1.0
    late = [time + HOUR_MS * DAY * 30 for time in short]
    assert regime_fit(late, [1.0] * 7, past(REGIME_OF_DAY), state(5)).value is None


@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(0, 5)), min_size=1, max_size=60), st.floats(0, 1))
def test_it_is_a_share(rows: list[tuple[float, int]], multiplier: float) -> None:
    results, regimes = [row[0] for row in rows], [row[1] for row in rows]
    fit = regime_fit(days(len(rows)), results, past(regimes), state(2, multiplier))
    assert fit.value is None or 0 <= fit.value <= 1
    assert fit.won <= fit.among <= fit.periods <= len(rows)


def test_what_it_rests_on_is_told_and_idle_days_take_no_part() -> None:
    idle = [0.0 if place < 4 else result for place, result in enumerate(RESULTS)]
    fit = regime_fit(days(20), idle, past(REGIME_OF_DAY), state(5))
    here = (8 + PRIOR_PERIODS * 0.5) / (8 + PRIOR_PERIODS)
    assert fit == RegimeFit(value=0.5 + (here - 0.5), won=8, among=8, won_ever=8, periods=16)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.lists(st.integers(-10, 600), min_size=2, max_size=20))
def test_the_regime_of_a_stretch_is_that_of_most_of_its_hours(regimes: list[int], bounds: list[int]) -> None:
    times = [hour * HOUR_MS for hour in sorted(bounds)]
    by_hour = [regime for regime in regimes for _ in range(DAY)]
    for found, start, end in zip(past(regimes).between(times), times, times[1:], strict=False):
        within = by_hour[max(0, start // HOUR_MS) : max(0, end // HOUR_MS)]
        if within:
            assert found is not None
            assert within.count(found) == max(map(within.count, within))
        else:
            at = end // HOUR_MS
            assert found == (by_hour[at - 1] if start == end and 0 < at <= len(by_hour) else None)
