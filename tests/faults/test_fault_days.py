"""A day under faults is a function of its seed."""

from day import live_through
from fault_plan import plan_of


def test_the_same_seed_gives_the_same_day() -> None:
    plan, day_s = plan_of(5, day_s=14_400), 14_400
    first = live_through(plan, day_s)
    assert first == live_through(plan, day_s)
    assert first.published > 200
    assert first.drops
