from math import inf, nan

import pytest

from app.markets.prices import price_decimals


@pytest.mark.parametrize(
    ("price", "size_decimals", "decimals"),
    [
        (105_050.5, 5, 0),
        (99_999.0, 5, 0),
        (9_999.9, 5, 1),
        (3_512.4, 4, 1),
        (187.23, 2, 2),
        (1_000.0, 0, 1),
        (1.2345, 0, 4),
        (1.2345, 4, 2),
        (0.012345, 0, 6),
        (0.0000123, 0, 6),
        (1.0, 8, 0),
        (12.3, None, 3),
        (0.0, 0, 0),
        (-1.0, 0, 0),
        (nan, 0, 0),
        (inf, 0, 0),
    ],
)
def test_decimals_follow_the_venues_rule(price: float, size_decimals: int | None, decimals: int) -> None:
    assert price_decimals(price, size_decimals) == decimals
