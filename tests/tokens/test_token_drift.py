"""Drift: alike is 0, another population is not, and what is not known is a part of it."""

import math

import numpy as np
from tiny_bundle import rows_of

from app.tokens.bundle_parts import Histogram
from app.tokens.drift import Column, columns, index_of_counts, reference
from app.tokens.features import CONTEXT, Singles
from app.tokens.indicators import INDICATORS


def rows(count: int = 400, *, shift: float = 0.0, known: float = 1.0) -> Singles:
    made = rows_of(5, count)
    rng = np.random.default_rng(6)
    made[:, 500:600] = rng.random((count, 100)) < 0.5
    made[:, 600] += shift
    for flags in (slice(607, 614), slice(621, 628)):
        made[:, flags] = rng.random((count, 7)) < known
    return made


def counts_of(histogram: Histogram, column: Column) -> list[int]:
    """How many values of a column lie in each bin."""
    found = [0] * len(histogram.shares)
    for value in column.values[column.known].tolist():
        found[sum(value > edge for edge in histogram.edges)] += 1
    return found


def index(histogram: Histogram, column: Column) -> float:
    return index_of_counts(histogram, counts_of(histogram, column), int((~column.known).sum()))


def plain_index(histogram: Histogram, column: Column) -> float:
    """The definition, share by share."""
    counts, known = counts_of(histogram, column), float(column.known.mean())
    bins = [(then, count / sum(counts)) for then, count in zip(histogram.shares, counts, strict=True) if sum(counts)]
    shares = [*bins, (histogram.known, known), (1 - histogram.known, 1 - known)]
    floored = [(max(0.001, then), max(0.001, now)) for then, now in shares]
    return sum((now - then) * math.log(now / then) for then, now in floored)


def test_all_single_features_are_watched_and_the_empty_slots() -> None:
    found = columns(rows(3))
    assert list(found) == [*CONTEXT, *INDICATORS, "empty_slots"]
    np.testing.assert_array_equal(found["liquidity_usd"].values, rows(3)[:, 600])
    np.testing.assert_array_equal(found["bollinger_width"].values, rows(3)[:, 620])
    np.testing.assert_allclose(found["empty_slots"].values, 1 - rows(3)[:, 500:600].mean(axis=1))


def test_training_rows_do_not_drift_from_themselves() -> None:
    then = reference(rows())
    for name, column in columns(rows()).items():
        assert index(then[name], column) == 0.0
        assert abs(sum(then[name].shares) - 1) < 1e-12


def test_another_population_drifts_and_only_where_it_is_another() -> None:
    then, now = reference(rows()), columns(rows(shift=2.0))
    moved, still = (index(then[name], now[name]) for name in ("liquidity_usd", "holders"))
    assert moved > 0.25 > still


def test_what_is_told_no_more_counts_as_drift() -> None:
    then = reference(rows())
    half, none = (index(then["holders"], columns(rows(known=known))["holders"]) for known in (0.5, 0.0))
    assert none > half > 0.25


def test_a_column_that_never_was_known_has_a_histogram_all_the_same() -> None:
    then = reference(rows(known=0.0))["holders"]
    assert then.known == 0.0
    assert index(then, columns(rows())["holders"]) > 0.25
