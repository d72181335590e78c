"""The ledger as it is saved, and read again with as little trust as anything from outside."""

from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.core.errors import DataError
from app.core.events import Count, Milliseconds
from app.core.text import clean
from app.paper.copying import CopyState
from app.paper.curve import Curve
from app.paper.events import Money, Order
from app.paper.position import Position
from app.paper.token_state import TokenBookState

LARGEST_BYTES = 1_000_000
MOST_POSITIONS = 512
_LEAST_USD = 1e-6


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sums since the beginning, and the day: `day` counts UTC days since 1970, `day_equity_usd` is what it began with.

    `realised_usd` is the result of closed positions before fees and funding. `tripped` says that the day's loss reached
    its limit.
    """

    starting_usd: Annotated[float, Meta(gt=0, lt=1e15)]
    day: Count
    day_equity_usd: Money
    realised_usd: Money = 0.0
    fees_usd: Annotated[float, Meta(ge=0, lt=1e31)] = 0.0
    funding_usd: Money = 0.0
    wins: Count = 0
    losses: Count = 0
    trades: Count = 0
    tripped: bool = False

    @property
    def cash_usd(self) -> float:
        """The balance without open positions: what began, what was realised, less fees and funding."""
        return self.starting_usd + self.realised_usd - self.fees_usd - self.funding_usd


class PaperState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a ledger needs to go on, as it stood at `at_ms`."""

    form: Literal[1] = 1
    at_ms: Milliseconds
    next_number: Count
    account: Account
    positions: Annotated[tuple[Position, ...], Meta(max_length=MOST_POSITIONS)] = ()
    orders: Annotated[tuple[Order, ...], Meta(max_length=2 * MOST_POSITIONS)] = ()
    curve: Curve = Curve()
    copies: CopyState = CopyState()
    tokens: TokenBookState = TokenBookState()


_decode = msgspec.msgpack.Decoder(PaperState).decode
_encode = msgspec.msgpack.Encoder().encode


def encode_state(state: PaperState) -> bytes:
    """The state as it is stored."""
    return _encode(state)


def decode_state(data: bytes) -> PaperState:
    """A stored state. Raises `DataError` when it is damaged, or holds what no ledger can hold."""
    if len(data) > LARGEST_BYTES:
        raise _unusable(f"{len(data)} bytes")
    try:
        state = _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _unusable(clean(str(error), 120)) from error
    wrong = _contradiction(state)
    if wrong:
        raise _unusable(wrong)
    return state


def _unusable(why: str) -> DataError:
    return DataError(f"the saved paper ledger cannot be used ({why})")


def _contradiction(state: PaperState) -> str:
    """What does not fit together; empty when all does."""
    coins = [position.coin for position in state.positions]
    numbers = [order.number for order in state.orders]
    held = {position.coin: position for position in state.positions}
    account = state.account
    checks = (
        (len(set(coins)) == len(coins), "two positions in one coin"),
        (all(one < other for one, other in pairwise(numbers)), "orders that are not in order"),
        (len({(order.coin, order.opens) for order in state.orders}) == len(numbers), "two orders alike"),
        (all(_closes(order, held.get(order.coin)) for order in state.orders), "an order that closes nothing"),
        (all(number < state.next_number for number in numbers), "an order with a number of the future"),
        (all(position.number < state.next_number for position in state.positions), "a position of the future"),
        (all(copy.number < state.next_number for copy in state.copies.copies), "a copy of the future"),
        (len({copy.token_id for copy in state.copies.copies}) == len(state.copies.copies), "two copies of one outcome"),
        (_are_single(state.tokens), "two positions in one token"),
        (
            all(number < state.next_number for number in state.tokens.numbers),
            "a token's position of the future",
        ),
        (
            all(position.size * position.entry_price >= _LEAST_USD for position in state.positions),
            "a position of nothing",
        ),
        (all(position.leverage <= position.maximum_leverage for position in state.positions), "too much leverage"),
        (all(order.leverage <= order.maximum_leverage for order in state.orders), "too much leverage"),
        (all(order.decided_ms <= order.due_ms for order in state.orders), "an order due before it was decided"),
        (account.wins + account.losses <= account.trades, "more wins and losses than trades"),
        (all(one.at_ms < other.at_ms for one, other in pairwise(state.curve.points)), "a curve out of order"),
    )
    return next((text for holds, text in checks if not holds), "")


def _are_single(tokens: TokenBookState) -> bool:
    mints = [*(position.mint for position in tokens.positions), *(order.mint for order in tokens.orders)]
    return len(set(mints)) == len(mints)


def _closes(order: Order, position: Position | None) -> bool:
    """Whether a closing order closes the position that is there, and an opening one does not add to it."""
    if position is None:
        return order.opens
    return order.direction != position.direction and (order.opens or order.size == position.size)
