import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.measures.blocks import (
    FEWEST_BLOCKS,
    Estimate,
    block_length_ms,
    block_starts,
    expanded_interval,
    ratio_estimates,
    student_quantile,
)

Floats = NDArray[np.float64]


def times(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def mean_estimate(values: Floats, starts: NDArray[np.int64], seed: int = 1) -> Estimate:
    ones = np.ones((len(values), 1))
    return ratio_estimates(values[:, None], ones, starts, np.random.default_rng(seed))[0]


def test_blocks_begin_at_the_first_time_outside_the_last() -> None:
    assert block_starts(times(0, 10, 59, 60, 200, 259, 261), 60).tolist() == [0, 3, 4, 6]
    assert block_starts(times(), 60).tolist() == []
    assert block_starts(times(5, 5, 5), 60).tolist() == [0]


@given(st.lists(st.integers(0, 10_000), max_size=60).map(sorted), st.integers(1, 500))
def test_effective_n_is_the_most_observations_of_which_no_two_overlap(moments: list[int], length: int) -> None:
    most, free_from = 0, -1
    for start, end in sorted((moment + length, moment) for moment in moments):
        if end >= free_from:
            most, free_from = most + 1, start
    assert len(block_starts(times(*moments), length)) == most


@pytest.mark.parametrize(("effective_n", "horizons"), [(0, 1), (1, 1), (8, 2), (27, 3), (1000, 10)])
def test_blocks_grow_with_the_cube_root(effective_n: int, horizons: int) -> None:
    assert block_length_ms(effective_n, 60_000) == horizons * 60_000


def test_nothing_to_measure_is_no_value() -> None:
    empty = np.zeros((0, 2))
    assert ratio_estimates(empty, empty, times(), np.random.default_rng(1)) == [Estimate(), Estimate()]
    zeros = np.zeros((3, 1))
    assert ratio_estimates(zeros, zeros, times(0, 1, 2), np.random.default_rng(1)) == [Estimate()]


def test_too_few_blocks_give_a_value_without_an_interval() -> None:
    starts = np.arange(FEWEST_BLOCKS, dtype=np.int64)
    values = np.arange(float(FEWEST_BLOCKS))
    few = mean_estimate(values[1:], starts[:-1])
    assert few == Estimate(5.0, blocks=FEWEST_BLOCKS - 1)
    assert few.side_of(0) is None
    assert mean_estimate(values, starts).low is not None


def test_rows_without_a_denominator_take_no_part() -> None:
    numerators = np.array([[1.0], [0.0], [3.0]])
    denominators = np.array([[1.0], [0.0], [1.0]])
    (estimate,) = ratio_estimates(numerators, denominators, times(0, 1, 2), np.random.default_rng(1))
    assert estimate == Estimate(2.0, blocks=2)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).normal(size=50)
    starts = np.arange(50)
    assert mean_estimate(values, starts) == mean_estimate(values, starts)
    assert mean_estimate(values, starts) != mean_estimate(values, starts, seed=2)


@pytest.mark.parametrize(
    ("low", "high", "side"), [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.1, 0), (0.0, 0.1, 0), (0.0, 0.0, 0)]
)
def test_the_side_of_a_level(low: float, high: float, side: int) -> None:
    assert Estimate(0.05, low, high, 20).side_of(0) == side


def test_a_rate_without_a_miss_is_not_certain() -> None:
    sure = mean_estimate(np.ones(20), np.arange(20))
    assert (sure.low, sure.high) == (1.0, 1.0)
    assert sure.as_rate().low == pytest.approx(0.8389, abs=1e-4)
    assert sure.as_rate().high == 1.0
    assert mean_estimate(np.zeros(20), np.arange(20)).as_rate().high == pytest.approx(0.1611, abs=1e-4)
    mixed = mean_estimate(np.arange(20.0) % 2, np.arange(20))
    assert mixed.as_rate() == mixed


@pytest.mark.parametrize(("degrees", "quantile"), [(4, 2.776), (9, 2.262), (29, 2.045), (10_000, 1.960)])
def test_student_quantiles_of_the_tables(degrees: int, quantile: float) -> None:
    assert student_quantile(degrees) == pytest.approx(quantile, rel=0.01)


def test_few_blocks_widen_the_interval() -> None:
    draws = np.random.default_rng(1).normal(size=20_000)
    few, many = expanded_interval(draws, 10), expanded_interval(draws, 10_000)
    assert many == pytest.approx((-1.96, 1.96), abs=0.05)
    assert few[0] < many[0] < many[1] < few[1]


def covered(share_of_overlap: int, seed: int) -> tuple[float, float]:
    """How often the interval of a rate holds the truth (one half), and its mean width, in 200 simulated records.

    Each record has 240 events, each of which shares all but one of `share_of_overlap` random steps with the next.
    """
    generator = np.random.default_rng(seed)
    holds, widths = 0, []
    for _ in range(200):
        steps = generator.normal(size=240 + share_of_overlap - 1)
        happened = (np.convolve(steps, np.ones(share_of_overlap), "valid") > 0).astype(np.float64)
        moments, horizon = np.arange(240) * 60, 60 * share_of_overlap
        starts = block_starts(moments, block_length_ms(len(block_starts(moments, horizon)), horizon))
        estimate = mean_estimate(happened, starts, seed=int(generator.integers(1_000_000)))
        assert estimate.low is not None
        assert estimate.high is not None
        holds += estimate.low <= 0.5 <= estimate.high
        widths.append(estimate.high - estimate.low)
    return holds / 200, float(np.mean(widths))


def test_intervals_hold_the_truth_as_often_as_they_say_and_overlap_widens_them() -> None:
    independent, narrow = covered(1, seed=11)
    overlapping, wide = covered(4, seed=12)
    assert 0.90 <= independent <= 0.99
    assert 0.90 <= overlapping <= 0.99
    assert wide > 1.4 * narrow
