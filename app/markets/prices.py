"""How the venue writes prices."""

from math import floor, isfinite, log10

SIGNIFICANT_FIGURES = 5
MAXIMUM_DECIMALS = 6


def price_decimals(price: float, size_decimals: int | None) -> int:
    """Decimals a price near `price` may have on the venue.

    At most five significant figures and at most 6 − `size_decimals` decimals (perpetuals); whole numbers are always
    allowed. `size_decimals` None, for a market not listed yet, counts as 0; a price that is no positive number has 0.
    """
    if not (isfinite(price) and price > 0):
        return 0
    significant = SIGNIFICANT_FIGURES - 1 - floor(log10(price))
    return max(0, min(significant, MAXIMUM_DECIMALS - (size_decimals or 0)))
