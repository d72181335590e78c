import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_samples import COIN, NOW_MS, PLAYED, SETTINGS, STEPS, Script, Step, a_position, an_order

from app.config.settings import CostsSettings, PaperSettings
from app.core.errors import DataError
from app.paper.account import new_account
from app.paper.curve import LONGEST, Curve
from app.paper.events import Fill, Order, OrderPlaced, timeless
from app.paper.ledger import PaperLedger
from app.paper.position import Position
from app.paper.state import LARGEST_BYTES, PaperState, decode_state, encode_state

CLOSING = an_order(number=2, direction=-1, reason="stop")


def a_state(**changes: Any) -> PaperState:
    fields: dict[str, Any] = {
        "at_ms": NOW_MS,
        "next_number": 10,
        "account": new_account(10_000.0, NOW_MS),
        "positions": (a_position(),),
        "orders": (CLOSING,),
        "curve": Curve().with_point(NOW_MS, 10_000.0),
    }
    return PaperState(**{**fields, **changes})


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_every_state_a_ledger_reaches_comes_back(settings: PaperSettings, steps: list[Step]) -> None:
    script = Script(PaperLedger(settings, CostsSettings(), NOW_MS))
    script.play(steps)
    state = script.ledger.state()
    assert decode_state(encode_state(state)) == state


def test_a_full_state_fits() -> None:
    curve = Curve()
    for minute in range(LONGEST):
        curve = curve.with_point(NOW_MS + minute * 60_000, 10_000.123)
    state = a_state(curve=curve)
    assert decode_state(encode_state(state)) == state
    assert len(encode_state(state)) < LARGEST_BYTES / 10


def spoiled(change: Callable[[dict[str, Any]], object]) -> bytes:
    values: dict[str, Any] = msgspec.msgpack.decode(encode_state(a_state()))
    change(values)
    return msgspec.msgpack.encode(values)


NUMBERS = [math.nan, math.inf, -math.inf, 1e300, "1", None]
POSITIVE = ["size", "entry_price", "close_price"]


@pytest.mark.parametrize("number", [*NUMBERS, 0.0, -1.0])
@pytest.mark.parametrize("name", POSITIVE)
def test_hostile_numbers_in_a_position_are_refused(name: str, number: Any) -> None:
    with pytest.raises(DataError, match="saved paper ledger cannot be used"):
        decode_state(spoiled(lambda values: values["positions"][0].update({name: number})))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["margin_usd", "fees_usd", "funding_usd", "opened_ms", "funded_hour"])
def test_more_hostile_numbers_in_a_position_are_refused(name: str, number: Any) -> None:
    with pytest.raises(DataError, match="saved paper ledger cannot be used"):
        decode_state(spoiled(lambda values: values["positions"][0].update({name: number})))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "name", ["starting_usd", "day", "day_equity_usd", "realised_usd", "fees_usd", "funding_usd", "trades", "tripped"]
)
def test_hostile_numbers_in_the_account_are_refused(name: str, number: Any) -> None:
    with pytest.raises(DataError, match="saved paper ledger cannot be used"):
        decode_state(spoiled(lambda values: values["account"].update({name: number})))


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.update({"form": 2}),
        lambda values: values.update({"extra": 1}),
        lambda values: values.update({"at_ms": 0}),
        lambda values: values.update({"positions": values["positions"] * 513}),
        lambda values: values["curve"].update({"points": [[NOW_MS, 1.0]] * (LONGEST + 1)}),
        lambda values: values["curve"].update({"points": [[NOW_MS, math.nan]]}),
        lambda values: values["positions"][0].update({"direction": 2}),
        lambda values: values["positions"][0].update({"by": "nobody"}),
        lambda values: values["positions"][0].update({"coin": "x" * 65}),
        lambda values: values["positions"][0].update({"leverage": 0}),
        lambda values: values["positions"][0].update({"rate": 1.5}),
        lambda values: values["orders"][0].update({"reason": "because"}),
        lambda values: values["orders"][0].update({"size": 0.0}),
        lambda values: values.pop("account"),
    ],
)
def test_what_is_no_state_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(DataError, match="the saved paper ledger cannot be used"):
        decode_state(spoiled(change))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"positions": (a_position(), a_position(number=3))}, "two positions in one coin"),
        ({"orders": (CLOSING, an_order(number=1, direction=-1))}, "not in order"),
        ({"orders": (CLOSING, an_order(number=3, direction=-1, reason="hand"))}, "two orders alike"),
        ({"orders": (CLOSING,), "positions": ()}, "closes nothing"),
        ({"orders": (an_order(number=2),)}, "closes nothing"),
        ({"orders": (an_order(number=2, direction=-1, reason="stop", size=9.0),)}, "closes nothing"),
        ({"next_number": 2}, "number of the future"),
        ({"next_number": 1, "orders": ()}, "position of the future"),
        ({"positions": (a_position(leverage=41),)}, "too much leverage"),
        ({"orders": (an_order(number=2, direction=-1, reason="stop", leverage=41),)}, "too much leverage"),
        ({"orders": (an_order(number=2, direction=-1, reason="stop", due_ms=1),)}, "before it was decided"),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(DataError, match=why):
        decode_state(encode_state(a_state(**changes)))


def test_accounts_and_curves_that_contradict_themselves_are_refused() -> None:
    account = msgspec.structs.replace(new_account(1.0, NOW_MS), wins=2, losses=1, trades=2)
    with pytest.raises(DataError, match="more wins and losses than trades"):
        decode_state(encode_state(a_state(account=account)))
    point = Curve().with_point(NOW_MS, 1.0).points[0]
    with pytest.raises(DataError, match="curve out of order"):
        decode_state(encode_state(a_state(curve=Curve((point, point)))))


def test_a_state_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(DataError, match=r"cannot be used \(1000001 bytes\)$"):
        decode_state(b"\x90" * (LARGEST_BYTES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_state_or_an_error_of_the_data(data: bytes) -> None:
    with pytest.raises(DataError):
        decode_state(data)


@given(place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_a_damaged_state_is_refused_or_sound(place: int, value: int) -> None:
    data = bytearray(encode_state(a_state()))
    data[place % len(data)] = value
    try:
        state = decode_state(bytes(data))
    except DataError:
        return
    assert decode_state(encode_state(state)) == state
    ledger = PaperLedger(PaperSettings(), CostsSettings(), state.at_ms, state)
    ledger.tick(state.at_ms + 1_000)
    assert math.isfinite(ledger.equity_usd)


def test_an_event_without_its_times() -> None:
    order = an_order()
    assert timeless(OrderPlaced(order)) == OrderPlaced(an_order(decided_ms=0, due_ms=0))
    fill = Fill(
        order=order,
        at_ms=NOW_MS,
        priced_ms=NOW_MS,
        touch_price=1.0,
        average_price=2.0,
        worst_price=3.0,
        levels=1,
        beyond_size=0.0,
        fee_usd=0.1,
        slippage_bps=None,
    )
    without = timeless(fill)
    assert isinstance(without, Fill)
    assert (without.at_ms, without.priced_ms, without.order.due_ms, without.average_price) == (0, 0, 0, 2.0)


def test_positions_and_orders_of_other_kinds_are_not_taken_for_each_other() -> None:
    position, order = msgspec.to_builtins(a_position()), msgspec.to_builtins(an_order())
    for values, kind in ((position, Order), (order, Position)):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(values, kind)
    assert position["coin"] == order["coin"] == COIN
