"""Every price the simulated venue can write down is one the real venue would accept."""

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.demo.grid import fixed_text, number_text, positions, price_text, prices, units

decimals = st.integers(0, 6)
indices = st.integers(1, 600_000)


@given(indices, decimals)
def test_a_price_has_five_figures_and_few_decimals_or_is_whole(index: int, places: int) -> None:
    price = Decimal(price_text(index, places))
    figures = len(price.normalize().as_tuple().digits)
    assert price == price.to_integral_value() or figures <= 5
    assert price == round(price, places)


@given(indices, decimals)
def test_neighbours_on_the_grid_differ(index: int, places: int) -> None:
    assert units(index, places) < units(index + 1, places)


@given(indices, decimals)
def test_index_and_price_are_inverse(index: int, places: int) -> None:
    assert round(float(positions(prices(index, places), places))) == index


@given(indices, decimals)
def test_text_and_number_agree(index: int, places: int) -> None:
    assert np.isclose(float(price_text(index, places)), float(prices(index, places)), rtol=1e-12)


def test_text_is_written_as_on_the_venue() -> None:
    assert [fixed_text(841430, 1), fixed_text(4410, 6), fixed_text(36, 5), fixed_text(12, 0)] == [
        "84143.0",
        "0.00441",
        "0.00036",
        "12.0",
    ]
    assert [number_text(-1e-12, 10), number_text(120.795, 4), number_text(1.0, 2)] == ["0.0", "120.795", "1.0"]
