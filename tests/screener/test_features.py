"""Features: each is what its definition says, nothing looks ahead, and all ways to them agree in every bit."""

import math
from itertools import pairwise

import numpy as np
import pytest
from bar_samples import THRESHOLDS, market, some_bars
from hypothesis import given, settings
from hypothesis import strategies as st
from longer_bars import resample
from numpy.lib.stride_tricks import sliding_window_view

from app.measures.returns import Floats
from app.screener import columns
from app.screener.bars import HOUR_MS, Bars
from app.screener.features import (
    FeatureRow,
    Features,
    FeatureStream,
    compiled_features,
    compiling_pays,
    features_of,
    plain_features,
)

DAY_MS = 24 * HOUR_MS


def thresholds(bars: Bars) -> columns.Thresholds:
    return THRESHOLDS._replace(interval_ms=bars.interval_ms)


def streamed(bars: Bars) -> list[FeatureRow]:
    stream = FeatureStream(thresholds(bars))
    return [
        stream.add(time, (opened, high, low, close), volume)
        for time, opened, high, low, close, volume in zip(*(column.tolist() for column in bars[3:]), strict=True)
    ]


def equal(one: Features, other: Features, rows: int) -> None:
    for name, values, expected in zip(Features._fields, one, other, strict=True):
        np.testing.assert_array_equal(values[:rows], expected[:rows], err_msg=name)


@given(some_bars())
def test_bar_by_bar_gives_what_the_whole_gives(bars: Bars) -> None:
    rows = Features._make(np.array(column) for column in zip(*streamed(bars), strict=True))
    equal(rows, plain_features(bars, thresholds(bars)), bars.length)


def test_a_stream_that_forgets_old_bars_still_gives_the_same() -> None:
    bars = market(9_000, 7, gaps=0.01)
    rows = Features._make(np.array(column) for column in zip(*streamed(bars), strict=True))
    equal(rows, plain_features(bars, THRESHOLDS), bars.length)


@pytest.fixture(scope="module")
def compiled() -> None:
    compiled_features(market(30, 1), THRESHOLDS)


@pytest.mark.usefixtures("compiled")
@given(some_bars())
def test_compiled_passes_give_what_plain_ones_give(bars: Bars) -> None:
    equal(compiled_features(bars, thresholds(bars)), plain_features(bars, thresholds(bars)), bars.length)


@pytest.mark.usefixtures("compiled")
def test_a_long_series_is_the_same_compiled() -> None:
    bars = market(20_000, 8, gaps=0.005)
    equal(compiled_features(bars, THRESHOLDS), plain_features(bars, THRESHOLDS), bars.length)


def test_nobody_waits_for_a_compiler_over_years_of_hours() -> None:
    assert not compiling_pays(30_000 * 12)


@settings(max_examples=25)
@given(some_bars(), some_bars(), st.floats(0, 1))
def test_no_later_bar_moves_an_earlier_feature(bars: Bars, others: Bars, cut: float) -> None:
    rows = 1 + int(cut * (bars.length - 1))
    shift = int(bars.times[rows - 1]) + bars.interval_ms - int(others.times[0])
    times = np.concatenate([bars.times[:rows], others.times + shift])
    floats = [np.concatenate([before[:rows], after]) for before, after in zip(bars[4:], others[4:], strict=True)]
    changed = Bars("changed", bars.interval_ms, 0, times, *floats)
    equal(features_of(changed, thresholds(bars)), features_of(bars, thresholds(bars)), rows)


