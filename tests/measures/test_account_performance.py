"""Ratios and falls against their definitions in plain Python."""

from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.performance import deepest_fall, sharpe_error, sharpe_ratio, simple_returns, sortino_ratio

accounts = st.lists(st.floats(1, 1e6), min_size=1, max_size=40)


@given(accounts)
def test_the_deepest_fall_is_the_worst_of_all_pairs(values: list[float]) -> None:
    fall = deepest_fall(np.array(values))
    pairs = [1 - later / earlier for place, earlier in enumerate(values) for later in values[place:]]
    assert fall.share == pytest.approx(max(0.0, *pairs))
    assert fall.peak <= fall.bottom
    assert fall.share == pytest.approx(1 - values[fall.bottom] / values[fall.peak])


@given(accounts)
def test_ratios_are_as_defined(values: list[float]) -> None:
    returns = simple_returns(np.array(values))
    steps = [later / earlier - 1 for earlier, later in pairwise(values)]
    assert returns.tolist() == pytest.approx(steps)
    sharpe, sortino = sharpe_ratio(returns, 100.0), sortino_ratio(returns, 100.0)
    if sharpe is not None:
        assert sharpe == pytest.approx(10 * fmean(steps) / stdev(steps), rel=1e-6)
    losses = [min(0.0, step) for step in steps]
    if any(losses):
        assert sortino == pytest.approx(10 * fmean(steps) / sqrt(fmean([loss * loss for loss in losses])))
    else:
        assert sortino is None


def test_nothing_that_moved_has_no_ratio() -> None:
    assert sharpe_ratio(np.zeros(5), 365.0) is None
    assert sharpe_ratio(np.array([0.1]), 365.0) is None
    assert sortino_ratio(np.empty(0), 365.0) is None


def test_the_error_of_a_ratio_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(3)
    drawn = [sharpe_ratio(rng.normal(0.05, 1.0, 400), 1.0) for _ in range(3_000)]
    spread = float(np.std([each for each in drawn if each is not None]))
    assert sharpe_error(0.05, 400, 1.0) == pytest.approx(spread, rel=0.05)
    assert sharpe_error(0.05 * 10, 400, 100.0) == pytest.approx(10 * sharpe_error(0.05, 400, 1.0))
