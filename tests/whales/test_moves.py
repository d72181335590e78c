import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trader_samples import HOUR_MS, NOW_MS, a_state, address, from_rows

from app.core.traders import TraderState
from app.core.whale_events import TraderMoved
from app.whales.moves import AHEAD_MS, KnownTrader, KnownTraders, move_kind, sizes

SIZES = st.dictionaries(st.sampled_from(["BTC", "ETH", "SOL"]), st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0]))
LEARNED_MS = NOW_MS + 50
HISTORY = st.lists(SIZES, min_size=2, max_size=8)


def learnt(*states: TraderState, gap_ms: int = HOUR_MS) -> list[TraderMoved]:
    known = KnownTraders(gap_ms)
    return [move for state in states for move in known.learn(state, "poll", LEARNED_MS).moves]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [(0, 1, "OPEN"), (0, -1, "OPEN"), (1, 2, "ADD"), (-1, -2, "ADD"), (2, 1, "REDUCE"), (-2, -1, "REDUCE"),
     (1, 0, "CLOSE"), (-1, 0, "CLOSE"), (1, -1, "FLIP"), (-1, 3, "FLIP")],
)  # fmt: skip
def test_a_change_has_the_name_of_what_it_does(before: float, after: float, kind: str) -> None:
    assert move_kind(before, after) == kind
    (move,) = learnt(a_state({"BTC": before}), a_state({"BTC": after}, NOW_MS + 1))
    assert (move.kind, move.size_before, move.size_after) == (kind, before, after)
    assert move.change_usd == pytest.approx((after - before) * 60_000)


def test_the_first_state_is_no_change() -> None:
    known = KnownTraders(HOUR_MS)
    assert known.learn(a_state({"BTC": 1}), "poll", NOW_MS).outcome == "first"
    assert (known.counts.first, known.counts.moves) == (1, 0)


def test_a_state_as_old_as_the_known_one_or_older_changes_nothing() -> None:
    known = KnownTraders(HOUR_MS)
    known.learn(a_state({"BTC": 1}), "poll", NOW_MS)
    assert known.learn(a_state({}, NOW_MS), "poll", NOW_MS).outcome == "older"
    assert known.learn(a_state({}, NOW_MS - 1), "poll", NOW_MS).outcome == "older"
    assert known.counts.older == 2
    one = known.get(address(0))
    assert one is not None
    assert sizes(one.state) == {"BTC": 1}


def test_a_state_from_the_future_is_refused_so_that_real_ones_are_not_older() -> None:
    known = KnownTraders(HOUR_MS)
    assert known.learn(a_state({"BTC": 1}, NOW_MS + AHEAD_MS + 1), "poll", NOW_MS).outcome == "future"
    known.restore([KnownTrader(a_state({"BTC": 1}, NOW_MS + AHEAD_MS + 1), NOW_MS)], NOW_MS)
    assert known.get(address(0)) is None
    assert known.learn(a_state({"BTC": 1}, NOW_MS + AHEAD_MS), "poll", NOW_MS).outcome == "first"


def test_what_happened_in_a_long_time_unseen_is_taken_over_and_counted() -> None:
    known = KnownTraders(gap_ms=60_000)
    known.learn(a_state({"BTC": 1}), "poll", NOW_MS)
    late = known.learn(a_state({"BTC": 2}, NOW_MS + 60_001), "poll", NOW_MS + 60_001)
    assert (late.outcome, late.moves, known.counts.changes_in_gaps) == ("gap", (), 1)
    (move,) = known.learn(a_state({"BTC": 3}, NOW_MS + 120_001), "poll", NOW_MS + 120_001).moves
    assert (move.size_before, move.size_after) == (2, 3)


def test_a_trade_gives_a_move_its_price_and_time() -> None:
    known = KnownTraders(HOUR_MS)
    known.learn(a_state({"BTC": 1}), "poll", NOW_MS)
    known.saw_trade(address(0), "BTC", NOW_MS, 1.0)
    known.saw_trade(address(0), "BTC", NOW_MS + 20, 61_000.0)
    known.saw_trade(address(0), "BTC", NOW_MS + 10, 60_500.0)
    known.saw_trade(address(0), "BTC", NOW_MS + 31, 65_000.0)
    (move,) = known.learn(a_state({"BTC": 3}, NOW_MS + 30), "trade", NOW_MS + 40).moves
    assert (move.traded_ms, move.price, move.change_usd) == (NOW_MS + 20, 61_000, 122_000)
    assert (move.venue_ms, move.at_ms, move.learned) == (NOW_MS + 30, NOW_MS + 40, "trade")
    (later,) = known.learn(a_state({"BTC": 4}, NOW_MS + 60), "trade", NOW_MS + 70).moves
    assert (later.traded_ms, later.price) == (NOW_MS + 31, 65_000)


