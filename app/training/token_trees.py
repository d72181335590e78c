"""Gradient boosting (scikit-learn's) as a baseline that can also be served: trees as plain arrays."""

from typing import Any, NamedTuple

import numpy as np

from app.measures.returns import Floats
from app.tokens.candles import Integers
from app.tokens.features import Singles
from app.training.library import needed

TREES, LEAVES, LEAST_IN_LEAF, LEARNING_RATE = 60, 8, 40, 0.08
NUDGE = 1e-5
FEWEST = 50
"""With fewer labels, or one class alone, nothing is grown: the answer is the base rate."""


class Trees(NamedTuple):
    """Nodes of all trees in one list. A row goes left where its `feature` is ≤ `threshold`; a leaf points to itself.

    The answer is `base` and the `value` of the leaf it ends in, of each tree from its `root`.
    """

    feature: Integers
    threshold: Singles
    left: Integers
    right: Integers
    value: Singles
    root: Integers
    base: float
    depth: int

    def answer(self, rows: Singles) -> Singles:
        """(n, features) → (n,): a logit, or the value itself where trees were grown to a figure."""
        places = np.broadcast_to(self.root, (len(rows), len(self.root)))
        for _ in range(self.depth):
            told = np.take_along_axis(rows, self.feature[places], axis=1)
            places = np.where(told <= self.threshold[places], self.left[places], self.right[places])
        total: Singles = (self.value[places].sum(axis=1) + np.float32(self.base)).astype(np.float32)
        return total


def grown(rows: Singles, wanted: Floats, *, is_probability: bool, seed: int) -> Trees:
    """Trees grown on the rows whose answer is known: to a logit, or to the mean of a figure."""
    known = np.isfinite(wanted)
    told, answers = rows[known], wanted[known]
    if len(answers) < FEWEST or len(np.unique(answers)) < 2:
        return _stump(answers, is_probability=is_probability)
    ensemble = needed("sklearn.ensemble")
    kind = ensemble.HistGradientBoostingClassifier if is_probability else ensemble.HistGradientBoostingRegressor
    model = kind(
        max_iter=TREES, max_leaf_nodes=LEAVES, min_samples_leaf=LEAST_IN_LEAF, learning_rate=LEARNING_RATE,
        l2_regularization=1.0, random_state=seed % 2**32,
    )  # fmt: skip
    model.fit(told, answers)
    return _trees_of(model)


def _stump(answers: Floats, *, is_probability: bool) -> Trees:
    mean = float(answers.mean()) if len(answers) else 0.0
    share = min(max(mean, 1e-3), 1 - 1e-3)
    base = float(np.log(share / (1 - share))) if is_probability else mean
    none, zero = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.float32)
    return Trees(none, zero, none, none, zero, none, base, 1)


def _trees_of(model: Any) -> Trees:  # noqa: ANN401 - scikit-learn has no types of its own
    """The trees inside a fitted model of scikit-learn 1.8 and 1.9: `_predictors`, one list a round."""
    nodes = [each[0].nodes for each in model._predictors]  # noqa: SLF001 - there is no other way to them
    starts = np.cumsum([0, *(len(each) for each in nodes)])[:-1].astype(np.int64)
    own = np.concatenate([start + np.arange(len(each)) for start, each in zip(starts, nodes, strict=True)])
    offset = np.repeat(starts, [len(each) for each in nodes])
    every = np.concatenate(nodes)
    leaf = every["is_leaf"].astype(bool)
    return Trees(
        np.where(leaf, 0, every["feature_idx"]).astype(np.int64),
        np.where(leaf, np.float32(0), _raised(every["num_threshold"])).astype(np.float32),
        np.where(leaf, own, offset + every["left"]).astype(np.int64),
        np.where(leaf, own, offset + every["right"]).astype(np.int64),
        np.where(leaf, every["value"], 0).astype(np.float32),
        starts,
        float(np.ravel(model._baseline_prediction)[0]),  # noqa: SLF001 - as above
        int(every["depth"].max()),
    )


def _raised(thresholds: Floats) -> Singles:
    """Thresholds a little higher. scikit-learn puts many of them on values of the data, where the last bit of a sum
    that is reckoned in another order would decide which way a row goes."""
    return (thresholds + NUDGE * np.maximum(1, np.abs(thresholds))).astype(np.float32)
