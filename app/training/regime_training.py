"""Training of the regimes: scikit-learn's k-means, begun at what the names mean, and how stable its names are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.core.errors import DataError
from app.markets.hourly_bars import HOUR_MS, HourlyBars, Integers
from app.markets.regime_features import FEATURES, features
from app.markets.regime_model import (
    ACTIVITY,
    DIRECTION,
    MEANINGS,
    NECESSARY,
    REGIMES,
    WEIGHTS,
    RegimeModel,
    in_order,
    scaled,
    squared_distances,
)
from app.measures.returns import Floats
from app.training.library import needed

LEAST_HOURS = 500
"""Fewer hours that can be measured are too few to train on."""
LEAST_KNOWN = 0.5
"""A feature that is known in a smaller share of hours is left out of the model."""
_ROUNDS = 300
_OUTERMOST = (1, 99)
_STARTS = 5


class Provenance(NamedTuple):
    """What a model's card says of its data."""

    source: str
    data: tuple[str, ...]
    sha256: str


class Measured(NamedTuple):
    """Hours that can be measured, of all coins in order of time. `rows` hold all of `FEATURES`, `names` are those that
    are known; `coin` is the place of the coin among the bars given."""

    open_ms: Integers
    coin: Integers
    rows: Floats
    names: tuple[str, ...]


class Stability(NamedTuple):
    """How much of the names outlives a new training: agreement on one common set of hours.

    The adjusted Rand index (Hubert and Arabie, Journal of Classification 2, 1985) is 1 for equal groups, 0 for
    chance, whatever their names; `agreement` is the share of hours that get the same name.
    `halves`: trained on the first and on the second half of time. `starts`: k-means begun at random places, the worst
    of some seeds against the model. `free_halves`: the halves again, begun at random places.
    """

    halves_rand: float
    halves_agreement: float
    starts_rand: float
    free_halves_rand: float


def measured(bars: Sequence[HourlyBars]) -> Measured:
    """The hours of all coins of which every feature that the model will have is known.

    Raises `DataError` when there are fewer than `LEAST_HOURS`, or a necessary feature is not known.
    """
    tables = [features(each) for each in bars]
    rows = np.concatenate(tables) if tables else np.empty((0, len(FEATURES)))
    times = np.concatenate([each.open_ms for each in bars]) if bars else np.empty(0, np.int64)
    coins = np.repeat(np.arange(len(bars)), [each.hours for each in bars])
    necessary = [FEATURES.index(name) for name in NECESSARY]
    usable = np.isfinite(rows[:, necessary]).all(axis=1)
    names = tuple(
        name
        for column, name in enumerate(FEATURES)
        if name in NECESSARY or (usable.any() and np.isfinite(rows[usable, column]).mean() >= LEAST_KNOWN)
    )
    columns = [FEATURES.index(name) for name in names]
    kept = np.flatnonzero(np.isfinite(rows[:, columns]).all(axis=1))
    if len(kept) < LEAST_HOURS:
        raise DataError(
            f"{len(kept):,} hours can be measured, {LEAST_HOURS:,} are needed; give more bars (the first 120 of each "
            "coin are needed to begin)"
        )
    kept = kept[np.argsort(times[kept], kind="stable")]
    return Measured(times[kept], coins[kept], rows[kept], names)


def train(data: Measured, provenance: Provenance, seed: int = 0) -> RegimeModel:
    """A model of the regimes in these hours; `seed` is written on its card.

    Raises `DataError` where a feature never changes.
    """
    columns = [FEATURES.index(name) for name in data.names]
    values = data.rows[:, columns]
    centre, spread = _scaling(values, data.names)
    weights = np.array([WEIGHTS[name] for name in data.names])
    points = scaled(values, centre, spread)
    centroids = in_order(_clustered(points, weights, data.names, None), data.names)
    own = squared_distances(points, centroids, weights).min(axis=1)
    return RegimeModel(
        source=provenance.source,
        data=provenance.data,
        from_ms=int(data.open_ms[0]),
        until_ms=int(data.open_ms[-1]) + HOUR_MS,
        hours=len(points),
        seed=seed,
        made_with=f"scikit-learn {needed('sklearn').__version__}",
        data_sha256=provenance.sha256,
        features=data.names,
        centre=tuple(centre.tolist()),
        spread=tuple(spread.tolist()),
        weights=tuple(weights.tolist()),
        centroids=tuple(tuple(row) for row in centroids.tolist()),
        variance=float(own.mean() / (weights**2).sum()),
    )


def _scaling(values: Floats, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Centre and spread of each column, for which its outermost percents are cut off.

    Raises `DataError` for one that never changes.
    """
    inner = np.clip(values, *np.percentile(values, _OUTERMOST, axis=0))
    centre, spread = inner.mean(axis=0), inner.std(axis=0)
    # Direction is measured from "no change", so that a rise stays a rise after a year of rises.
    for name in DIRECTION:
        centre[names.index(name)] = 0.0
    if (spread <= 0).any():
        constant = names[int(np.flatnonzero(spread <= 0)[0])]
        raise DataError(f"the {constant.replace('_', ' ')} never changes in these bars; give bars of a real market")
    return centre, spread


def _clustered(points: Floats, weights: Floats, names: tuple[str, ...], start: int | None) -> Floats:
    """Six centroids, in no order: begun at what the names mean, or at random places with the seed `start`."""
    cluster = needed("sklearn.cluster")
    if start is None:
        kmeans = cluster.KMeans(len(REGIMES), init=_anchors(names) * weights, n_init=1, max_iter=_ROUNDS)
    else:
        kmeans = cluster.KMeans(len(REGIMES), n_init=1, max_iter=_ROUNDS, random_state=start)
    found: Floats = kmeans.fit(points * weights).cluster_centers_ / weights
    return found


def _anchors(names: tuple[str, ...]) -> Floats:
    """`MEANINGS` as places among scaled features; a feature that tells neither meaning begins at the usual."""
    places = np.zeros((len(REGIMES), len(names)))
    for meaning, group in enumerate((DIRECTION, ACTIVITY)):
        for name in group:
            places[:, names.index(name)] = MEANINGS[:, meaning]
    return places


def stability(data: Measured, model: RegimeModel, seed: int = 0) -> Stability:
    """Train again on each half of time and from random starts, and compare on all hours."""
    halves = np.array_split(np.arange(len(data.open_ms)), 2)
    anchored = [_labels(data, model, half, None) for half in halves]
    free = [_labels(data, model, half, seed) for half in halves]
    whole = np.arange(len(data.open_ms))
    own = model.probabilities(data.rows).argmax(axis=1)
    starts = [_labels(data, model, whole, seed + number) for number in range(_STARTS)]
    rand = needed("sklearn.metrics").adjusted_rand_score
    return Stability(
        halves_rand=float(rand(*anchored)),
        halves_agreement=float((anchored[0] == anchored[1]).mean()),
        starts_rand=min(float(rand(own, labels)) for labels in starts),
        free_halves_rand=float(rand(*free)),
    )


def _labels(data: Measured, model: RegimeModel, kept: Integers, start: int | None) -> Integers:
    """The names that a model trained on the `kept` hours gives to all hours."""
    columns = [FEATURES.index(name) for name in data.names]
    values, weights = data.rows[:, columns], np.array(model.weights)
    centre, spread = _scaling(values[kept], data.names)
    centroids = in_order(_clustered(scaled(values[kept], centre, spread), weights, data.names, start), data.names)
    labels: Integers = squared_distances(scaled(values, centre, spread), centroids, weights).argmin(axis=1)
    return labels
