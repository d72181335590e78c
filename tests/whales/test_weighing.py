"""Whose past is asked for next, and what outlives a restart of what it came to."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import DAY_MS, NOW_MS, WEIGHTS, address, fill, history

from app.core.traders import TraderFill
from app.whales.trader_weights import recency_value
from app.whales.waiting_fills import PIECE_FILLS
from app.whales.weighing import ASKED_AGAIN_MS, REFRESHED_MS, TraderRecord, Weighing

HOLDS_MS = 12 * 3_600_000
ALICE, BOB = address(1), address(2)
PAST = [history([0.0, 1e4, 2e4, 1e4, 3e4, 4e4, 3e4, 5e4, 6e4])]


def weighing(*traders: str, equity_usd: float | None = 12e6) -> Weighing:
    one = Weighing(WEIGHTS, HOLDS_MS)
    for trader in traders:
        one.follow(trader, equity_usd, NOW_MS - DAY_MS)
    return one


def trips(count: int, first: int = 0) -> list[TraderFill]:
    """So many round trips, two of three won, and a position left open."""
    made = []
    for place in range(first, first + count):
        made.append(fill(0, 1, at_s=place * 10_000 + 1))
        made.append(fill(1, -1, pnl=-5 if place % 3 == 0 else 10, at_s=place * 10_000 + 2))
    return [*made, fill(0, 2, at_s=(first + count) * 10_000 - 1, coin="ETH")]


def test_whose_history_is_of_no_use_holds_nobody_else_up() -> None:
    one = weighing(ALICE, BOB)
    values = [(ALICE, 9.0), (BOB, 1.0)]
    assert one.in_need(values, NOW_MS) == ALICE
    one.asked(ALICE, NOW_MS)
    assert one.in_need(values, NOW_MS + 1) == BOB
    one.asked(BOB, NOW_MS + 1)
    assert one.in_need(values, NOW_MS + ASKED_AGAIN_MS - 1) is None
    assert one.in_need(values, NOW_MS + ASKED_AGAIN_MS) == ALICE
    one.took_history(ALICE, PAST, NOW_MS + ASKED_AGAIN_MS)
    assert one.in_need(values, NOW_MS + HOLDS_MS) == BOB


def test_who_was_asked_for_before_a_clock_was_set_back_is_not_left_out_for_that() -> None:
    one = weighing(ALICE)
    one.asked(ALICE, NOW_MS)
    assert one.in_need([(ALICE, 1.0)], NOW_MS - DAY_MS) == ALICE


def saved_and_restored(record: TraderRecord | None, *traders: str) -> Weighing:
    assert record is not None
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=TraderRecord)
    later = weighing(*traders)
    later.restore([(traders[0], decoded)])
    return later


def test_what_fills_came_to_outlives_a_restart_and_goes_on() -> None:
    one = weighing(ALICE)
    one.took_fills(ALICE, trips(12))
    record = one.took_history(ALICE, PAST, NOW_MS)
    assert record is not None
    assert record.performance.closed == 12
    assert record.performance.win_rate == pytest.approx(8 / 12)
    later = saved_and_restored(record, ALICE)
    again = later.took_history(ALICE, PAST, NOW_MS + HOLDS_MS)
    assert again is not None
    assert again.performance == record.performance
    later.took_fills(ALICE, [fill(2, -2, pnl=7, at_s=120_001, coin="ETH")])
    known = later.record(ALICE)
    assert known is not None
    assert known.performance.closed == 13
    assert known.performance.win_rate == pytest.approx(9 / 13)


@given(cut=st.integers(0, 40), overlap=st.integers(0, 40))
def test_a_restart_between_fills_changes_nothing_of_what_they_come_to(cut: int, overlap: int) -> None:
    fills = trips(20)
    whole, one = weighing(ALICE), weighing(ALICE)
    for each in (whole, one):
        each.took_history(ALICE, PAST, NOW_MS)
    whole.took_fills(ALICE, fills)
    one.took_fills(ALICE, fills[:cut])
    later = saved_and_restored(one.record(ALICE), ALICE)
    later.took_fills(ALICE, fills[max(0, cut - overlap) :])
    assert later.record(ALICE) == whole.record(ALICE)


def test_an_equity_nobody_knows_is_no_size_and_takes_no_part() -> None:
    (weight,) = weighing(ALICE, equity_usd=None).work(NOW_MS)
    size = weight.dimensions[1]
    assert (size.name, size.value, size.coverage) == ("size", None, 0.0)
    (small,) = weighing(ALICE, equity_usd=0.0).work(NOW_MS)
    assert small.dimensions[1].value == pytest.approx(0.5 / 3)


def test_an_account_that_counts_as_another_size_is_weighed_at_once() -> None:
    one = weighing(ALICE, equity_usd=None)
    one.work(NOW_MS)
    one.has_equity(ALICE, 12e6)
    (weight,) = one.work(NOW_MS + 1)
    assert weight.dimensions[1].value == pytest.approx(2.5 / 3)
    one.has_equity(ALICE, 13e6)
    assert one.work(NOW_MS + 2) == ()
    assert len(one.work(NOW_MS + REFRESHED_MS)) == 1
    one.has_equity(address(9), 1.0)
    assert one.work(NOW_MS + REFRESHED_MS + 1) == ()


def test_only_weights_above_the_median_count_in_signals() -> None:
    """The larger an account is, the more it weighs: ten of each of three sizes, and the median among the middle ones.

    Ten more, of whom nothing but a great size is known, are none of the crowd.
    """
    sizes = [2e5] * 10 + [2e6] * 11 + [12e6] * 10
    one = Weighing(WEIGHTS, HOLDS_MS)
    for number, equity_usd in enumerate(sizes, start=1):
        one.follow(address(number), equity_usd, NOW_MS)
        one.took_history(address(number), PAST, NOW_MS)
    for number in range(32, 42):
        one.follow(address(number), 30e6, NOW_MS)
    while one.work(NOW_MS):
        pass
    votes = [one.weights[address(number)].vote for number in range(1, len(sizes) + 1)]
    usual, large = one.weights[address(15)].total, one.weights[address(31)].total
    assert votes[:21] == [0] * 21
    assert votes[21:] == pytest.approx([(large - usual) ** 2] * 10)


def test_who_is_one_of_few_is_not_compared_with_them() -> None:
    one = weighing(ALICE, BOB)
    one.took_history(ALICE, PAST, NOW_MS)
    one.took_history(BOB, PAST, NOW_MS)
    assert [weight.vote for weight in one.work(NOW_MS)] == pytest.approx([one.weights[ALICE].total ** 2] * 2)
    assert one.work(NOW_MS) == ()


def test_many_fills_are_counted_in_pieces_and_come_to_the_same() -> None:
    fills = trips(600)
    at_once, later = weighing(ALICE), weighing(ALICE, BOB)
    for first in range(0, len(fills), 200):
        at_once.took_fills(ALICE, fills[first : first + 200])
    later.took_history(ALICE, PAST, NOW_MS)
    later.took_fills(ALICE, fills[:900])
    later.took_fills(BOB, trips(12))
    later.took_fills(ALICE, fills[900:])
    assert closed(later, ALICE) == 0
    counted: list[int] = []
    while len(counted) < 20:
        later.work(NOW_MS)
        counted.append(closed(later, ALICE))
    assert max(after - before for before, after in pairwise(counted)) <= PIECE_FILLS / 2
    at_once.took_history(ALICE, PAST, NOW_MS)
    assert later.record(ALICE) == at_once.record(ALICE)
    assert closed(later, BOB) == 12


def test_fills_that_wait_are_not_lost_to_a_memory_nor_kept_of_who_is_followed_no_more() -> None:
    one = weighing(ALICE, BOB)
    one.took_history(ALICE, PAST, NOW_MS)
    one.took_fills(ALICE, trips(600))
    one.took_fills(BOB, trips(600))
    one.work(NOW_MS)
    one.work(NOW_MS)
    one.forget(ALICE)
    one.count_fills()
    assert (closed(one, ALICE), closed(one, BOB)) == (0, 600)


def closed(of: Weighing, trader: str) -> int:
    of.took_history(trader, PAST, NOW_MS)
    record = of.record(trader)
    return 0 if record is None else record.performance.closed


def recency_of(one: Weighing, now_ms: int) -> float | None:
    """What the trader's last trade counts when all is worked out."""
    one.work(now_ms)
    return next(each.value for each in one.weights[ALICE].dimensions if each.name == "recency")


