"""Waits grow, stay under their ceiling, and start over."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.feeds.backoff import Backoff, spread_s


def test_waits_stay_between_half_a_second_and_a_doubling_ceiling() -> None:
    backoff = Backoff(np.random.default_rng(1), first_s=1, longest_s=30)
    for failure in range(200):
        wait = backoff.next_s()
        assert 0.5 <= wait <= min(30, 2.0 ** min(failure, 16))


def test_a_stable_connection_starts_over() -> None:
    backoff = Backoff(np.random.default_rng(1))
    for _ in range(9):
        backoff.next_s()
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next_s() <= 1


@given(st.floats(0.01, 1e6), st.integers(0, 99))
def test_what_is_planned_comes_up_to_a_twentieth_sooner_and_never_later(planned_s: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    waits = [spread_s(planned_s, generator) for _ in range(5)]
    assert all(0.95 * planned_s <= wait_s <= planned_s for wait_s in waits)
    assert len(set(waits)) == 5
