"""Polymarket's payloads as they are on the wire: the fields that are used, under the venue's own names.

Rows of the second version are in snake_case and come in an envelope; those of the first, which most recordings hold,
are in camelCase and come as a bare array (`...V1`, with the same names in Python, written out because msgspec renames a
class's own fields only). Gamma is a service of its own.
A number that is null is not known; what is not a finite number in range is refused while it is decoded.
"""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from app.core.prediction_market import PositionStatus, Probability, Seconds, Shares, Usdc

Data = TypeVar("Data")

Id = Annotated[str, Meta(max_length=80)]
Cursor = Annotated[str, Meta(max_length=2_048)]
Count = Annotated[int, Meta(ge=0, lt=2**53)]
Moment = Annotated[int, Meta(ge=0, lt=10_000_000_000)]
Price = Annotated[float, Meta(ge=0, le=1.001)]
"""A price as the venue divides it out of amounts, which may round to a little over one."""
Paid = Annotated[float, Meta(ge=0, lt=1e15)]
OutcomeIndex = Annotated[int, Meta(ge=0, le=999)]

NO_OUTCOME = 999
"""`outcome_index` where the venue does not say which."""


class WirePagination(msgspec.Struct, gc=False):
    """How a list goes on: only by `next_cursor`."""

    has_more: bool = False
    next_cursor: Cursor | None = None


class WireEnvelope(msgspec.Struct, Generic[Data]):
    """Every answer of the second version; `data` is null for what the venue does not have."""

    data: Data | None
    pagination: WirePagination | None = None


class WireError(msgspec.Struct):
    """What comes with a status other than 200; the first version has `error` alone."""

    error: str
    code: str = ""
    retryable: bool | None = None
    trace_id: str = ""


class WireActivity(msgspec.Struct, gc=False):
    """Row of `/v2/trades` and `/v2/activity`; a row of trades has no type and no amount."""

    proxy_wallet: str
    condition_id: Id
    token_id: Id
    size: Shares
    price: Price
    timestamp: Seconds
    side: Literal["BUY", "SELL", ""] = ""
    type: str = "TRADE"
    usdc_size: Paid | None = None
    outcome_index: OutcomeIndex | None = None
    event_slug: str | None = None
    transaction_hash: str | None = None


_ACTIVITY_V1 = {
    "proxy_wallet": "proxyWallet",
    "condition_id": "conditionId",
    "token_id": "asset",
    "usdc_size": "usdcSize",
    "outcome_index": "outcomeIndex",
    "event_slug": "eventSlug",
    "transaction_hash": "transactionHash",
}


class WireActivityV1(msgspec.Struct, gc=False, rename=_ACTIVITY_V1):
    """Element of the first version's `/trades` and `/activity`."""

    proxy_wallet: str
    condition_id: Id
    token_id: Id
    size: Shares
    price: Price
    timestamp: Seconds
    side: Literal["BUY", "SELL", ""] = ""
    type: str = "TRADE"
    usdc_size: Paid | None = None
    outcome_index: OutcomeIndex | None = None
    event_slug: str | None = None
    transaction_hash: str | None = None


class WirePosition(msgspec.Struct, gc=False):
    """Row of `/v2/positions`. `entry_cost_usdc` is what was paid for `current_size`."""

    proxy_wallet: str
    token_id: Id
    condition_id: Id
    status: PositionStatus
    current_size: Shares
    total_size: Shares
    avg_price: Price | None = None
    entry_cost_usdc: Paid | None = None
    realized_pnl: Usdc | None = None
    unrealized_pnl: Usdc | None = None
    event_slug: str | None = None
    title: str | None = None
    outcome: str | None = None
    outcome_index: OutcomeIndex | None = None
    opposite_token_id: Id | None = None
    last_event_at: Moment | None = None


_POSITION_V1 = {
    "proxy_wallet": "proxyWallet",
    "token_id": "asset",
    "condition_id": "conditionId",
    "current_size": "size",
    "total_size": "totalBought",
    "avg_price": "avgPrice",
    "entry_cost_usdc": "initialValue",
    "realized_pnl": "realizedPnl",
    "unrealized_pnl": "cashPnl",
    "current_price": "curPrice",
    "event_slug": "eventSlug",
    "outcome_index": "outcomeIndex",
    "opposite_token_id": "oppositeAsset",
    "last_event_at": "timestamp",
}


