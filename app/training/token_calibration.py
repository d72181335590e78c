"""Calibration: scores of a validation part → maps that turn a score into a probability, or into an expected gain."""

import numpy as np

from app.measures.returns import Floats
from app.tokens.bundle_parts import Isotonic, Platt
from app.tokens.features import Singles
from app.training.library import needed
from app.training.token_network import GAIN_RANGE_PCT

BINS = 20
FEWEST = 20
_FLATTEST = 1e-3


def platt(scores: Singles, outcomes: Floats) -> Platt:
    """The map to probabilities that fits best where the outcome is known (not NaN).

    Scores that say nothing, or the wrong thing, all get the share of outcomes that were true.
    """
    known = np.isfinite(outcomes)
    told, truths = scores[known].astype(np.float64), outcomes[known]
    share = float(np.clip(truths.mean(), 1e-3, 1 - 1e-3)) if len(truths) else 0.5
    flat = Platt(_FLATTEST, float(np.log(share / (1 - share))))
    if len(truths) < FEWEST or len(np.unique(truths)) < 2:
        return flat
    model = needed("sklearn.linear_model").LogisticRegression(C=1e6, max_iter=1_000)
    model.fit(told[:, None], truths)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Platt(slope, intercept) if slope > _FLATTEST else flat


def isotonic(scores: Singles, figures: Floats) -> Isotonic:
    """The rising map to the mean figure, through the means of at most 20 equal bins; figures are bounded first.

    Pooling of neighbours that do not rise: Ayer et al., Annals of Mathematical Statistics 26 (1955).
    """
    known = np.isfinite(figures)
    told, bounded = scores[known].astype(np.float64), np.clip(figures[known], *GAIN_RANGE_PCT)
    order = np.argsort(told, kind="stable")
    bins = [each for each in np.array_split(order, BINS) if len(each)]
    centres = np.array([told[each].mean() for each in bins])
    kept = np.flatnonzero(np.diff(centres, prepend=-np.inf) > 0)
    if len(kept) < 2:
        mean = float(bounded.mean()) if len(bounded) else 0.0
        return Isotonic((0.0, 1.0), (mean, mean))
    means = np.array([bounded[each].mean() for each in bins])[kept]
    rising = needed("sklearn.isotonic").IsotonicRegression().fit_transform(centres[kept], means)
    return Isotonic(tuple(centres[kept].tolist()), tuple(np.maximum.accumulate(rising).tolist()))
