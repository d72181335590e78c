from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from paper_samples import NOW_MS

from app.paper.curve import LONGEST, Curve

MINUTE_MS = 60_000


def curve_of(minutes: int) -> Curve:
    curve = Curve()
    for minute in range(minutes):
        curve = curve.with_point(NOW_MS + minute * MINUTE_MS, float(minute))
    return curve


def test_there_is_one_point_a_minute() -> None:
    curve = Curve()
    for second in range(0, 180, 7):
        curve = curve.with_point(NOW_MS + second * 1_000, float(second))
    assert [point.equity_usd for point in curve.points] == [0.0, 63.0, 126.0]


def test_a_full_curve_is_thinned_evenly_and_keeps_its_ends() -> None:
    full, more = curve_of(LONGEST), curve_of(LONGEST + 1)
    assert (len(full.points), full.step_minutes) == (LONGEST, 1)
    assert (len(more.points), more.step_minutes) == (LONGEST // 2 + 1, 2)
    assert (more.points[0].equity_usd, more.points[-1].equity_usd) == (0.0, float(LONGEST))
    assert {int(two.equity_usd - one.equity_usd) for one, two in pairwise(more.points)} == {2}


def test_it_stays_even_and_bounded_however_long_it_runs() -> None:
    curve = curve_of(5 * LONGEST)
    steps = {int(two.equity_usd - one.equity_usd) for one, two in pairwise(curve.points)}
    assert LONGEST // 2 <= len(curve.points) <= LONGEST
    assert steps == {curve.step_minutes} == {8}


@given(st.lists(st.integers(0, 10**9), max_size=50))
def test_points_are_always_in_order(waits: list[int]) -> None:
    curve, now_ms = Curve(), NOW_MS
    for wait_ms in waits:
        now_ms += wait_ms - 10**8
        curve = curve.with_point(max(1, now_ms), 0.0)
    assert all(one.at_ms < two.at_ms for one, two in pairwise(curve.points))


def test_it_can_be_cut() -> None:
    curve = curve_of(10)
    assert curve.until(NOW_MS + 3 * MINUTE_MS) == curve_of(4)
