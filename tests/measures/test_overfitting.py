"""How far the best of many is luck: the published example, and draws of which the truth is known."""

import numpy as np
import pytest

from app.measures.overfitting import (
    deflated_sharpe,
    expected_best_ratio,
    overfitting_probability,
    probability_above,
    sharpe_ratios,
)


def test_the_example_of_the_paper() -> None:
    """Bailey and López de Prado (2014): 2.5 a year over five years of days, best of 100, skewness −3, kurtosis 10."""
    level = expected_best_ratio(0.5 / 250, 100)
    assert level == pytest.approx(0.1132, abs=1e-4)
    assert probability_above(2.5 / np.sqrt(250), level, 1_250, -3.0, 10.0) == pytest.approx(0.9004, abs=1e-3)


def test_the_best_of_useless_tries_is_as_expected() -> None:
    rng = np.random.default_rng(1)
    best = [sharpe_ratios(rng.normal(0, 1, (400, 50))).max() for _ in range(300)]
    assert float(np.mean(best)) == pytest.approx(expected_best_ratio(1 / 400, 50), rel=0.03)


def test_luck_is_not_taken_for_skill() -> None:
    rng = np.random.default_rng(2)
    luck = [deflated_sharpe(rng.normal(0, 1, (300, 30))) for _ in range(200)]
    # As a probability of skill it may be above 0.95 only seldom.
    assert np.mean([told is not None and told > 0.95 for told in luck]) < 0.05
    skill = rng.normal(0, 1, (1_000, 30))
    skill[:, 7] += 0.3
    told = deflated_sharpe(skill)
    assert told is not None
    assert told > 0.99


def test_what_was_best_stays_or_does_not() -> None:
    rng = np.random.default_rng(3)
    luck = [overfitting_probability(rng.normal(0, 1, (200, 20))) for _ in range(20)]
    assert float(np.mean([told for told in luck if told is not None])) == pytest.approx(0.5, abs=0.15)
    skill = rng.normal(0, 1, (203, 20))
    skill[:, 3] += 0.5
    told = overfitting_probability(skill)
    assert told is not None
    assert told < 0.05
    # What goes up in one half of time and down in the other is overfitting itself.
    swings = rng.normal(0, 0.1, (200, 2))
    swings[:100, 0] += 1
    swings[100:, 0] -= 1
    swings[:100, 1] -= 1
    swings[100:, 1] += 1
    told = overfitting_probability(swings)
    assert told is not None
    assert told > 0.9


def test_too_little_is_no_answer() -> None:
    rng = np.random.default_rng(4)
    for shape in ((300, 1), (19, 5)):
        returns = rng.normal(0, 1, shape)
        assert deflated_sharpe(returns) is None
        assert overfitting_probability(returns) is None
    still = np.zeros((100, 3))
    assert deflated_sharpe(still) is None
    # All alike: the best is in the middle of the others.
    assert overfitting_probability(still) == 1.0
