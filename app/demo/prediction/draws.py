"""Random numbers by address: a draw is a function of a key and a stream, whatever was drawn before.

So a wallet's history is the same whether it is made alone or among thousands, and nothing has to be kept to make it
again. Mixing is SplitMix64's finaliser (Steele, Lea and Flood, 2014).
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.demo.grid import Floats, Integers

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_QUANTILE_BITS = 12
_QUANTILES = 1 << _QUANTILE_BITS


def _quantiles() -> Floats:
    """Midpoint quantiles of the normal distribution, scaled to a variance of exactly one."""
    normal = NormalDist()
    table = np.array([normal.inv_cdf((index + 0.5) / _QUANTILES) for index in range(_QUANTILES)])
    result: Floats = table / table.std()
    return result


_NORMAL = _quantiles()


def mix(keys: Keys) -> Keys:
    """Scramble an array of keys; equal keys stay equal."""
    bits = keys ^ (keys >> np.uint64(30))
    bits = bits * np.uint64(0xBF58476D1CE4E5B9)
    bits = bits ^ (bits >> np.uint64(27))
    bits = bits * np.uint64(0x94D049BB133111EB)
    result: Keys = bits ^ (bits >> np.uint64(31))
    return result


def keys(seed: int, space: int, numbers: Integers) -> Keys:
    """One key for each of `numbers` (≥ 0) in a space of its own."""
    base = (seed * 0xD1342543DE82EF95 + space * _GOLDEN + 1) & _MASK
    return mix(numbers.astype(np.uint64) * np.uint64(_GOLDEN) + np.uint64(base))


def derive(parents: Keys, numbers: Integers) -> Keys:
    """The key of child number `numbers` of each parent."""
    return mix(parents + (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN))


def uniform(parents: Keys, stream: int) -> Floats:
    """Uniform numbers in (0, 1)."""
    bits = mix(parents + np.uint64(((stream + 1) * 0xA0761D6478BD642F) & _MASK))
    result: Floats = ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return result


def normal(parents: Keys, stream: int) -> Floats:
    """Standard normal numbers, out of 4096 quantiles (at most 3.7 standard deviations)."""
    bits = mix(parents + np.uint64(((stream + 1) * 0xA0761D6478BD642F) & _MASK))
    result: Floats = _NORMAL[(bits >> np.uint64(64 - _QUANTILE_BITS)).astype(np.intp)]
    return result


def log_normal(parents: Keys, stream: int, centre: Floats | float, width: Floats | float) -> Floats:
    """Positive numbers around the median `centre`; `width` is the standard deviation of their logarithm."""
    result: Floats = centre * np.exp(width * normal(parents, stream))
    return result


def share(parents: Keys, stream: int, centre: Floats | float, width: Floats | float) -> Floats:
    """Shares in (0, 1) around the median `centre`; `width` is the standard deviation of their log odds."""
    odds = np.log(np.asarray(centre) / (1.0 - np.asarray(centre))) + width * normal(parents, stream)
    return sigmoid(odds)


def sigmoid(log_odds: Floats) -> Floats:
    """Probabilities from log odds."""
    result: Floats = 1.0 / (1.0 + np.exp(-log_odds))
    return result
