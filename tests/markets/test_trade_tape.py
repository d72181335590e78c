import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Side, Trade
from app.markets.trade_tape import REMEMBERED, TradeTape


def a_trade(time_ms: int, trade_id: int, side: Side = Side.BUY, size: float = 1.0) -> Trade:
    return Trade("BTC", side, 100.0, size, time_ms, trade_id)


def test_a_known_identity_is_a_duplicate_whatever_else_it_says() -> None:
    tape = TradeTape(10)
    assert tape.add([a_trade(1_000, 7)])
    assert not tape.add([a_trade(1_000, 7, size=2.0)])
    assert tape.add([a_trade(1_001, 7)])
    assert (len(tape), tape.duplicates) == (2, 1)


def test_without_ids_only_equal_trades_are_duplicates() -> None:
    tape = TradeTape(10)
    assert tape.add([a_trade(1_000, 0)])
    assert tape.add([a_trade(1_000, 0, size=2.0)])
    assert tape.add([msgspec.structs.replace(a_trade(1_000, 0), raw_users=("0xab", ""))])
    assert not tape.add([a_trade(1_000, 0)])


def test_columns_carry_the_aggressors_sign_in_order_of_arrival() -> None:
    tape = TradeTape(10)
    tape.add([a_trade(2_000, 1, Side.SELL, 3.0)])
    tape.add([a_trade(1_000, 2, Side.BUY, 4.0)])
    assert tape.columns().tolist() == [[2_000.0, -3.0, 100.0], [1_000.0, 4.0, 100.0]]
    assert [trade.trade_id for trade in tape.trades()] == [1, 2]


def test_old_trades_leave_the_tape_but_stay_known() -> None:
    tape = TradeTape(3)
    for trade_id in range(1, REMEMBERED + 2):
        assert tape.add([a_trade(trade_id, trade_id)])
    assert len(tape) == len(tape.columns()) == 3
    assert not tape.add([a_trade(2, 2)])


def test_memory_of_identities_is_bounded() -> None:
    tape = TradeTape(1)
    for trade_id in range(1, 3 * REMEMBERED):
        tape.add([a_trade(trade_id, trade_id)])
    assert len(tape._newer) + len(tape._older) <= 2 * REMEMBERED


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5))))
def test_every_trade_is_kept_once(identities: list[tuple[int, int]]) -> None:
    tape = TradeTape(1_000)
    taken = [len(tape.add([a_trade(*identity)])) for identity in identities]
    assert sum(taken) == len(set(identities)) == len(tape)
    assert tape.duplicates == len(identities) - len(tape)


@given(st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=6)))
def test_together_is_the_same_as_one_by_one(batches: list[list[tuple[int, int]]]) -> None:
    together, apart = TradeTape(50), TradeTape(50)
    for batch in batches:
        trades = [a_trade(*identity) for identity in batch]
        assert list(together.add(trades)) == [kept for trade in trades for kept in apart.add([trade])]
    assert together.columns().tolist() == apart.columns().tolist()
    assert together.duplicates == apart.duplicates


def test_an_id_that_comes_at_many_times_is_known_at_each() -> None:
    tape = TradeTape(10)
    for time_ms in (1_000, 2_000, 3_000):
        assert tape.add([a_trade(time_ms, 7)])
    for time_ms in (1_000, 3_000, 2_000, 1_000):
        assert not tape.add([a_trade(time_ms, 7)])
