"""The trained model of regimes as plain numbers: six centroids, the scaling, and where they came from. No clustering
library is needed to use it."""

import hashlib
from itertools import permutations
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from app.core.errors import DataError
from app.markets.regime_features import FEATURES
from app.measures.returns import Floats

REGIMES = ("sell-off", "quiet fall", "calm", "choppy", "quiet rise", "rally")
"""The six regimes, from the worst direction to the best."""

MEANINGS: Floats = np.array([(-1.7, 1.1), (-0.75, -0.15), (0.0, -1.5), (0.0, 0.8), (0.75, -0.3), (1.7, 1.1)])
"""What each of `REGIMES` stands for: direction and activity, in spreads from the usual. Training starts from these."""

_CALMER = (
    ("calm", "quiet fall"), ("calm", "quiet rise"), ("quiet fall", "choppy"), ("quiet rise", "choppy"),
    ("quiet fall", "sell-off"), ("quiet rise", "rally"),
)  # fmt: skip

DIRECTION, ACTIVITY = ("return", "trend"), ("volatility", "range", "volume")
WEIGHTS = {
    "return": 1.0,
    "trend": 0.6,
    "volatility": 0.6,
    "range": 0.6,
    "volume": 0.6,
    "funding": 0.3,
    "open_interest": 0.3,
}
"""How much a feature counts in a distance: those that measure the same thing share its weight."""

NECESSARY = (*DIRECTION, *ACTIVITY)
CLIPPED_AT = 2.5
"""Scaled features are cut off here on both sides: one wild hour shall not outweigh all else."""
LEAST_WEIGHT = 0.5
"""An hour of which features with less than this share of the weight are known has no regime."""
FORMAT = 1
MODEL_BYTES = 64 * 1024

_Text = Annotated[str, Meta(max_length=200)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=64)]
_Row = Annotated[tuple[float, ...], Meta(min_length=1, max_length=len(FEATURES))]


class RegimeModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model and its card. `centroids` are in the order of `REGIMES`, columns in that of `features`, scaled.

    `data` names what it was trained on, `source` is LIVE, DEMO or FILES, `hours` how many were used, from `from_ms`
    until `until_ms`. `variance` is the mean squared distance to the own centroid, for one unit of weight.
    """

    format: int = FORMAT
    source: _Text
    data: _Texts
    from_ms: int
    until_ms: int
    hours: int
    seed: int
    made_with: _Text
    data_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    features: _Texts
    centre: _Row
    spread: _Row
    weights: _Row
    centroids: Annotated[tuple[_Row, ...], Meta(min_length=len(REGIMES), max_length=len(REGIMES))]
    variance: float

    @property
    def sha256(self) -> str:
        """What tells this model from any other."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()

    def scaled(self, measured: Floats) -> Floats:
        """Columns of `FEATURES` → the model's own, scaled and cut off; NaN stays."""
        columns = [FEATURES.index(name) for name in self.features]
        return scaled(measured[:, columns], np.array(self.centre), np.array(self.spread))

    def probabilities(self, measured: Floats) -> Floats:
        """How probable each of `REGIMES` is in each row of `features()`; rows sum to 1, or are NaN where too little is
        known.

        exp(−d² / 2v) over its sum: the posterior of a mixture of six equally frequent spherical normal distributions
        of the model's `variance`. Unknown features are left out of d², which grows in proportion to the weight left.
        """
        weights = np.array(self.weights)
        squares = squared_distances(self.scaled(measured), np.array(self.centroids), weights)
        with np.errstate(invalid="ignore"):
            logarithms = -squares / (2 * self.variance)
            odds = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
            shares: Floats = odds / odds.sum(axis=1, keepdims=True)
        return shares


def scaled(values: Floats, centre: Floats, spread: Floats) -> Floats:
    """(values − centre) / spread by column, cut off at `CLIPPED_AT`; NaN stays."""
    result: Floats = np.clip((values - centre) / spread, -CLIPPED_AT, CLIPPED_AT)
    return result


def squared_distances(points: Floats, centroids: Floats, weights: Floats) -> Floats:
    """Weighted squared distance of each point to each centroid; NaN where less than `LEAST_WEIGHT` is known."""
    known = np.isfinite(points)
    whole = (weights**2).sum()
    share = (known * weights**2).sum(axis=1) / whole
    differences = np.where(known[:, None, :], (points[:, None, :] - centroids[None]) * weights, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares: Floats = (differences**2).sum(axis=2) / share[:, None]
    squares[share < LEAST_WEIGHT] = np.nan
    return squares


def meanings(centroids: Floats, names: tuple[str, ...]) -> Floats:
    """Direction and activity of each centroid: the means of the features that tell them."""
    places = [[names.index(name) for name in group if name in names] for group in (DIRECTION, ACTIVITY)]
    columns: Floats = np.stack([centroids[:, place].mean(axis=1) for place in places], axis=1)
    return columns


def in_order(centroids: Floats, names: tuple[str, ...]) -> Floats:
    """Six centroids in any order → in that of `REGIMES`: the assignment whose meanings lie nearest, of all 720.

    It depends on the centroids alone, so that a name means the same after each training.
    """
    found = meanings(centroids, names)
    costs = ((found[:, None, :] - MEANINGS[None]) ** 2).sum(axis=2)
    ranks = range(len(REGIMES))
    best = min(permutations(ranks), key=lambda order: sum(costs[row, rank] for rank, row in enumerate(order)))
    return centroids[list(best)]


def misnamed(model: RegimeModel) -> list[str]:
    """What about the centroids belies their names, in words; empty where each name means what it says."""
    way, activity = meanings(np.array(model.centroids), model.features).T
    places = {name: place for place, name in enumerate(REGIMES)}
    found = []
    if not way[places["sell-off"]] < way[places["quiet fall"]] < 0:
        found.append("sell-off and quiet fall do not fall, the first one faster")
    if not 0 < way[places["quiet rise"]] < way[places["rally"]]:
        found.append("quiet rise and rally do not rise, the second one faster")
    return found + [
        f"{calmer} is no calmer than {wilder}"
        for calmer, wilder in _CALMER
        if not activity[places[calmer]] < activity[places[wilder]]
    ]


def decode_model(text: str | bytes) -> RegimeModel:
    """A model from its JSON. Raises `DataError` for anything that is not a whole and usable model."""
    try:
        model = msgspec.json.decode(text, type=RegimeModel)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DataError(f"no model of regimes ({error}); train it again: tapedeck train regime") from error
    flaw = _flaw(model)
    if flaw:
        raise DataError(f"no usable model of regimes ({flaw}); train it again: tapedeck train regime")
    return model


def encode_model(model: RegimeModel) -> bytes:
    """The model as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(model)) + b"\n"


def _flaw(model: RegimeModel) -> str:
    width = len(model.features)
    rows = (model.centre, model.spread, model.weights, *model.centroids)
    if model.format != FORMAT:
        return f"its format is {model.format}, not {FORMAT}"
    if len(set(model.features)) != width or not set(NECESSARY) <= set(model.features) <= set(FEATURES):
        return "its features are not ours"
    if any(len(row) != width for row in rows):
        return f"a row of it has not {width} columns"
    if not np.isfinite([*np.concatenate(rows), model.variance]).all():
        return "a number in it is not finite"
    if min(*model.spread, *model.weights, model.variance) <= 0:
        return "a spread, weight or variance in it is not above 0"
    return ""
