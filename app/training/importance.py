"""Which features tell the way of the next hours, if any: permutation importance on time the model has not seen.

The first part of time trains, the last part judges, and between them lies a gap as long as the longest horizon, so that
no outcome of the one is an hour of the other. Intervals come from drawing blocks of time again.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.errors import DataError
from app.markets.hourly_bars import HOUR_MS, HourlyBars, Integers
from app.markets.regime_features import FEATURES, features
from app.markets.regime_model import CLIPPED_AT
from app.measures.blocks import FEWEST_BLOCKS, Estimate, expanded_interval
from app.measures.returns import Floats
from app.training.library import needed
from app.training.regime_report import HORIZONS_H, forward_returns, time_blocks

Flags = NDArray[np.bool_]

TRAINED_SHARE = 0.7
DRAWS = 300
SHUFFLES = 3
LEAST_HOURS = 1_000
_CHANCE = 0.5


class FeatureImportance(msgspec.Struct, frozen=True):
    """How much of the AUC is lost when a feature's values are shuffled among the held-out hours."""

    name: str
    loss: Estimate

    @property
    def counts(self) -> bool:
        """Whether the loss is above 0 beyond its interval."""
        return self.loss.side_of(0.0) == 1


class HorizonImportance(msgspec.Struct, frozen=True):
    """One horizon: what was held out, how often prices rose there, how well the model told it, and by what.

    `auc` is the probability that the model ranks a random rise above a random fall: one half is chance.
    """

    horizon_h: int
    trained: int
    held_out: int
    base_rate: float
    auc: Estimate
    features: tuple[FeatureImportance, ...]

    @property
    def beats_chance(self) -> bool:
        """Whether the AUC is above one half beyond its interval."""
        return self.auc.side_of(_CHANCE) == 1


class _Split(NamedTuple):
    """Labelled hours in order of time: those before the gap, and those after it. Features are scaled."""

    trained: Floats
    trained_rose: Flags
    held_out: Floats
    held_out_rose: Flags
    held_out_ms: Integers


def importances(
    bars: Sequence[HourlyBars], seed: int = 0, advance: Callable[[float], None] = lambda _done: None
) -> tuple[HorizonImportance, ...]:
    """What the features that are known in these bars are worth, at each of `HORIZONS_H`.

    Raises `DataError` when there are too few hours to hold any out.
    """
    rows = np.concatenate([features(each) for each in bars])
    forward = np.concatenate([forward_returns(each) for each in bars])
    times = np.concatenate([each.open_ms for each in bars])
    order = np.argsort(times, kind="stable")
    rows, forward, times = rows[order], forward[order], times[order]
    columns = [c for c in range(len(FEATURES)) if np.isfinite(rows[:, c]).mean() >= _CHANCE]
    names = tuple(FEATURES[c] for c in columns)
    results = []
    for place in range(len(HORIZONS_H)):
        results.append(_horizon(times, rows[:, columns], forward[:, place], names, place, seed))
        advance((place + 1) / len(HORIZONS_H))
    return tuple(results)


def _horizon(
    times: Integers, rows: Floats, forward: Floats, names: tuple[str, ...], place: int, seed: int
) -> HorizonImportance:
    usable = np.isfinite(rows).all(axis=1) & np.isfinite(forward)
    split = _split(times[usable], rows[usable], forward[usable] > 0, place)
    model = needed("sklearn.linear_model").LogisticRegression(max_iter=1_000).fit(split.trained, split.trained_rose)
    generator = np.random.default_rng([seed, place])
    starts = time_blocks(split.held_out_ms, HORIZONS_H[place] * HOUR_MS)
    weights = _draws(starts, len(split.held_out), generator)
    score = _scored(model, split.held_out)
    base = _aucs(score, split.held_out_rose, weights)
    losses = []
    for column, name in enumerate(names):
        shuffled = [_aucs(_scored(model, _shuffled(split, column, generator)), split.held_out_rose, weights)
                    for _ in range(SHUFFLES)]  # fmt: skip
        losses.append(FeatureImportance(name, _estimate(base - np.mean(shuffled, axis=0), len(starts))))
    return HorizonImportance(
        horizon_h=HORIZONS_H[place],
        trained=len(split.trained),
        held_out=len(split.held_out),
        base_rate=float(split.held_out_rose.mean()),
        auc=_estimate(base, len(starts)),
        features=tuple(losses),
    )


