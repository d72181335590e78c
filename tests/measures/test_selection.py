"""Deflated ratios and overfitting against the papers' own example and against definitions in plain Python."""

from itertools import combinations
from math import log, sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.selection import (
    Moments,
    Overfitting,
    best_of_luck,
    deflated_sharpe,
    moments_of,
    overfitting,
    probabilistic_sharpe,
    single_sharpes,
)

YEAR = sqrt(250)
seeds = st.integers(0, 2**32)


def plain_sharpe(returns: list[float]) -> float:
    deviation = stdev(returns)
    return fmean(returns) / deviation if deviation > 0 else 0.0


def plain_overfitting(rows: list[list[float]], blocks: int) -> float:
    """The definition, split by split."""
    length = len(rows) // blocks
    rows = rows[len(rows) - blocks * length :]
    pieces = [rows[start : start + length] for start in range(0, len(rows), length)]
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = [row for number in chosen for row in pieces[number]]
        outside = [row for number in range(blocks) if number not in chosen for row in pieces[number]]
        here = [plain_sharpe([row[trial] for row in inside]) for trial in range(len(rows[0]))]
        there = [plain_sharpe([row[trial] for row in outside]) for trial in range(len(rows[0]))]
        found = there[here.index(max(here))]
        rank = sum(other < found for other in there) + (sum(other == found for other in there) + 1) / 2
        share = rank / (len(there) + 1)
        logits.append(log(share / (1 - share)))
    return sum(logit <= 1e-12 for logit in logits) / len(logits)


def test_the_example_of_the_paper() -> None:
    # Bailey and López de Prado 2014: a ratio of 2.5 a year from five years of days, 100 trials whose ratios vary by ½.
    luck = best_of_luck(100, 0.5 / 250)
    assert luck == pytest.approx(0.1132, abs=5e-5)
    found = Moments(1_250, 2.5 / YEAR, -3.0, 10.0)
    assert probabilistic_sharpe(found, luck) == pytest.approx(0.9004, abs=5e-4)
    assert probabilistic_sharpe(found, best_of_luck(46, 0.5 / 250)) == pytest.approx(0.9505, abs=5e-4)


@given(seeds, st.integers(2, 60))
def test_moments_are_as_defined(seed: int, count: int) -> None:
    returns = np.random.default_rng(seed).normal(1e-3, 1e-2, count)
    mean, spread = fmean(returns), sqrt(fmean((returns - returns.mean()) ** 2))
    told = moments_of(returns)
    assert told.count == count
    assert told.sharpe == pytest.approx(mean / stdev(returns))
    assert told.skewness == pytest.approx(fmean(((value - mean) / spread) ** 3 for value in returns))
    assert told.kurtosis == pytest.approx(fmean(((value - mean) / spread) ** 4 for value in returns))
    assert single_sharpes(np.column_stack([returns, np.zeros(count)])).tolist() == pytest.approx([told.sharpe, 0.0])


@pytest.mark.parametrize("trials", [2, 10, 300])
def test_luck_is_about_the_mean_of_the_best_of_so_many(trials: int) -> None:
    drawn = np.random.default_rng(1).normal(0, 2.0, (4_000, trials)).max(axis=1)
    # The formula is an approximation for many trials: 0.03 deviations off for few.
    assert best_of_luck(trials, 4.0) == pytest.approx(drawn.mean(), abs=0.16)
    assert best_of_luck(trials, 4.0) < best_of_luck(trials + 1, 4.0)


@given(seeds, st.integers(2, 12))
def test_a_ratio_is_worth_less_the_more_was_tried(seed: int, trials: int) -> None:
    returns = np.random.default_rng(seed).normal(1e-3, 1e-2, (120, trials))
    ratios = single_sharpes(returns)
    best = returns[:, int(np.argmax(ratios))]
    told, alone = deflated_sharpe(best, ratios), deflated_sharpe(best, ratios[:1])
    twice = deflated_sharpe(best, np.concatenate([ratios, ratios, ratios]))
    assert told is not None
    assert alone is not None
    assert twice is not None
    assert 0 <= told <= alone <= 1
    assert twice <= told + 1e-12
    moments = moments_of(best)
    spread = sqrt(1 - moments.skewness * moments.sharpe + (moments.kurtosis - 1) / 4 * moments.sharpe**2)
    assert alone == pytest.approx(NormalDist().cdf(moments.sharpe * sqrt(119) / spread))


def test_there_is_nothing_to_tell_of_one_return() -> None:
    assert deflated_sharpe(np.array([0.1]), np.array([0.0])) is None
    assert best_of_luck(1, 5.0) == 0.0
    assert overfitting(np.zeros((39, 3))) is None
    assert overfitting(np.zeros((400, 1))) is None


@given(seeds, st.integers(2, 5), st.integers(40, 70))
def test_overfitting_is_as_defined(seed: int, trials: int, days: int) -> None:
    generator = np.random.default_rng(seed)
    returns = generator.normal(0, 1e-2, (days, trials)) * (generator.random(trials) > 0.2)
    told = overfitting(returns)
    assert told is not None
    assert told.blocks == days // 10 // 2 * 2
    assert told.probability == pytest.approx(plain_overfitting(returns.tolist(), told.blocks))


def test_skill_in_all_of_time_is_not_overfitted_and_noise_is_half_of_the_time() -> None:
    noise = np.random.default_rng(3).normal(0, 1e-2, (1_600, 40))
    skilled = noise.copy()
    skilled[:, 7] += 3e-3
    assert overfitting(skilled) == Overfitting(0.0, 16, 12_870)
    found = [overfitting(noise[:, first : first + 10]) for first in (0, 10, 20, 30)]
    assert fmean(each.probability for each in found if each is not None) == pytest.approx(0.5, abs=0.2)
