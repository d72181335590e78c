import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.scores import Calibration, calibration_error, wilson_interval


def test_the_calibration_error_is_the_mean_distance_over_ten_bins_of_equal_width() -> None:
    assert calibration_error([0.5] * 4, [True, False, True, False]) == 0.0
    assert calibration_error([0.25] * 8, [True] * 8) == pytest.approx(0.75)
    # Ranks that are upside down within one bin are no error of it; in two bins they would be.
    assert calibration_error([0.01, 0.09] * 50, ([True, False] * 5 + [False] * 90)) == pytest.approx(0.0, abs=1e-12)
    assert calibration_error([0.05] * 50 + [0.15] * 50, [False] * 100) == pytest.approx(0.1)
    assert calibration_error([1.0, 0.95], [True, False]) == pytest.approx(0.475)
    assert Calibration().error is None
    with pytest.raises(ValueError, match="no forecasts"):
        calibration_error([], [])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_calibration_error_is_a_share_and_the_order_does_not_matter(told: list[tuple[float, bool]]) -> None:
    error, turned = (calibration_error(*zip(*each, strict=True)) for each in (told, told[::-1]))
    assert 0 <= error <= 1
    assert error == pytest.approx(turned, abs=1e-12)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 0, 0.0, 1.0), (5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_interval_of_known_counts(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_wilson_interval_holds_the_rate_and_mirrors(counts: tuple[int, int]) -> None:
    hits, trials = counts
    low, high = wilson_interval(hits, trials)
    assert 0 <= low <= high <= 1
    assert not trials or low <= hits / trials + 1e-12 <= high + 2e-12
    assert wilson_interval(trials - hits, trials) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("hits", "trials"), [(-1, 10), (11, 10)])
def test_wilson_interval_refuses_impossible_counts(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and trials"):
        wilson_interval(hits, trials)
