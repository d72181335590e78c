"""Round trips from fills: partial fills, turns, fees and rebates, positions whose beginning nobody saw."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import NOW_MS, fill, trips_of

from app.core.traders import TraderFill
from app.whales.round_trips import RoundTrips, TripRecord, in_order


def totals(record: TripRecord) -> tuple[int, int, float, float, int, int]:
    made = round(record.gained_usd, 9), round(record.lost_usd, 9)
    return (record.closed, record.wins, *made, record.unseen, record.broken)


def test_one_trip_of_many_fills_pays_all_its_fees() -> None:
    """Bought 3 and 2, sold 4 and 1 for 50 and 10: 60 less 4 fees of 5 is 40."""
    fills = [
        fill(0, 3, fee=5, at_s=1),
        fill(3, 2, fee=5, at_s=2),
        fill(5, -4, pnl=50, fee=5, at_s=3),
        fill(1, -1, pnl=10, fee=5, at_s=4),
    ]
    assert totals(trips_of(fills[:3])) == (0, 0, 0, 0, 0, 0)
    assert totals(trips_of(fills)) == (1, 1, 40, 0, 0, 0)


def test_a_win_before_fees_can_be_a_loss() -> None:
    assert totals(trips_of([fill(0, -1, fee=6, at_s=1), fill(-1, 1, pnl=10, fee=6, at_s=2)])) == (1, 0, 0, 2, 0, 0)
    assert totals(trips_of([fill(0, -1, fee=-1, at_s=1), fill(-1, 1, pnl=-1, fee=0, at_s=2)])) == (1, 0, 0, 0, 0, 0)


def test_a_fill_that_turns_round_closes_one_trip_and_opens_the_next() -> None:
    """2 long, sells 6 for a fee of 6: a third of it belongs to the trip that ends, the rest to the one that begins."""
    fills = [fill(0, 2, at_s=1), fill(2, -6, pnl=30, fee=6, at_s=2), fill(-4, 4, pnl=1, at_s=3)]
    assert totals(trips_of(fills[:2])) == (1, 1, 28, 0, 0, 0)
    assert totals(trips_of(fills)) == (2, 1, 28, 3, 0, 0)


def test_what_began_before_the_first_fill_is_no_trip() -> None:
    record = trips_of([fill(7, -7, pnl=500, at_s=1), fill(0, 1, at_s=2), fill(1, -1, pnl=-5, at_s=86_402)])
    assert totals(record) == (1, 0, 0, 5, 1, 0)
    assert (record.first_ms, record.last_ms) == (NOW_MS + 1_000, NOW_MS + 86_402_000)
    assert record.days == pytest.approx(1, abs=1e-4)


def test_a_trip_with_fills_missing_is_broken_and_not_counted() -> None:
    record = trips_of([fill(0, 1, at_s=1), fill(5, -5, pnl=100, at_s=2)])
    assert totals(record) == (0, 0, 0, 0, 1, 1)
    assert totals(trips_of([fill(0, 1, at_s=1), fill(0, 1, at_s=2), fill(1, -1, pnl=3, at_s=3)])) == (1, 1, 3, 0, 0, 1)


def test_decimals_that_became_binary_fractions_still_end_at_nothing() -> None:
    assert 0.1 + 0.2 - 0.3 != 0
    fills = [fill(0, 0.1, at_s=1), fill(0.1, 0.2, at_s=2), fill(0.3, -0.3, pnl=1, at_s=3)]
    assert totals(trips_of(fills)) == (1, 1, 1, 0, 0, 0)
    assert totals(trips_of([fill(0, 0.3, at_s=1), fill(0.1 + 0.2, -0.3, pnl=1, at_s=2)])) == (1, 1, 1, 0, 0, 0)


def test_a_fill_of_nothing_is_none() -> None:
    assert trips_of([msgspec.structs.replace(fill(0, 1), size=0.0)]) == TripRecord()


def at_once(fills: list[TraderFill]) -> list[TraderFill]:
    """The same fills within one millisecond, their trades numbered backwards."""
    return [msgspec.structs.replace(each, at_ms=NOW_MS, trade_id=99 - number) for number, each in enumerate(fills)]


def test_fills_of_one_millisecond_follow_from_one_another() -> None:
    """Sold, bought and sold again at once; and what was held before tells where to begin."""
    fills = at_once([fill(0, -5), fill(-5, 9, pnl=4), fill(4, -1, pnl=2), fill(3, -3, pnl=1)])
    assert in_order(reversed(fills)) == fills
    before = fill(0, 4, at_s=-1)
    circle = at_once([fill(4, -8, pnl=1), fill(-4, 8, pnl=1)])
    assert in_order([*reversed(circle), before]) == [before, *circle]


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3).filter(bool)), max_size=25))
def test_fills_that_do_not_fit_are_all_there_once(pairs: list[tuple[int, int]]) -> None:
    fills = at_once([fill(start, change) for start, change in pairs])
    assert sorted(in_order(fills), key=str) == sorted(fills, key=str)
    assert in_order(fills) == in_order(reversed(fills))


steps = st.lists(
    st.tuples(st.sampled_from(("BTC", "ETH")), st.integers(-5, 5).filter(bool), st.integers(-100, 100)), max_size=30
)


def chained(changes: list[tuple[str, int, int]]) -> list[TraderFill]:
    """Fills that follow from one another, each a second after the last."""
    sizes = {"BTC": 0, "ETH": 0}
    fills = []
    for at_s, (coin, change, pnl) in enumerate(changes):
        fills.append(fill(sizes[coin], change, pnl=pnl if sizes[coin] * change < 0 else 0, fee=1, at_s=at_s, coin=coin))
        sizes[coin] += change
    return fills


@given(steps, st.randoms(use_true_random=False))
def test_the_order_in_which_fills_are_learned_does_not_matter(
    changes: list[tuple[str, int, int]], random: object
) -> None:
    fills = chained(changes)
    shuffled = list(fills)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert totals(trips_of(shuffled)) == totals(trips_of(fills))


@given(steps)
def test_closed_trips_hold_all_that_was_made_of_what_is_flat(changes: list[tuple[str, int, int]]) -> None:
    trips, made, sizes = RoundTrips(), 0.0, {"BTC": 0.0, "ETH": 0.0}
    for each in chained(changes):
        trips.add(each)
        made += each.closed_pnl_usd - each.fee_usd
        sizes[each.coin] = each.start_size + (each.size if each.side.value == "B" else -each.size)
    record = trips.record
    assert (record.unseen, record.broken) == (0, 0)
    assert 0 <= record.wins <= record.closed
    if not any(sizes.values()):
        assert record.gained_usd - record.lost_usd == pytest.approx(made, abs=1e-9)
