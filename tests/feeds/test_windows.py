"""Nested limits: no window of any group ever holds more calls than its limit, however long calls travel."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ManualClock
from app.feeds.windows import CallWindows

LIMITS = {"all": 5, "trades": 2, "positions": 1}
TRADES, POSITIONS, OTHERS = ("all", "trades"), ("all", "positions"), ("all",)


def windows() -> tuple[CallWindows, ManualClock]:
    clock = ManualClock()
    return CallWindows(LIMITS, 10.0, clock), clock


def test_the_narrowest_group_decides() -> None:
    calls, clock = windows()
    for _ in range(2):
        calls.begin(TRADES)
        calls.end(TRADES)
        clock.advance(1)
    assert (calls.delay_s(TRADES), calls.delay_s(POSITIONS), calls.delay_s(OTHERS)) == (8, 0, 0)
    for _ in range(3):
        calls.begin(OTHERS)
        calls.end(OTHERS)
    assert (calls.used("all"), calls.delay_s(POSITIONS)) == (5, 8)
    clock.advance(8)
    assert (calls.used("all"), calls.delay_s(TRADES), calls.delay_s(POSITIONS)) == (4, 0, 0)


def test_a_place_is_taken_until_a_window_after_the_answer() -> None:
    calls, clock = windows()
    calls.begin(POSITIONS)
    clock.advance(30)
    # It may have arrived just now: the venue counts it for ten seconds more, at least.
    assert calls.delay_s(POSITIONS) == 10
    calls.end(POSITIONS)
    clock.advance(9)
    assert calls.delay_s(POSITIONS) == 1


def test_calls_above_the_limit_have_to_leave_before_another_goes() -> None:
    calls, clock = windows()
    for _ in range(3):
        calls.begin(POSITIONS)
        calls.end(POSITIONS)
        clock.advance(2)
    assert calls.delay_s(POSITIONS) == 8
    clock.advance(8)
    assert calls.delay_s(POSITIONS) == 0


def test_a_refusal_closes_the_groups_it_names() -> None:
    calls, clock = windows()
    calls.close_for(TRADES, 7)
    assert (calls.delay_s(TRADES), calls.delay_s(OTHERS)) == (7, 7)
    calls.close_for(("trades",), 3)
    clock.advance(6.5)
    assert calls.delay_s(TRADES) == 0.5


def test_what_was_used_stands_beside_what_was_allowed() -> None:
    calls, clock = windows()
    assert calls.usage() == ()
    calls.begin(TRADES)
    clock.advance(25)
    calls.begin(OTHERS)
    usage = {each.group: each for each in calls.usage()}
    # Two windows are over and a third has begun: three times the limit could have gone.
    assert (usage["all"].calls, usage["all"].allowed, usage["all"].elapsed_s) == (2, 15, 25)
    assert usage["trades"].share == 1 / 6
    assert "positions" not in usage


@given(st.lists(st.tuples(st.sampled_from([TRADES, POSITIONS, OTHERS]), st.floats(0, 4), st.floats(0, 1)), max_size=40))
def test_no_window_of_the_venue_holds_more_than_the_limit(plan: list[tuple[tuple[str, ...], float, float]]) -> None:
    # Each call travels for a while and is counted by the venue somewhere on its way; the next leaves when it may.
    calls, clock = windows()
    counted: list[tuple[float, tuple[str, ...]]] = []
    for groups, travel_s, share in plan:
        while (delay := calls.delay_s(groups)) > 0:
            clock.advance(delay + 1e-9)
        left_s = clock.monotonic_ns() / 1e9
        calls.begin(groups)
        clock.advance(travel_s)
        calls.end(groups)
        counted.append((left_s + travel_s * share, groups))
    for group, limit in LIMITS.items():
        times = sorted(at for at, groups in counted if group in groups)
        assert all(later - earlier >= 10 - 1e-6 for earlier, later in zip(times, times[limit:], strict=False))
