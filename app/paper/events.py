"""What the paper ledger does, as events: what a run publishes, hashes and stores. Money is paper dollars."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.core.events import Count, Milliseconds, Name, Price

Money = Annotated[float, Meta(gt=-1e31, lt=1e31)]
"""Finite: a price and a size are each below 1e15."""
Leverage = Annotated[int, Meta(ge=1, le=1_000)]
Direction = Literal[-1, 1]
"""+1 buys or is long, −1 sells or is short."""
Opener = Literal["hand", "ai", "rules"]
ExitReason = Literal[
    "hand", "ai", "rules", "flip", "take profit", "stop", "trailing stop", "time stop", "breaker", "liquidation"
]
OrderReason = Literal["open"] | ExitReason
BASIS_POINTS = 10_000.0


def opposite(direction: Direction) -> Direction:
    """The other direction."""
    return -1 if direction > 0 else 1


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order on its way: decided at `decided_ms`, filled at the first usable price at or after `due_ms`.

    `direction` is what it does: +1 buys, −1 sells. `reason` is "open", or why it closes; `by` who opened or opens the
    position. `size` is in coins, `mid` the mid at the decision (None where it was not known).
    """

    number: Count
    coin: Name
    direction: Direction
    size: Annotated[float, Meta(gt=0, lt=1e15)]
    reason: OrderReason
    by: Opener
    decided_ms: Milliseconds
    due_ms: Milliseconds
    leverage: Leverage
    maximum_leverage: Leverage
    mid: Price | None = None

    @property
    def opens(self) -> bool:
        """Whether it opens a position; it closes one otherwise."""
        return self.reason == "open"


class OrderPlaced(msgspec.Struct, frozen=True):
    """An order was decided."""

    order: Order


class OrderCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """An order was given up: one that opens, or one that a liquidation came before. `why` is a sentence."""

    order: Order
    at_ms: int
    why: str


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """An order was filled, all of it, at `at_ms` from a picture of the market of `priced_ms`.

    `touch_price` was the best price of the side it took, `worst_price` the last it paid, `levels` how many it went
    through; `beyond_size` coins were more than the picture showed. `slippage_bps` is what the average lost against the
    mid at the decision (negative: gained), None where that mid was not known. `taken_over` marks a liquidation that no
    book could save: no price of a book, but the one at which the margin is gone.
    """

    order: Order
    at_ms: int
    priced_ms: int
    touch_price: float
    average_price: float
    worst_price: float
    levels: int
    beyond_size: float
    fee_usd: float
    slippage_bps: float | None
    taken_over: bool = False


class PositionClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A position is over. `number` is that of the order that opened it.

    `gross_usd` is the move times the size; `result_usd` what is left after both fees and funding, `result_bps` the same
    in basis points of the notional at entry. `unseen_ms` is the longest time in which no usable price came: what the
    exits could not watch.
    """

    coin: str
    number: int
    direction: Direction
    size: float
    leverage: int
    by: Opener
    reason: ExitReason
    entry_price: float
    exit_price: float
    opened_ms: int
    closed_ms: int
    gross_usd: float
    fees_usd: float
    funding_usd: float
    result_usd: float
    result_bps: float
    unseen_ms: int

    @property
    def held_ms(self) -> int:
        """From the fill that opened it to the one that closed it."""
        return self.closed_ms - self.opened_ms


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True):
    """Funding of `hours` full hours was paid (negative `paid_usd`: received) at the last rate and mark price known."""

    coin: str
    number: int
    at_ms: int
    hours: int
    rate: float
    mark_price: float
    paid_usd: float


class BreakerTripped(msgspec.Struct, frozen=True, kw_only=True):
    """The day's loss reached its limit: everything is closed and nothing opens before `until_ms`."""

    at_ms: int
    until_ms: int
    loss_usd: float
    limit_usd: float


CopyEnd = Literal["sold", "paid out", "breaker", "hand"]
"""Why a copy ends: its wallet sold, its market paid out, the day's loss reached its limit, or by hand."""


