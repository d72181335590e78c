import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trader_samples import HOUR_MS, NOW_MS

from app.whales.rarity import Rarity, RarityByCoin

SIZES = st.lists(st.floats(1, 1e12), min_size=30, max_size=200)


@given(SIZES, st.floats(1, 1e12))
def test_a_percentile_is_right_to_within_what_counts_as_equal(sizes: list[float], size: float) -> None:
    rarity = Rarity(30)
    for one in sizes:
        rarity.add(one, NOW_MS)
    given_percent = rarity.percentile(size, NOW_MS)
    known = np.array(sizes)
    assert given_percent is not None
    assert 100 * np.mean(known < size / 1.0501) <= given_percent + 1e-9
    assert given_percent <= 100 * np.mean(known <= size * 1.0501) + 1e-9


def test_nothing_is_said_on_too_little_nor_of_what_is_no_size() -> None:
    rarity = Rarity(3)
    for size in (1.0, 2.0, 0.0, -5.0, float("nan"), float("inf")):
        rarity.add(size, NOW_MS)
    assert rarity.count(NOW_MS) == 2
    assert rarity.percentile(2.0, NOW_MS) is None
    rarity.add(3.0, NOW_MS)
    assert rarity.percentile(2.0, NOW_MS) == pytest.approx(50)
    assert rarity.percentile(float("nan"), NOW_MS) is None
    assert rarity.percentile(100.0, NOW_MS) == 100


def test_a_day_is_remembered_and_no_more_whatever_comes() -> None:
    rarity, generator = Rarity(1), np.random.default_rng(1)
    for hour in range(24 * 7):
        for size in generator.lognormal(8, 3, 200):
            rarity.add(float(size), NOW_MS + hour * HOUR_MS)
    end_ms = NOW_MS + 24 * 7 * HOUR_MS
    assert 20 * 200 <= rarity.count(end_ms) <= 24 * 200
    assert sum(len(counts) for _, counts in rarity._segments) <= 8 * 700
    assert rarity.count(end_ms + 25 * HOUR_MS) == 0
    assert rarity.percentile(1.0, end_ms + 25 * HOUR_MS) is None


def test_a_late_one_counts_as_of_now_and_coins_are_apart() -> None:
    coins = RarityByCoin(1)
    coins.add("BTC", 5.0, NOW_MS)
    coins.add("BTC", 500.0, NOW_MS - 50 * HOUR_MS)
    assert coins.percentile("BTC", 50.0, NOW_MS) == pytest.approx(50)
    assert coins.percentile("ETH", 50.0, NOW_MS) is None