def _split(times: Integers, rows: Floats, rose: Flags, place: int) -> _Split:
    """Raises `DataError` where there are too few hours, or prices only ever went one way."""
    horizon = f"{HORIZONS_H[place]} h ahead"
    if len(times) < LEAST_HOURS:
        raise DataError(f"{len(times):,} hours tell what came {horizon}, {LEAST_HOURS:,} are needed; give more bars")
    border_ms = int(times[int(TRAINED_SHARE * len(times))])
    before = times < border_ms - max(HORIZONS_H) * HOUR_MS
    after = times >= border_ms
    if rose[before].all() or not rose[before].any() or rose[after].all() or not rose[after].any():
        raise DataError(f"prices went one way only, {horizon}; give bars of a real market")
    centre, spread = rows[before].mean(axis=0), rows[before].std(axis=0)
    spread[spread <= 0] = 1.0
    points = np.clip((rows - centre) / spread, -CLIPPED_AT, CLIPPED_AT)
    return _Split(points[before], rose[before], points[after], rose[after], times[after])


def _scored(model: Any, points: Floats) -> Floats:  # noqa: ANN401 - scikit-learn has no types of its own
    scores: Floats = model.decision_function(points)
    return scores


def _shuffled(split: _Split, column: int, generator: np.random.Generator) -> Floats:
    points = split.held_out.copy()
    points[:, column] = generator.permutation(points[:, column])
    return points


def _draws(starts: Integers, rows: int, generator: np.random.Generator) -> Floats:
    """Weights of the rows: all 1 first, then how often each row's block was drawn, a row a draw."""
    blocks = len(starts)
    times_drawn = generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=DRAWS)
    lengths = np.diff(np.append(starts, rows))
    whole = np.vstack([np.ones(blocks, np.int64), times_drawn])
    weights: Floats = np.repeat(whole, lengths, axis=1).astype(np.float64)
    return weights


def _aucs(scores: Floats, rose: Flags, weights: Floats) -> Floats:
    """The AUC for each row of `weights`; NaN where it drew one way only."""
    ranks = np.unique(scores, return_inverse=True)[1]
    return np.array([weighted_auc(ranks, rose, row) for row in weights])


def weighted_auc(ranks: Integers, rose: Flags, weights: Floats) -> float:
    """The probability that a random rise has a higher rank (0, 1, …) than a random fall, ties counting one half.

    Mann and Whitney's U over its largest value (Annals of Mathematical Statistics 18, 1947), rows weighing `weights`.
    NaN where only one of the two is there.
    """
    rises = np.bincount(ranks[rose], weights[rose], minlength=int(ranks.max()) + 1)
    falls = np.bincount(ranks[~rose], weights[~rose], minlength=int(ranks.max()) + 1)
    pairs = rises.sum() * falls.sum()
    if pairs <= 0:
        return float("nan")
    return float((rises * (falls.cumsum() - falls / 2)).sum() / pairs)


def _estimate(drawn: Floats, blocks: int) -> Estimate:
    """The first is the value, the others are what drawing blocks again made of it."""
    again = drawn[1:][np.isfinite(drawn[1:])]
    if blocks < FEWEST_BLOCKS or not len(again):
        return Estimate(float(drawn[0]), blocks=blocks)
    low, high = expanded_interval(again, blocks)
    return Estimate(float(drawn[0]), low, high, blocks)
