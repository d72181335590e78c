"""The venue's price grid: five significant figures, a limited number of decimals, whole numbers always allowed.

Every allowed price of a market has an index; neighbours differ by one. Books, candles and trades hold indices, so a
price that is not on the grid cannot be written down. `decimals` is the most decimals a price may have (0 to 6).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FINEST = 100_000
_DECADE = 90_000


def positions(prices: ArrayLike, decimals: ArrayLike) -> Floats:
    """Where prices in USD (> 0) stand on the grid, as real numbers: a whole result is an allowed price."""
    places = np.asarray(decimals, dtype=np.float64)
    units = np.asarray(prices, dtype=np.float64) * 10.0**places
    decade = np.clip(np.floor(np.log10(units) + 1e-12) - 4.0, 0.0, places)
    coarse = _FINEST + _DECADE * (decade - 1.0) + units / 10.0**decade - _FINEST / 10
    result: Floats = np.where(decade == 0.0, units, coarse)
    return result


def prices(indices: ArrayLike, decimals: int) -> Floats:
    """Prices in USD of grid indices (≥ 1)."""
    index = np.asarray(indices, dtype=np.float64)
    decade = np.clip(np.floor((index - _FINEST) / _DECADE) + 1.0, 0.0, float(decimals))
    coarse = (index - _FINEST - _DECADE * (decade - 1.0) + _FINEST / 10) * 10.0**decade
    result: Floats = np.where(decade == 0.0, index, coarse) / 10.0**decimals
    return result


def units(index: int, decimals: int) -> int:
    """The price of one grid index as a whole number of its smallest decimal unit."""
    if index < _FINEST or decimals == 0:
        return index
    decade = min((index - _FINEST) // _DECADE + 1, decimals)
    return int((index - _FINEST - _DECADE * (decade - 1) + _FINEST // 10) * 10**decade)


def price_text(index: int, decimals: int) -> str:
    """The price of a grid index as the venue writes it."""
    return fixed_text(units(index, decimals), decimals)


def fixed_text(value: int, decimals: int) -> str:
    """`value` / 10^decimals (value ≥ 0) without trailing zeros, but always with one decimal."""
    if decimals == 0:
        return f"{value}.0"
    whole, part = divmod(value, 10**decimals)
    if part == 0:
        return f"{whole}.0"
    return f"{whole}." + f"{part:0{decimals}d}".rstrip("0")


def number_text(value: float, decimals: int) -> str:
    """A number rounded to `decimals` (≥ 1), without trailing zeros, but always with one decimal and never as −0."""
    text = f"{value:.{decimals}f}".rstrip("0")
    if text.endswith("."):
        text += "0"
    return "0.0" if text == "-0.0" else text
