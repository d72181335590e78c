import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.ranks import rank_correlation, rank_correlation_interval, ranks

PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=40)


def test_equal_values_share_their_places() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_worked_examples() -> None:
    """Without ties the correlation is 1 − 6 · Σ d² / (n³ − n): differences of 1, 1, 0, 0 give 1 − 12 / 60."""
    assert rank_correlation([1, 2, 3, 4], [2, 1, 3, 4]) == pytest.approx(0.8)
    assert rank_correlation([1, 2, 3], [10, 200, 3_000]) == 1
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == -1


def test_without_an_order_there_is_no_correlation() -> None:
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1], [1]) is None
    with pytest.raises(ValueError, match="2 values against 1"):
        rank_correlation([1, 2], [1])


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_pairs_and_the_scale_do_not_matter(pairs: list[tuple[int, int]], random: object) -> None:
    found = rank_correlation(*zip(*pairs, strict=True))
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank_correlation([x**3 for x, _ in shuffled], [2 * y + 1 for _, y in shuffled]) == pytest.approx(found)
    turned = rank_correlation([-x for x, _ in pairs], [y for _, y in pairs])
    assert (turned is None) == (found is None)
    assert turned is None or turned == pytest.approx(-(found or 0.0))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Normal pairs correlated by one half have a rank correlation of 6 / π · arcsin(1 / 4)."""
    generator, truth, held = np.random.default_rng(5), 6 / np.pi * np.arcsin(0.25), 0
    for _ in range(400):
        one, noise = generator.normal(size=(2, 60))
        found = rank_correlation(one.tolist(), (one / 2 + noise * np.sqrt(0.75)).tolist())
        low, high = rank_correlation_interval(found or 0.0, 60)
        held += low <= truth <= high
    assert 0.92 <= held / 400 <= 0.98


def test_intervals_of_little_and_of_certainty() -> None:
    assert rank_correlation_interval(0.5, 3) == (-1, 1)
    assert rank_correlation_interval(1.0, 10) == (1, 1)
    assert rank_correlation_interval(-1.0, 10) == (-1, -1)
