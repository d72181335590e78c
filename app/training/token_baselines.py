"""What a token model has to beat: the base rate, volatility alone, ten features, and the first hour's updates.

Gradient boosting is the fifth; it is grown beside the network (`token_model`). These here are fitted on all rows that
training saw, those it was chosen and calibrated on included: they are not to be beaten by having had less.
"""

from typing import Final

import numpy as np

from app.measures.returns import Floats
from app.tokens.candles import Integers
from app.tokens.features import CONTEXT, Singles
from app.tokens.heads import GAIN_PCT, HEADS, LABEL_OF
from app.training.library import needed
from app.training.pool_history import HOUR_S
from app.training.token_columns import CONTEXTS, ten_features, volatility
from app.training.token_network import GAIN_RANGE_PCT
from app.training.tokens_data import Samples

BASE_RATE: Final = "base rate"
VOLATILITY: Final = "volatility"
TEN: Final = "ten features"
FIRST_HOUR: Final = "updates of the first hour"
BASELINES = (BASE_RATE, VOLATILITY, TEN, FIRST_HOUR)

Tables = dict[str, Floats]
"""The columns that each baseline sees, of all rows."""


def tables_of(samples: Samples) -> Tables:
    """What each baseline is told of each row; none of it is later than the row."""
    return {
        BASE_RATE: np.zeros((len(samples.token), 1)),
        VOLATILITY: volatility(samples.features)[:, None],
        TEN: ten_features(samples.features),
        FIRST_HOUR: first_hour_updates(samples)[:, None],
    }


def first_hour_updates(samples: Samples) -> Floats:
    """ln(1 + updates) of each row's token in its first hour; 0 for one whose first row is not at that age."""
    age = CONTEXTS.start + list(CONTEXT).index("age_s")
    trades = CONTEXTS.start + list(CONTEXT).index("trades_1h")
    at_an_hour = np.abs(samples.features[:, age] - np.log1p(HOUR_S)) < 1e-4
    known = zip(samples.token[at_an_hour].tolist(), samples.features[at_an_hour, trades].tolist(), strict=True)
    own = dict(known)
    return np.array([own.get(token, 0.0) for token in samples.token.tolist()], dtype=np.float64)


def baseline_answers(samples: Samples, tables: Tables, fit: Integers, asked: Integers) -> dict[str, Singles]:
    """(asked, 3) answers of each baseline fitted on the rows `fit`: logistic for probabilities, linear for the gain."""
    found = {}
    for name, table in tables.items():
        columns = [_answers(head, samples.label(LABEL_OF[head])[fit], table[fit], table[asked]) for head in HEADS]
        found[name] = np.stack(columns, axis=1).astype(np.float32)
    return found


def _answers(head: str, truth: Floats, told: Floats, asked: Floats) -> Floats:
    known = np.isfinite(truth)
    answers, rows = truth[known], told[known]
    if head == GAIN_PCT:
        answers = np.clip(answers, *GAIN_RANGE_PCT)
    centre, spread = (rows.mean(axis=0), rows.std(axis=0)) if len(rows) else (0.0, 0.0)
    spread = np.where(np.asarray(spread) > 0, spread, 1.0)
    if len(np.unique(answers)) < 2 or not (rows != rows[0]).any():
        return np.full(len(asked), float(answers.mean()) if len(answers) else np.nan)
    linear = needed("sklearn.linear_model")
    scaled, wanted = (rows - centre) / spread, (asked - centre) / spread
    if head == GAIN_PCT:
        expected: Floats = linear.LinearRegression().fit(scaled, answers).predict(wanted)
        return expected
    probability: Floats = linear.LogisticRegression(max_iter=1_000).fit(scaled, answers).predict_proba(wanted)[:, 1]
    return probability
