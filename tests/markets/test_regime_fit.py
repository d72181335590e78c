import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.markets.hourly_bars import HOUR_MS
from app.markets.regime import RegimeHour, RegimeState
from app.markets.regime_fit import LEAST_PERIODS, PRIOR_PERIODS, regime_fit
from app.markets.regime_model import REGIMES

DAY = 24


def hours(regimes: list[int]) -> list[RegimeHour]:
    """A day of each regime."""
    return [
        RegimeHour((day * DAY + hour + 1) * HOUR_MS, regime, 0.9)
        for day, regime in enumerate(regimes) for hour in range(DAY)
    ]  # fmt: skip


def days(count: int) -> list[int]:
    return [day * DAY * HOUR_MS for day in range(count + 1)]


def state(regime: int | None, multiplier: float = 1.0) -> RegimeState:
    return RegimeState(coin="BTC", regime=None if regime is None else REGIMES[regime], multiplier=multiplier)


REGIME_OF_DAY = [1, 5] * 10
RESULTS = [-1.0, 1.0] * 10


def test_a_trader_who_wins_in_rallies_fits_a_rally() -> None:
    falling, rising = (regime_fit(days(20), RESULTS, hours(REGIME_OF_DAY), state(regime)) for regime in (1, 5))
    assert rising == pytest.approx((10 + PRIOR_PERIODS * 0.5) / (10 + PRIOR_PERIODS))
    assert falling == pytest.approx(PRIOR_PERIODS * 0.5 / (10 + PRIOR_PERIODS))


def test_an_unsure_regime_moves_it_less() -> None:
    fits = [regime_fit(days(20), RESULTS, hours(REGIME_OF_DAY), state(5, share)) for share in (0.0, 0.5, 1.0)]
    assert fits[0] == 0.5
    assert fits[1] == pytest.approx((0.5 + (fits[2] or 0.0)) / 2)


def test_where_nothing_can_be_said_nothing_is() -> None:
    assert regime_fit(days(20), RESULTS, hours(REGIME_OF_DAY), state(None)) is None
    assert regime_fit(days(20), RESULTS, hours(REGIME_OF_DAY), state(0)) is None
    assert regime_fit(days(20), RESULTS, [], state(5)) is None
    assert regime_fit([], [], hours(REGIME_OF_DAY), state(5)) is None
    few = 2 * LEAST_PERIODS - 1
    assert regime_fit(days(few), RESULTS[:few], hours(REGIME_OF_DAY), state(5)) is None
    with pytest.raises(ValueError, match="21"):
        regime_fit(days(19), RESULTS, hours(REGIME_OF_DAY), state(5))


def test_periods_shorter_than_an_hour_belong_to_the_hour_under_way() -> None:
    short = [HOUR_MS * 30 + minute * 60_000 for minute in range(1, 9)]
    assert regime_fit(short, [1.0] * 7, hours(REGIME_OF_DAY), state(5)) == 1.0
    late = [time + HOUR_MS * DAY * 30 for time in short]
    assert regime_fit(late, [1.0] * 7, hours(REGIME_OF_DAY), state(5)) is None


@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(0, 5)), min_size=1, max_size=60), st.floats(0, 1))
def test_it_is_a_share(rows: list[tuple[float, int]], multiplier: float) -> None:
    results, regimes = [row[0] for row in rows], [row[1] for row in rows]
    fit = regime_fit(days(len(rows)), results, hours(regimes), state(2, multiplier))
    assert fit is None or 0 <= fit <= 1
