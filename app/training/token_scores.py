"""How good answers are: measures with intervals that count tokens, not rows.

Rows of a token overlap in their horizons, so tokens are drawn again, whole: the bootstrap of clusters (Cameron, Gelbach
and Miller, Review of Economics and Statistics 90, 2008). An accuracy is given nowhere: a constant reaches the base
rate.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.measures.blocks import FEWEST_BLOCKS, Estimate, expanded_interval
from app.measures.ranks import ranks
from app.measures.returns import Floats
from app.measures.scores import calibration_error
from app.training.importance import weighted_auc

DRAWS = 300
Flags = NDArray[np.bool_]
Weighted = Callable[[Floats], float]
"""A measure as a function of the rows' weights."""


class Rows(NamedTuple):
    """Rows whose truth is known: what they belong to, and what was true (1, 0 or a figure)."""

    token: NDArray[np.str_]
    truth: Floats


class Draws(NamedTuple):
    """Weights of tokens, the first row all 1, then one of each draw; and the place of each row's token."""

    weights: Floats
    place: NDArray[np.intp]
    tokens: int

    def estimate(self, measure: Weighted) -> Estimate:
        """A measure with its 95 % interval over tokens; no interval below ten tokens."""
        return self._over(measure, self.tokens)

    def rate(self, part: Flags, whole: Flags) -> Estimate:
        """The share of the rows `whole` that are in `part`, over the tokens that have such rows.

        Where all draws are alike, none or all, the bounds are Wilson's for those tokens.
        """
        return self._over(_share_of(part, whole), len(np.unique(self.place[whole]))).as_rate()

    def _over(self, measure: Weighted, tokens: int) -> Estimate:
        value = measure(self.weights[0][self.place])
        if not np.isfinite(value):
            return Estimate(blocks=tokens)
        if tokens < FEWEST_BLOCKS:
            return Estimate(float(value), blocks=tokens)
        drawn = np.array([measure(each[self.place]) for each in self.weights[1:]])
        low, high = expanded_interval(drawn[np.isfinite(drawn)], tokens)
        return Estimate(float(value), low, high, tokens)


class Score(msgspec.Struct, frozen=True):
    """How good one model's probabilities are; `calibration_error` is that of `measures/scores.py`."""

    model: str
    n: int
    tokens: int
    base_rate: float
    auc: Estimate
    pr_auc: Estimate
    brier: Estimate
    calibration_error: float


class Cut(msgspec.Struct, frozen=True):
    """What a decision at `threshold` does: of what lies at or above it, the share that is true (precision), of what is
    true the share that lies there (recall), and of what is false (false positive rate)."""

    model: str
    threshold: float
    n_above: int
    precision: Estimate
    recall: Estimate
    false_positive_rate: Estimate


class Figure(msgspec.Struct, frozen=True):
    """How good one model's expected gains are: their rank correlation with gains, and the share of the variance of
    bounded gains that they explain (negative: worse than the mean of the test rows)."""

    model: str
    n: int
    tokens: int
    rank_correlation: Estimate
    explained: Estimate


class Pair(msgspec.Struct, frozen=True):
    """By how much `model` is better than `against` in `measure`, on the same rows and draws; above 0 is better."""

    model: str
    against: str
    measure: str
    difference: Estimate

    @property
    def verdict(self) -> str:
        """ "beats", "loses to" or "does not beat", by the interval."""
        side = self.difference.side_of(0.0)
        return {1: "beats", -1: "loses to"}.get(side or 0, "does not beat")