def test_trades_that_cancel_out_are_counted() -> None:
    known = KnownTraders(HOUR_MS)
    known.learn(a_state({"BTC": 1}), "poll", NOW_MS)
    known.saw_trade(address(0), "ETH", NOW_MS + 1, 3_000.0)
    learned = known.learn(a_state({"BTC": 1}, NOW_MS + 2), "trade", NOW_MS + 2)
    assert (learned.moves, learned.flat, known.counts.flat) == ((), ("ETH",), 1)


def test_a_close_without_a_trade_is_priced_at_the_last_mark_and_nothing_else_at_none() -> None:
    (closed,) = learnt(a_state({"ETH": -2}), a_state({}, NOW_MS + 1))
    assert (closed.price, closed.change_usd, closed.traded_ms) == (3_000, 6_000, None)
    worthless = msgspec.structs.replace(a_state({"BTC": 1}).positions[0], value_usd=0.0)
    state = msgspec.structs.replace(a_state({"BTC": 1}), positions=(worthless,))
    (move,) = learnt(state, a_state({}, NOW_MS + 1))
    assert (move.price, move.change_usd) == (0, 0)


def test_trades_that_no_state_answers_do_not_pile_up() -> None:
    known = KnownTraders(HOUR_MS)
    for number in range(1_000):
        known.saw_trade(address(0), "BTC", NOW_MS + number, 60_000.0 + number)
    assert sum(len(trades) for coins in known._trades.values() for trades in coins.values()) == 16
    known.learn(a_state({}), "poll", NOW_MS)
    (move,) = known.learn(a_state({"BTC": 1}, NOW_MS + 999), "poll", NOW_MS + 999).moves
    assert (move.traded_ms, move.price) == (NOW_MS + 999, 60_999)
    assert not known._trades


@given(HISTORY)
def test_moves_lead_from_the_first_state_to_the_last(history: list[dict[str, float]]) -> None:
    states = [a_state(held, NOW_MS + number) for number, held in enumerate(history)]
    held = dict(sizes(states[0]))
    for move in learnt(*states):
        assert held.get(move.coin, 0) == move.size_before != move.size_after
        held[move.coin] = move.size_after
    assert {coin: size for coin, size in held.items() if size} == sizes(states[-1])


@given(HISTORY, st.data())
def test_no_two_changes_share_an_id_and_learning_again_makes_none(
    history: list[dict[str, float]], data: st.DataObject
) -> None:
    states = [a_state(held, NOW_MS + number) for number, held in enumerate(history)]
    once = learnt(*states)
    assert len({move.move_id for move in once}) == len(once)
    again: list[TraderState] = []
    for number, state in enumerate(states):
        again += [state, *data.draw(st.lists(st.sampled_from(states[: number + 1]), max_size=3))]
    assert learnt(*again) == once


@given(HISTORY, st.data())
def test_a_restart_anywhere_learns_the_same_moves_under_the_same_ids(
    history: list[dict[str, float]], data: st.DataObject
) -> None:
    """The database holds every move, and states of any earlier time."""
    states = [a_state(held, NOW_MS + number) for number, held in enumerate(history)]
    known, told, saved = KnownTraders(HOUR_MS), list[TraderMoved](), tuple[KnownTrader, ...]()
    for state in states:
        told += known.learn(state, "poll", LEARNED_MS).moves
        saved = known.known() if not saved or data.draw(st.booleans()) else saved
        if data.draw(st.booleans()):
            known = KnownTraders(HOUR_MS)
            known.restore(from_rows(saved, told), LEARNED_MS)
    assert told == learnt(*states)


def test_moves_of_a_trader_nobody_knows_any_more_are_left_alone() -> None:
    (move,) = learnt(a_state({}), a_state({"BTC": 1}, NOW_MS + 1))
    assert from_rows([], [move]) == ()
    known = KnownTraders(HOUR_MS)
    known.learn(a_state({}), "poll", NOW_MS)
    known.saw_trade(address(0), "BTC", NOW_MS + 1, 1.0)
    known.forget(address(0))
    assert known.known() == ()
    assert not known._trades
