"""What a perpetuals venue tells about the accounts that trade on it: immutable values, cleaned and validated.

Amounts are USD, sizes are coins (negative: short), returns are fractions, times are venue milliseconds. None means that
the venue does not say; it never stands for zero.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.core.events import Milliseconds, Price, Side
from app.core.text import SafeText

TraderAddress = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{40}\Z")]
SignedUsd = Annotated[float, Meta(gt=-1e15, lt=1e15)]
Usd = Annotated[float, Meta(ge=0, lt=1e15)]
Coins = Annotated[float, Meta(gt=-1e15, lt=1e15)]
Window = Literal["day", "week", "month", "all"]


class TraderPosition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One open position. `size` is signed and never 0; `value_usd` is its size at the mark, never negative."""

    coin: str
    size: Coins
    value_usd: Usd
    entry_price: Price | None
    unrealized_pnl_usd: SignedUsd
    liquidation_price: Price | None
    leverage: float
    margin_usd: Usd
    isolated: bool = False


class TraderState(msgspec.Struct, frozen=True, kw_only=True):
    """An account's positions on the main market at `at_ms`, sorted by coin, without those of size 0."""

    trader: TraderAddress
    at_ms: Milliseconds
    equity_usd: SignedUsd
    positions_usd: Usd
    margin_usd: Usd
    withdrawable_usd: Usd
    positions: tuple[TraderPosition, ...]

    def position(self, coin: str) -> TraderPosition | None:
        """The position in a coin, None where there is none."""
        return next((position for position in self.positions if position.coin == coin), None)


class TraderFill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account's side of one trade. `start_size` is its position before; `fee_usd` is negative for a rebate.

    `liquidated` tells that the trade closed a position of this very account by force, `liquidated_other` whose it was
    where it was that of the account across. (at_ms, coin, trade_id) is unique
    within an account and a side.
    """

    trader: TraderAddress
    coin: str
    side: Side
    price: Price
    size: Annotated[float, Meta(ge=0, lt=1e15)]
    at_ms: Milliseconds
    trade_id: int
    start_size: Coins
    closed_pnl_usd: SignedUsd
    fee_usd: SignedUsd
    crossed: bool
    direction: SafeText
    liquidated: bool = False
    liquidated_other: str = ""


class WindowResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an account made over one window of a leaderboard; `roi` is a fraction."""

    pnl_usd: SignedUsd
    roi: float
    volume_usd: Usd


class RankedTrader(msgspec.Struct, frozen=True, kw_only=True):
    """One usable row of a leaderboard."""

    trader: TraderAddress
    name: SafeText
    equity_usd: Usd
    day: WindowResult
    week: WindowResult
    month: WindowResult
    all_time: WindowResult


class HistoryPoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account's equity and its cumulative result since the window began, at one time."""

    at_ms: Milliseconds
    equity_usd: SignedUsd
    pnl_usd: SignedUsd


class EquityHistory(msgspec.Struct, frozen=True, kw_only=True):
    """An account's past in perpetuals over one window, oldest point first; `volume_usd` over the whole window."""

    window: Window
    points: tuple[HistoryPoint, ...]
    volume_usd: Usd
