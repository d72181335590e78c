"""Numbers as the deck shows them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.ui import format as shown

UNKNOWN = (None, math.nan, math.inf, -math.inf)


@pytest.mark.parametrize("value", UNKNOWN)
def test_what_is_not_known_is_a_dash(value: float | None) -> None:
    texts = {
        shown.price(value, 2),
        shown.change(value),
        shown.hourly_rate(value),
        shown.score(value),
        shown.basis_points(value),
        shown.compact(value),
        shown.age(value),
    }
    assert texts == {shown.DASH}


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0123, "▲+1.23%"), (-0.004, "▼-0.40%"), (0.0, "0.00%"), (-0.00001, "0.00%"), (12.5, "▲+1250%")],
)
def test_change_has_arrow_and_sign(fraction: float, text: str) -> None:
    assert shown.change(fraction) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (999.6, "1.00K"), (12_345, "12.3K"), (999_949_999, "1.00B"), (1.234e9, "1.23B")],
)
def test_compact_keeps_three_digits(value: float, text: str) -> None:
    assert shown.compact(value) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5, "0.0s"),
        (320, "0.3s"),
        (9_949, "9.9s"),
        (9_951, "9s"),
        (59_999, "59s"),
        (60_000, "1m"),
        (7.3e6, "2h"),
        (1e9, "11d"),
    ],
)
def test_age(milliseconds: float, text: str) -> None:
    assert shown.age(milliseconds) == text


def test_price_rate_clock_size_and_speed() -> None:
    assert shown.price(67_123.456, 1) == "67,123.5"
    assert shown.price(1.0, 99) == "1.0000000000"
    assert shown.hourly_rate(0.0000125) == "+0.0013"
    assert shown.hourly_rate(-0.0000001) == "0.0000"
    assert shown.clock(1_700_000_000_000) == "22:13:20"
    assert [shown.size(size) for size in (12, 12_345, 12_345_678, 3_210_000_000)] == [
        "12B",
        "12.3kB",
        "12.3MB",
        "3.2GB",
    ]
    assert [shown.speed(speed) for speed in (None, 0.25, 4.0)] == ["full", "0.25x", "4x"]


def test_days() -> None:
    assert shown.moment(1_700_000_000_000) == "2023-11-14T22:13:20Z"
    assert shown.date(10**17) == shown.DASH


@given(st.floats(min_value=-1e14, max_value=1e14))
def test_amounts_fit_their_column(value: float) -> None:
    assert cell_len(shown.compact(value)) <= 6


@given(st.floats(min_value=-1, max_value=99))
def test_changes_fit_their_column(value: float) -> None:
    assert cell_len(shown.change(value)) <= 8