def draws_of(rows: Rows, seed: int, count: int = DRAWS) -> Draws:
    """Tokens drawn again `count` times."""
    names, place = np.unique(rows.token, return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    weights = np.vstack([np.ones(len(names)), drawn]).astype(np.float64)
    return Draws(weights, place, len(names))


def score(model: str, rows: Rows, probability: Floats, draws: Draws) -> Score:
    """All measures of probabilities. The rows must not be empty."""
    return Score(
        model,
        len(rows.truth),
        draws.tokens,
        float(rows.truth.mean()),
        draws.estimate(auc_of(rows.truth, probability)),
        draws.estimate(average_precision_of(rows.truth, probability)),
        draws.estimate(brier_of(rows.truth, probability)),
        calibration_error(probability.tolist(), (rows.truth > 0).tolist()),
    )


def cut(model: str, rows: Rows, probability: Floats, threshold: float, draws: Draws) -> Cut:
    """What a decision at `threshold` does."""
    above, true = probability >= threshold, rows.truth > 0
    return Cut(
        model,
        threshold,
        int(above.sum()),
        draws.rate(above & true, above),
        draws.rate(above & true, true),
        draws.rate(above & ~true, ~true),
    )


def figure(model: str, rows: Rows, expected: Floats, bounds: tuple[float, float], draws: Draws) -> Figure:
    """Measures of expected gains."""
    return Figure(
        model,
        len(rows.truth),
        draws.tokens,
        draws.estimate(rank_correlation_of(rows.truth, expected)),
        draws.estimate(explained_of(np.clip(rows.truth, *bounds), expected)),
    )


def pair(measure: str, model: tuple[str, Weighted], against: tuple[str, Weighted], draws: Draws, sign: int = 1) -> Pair:
    """The difference of two measures on the same draws; `sign` −1 where less is better."""
    return Pair(
        model[0], against[0], measure, draws.estimate(lambda weights: sign * (model[1](weights) - against[1](weights)))
    )


def auc_of(truth: Floats, scores: Floats) -> Weighted:
    """The chance that a true row has a higher score than a false one."""
    places = np.unique(scores, return_inverse=True)[1]
    true = truth > 0
    return lambda weights: weighted_auc(places, true, weights)


def average_precision_of(truth: Floats, scores: Floats) -> Weighted:
    """Precision, averaged over recall: the area under precision against recall, without interpolation."""
    places = np.unique(-scores, return_inverse=True)[1]
    true = truth > 0

    def measure(weights: Floats) -> float:
        hits = np.bincount(places[true], weights[true], minlength=int(places.max()) + 1)
        every = np.bincount(places, weights)
        if hits.sum() <= 0:
            return float("nan")
        precision = hits.cumsum() / np.maximum(every.cumsum(), 1e-12)
        return float((hits * precision).sum() / hits.sum())

    return measure


def brier_of(truth: Floats, probability: Floats) -> Weighted:
    """Mean squared distance of probability and truth; Brier, Monthly Weather Review 78 (1950)."""
    squares = (probability - truth) ** 2
    return lambda weights: float((weights * squares).sum() / weights.sum())


def rank_correlation_of(truth: Floats, expected: Floats) -> Weighted:
    """Spearman's correlation, of the ranks among all rows; NaN where one side is constant."""
    one, other = ranks(truth.tolist()), ranks(expected.tolist())

    def measure(weights: Floats) -> float:
        total = weights.sum()
        first, second = one - (weights * one).sum() / total, other - (weights * other).sum() / total
        spread = (weights * first**2).sum() * (weights * second**2).sum()
        return float((weights * first * second).sum() / np.sqrt(spread)) if spread > 0 else float("nan")

    return measure


def explained_of(truth: Floats, expected: Floats) -> Weighted:
    """1 − mean squared error / variance."""

    def measure(weights: Floats) -> float:
        mean = (weights * truth).sum() / weights.sum()
        variance = (weights * (truth - mean) ** 2).sum()
        return float(1 - (weights * (truth - expected) ** 2).sum() / variance) if variance > 0 else float("nan")

    return measure


def _share_of(part: Flags, whole: Flags) -> Weighted:
    def measure(weights: Floats) -> float:
        under = weights[whole].sum()
        return float(weights[part].sum() / under) if under > 0 else float("nan")

    return measure