class WirePositionV1(msgspec.Struct, gc=False, rename=_POSITION_V1):
    """Element of the first version's `/positions` and `/closed-positions`; only closed ones have no `size`."""

    proxy_wallet: str
    token_id: Id
    condition_id: Id
    total_size: Shares
    current_size: Shares | None = None
    current_price: Price | None = None
    redeemable: bool = False
    avg_price: Price | None = None
    entry_cost_usdc: Paid | None = None
    realized_pnl: Usdc | None = None
    unrealized_pnl: Usdc | None = None
    event_slug: str | None = None
    title: str | None = None
    outcome: str | None = None
    outcome_index: OutcomeIndex | None = None
    opposite_token_id: Id | None = None
    last_event_at: Moment | None = None


class WireTotals(msgspec.Struct, gc=False):
    """`all_time_pnl` of `/v2/user-stats`, and one point of `/v2/user-pnl`: cumulative figures at `timestamp`."""

    timestamp: Moment | None = None
    realized_pnl: Usdc | None = None
    unrealized_pnl: Usdc | None = None
    maker_rebate: Usdc | None = None
    volume_usdc: Usdc | None = None
    trade_count: Count | None = None


class WireStats(msgspec.Struct):
    """Data of `/v2/user-stats`. `trades` counts distinct markets."""

    proxy_wallet: str
    trades: Count | None
    biggest_win: Usdc | None = None
    join_date: Moment | None = None
    all_time_pnl: WireTotals | None = None
    name: str | None = None


class WirePnl(msgspec.Struct, Generic[Data]):
    """Data of `/v2/user-pnl`."""

    points: list[Data] | None


class WireLeader(msgspec.Struct, gc=False):
    """Row of `/v2/leaderboard`; `volume` counts shares."""

    rank: Annotated[int, Meta(ge=1, lt=2**53)]
    user_id: str
    pnl: Usdc | None = None
    volume: Usdc | None = None
    volume_usdc: Usdc | None = None
    user_name: str | None = None


_LEADER_V1 = {"user_id": "proxyWallet", "user_name": "userName", "volume_usdc": "vol", "volume": "volumeShares"}


class WireLeaderV1(msgspec.Struct, gc=False, rename=_LEADER_V1):
    """Element of `/v1/leaderboard`; `rank` is a text there, and `vol` counts USDC."""

    rank: Annotated[int, Meta(ge=1, lt=2**53)]
    user_id: str
    pnl: Usdc | None = None
    volume: Usdc | None = None
    volume_usdc: Usdc | None = None
    user_name: str | None = None


class WireHolder(msgspec.Struct, gc=False):
    """Element of `holders` in a row of `/v2/holders`."""

    proxy_wallet: str
    token_id: Id
    amount: Shares
    outcome_index: OutcomeIndex | None = None
    name: str | None = None


_HOLDER_V1 = {"proxy_wallet": "proxyWallet", "token_id": "asset", "outcome_index": "outcomeIndex"}


class WireHolderV1(msgspec.Struct, gc=False, rename=_HOLDER_V1):
    """Element of `holders` in the first version's `/holders`."""

    proxy_wallet: str
    token_id: Id
    amount: Shares
    outcome_index: OutcomeIndex | None = None
    name: str | None = None


class WireHolders(msgspec.Struct, Generic[Data]):
    """Row of `/v2/holders`, and element of the first version's: the holders of one token."""

    holders: list[Data]


class WireTag(msgspec.Struct, gc=False):
    """A tag of a gamma event."""

    slug: str


Tags = list[str | WireTag]
Listed = str | list[Id] | None
"""A list, or the text of one in JSON, as gamma writes them."""


class WireEventName(msgspec.Struct):
    """A market's event, as gamma's market names it."""

    slug: str = ""
    tags: Tags | None = None


class WireMarket(msgspec.Struct):
    """Element of gamma's `/markets`. Newer markets have `positionIds` for tokens."""

    conditionId: Id
    question: str | None
    slug: str = ""
    outcomePrices: str | list[Probability] | None = None
    clobTokenIds: Listed = None
    positionIds: Listed = None
    closed: bool | None = None
    closedTime: str | None = None
    umaResolutionStatus: str | None = None
    resolutionStatus: str | None = None
    events: list[WireEventName] | None = None
    tags: Tags | None = None


class WireMarketPage(msgspec.Struct):
    """Answer of `/markets/keyset`."""

    markets: list[msgspec.Raw]