def test_a_trade_that_was_seen_says_more_than_any_leaderboard_after_it() -> None:
    one = weighing(ALICE)
    assert recency_of(one, NOW_MS) == pytest.approx(recency_value(NOW_MS - DAY_MS, NOW_MS))
    one.traded(ALICE, NOW_MS)
    later_ms = NOW_MS + 19 * REFRESHED_MS
    for volumes_allow_ms in (later_ms, later_ms - 7 * DAY_MS):
        one.follow(ALICE, 12e6, volumes_allow_ms)
        assert recency_of(one, later_ms) == pytest.approx(recency_value(NOW_MS, later_ms))


def test_before_a_trade_was_seen_the_newest_leaderboard_counts() -> None:
    one = weighing(ALICE)
    for volumes_allow_ms in (NOW_MS, NOW_MS - 7 * DAY_MS, None):
        one.follow(ALICE, 12e6, volumes_allow_ms)
        assert recency_of(one, NOW_MS) == recency_value(volumes_allow_ms, NOW_MS)
    one.follow(ALICE, 12e6, NOW_MS)
    one.traded(ALICE, NOW_MS - 2 * DAY_MS)
    assert recency_of(one, NOW_MS) == pytest.approx(recency_value(NOW_MS - 2 * DAY_MS, NOW_MS))
