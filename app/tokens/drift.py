"""Whether features still look as they did in training: histograms of reference, and the distance of new rows."""

from collections.abc import Mapping
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


def stability_index(histogram: Histogram, column: Column) -> float | None:
    """The population stability index of what is known of `column` against training; None where nothing is known.

    Σ (now − then) · ln(now / then) over the bins and over known against not known; shares below 0.001 count as that.
    0: alike; from 0.25 on it is usually taken for another population (Siddiqi, Credit Risk Scorecards, 2006).
    """
    told = column.values[column.known].astype(np.float64)
    if not len(told):
        return None
    edges = np.array(histogram.edges)
    total = _divergence(np.array(histogram.shares), np.array(_shares(edges, told)))
    now, then = float(column.known.mean()), histogram.known
    return total + _divergence(np.array([then, 1 - then]), np.array([now, 1 - now]))


def _shares(edges: NDArray[np.float64], told: NDArray[np.float64]) -> list[float]:
    counts = np.bincount(np.searchsorted(edges, told, side="left"), minlength=len(edges) + 1)
    shares: list[float] = (counts / max(1, len(told))).tolist()
    return shares


def _divergence(then: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    first, second = np.maximum(then, _LEAST_SHARE), np.maximum(now, _LEAST_SHARE)
    return float(((second - first) * np.log(second / first)).sum())
