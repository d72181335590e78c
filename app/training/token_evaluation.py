"""Judging the way a token model is made, on data it has not seen, beside everything that it has to beat.

Three questions: a test part later in time and of other tokens; every pool once, by a model that never saw it
(cross-validation by pool); and, where a list says which pools are scams, that list's question at an age of one hour.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.measures.blocks import Estimate
from app.measures.returns import Floats
from app.tokens.bundle_parts import Thresholds
from app.tokens.candles import Integers
from app.tokens.features import CONTEXT, Singles
from app.tokens.heads import GAIN_PCT, HEADS, LABEL_OF, P_RISE, P_RUG
from app.training import token_scores as measures
from app.training.token_baselines import BASE_RATE, BASELINES, FIRST_HOUR, baseline_answers, tables_of
from app.training.token_columns import CONTEXTS
from app.training.token_model import Model, answers, fitted
from app.training.token_network import GAIN_RANGE_PCT
from app.training.token_training import Recipe
from app.training.tokens_data import LABELS, Samples, Split, folds

SERVED, NETWORK, BOOSTING = "served", "network", "gradient boosting"
FOLDS = 5
LEAST_ROWS = 20
CANDLE_BUCKETS = ((1, 11), (12, 24), (25, 49), (50, 100))
AGE_BUCKETS_H = ((0, 3), (3, 12), (12, 1_000_000))

Predictions = Mapping[str, Singles]
"""(n, 3) answers of each model to the same rows."""
Answer = Callable[[Singles], Singles]
"""(n, 628) features → (n, 3) answers."""
Tell = Callable[[float], None]


class Bucket(msgspec.Struct, frozen=True):
    """Scores of rows whose window, or age, lies in a range, and what the decision does with them."""

    of: str
    served: measures.Score
    boosting: measures.Score
    decision: measures.Cut


class HeadReport(msgspec.Struct, frozen=True):
    """All about one head on one set of rows. `scores` for probabilities, `figures` for the gain."""

    head: str
    scores: tuple[measures.Score, ...] = ()
    cuts: tuple[measures.Cut, ...] = ()
    figures: tuple[measures.Figure, ...] = ()
    pairs: tuple[measures.Pair, ...] = ()
    buckets: tuple[Bucket, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """One way of asking, its rows and heads; `served` says what answered where one model answered all."""

    name: str
    rows: int
    tokens: int
    heads: tuple[HeadReport, ...]
    served: dict[str, str] = {}


def by_time(
    samples: Samples, parts: Split, recipe: Recipe, seed: int, others: Mapping[str, Answer] | None = None
) -> Question | None:
    """Trained on the first part, chosen on the second, judged on the third; None where one of them has no row.

    `others` are judged on the same rows, by their names.

    Recordings of a few days have no row whose candles and whose next 24 hours lie within one part.
    """
    if not all(len(part) for part in parts[:3]):
        return None
    return judged(fitted(samples, parts.train, parts.validation, recipe), samples, parts, seed, others)


def judged(
    model: Model, samples: Samples, parts: Split, seed: int, others: Mapping[str, Answer] | None = None
) -> Question:
    """A trained model on the test part, beside baselines that saw what it saw, and `others`."""
    found = answers(model, samples.features[parts.test])
    fit = np.concatenate([parts.train, parts.validation])
    predictions = {SERVED: found.served, NETWORK: found.network, BOOSTING: found.trees}
    predictions |= baseline_answers(samples, tables_of(samples), fit, parts.test)
    asked = samples.rows(parts.test)
    predictions |= {name: answer(asked.features) for name, answer in (others or {}).items()}
    return question("later tokens", asked, predictions, seed, model.served)


def cross_validated(samples: Samples, recipe: Recipe, seed: int, tell: Tell = lambda _: None) -> dict[str, Singles]:
    """Answers to every row by models that never saw its token."""
    fold, tables = folds(samples, FOLDS, seed), tables_of(samples)
    found = {
        name: np.full((len(fold), len(HEADS)), np.nan, np.float32) for name in (SERVED, NETWORK, BOOSTING, *BASELINES)
    }
    for number in range(FOLDS):
        validates = fold == (number + 1) % FOLDS
        asked = _places(fold == number)
        train = _places((fold != number) & ~validates)
        model = fitted(samples, train, _places(validates), recipe)
        told = answers(model, samples.features[asked])
        given = {SERVED: told.served, NETWORK: told.network, BOOSTING: told.trees}
        given |= baseline_answers(samples, tables, _places(fold != number), asked)
        for name, values in given.items():
            found[name][asked] = values
        tell((number + 1) / FOLDS)
    return found


def listed(samples: Samples, rugs: Floats, recipe: Recipe, seed: int) -> Question | None:
    """Is a pool on the list of scams, asked at an age of one hour, cross-validated by pool; None without a list.

    The rug head is trained on the list's label here. `rugs` are the cross-validated probabilities of a rug within 24
    hours of all rows, judged on the same question beside it.
    """
    label = samples.label("is_listed_scam")
    first = _first_rows(samples) & np.isfinite(label)
    if first.sum() < LEAST_ROWS or len(np.unique(label[first])) < 2:
        return None
    asked = samples.rows(first)
    labels = asked.labels.copy()
    labels[:, LABELS.index(LABEL_OF[P_RUG])] = label[first]
    asked = asked._replace(labels=labels)
    found = cross_validated(asked, recipe, seed)
    found["rug within 24 h"] = np.repeat(rugs[first, None], len(HEADS), axis=1).astype(np.float32)
    return question("listed as scam, at one hour", asked, found, seed, only=(P_RUG,))


def question(
    name: str, asked: Samples, predictions: Predictions, seed: int, served: Mapping[str, str] | None = None,
    only: Iterable[str] = HEADS,
) -> Question:  # fmt: skip
    """Judge answers to rows, head by head; a head with too few known labels is left out."""
    reports = [_head(head, asked, predictions, seed) for head in only if _known(asked, head).sum() >= LEAST_ROWS]
    return Question(name, len(asked.token), len(set(asked.token.tolist())), tuple(reports), dict(served or {}))


def _head(head: str, asked: Samples, predictions: Predictions, seed: int) -> HeadReport:
    known = _known(asked, head)
    rows = measures.Rows(asked.token[known], asked.label(LABEL_OF[head])[known])
    told = {
        name: values[known, HEADS.index(head)].astype(np.float64)
        for name, values in predictions.items()
        if name != FIRST_HOUR or head == P_RUG
    }
    draws = measures.draws_of(rows, seed)
    if head == GAIN_PCT:
        return _gain(rows, told, draws)
    thresholds = _thresholds(head)
    return HeadReport(
        head,
        tuple(measures.score(name, rows, values, draws) for name, values in told.items()),
        tuple(measures.cut(name, rows, told[name], at, draws) for at in thresholds for name in (SERVED, BOOSTING)),
        pairs=tuple(_pairs(rows, told, draws)),
        buckets=tuple(_buckets(asked.rows(known), rows, told, thresholds[0], seed)),
    )


def _gain(rows: measures.Rows, told: Mapping[str, Floats], draws: measures.Draws) -> HeadReport:
    figures = tuple(measures.figure(name, rows, values, GAIN_RANGE_PCT, draws) for name, values in told.items())
    each = {name: measures.rank_correlation_of(rows.truth, values) for name, values in told.items()}
    pairs = tuple(
        measures.pair("rank correlation", (SERVED, each[SERVED]), (name, each[name]), draws)
        for name in told
        if name != SERVED
    )
    return HeadReport(GAIN_PCT, figures=figures, pairs=pairs)


def _pairs(rows: measures.Rows, told: Mapping[str, Floats], draws: measures.Draws) -> Iterable[measures.Pair]:
    """What is served against every other answer, and the network against boosting, by AUC and by Brier."""
    against = [(SERVED, name) for name in told if name != SERVED] + [(NETWORK, BOOSTING)]
    for measure, of, sign in (("AUC", measures.auc_of, 1), ("Brier", measures.brier_of, -1)):
        each = {name: of(rows.truth, values) for name, values in told.items()}
        for one, other in against:
            yield measures.pair(measure, (one, each[one]), (other, each[other]), draws, sign)


def _buckets(
    asked: Samples, rows: measures.Rows, told: Mapping[str, Floats], threshold: float, seed: int
) -> Iterable[Bucket]:
    for name, inside in _ranges(asked):
        if inside.sum() < LEAST_ROWS or len(np.unique(rows.truth[inside])) < 2:
            continue
        some = measures.Rows(rows.token[inside], rows.truth[inside])
        draws = measures.draws_of(some, seed)
        ours, theirs = (measures.score(each, some, told[each][inside], draws) for each in (SERVED, BOOSTING))
        yield Bucket(name, ours, theirs, measures.cut(SERVED, some, told[SERVED][inside], threshold, draws))


def _ranges(asked: Samples) -> Iterable[tuple[str, NDArray[np.bool_]]]:
    for first, last in CANDLE_BUCKETS:
        yield f"{first}-{last} candles", (asked.candles >= first) & (asked.candles <= last)
    place = CONTEXTS.start + list(CONTEXT).index("age_s")
    known = asked.features[:, place + len(CONTEXT)] > 0
    hours = np.expm1(asked.features[:, place].astype(np.float64)) / 3_600
    for low, high in AGE_BUCKETS_H:
        name = f"age {low}-{high} h" if high < AGE_BUCKETS_H[-1][1] else f"age {low} h and more"
        yield name, known & (hours >= low) & (hours < high)


def _thresholds(head: str) -> tuple[float, ...]:
    """Where decisions are cut, and one half beside it."""
    cuts = Thresholds()
    return (cuts.least_rise, 0.5) if head == P_RISE else (cuts.most_rug, 0.5)


def _first_rows(samples: Samples) -> NDArray[np.bool_]:
    first = np.zeros(len(samples.token), dtype=bool)
    first[np.unique(samples.token, return_index=True)[1]] = True
    return first


def _known(samples: Samples, head: str) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.isfinite(samples.label(LABEL_OF[head]))
    return known


def _places(mask: NDArray[np.bool_]) -> Integers:
    return np.flatnonzero(mask).astype(np.int64)


def sentence(question: Question, pair: measures.Pair, head: str) -> str:
    """A paired comparison in words, with its interval."""
    value = pair.difference
    return f"{head}, {question.name}: {pair.model} {pair.verdict} {pair.against} in {pair.measure} ({told(value)})."


def told(value: Estimate) -> str:
    """A difference and its interval in words."""
    if value.value is None:
        return "not known"
    interval = "no interval" if value.low is None or value.high is None else f"{value.low:+.3f} to {value.high:+.3f}"
    return f"{value.value:+.3f}, {interval}, {value.blocks} tokens"


def findings(questions: Iterable[Question]) -> tuple[str, ...]:
    """What the comparisons come to: of each head, what is served against all but its own parts and the base rate."""
    passed_over = {NETWORK, BASE_RATE}
    return tuple(
        sentence(each, pair, head.head)
        for each in questions
        for head in each.heads
        for pair in head.pairs
        if pair.model == SERVED and pair.against not in passed_over and pair.measure != "Brier"
    )
