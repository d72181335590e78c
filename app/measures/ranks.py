"""Whether two orders agree: rank correlation, and how sure one can be of it."""

from collections.abc import Sequence
from math import atanh, sqrt, tanh

import numpy as np

from app.measures.returns import Floats


def ranks(values: Sequence[float]) -> Floats:
    """The place of each value from the lowest (1); equal ones share the mean of their places."""
    array = np.asarray(values, dtype=np.float64)
    ordered = np.sort(array)
    first, after = np.searchsorted(ordered, array, "left"), np.searchsorted(ordered, array, "right")
    places: Floats = (first + after + 1) / 2
    return places


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's correlation of ranks, −1 to 1; None where either has no order (fewer than two values, or all equal).

    Spearman, American Journal of Psychology 15 (1904). Raises `ValueError` when the lengths differ.
    """
    if len(one) != len(other):
        raise ValueError(f"{len(one)} values against {len(other)}: give pairs")
    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    first, second = ranks(one) - (len(one) + 1) / 2, ranks(other) - (len(one) + 1) / 2
    together = float((first * second).sum()) / sqrt(float((first**2).sum() * (second**2).sum()))
    return min(1.0, max(-1.0, together))


def rank_correlation_interval(correlation: float, pairs: int, z: float = 1.959964) -> tuple[float, float]:
    """Bounds of the correlation behind one of independent `pairs`; `z` is the normal quantile (default: 95 %).

    tanh(artanh(r) ± z·√((1 + r²/2) / (n − 3))): Bonett and Wright, Psychometrika 65 (2000). (−1, 1) below 4 pairs.
    """
    if pairs < 4:
        return -1.0, 1.0
    if abs(correlation) == 1:
        return correlation, correlation
    reach = z * sqrt((1 + correlation**2 / 2) / (pairs - 3))
    return tanh(atanh(correlation) - reach), tanh(atanh(correlation) + reach)
