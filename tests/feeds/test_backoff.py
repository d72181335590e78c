"""Waits grow, stay under their ceiling, and start over."""

import numpy as np

from app.feeds.backoff import Backoff


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
