"""The budget never lets more than its limit be spent in any sliding minute, and never waits longer than it must."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ManualClock
from app.feeds.budget import Pace, WeightBudget


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


def test_what_was_set_aside_and_not_needed_is_free_again() -> None:
    clock = ManualClock()
    budget = WeightBudget(100, clock)
    long_ago = budget.spend(90)
    clock.advance(62)
    now = budget.spend(80)
    budget.settle(long_ago, 10)
    assert budget.used == 80
    budget.settle(now, 20)
    assert (budget.used, budget.delay_s(80), budget.delay_s(81)) == (20, 0, 62)
    clock.advance(62)
    assert budget.used == 0


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60), st.floats(0, 30)), max_size=40))
def test_the_limit_holds_when_the_weight_is_known_only_afterwards(requests: list[tuple[int, int, float]]) -> None:
    clock = ManualClock(monotonic_ns=0)
    budget = WeightBudget(200, clock)
    counted: list[tuple[int, int]] = []
    for base, extra, pause in requests:
        clock.advance(pause)
        clock.advance(budget.delay_s(120))
        spending = budget.spend(120)
        counted.append((clock.monotonic_ns(), base))
        clock.advance(pause / 10)
        budget.settle(spending, base)
        budget.spend(extra)
        counted.append((clock.monotonic_ns(), extra))
    for now, _ in counted:
        assert sum(weight for at, weight in counted if now - 60_000_000_000 < at <= now) <= 200


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(0, 5)), min_size=1, max_size=60))
def test_at_an_even_pace_no_window_holds_more_than_its_limit_and_one_more(spent: list[tuple[int, float]]) -> None:
    clock = ManualClock(monotonic_ns=0)
    pace = Pace(62, clock)
    told: list[tuple[int, int]] = []
    for weight, pause in spent:
        clock.advance(pause)
        clock.advance(pace.delay_s() + 1e-6)
        assert pace.delay_s() == 0
        pace.spend(weight)
        assert pace.delay_s() == weight
        told.append((clock.monotonic_ns(), weight))
    for span_s in (5, 62):
        for now, last in told:
            within = [weight for at, weight in told if now - span_s * 1e9 < at <= now]
            assert sum(within) - last <= span_s


def test_what_a_pace_is_given_back_may_go_earlier() -> None:
    clock = ManualClock()
    pace = Pace(62, clock)
    pace.spend(20)
    pace.spend(-15)
    assert pace.delay_s() == 5
    clock.advance(50)
    pace.spend(-15)
    pace.spend(1)
    assert pace.delay_s() == 1


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
