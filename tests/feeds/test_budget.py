"""The budget never lets more than its limit be spent in any sliding minute, and never waits longer than it must."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ManualClock
from app.feeds.budget import WeightBudget


def test_it_waits_until_enough_has_left_the_window() -> None:
    clock = ManualClock()
    budget = WeightBudget(100, clock)
    budget.spend(60)
    clock.advance(10)
    budget.spend(40)
    assert budget.delay_s(1) == 52
    assert budget.delay_s(61) == 62
    clock.advance(52)
    assert (budget.used, budget.delay_s(60)) == (40, 0)


def test_a_share_is_kept_for_what_cannot_wait() -> None:
    budget = WeightBudget(100, ManualClock())
    budget.spend(70)
    assert budget.delay_s(10, share=0.75) == 62
    assert budget.delay_s(10) == 0


def test_a_refusal_closes_it_for_a_while() -> None:
    clock = ManualClock()
    budget = WeightBudget(100, clock)
    budget.close_for(7)
    assert budget.delay_s(1) == 7
    clock.advance(7)
    assert budget.delay_s(1) == 0


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 30)), max_size=40))
def test_no_sliding_minute_holds_more_than_the_limit(requests: list[tuple[int, float]]) -> None:
    clock = ManualClock(monotonic_ns=0)
    budget = WeightBudget(100, clock)
    spent: list[tuple[int, int]] = []
    for weight, pause in requests:
        clock.advance(pause)
        clock.advance(budget.delay_s(weight))
        assert budget.delay_s(weight) < 1e-6
        budget.spend(weight)
        spent.append((clock.monotonic_ns(), weight))
    for now, _ in spent:
        assert sum(weight for at, weight in spent if now - 60_000_000_000 < at <= now) <= 100