class CopyOpened(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome was bought because a followed wallet had bought it, `late_ms` after that.

    The wallet paid `wallet_price` a share; the newest print was `print_price` when it was seen, `entry_price` is that
    with the slippage.
    """

    number: int
    wallet: str
    market: str
    shares: float
    wallet_price: float
    print_price: float
    entry_price: float
    at_ms: int
    late_ms: int


class CopyClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A copy is over, at `exit_price` a share after slippage, or at what a share was paid out."""

    number: int
    wallet: str
    market: str
    shares: float
    reason: CopyEnd
    entry_price: float
    exit_price: float
    opened_ms: int
    closed_ms: int
    result_usd: float

    @property
    def result_bps(self) -> float:
        """The result in basis points of what was paid."""
        return BASIS_POINTS * (self.exit_price / self.entry_price - 1)


TokenOpener = Literal["model", "strategies"]
"""What approved a token: the model's word with the strategies', or theirs alone."""
TokenEnd = Literal["target", "stop", "time stop", "drain", "gone", "breaker", "hand"]
"""Why a position in a token ends; "gone": venues do not tell of its pool any more."""
TokenRule = Literal[
    "breaker", "market", "drained pools", "one a token", "closed lately", "positions", "liquidity", "exposure",
    "free money", "no price", "not begun",
]  # fmt: skip
"""The risk check that a token which was approved did not pass."""


class TokenOrdered(msgspec.Struct, frozen=True):
    """A position in a token was decided: `usd` are set aside until the next look at its pool."""

    number: int
    mint: str
    name: str
    by: TokenOpener
    usd: float
    at_ms: int


class TokenBought(msgspec.Struct, frozen=True, kw_only=True):
    """A position in a token, or a part of one, was bought for `usd`, of which `fee_usd` was fee.

    `pool_price` was the pool's price, `paid_price` what a token cost with slippage and fee; `left` parts are to follow.
    """

    number: int
    mint: str
    name: str
    by: TokenOpener
    usd: float
    tokens: float
    fee_usd: float
    pool_price: float
    paid_price: float
    liquidity_usd: float
    left: int
    at_ms: int


class TokenSold(msgspec.Struct, frozen=True, kw_only=True):
    """A position in a token is over: `cost_usd` was paid and `got_usd` was got, fees and slippage in both.

    `pool_price` and `liquidity_usd` are those of the last look at the pool.
    """

    number: int
    mint: str
    name: str
    by: TokenOpener
    reason: TokenEnd
    tokens: float
    cost_usd: float
    got_usd: float
    fees_usd: float
    pool_price: float
    liquidity_usd: float
    opened_ms: int
    closed_ms: int
    unseen_ms: int

    @property
    def entry_price(self) -> float:
        """What a token cost on average."""
        return self.cost_usd / self.tokens

    @property
    def exit_price(self) -> float:
        """What a token brought."""
        return self.got_usd / self.tokens

    @property
    def result_usd(self) -> float:
        """What was got less what was paid."""
        return self.got_usd - self.cost_usd

    @property
    def result_bps(self) -> float:
        """The result in basis points of what was paid."""
        return BASIS_POINTS * self.result_usd / self.cost_usd


class TokenRefused(msgspec.Struct, frozen=True):
    """A token was approved and no position opened, because of `rule`; `why` is a sentence."""

    mint: str
    name: str
    at_ms: int
    rule: TokenRule
    why: str


PaperEvent = (
    OrderPlaced | OrderCancelled | Fill | PositionClosed | FundingPaid | BreakerTripped | CopyOpened | CopyClosed
    | TokenOrdered | TokenBought | TokenSold | TokenRefused
)  # fmt: skip


def timeless(event: msgspec.Struct) -> msgspec.Struct:
    """The same event with all its times at 0: what a hash of derived events covers."""
    changes: dict[str, Any] = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name.endswith("_ms"):
            changes[name] = 0
        elif isinstance(value, msgspec.Struct):
            changes[name] = timeless(value)
    return msgspec.structs.replace(event, **changes)
