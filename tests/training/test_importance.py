import numpy as np
import pytest
from hourly_samples import market, with_amounts
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError
from app.markets.hourly_bars import HourlyBars, bars_of
from app.training.importance import importances, weighted_auc


def told_by_funding(hours: int, strength: float) -> HourlyBars:
    """A market whose funding of the last two days tells which way the price goes now."""
    rng = np.random.default_rng(5)
    funding = np.repeat(rng.standard_normal(hours // 60 + 1), 60)[:hours]
    means = np.convolve(funding, np.ones(48) / 48)[:hours]
    steps = 0.005 * (rng.standard_normal(hours) + strength * np.concatenate([[0.0], means[:-1]]))
    close = 100 * np.exp(np.cumsum(steps))
    opened = np.concatenate([[100.0], close[:-1]])
    return bars_of("X", market(hours, 1).open_ms, {
        "open": opened, "close": close, "high": np.maximum(opened, close), "low": np.minimum(opened, close),
        "volume": np.exp(rng.standard_normal(hours)), "funding": 1e-5 * funding,
    })  # fmt: skip


def test_the_feature_that_tells_is_found_and_the_others_are_not() -> None:
    found = importances([told_by_funding(6_000, 0.3)])
    assert [horizon.horizon_h for horizon in found] == [1, 4, 24]
    for horizon in found:
        assert horizon.beats_chance
        best = max(horizon.features, key=lambda each: each.loss.value or 0.0)
        assert (best.name, best.counts) == ("funding", True)
        others = [abs(each.loss.value or 0.0) for each in horizon.features if each.name != "funding"]
        assert (best.loss.value or 0.0) > 4 * max(others)
        assert horizon.trained + horizon.held_out <= 6_000 - 89 - 24 - horizon.horizon_h
        assert 0.3 < horizon.base_rate < 0.7


def test_of_noise_nothing_beats_chance() -> None:
    hours = 5_000
    rng = np.random.default_rng(8)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(hours)))
    opened = np.concatenate([[100.0], close[:-1]])
    noise = bars_of("X", market(hours, 1).open_ms, {
        "open": opened, "close": close, "high": np.maximum(opened, close), "low": np.minimum(opened, close),
        "volume": np.exp(rng.standard_normal(hours)),
    })  # fmt: skip
    found = importances([with_amounts(noise, 9)])
    assert not any(horizon.beats_chance for horizon in found)
    assert all(horizon.auc.low is not None and horizon.auc.low < 0.5 for horizon in found)


def test_a_seed_gives_the_same_again_and_progress_is_told() -> None:
    bars = [market(1_500, 2)]
    done: list[float] = []
    assert importances(bars, 3, done.append) == importances(bars, 3)
    assert done == pytest.approx([1 / 3, 2 / 3, 1])


def test_too_few_hours_to_hold_any_out_are_refused() -> None:
    with pytest.raises(DataError, match="1,000 are needed"):
        importances([market(900, 1)])


rows = st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3))


@given(st.lists(rows, min_size=2, max_size=25))
def test_the_auc_is_the_share_of_pairs_in_the_right_order(listed: list[tuple[int, bool, int]]) -> None:
    pairs = [
        (0.5 * (high == low) + (high > low), weight * other)
        for high, rose, weight in listed if rose
        for low, fell, other in listed if not fell
    ]  # fmt: skip
    ranks, rose, weights = (np.array(column) for column in zip(*listed, strict=True))
    found = weighted_auc(ranks.astype(np.int64), rose.astype(np.bool_), weights.astype(np.float64))
    total = sum(weight for _, weight in pairs)
    if total == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(sum(share * weight for share, weight in pairs) / total)
