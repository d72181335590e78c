"""Indicators equal published examples and a plain reckoning, and are not known before they can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_tables import plain_indicators

from app.tokens.indicators import INDICATORS, bollinger_width, exponential_average, indicators, relative_strength

RSI_CLOSES = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
    45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
]  # fmt: skip


def test_a_published_example_of_relative_strength() -> None:
    # The worked table of StockCharts' ChartSchool on the RSI.
    found = [relative_strength(np.array(RSI_CLOSES[:end])) for end in range(15, 21)]
    assert found == pytest.approx([70.53, 66.32, 66.55, 69.41, 66.36, 57.97], abs=0.01)


def test_a_published_example_of_an_exponential_average() -> None:
    # The worked table of StockCharts' ChartSchool on moving averages.
    closes = [22.27, 22.19, 22.08, 22.17, 22.18, 22.13, 22.23, 22.43, 22.24, 22.29, 22.15, 22.39, 22.38]
    averages = exponential_average(np.array(closes), 10)
    assert np.isnan(averages[:9]).all()
    assert averages[9:].tolist() == pytest.approx([22.22, 22.21, 22.24, 22.27], abs=0.005)


def test_worked_by_hand() -> None:
    assert bollinger_width(np.array([1.0, 3.0] * 10)) == pytest.approx(4 * 1 / 2)
    assert relative_strength(np.arange(1.0, 17.0)) == 100
    assert relative_strength(np.arange(17.0, 1.0, -1.0)) == 0
    assert relative_strength(np.ones(20)) == 50


@pytest.mark.parametrize("count", [0, 1, 11, 12, 14, 15, 19, 20, 25, 26, 33, 34, 100])
def test_each_is_known_from_its_own_number_of_closes_on(count: int) -> None:
    needed = {
        "rsi_14": 15, "macd_line": 26, "macd_signal": 34, "macd_histogram": 34, "ema_12": 12, "ema_26": 26,
        "bollinger_width": 20,
    }  # fmt: skip
    known = np.isfinite(indicators(1 + np.arange(count, dtype=np.float64) % 7))
    assert dict(zip(INDICATORS, known.tolist(), strict=True)) == {
        name: count >= least for name, least in needed.items()
    }


@given(st.lists(st.floats(0.2, 5.0), min_size=1, max_size=100))
def test_they_equal_a_plain_reckoning(changes: list[float]) -> None:
    # Up and down in turn: the plain RSI divides by the falls.
    closes = [1e-6 * (2 + change if place % 2 else 1 / (1 + change)) for place, change in enumerate(changes)]
    expected = [np.nan if value is None else value for value in plain_indicators(closes)]
    np.testing.assert_allclose(indicators(np.array(closes)), expected, rtol=1e-9, atol=1e-12)


@given(st.lists(st.floats(1e-3, 1e3), min_size=34, max_size=60), st.integers(-40, 30))
def test_the_unit_of_the_price_does_not_matter(closes: list[float], power: int) -> None:
    # Powers of two, which change no digit.
    values = np.array(closes)
    np.testing.assert_array_equal(indicators(values), indicators(values * 2.0**power))
