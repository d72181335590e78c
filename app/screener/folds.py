"""Folds: pieces of time in which trials are judged apart, and walked through forward."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from app.core.errors import UsageError
from app.markets.bar_table import Integers
from app.measures.days import DAY_MS
from app.screener.bars import Bars


class Fold(NamedTuple):
    """A piece of time: bars that open from `start_ms` to before `end_ms`."""

    start_ms: int
    end_ms: int


class Place(NamedTuple):
    """Where a fold lies in bars: from place `first` to before `last`."""

    first: int
    last: int


def folds_of(start_ms: int, end_ms: int, count: int) -> list[Fold]:
    """So many folds of as many days (the last ones may have one more) from `start_ms` to before `end_ms`.

    All begin and end with a UTC day, but for the first beginning and the last end, so that no day is in two. Raises
    `UsageError` where there are fewer days than folds.
    """
    first, last = start_ms // DAY_MS, -(-end_ms // DAY_MS)
    if last - first < count:
        raise UsageError(f"--folds {count} is more than the {last - first} days of bars; take fewer")
    edges = [(first + (last - first) * number // count) * DAY_MS for number in range(count + 1)]
    edges[0], edges[-1] = start_ms, end_ms
    return [Fold(one, other) for one, other in pairwise(edges)]


def places_of(bars: Bars, folds: list[Fold]) -> list[Place | None]:
    """Where each fold lies; None where the bars have fewer than two in it."""
    edges: Integers = np.array([edge for fold in folds for edge in fold], dtype=np.int64)
    found = np.searchsorted(bars.times, edges).tolist()
    places = [Place(*pair) for pair in zip(found[::2], found[1::2], strict=True)]
    return [place if place.last - place.first >= 2 else None for place in places]