@given(some_bars())
def test_every_bit_is_the_same_however_many_bars_follow(bars: Bars) -> None:
    part = bars.until(int(bars.times[bars.length // 2]))
    equal(features_of(bars, thresholds(bars)), features_of(part, thresholds(bars)), part.length)


def windows(values: Floats, length: int) -> Floats:
    """The last `length` values at each place from the first at which there are so many."""
    whole: Floats = sliding_window_view(values, length)
    return whole


@given(some_bars())
def test_windows_are_means_and_deviations_of_what_they_hold(bars: Bars) -> None:
    found = plain_features(bars, thresholds(bars))
    for values, length, mean, deviation in (
        (bars.closes, 20, found.sma_20, found.deviation),
        (bars.volumes, 20, found.volume_mean, found.volume_deviation),
        (bars.closes, 50, found.sma_50, None),
    ):
        assert np.isnan(mean[: length - 1]).all()
        if bars.length < length:
            continue
        held = windows(values, length)
        largest = values.max() + 1e-300
        np.testing.assert_allclose(mean[length - 1 :], held.mean(axis=1), rtol=1e-9, atol=1e-12 * largest)
        if deviation is not None:
            np.testing.assert_allclose(deviation[length - 1 :], held.std(axis=1), rtol=1e-6, atol=1e-6 * largest)


def test_a_bar_of_absurd_size_is_forgotten() -> None:
    bars = market(400, 3)
    bars.highs[50] = 1e15
    bars.closes[50] = 1e15
    found = plain_features(bars, THRESHOLDS)
    np.testing.assert_allclose(found.sma_50[170:], windows(bars.closes, 50)[121:].mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.deviation[170:], windows(bars.closes, 20)[151:].std(axis=1), rtol=1e-9)


@given(some_bars())
def test_the_rank_counts_the_hundred_before(bars: Bars) -> None:
    found = plain_features(bars, thresholds(bars))
    for place, (value, rank) in enumerate(zip(found.atr.tolist(), found.atr_rank.tolist(), strict=True)):
        before = found.atr[max(0, place - 100) : place]
        if place < 114:
            assert math.isnan(rank)
        else:
            assert rank == pytest.approx(np.mean(before < value))


@given(some_bars())
def test_sentinels_strike_where_their_words_say(bars: Bars) -> None:
    found = plain_features(bars, thresholds(bars))
    for flag, side in (
        (columns.SMA_20_CROSS, np.sign(bars.closes - found.sma_20)),
        (columns.SMA_50_CROSS, np.sign(bars.closes - found.sma_50)),
        (columns.ATR_REGIME, np.where(np.isnan(found.atr_rank), np.nan, 2.0 * (found.atr_rank >= 0.8) - 1)),
    ):
        assert struck(found, flag) == turns(side)
    gaps = np.flatnonzero(np.diff(bars.times) - bars.interval_ms > 2 * HOUR_MS) + 1
    assert struck(found, columns.SESSION_BREAK) == gaps.tolist()
    with np.errstate(invalid="ignore"):
        limits = found.volume_mean + 2 * found.volume_deviation
        spikes = np.flatnonzero(bars.volumes[1:] > limits[:-1]) + 1
    assert struck(found, columns.VOLUME_SPIKE) == spikes.tolist()


def struck(found: Features, flag: int) -> list[int]:
    return np.flatnonzero(found.sentinels & flag).tolist()


def turns(side: Floats) -> list[int]:
    """Where a sign is the opposite of the last one that was not 0."""
    known = [(place, sign) for place, sign in enumerate(side.tolist()) if sign and not math.isnan(sign)]
    return [place for (_, before), (place, sign) in pairwise(known) if sign != before]


@given(some_bars())
def test_the_score_is_its_formula_and_the_side_that_of_most_trends(bars: Bars) -> None:
    found = plain_features(bars, thresholds(bars))
    for row in (FeatureRow._make(values) for values in zip(*(column.tolist() for column in found), strict=True)):
        votes = [np.sign(row.sma_20 - row.sma_50), row.direction, row.trend]
        expected = (
            0.3 * min(1, row.adx / 50)
            + 0.2 * min(1, max(0, (row.rsi - 30) / 40))
            + 0.3 * abs(sum(votes)) / 3
            + 0.2 * (row.atr_rank < 0.8)
        )
        known = not any(map(math.isnan, (row.adx, row.rsi, row.atr_rank, *votes)))
        assert row.score == (pytest.approx(expected) if known else pytest.approx(math.nan, nan_ok=True))
        assert row.side == (np.sign(sum(votes)) if known or not math.isnan(sum(votes)) else 0)


def test_the_day_trend_is_that_of_closed_days() -> None:
    bars = market(24 * 40, 5)
    found = plain_features(bars, THRESHOLDS)
    days, closed = resample(bars, DAY_MS)
    for place in range(bars.length):
        known = days.closes[: closed[place]]
        expected = np.sign(known[-1] - known[-20:].mean()) if len(known) >= 20 else math.nan
        np.testing.assert_equal(found.trend[place], expected)
