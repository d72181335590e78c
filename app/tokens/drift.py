"""Whether features still look as they did in training: histograms of reference, and the distance of new rows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tokens.bundle_parts import Drift, Histogram
from app.tokens.candles import SLOTS
from app.tokens.features import CONTEXT, PARTS, Singles
from app.tokens.indicators import INDICATORS

BINS = 10
_LEAST_SHARE = 1e-3
_MASK = slice(SLOTS * PARTS[0][1], SLOTS * PARTS[0][1] + SLOTS)


WATCHED = frozenset({*CONTEXT, *INDICATORS, "empty_slots"})
"""Features whose drift is watched, by name."""


class Column(NamedTuple):
    """A feature of many rows, and where it is known."""

    values: Singles
    known: NDArray[np.bool_]


def columns(rows: Singles) -> Mapping[str, Column]:
    """(n, 628) features → those that are watched by name: context, indicators, and the share of empty slots."""
    singles = rows[:, _MASK.stop :]
    found: dict[str, Column] = {}
    place = 0
    for names in (tuple(CONTEXT), tuple(INDICATORS)):
        for offset, name in enumerate(names):
            values, flags = singles[:, place + offset], singles[:, place + len(names) + offset]
            found[name] = Column(values, flags > 0)
        place += 2 * len(names)
    empty = 1 - rows[:, _MASK].mean(axis=1)
    return {**found, "empty_slots": Column(empty, np.ones(len(rows), dtype=bool))}


def reference(rows: Singles) -> Drift:
    """How the watched features of training rows are distributed, between their deciles."""
    return {name: _histogram(column) for name, column in columns(rows).items()}


def _histogram(column: Column) -> Histogram:
    told = column.values[column.known].astype(np.float64)
    edges = np.unique(np.quantile(told, np.linspace(0, 1, BINS + 1)[1:-1])) if len(told) else np.empty(0)
    return Histogram(
        tuple(edges.tolist()), tuple(_shares(edges, told)), float(column.known.mean()) if len(column.known) else 0.0
    )


def _shares(edges: NDArray[np.float64], told: NDArray[np.float64]) -> list[float]:
    counts = np.bincount(np.searchsorted(edges, told, side="left"), minlength=len(edges) + 1)
    shares: list[float] = (counts / max(1, len(told))).tolist()
    return shares


def _divergence(then: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    first, second = np.maximum(then, _LEAST_SHARE), np.maximum(now, _LEAST_SHARE)
    return float(((second - first) * np.log(second / first)).sum())


WORDS = ("too few", "steady", "within chance", "moved", "drifted", "unlike")
"""What an index comes to, in plain words (docs/tokens.md, “Drift”)."""
MOVED, DRIFTED = 0.10, 0.25
FLAGS_TURNED = 2 / 3
"""A feature is unlike training when so large a share of rows changed between known and not known,"""
OUTSIDE, INSIDE_THEN = 0.90, 0.20
"""or when so much of it lies beyond the outermost edge on one side, where at most so much lay in training."""
LEAST_TOKENS = 30
"""Of fewer tokens nothing is said."""
_QUANTILE = 1.645


def index_of_counts(histogram: Histogram, counts: Sequence[int], unknown: int) -> float:
    """The population stability index of so many values in each bin of `histogram`, and so many that are not known,
    against training; 0 without any.

    Σ (now − then) · ln(now / then) over the bins and over known against not known; shares below 0.001 count as that.
    Where nothing is known the flags alone count: what is told no more has drifted. 0: alike; from 0.25 on it is usually
    taken for another population (Siddiqi, Credit Risk Scorecards, 2006).
    """
    told = sum(counts)
    if not told + unknown:
        return 0.0
    known = told / (told + unknown)
    then = np.array([histogram.known, 1 - histogram.known])
    of_flags = _divergence(then, np.array([known, 1 - known]))
    if not told:
        return of_flags
    return of_flags + _divergence(np.array(histogram.shares), np.array(counts) / told)


def chance(histogram: Histogram, tokens: int) -> float:
    """An index that 19 of 20 samples of so many tokens stay below though nothing has changed.

    χ²(0.95; one less than the bins, and one for the flag) / n, with Wilson's and Hilferty's χ²: Yurdakul, Statistical
    Properties of Population Stability Index, 2018. Rows of one token are alike, so n is the number of tokens.
    """
    freedom = len(histogram.shares)
    ninth = 2 / (9 * freedom)
    critical: float = freedom * (1 - ninth + _QUANTILE * ninth**0.5) ** 3
    return critical / max(1, tokens)


def is_unlike(histogram: Histogram, counts: Sequence[int], unknown: int) -> bool:
    """Whether so many values in each bin, and so many that are not known, are another thing than in training: told no
    more, told for the first time, or nearly all where training hardly was, as when a unit has changed."""
    told = sum(counts)
    if not told + unknown:
        return False
    turned = abs(told / (told + unknown) - histogram.known) >= FLAGS_TURNED
    ends = ((counts[0], histogram.shares[0]), (counts[-1], histogram.shares[-1]))
    return turned or any(told and now >= OUTSIDE * told and then <= INSIDE_THEN for now, then in ends)


def word_of(index: float, by_chance: float, tokens: int, *, unlike: bool) -> str:
    """What an index of so many tokens comes to; one of `WORDS`."""
    if tokens < LEAST_TOKENS:
        return "too few"
    if unlike:
        return "unlike"
    if index < MOVED:
        return "steady"
    if index <= by_chance:
        return "within chance"
    return "moved" if index <= DRIFTED else "drifted"
