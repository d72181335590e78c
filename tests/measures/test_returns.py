import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.returns import exponential_volatility, log_returns


def test_log_returns_add_up_to_the_whole_move() -> None:
    prices = np.array([100.0, 101.0, 99.0, 103.0])
    assert log_returns(prices).sum() == pytest.approx(np.log(1.03))
    assert len(log_returns(prices[:1])) == 0


def test_volatility_of_equal_steps_is_the_step() -> None:
    times = np.arange(5.0)
    prices = np.exp(0.001 * times)
    assert exponential_volatility(times, prices, half_life_s=10, longest_step_s=5) == pytest.approx(0.001)


def test_volatility_scales_with_the_root_of_time() -> None:
    times = np.arange(5.0) * 4
    prices = np.exp(0.001 * np.arange(5.0))
    assert exponential_volatility(times, prices, half_life_s=10, longest_step_s=5) == pytest.approx(0.0005)


def test_steps_across_a_gap_do_not_count() -> None:
    times = np.array([0.0, 1.0, 100.0, 101.0])
    prices = np.array([1.0, 1.0, 2.0, 2.0])
    assert exponential_volatility(times, prices, half_life_s=10, longest_step_s=5) == 0.0


def test_steps_before_a_very_long_gap_still_count() -> None:
    times = np.array([0.0, 1.0, 1e9])
    prices = np.exp(np.array([0.0, 0.002, 0.5]))
    assert exponential_volatility(times, prices, half_life_s=1, longest_step_s=5) == pytest.approx(0.002)


def test_half_a_life_ago_counts_half() -> None:
    prices = np.exp(np.array([0.0, 0.003, 0.003]))
    expected = 0.003 * np.sqrt(0.5 / 1.5)
    assert exponential_volatility(np.arange(3.0), prices, half_life_s=1, longest_step_s=5) == pytest.approx(expected)


@pytest.mark.parametrize("count", [0, 1])
def test_volatility_of_no_step_is_zero(count: int) -> None:
    assert exponential_volatility(np.zeros(count), np.ones(count), half_life_s=1, longest_step_s=5) == 0.0


@given(st.lists(st.floats(1e-300, 1e15), min_size=2, max_size=50))
def test_volatility_is_finite_for_all_positive_prices(prices: list[float]) -> None:
    times = np.arange(float(len(prices)))
    volatility = exponential_volatility(times, np.array(prices), half_life_s=300, longest_step_s=5)
    assert np.isfinite(volatility)
    assert volatility >= 0
