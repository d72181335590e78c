"""Hyperliquid's payloads as they are on the wire, field for field. Numbers come as strings and are validated in C.

Trades, levels and books decode straight into the events that leave: nothing else arrives so often.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.core.events import Address, Amount, Book, Count, Level, Milliseconds, Name, Price, Side, Trade

Signed = Annotated[float, Meta(gt=-1e15, lt=1e15)]
Text = Annotated[str, Meta(max_length=4096)]
Distant = Annotated[float, Meta(gt=-1e30, lt=1e30)]
"""A price that may be out of anybody's reach: where a small position of a large account would be liquidated."""
CoinName = Annotated[str, Meta(min_length=1, max_length=32)]

WireTrade = Trade
"""Element of channel `trades` and of request `recentTrades`; `users` is [buyer, seller], absent before 2025."""


WireBook = Book
"""Channel and request `l2Book`: bids descending, asks ascending, whole book each time."""


class WireQuote(msgspec.Struct):
    """Channel `bbo`."""

    coin: Name
    time: Milliseconds
    bbo: tuple[Level | None, Level | None]


class WireContext(msgspec.Struct):
    """One market's context: channel `activeAssetCtx` and second half of request `metaAndAssetCtxs`."""

    funding: Signed
    openInterest: Amount
    prevDayPx: Amount
    dayNtlVlm: Amount
    markPx: Price
    oraclePx: Price
    midPx: Price | None = None
    premium: Signed | None = None
    impactPxs: tuple[Price, Price] | None = None
    dayBaseVlm: Amount = 0.0


class WireActiveContext(msgspec.Struct):
    """Channel `activeAssetCtx`."""

    coin: Name
    ctx: WireContext


class WireCandle(msgspec.Struct):
    """Channel `candle` (one object) and element of request `candleSnapshot`; `t` opens, `T` closes, in ms."""

    t: Milliseconds
    T: Milliseconds
    s: Name
    i: Annotated[str, Meta(max_length=4)]
    o: Price
    c: Price
    h: Price
    l: Price
    v: Amount
    n: Count


class WireMarket(msgspec.Struct):
    """Element of `meta.universe`; the index joins it to its context."""

    name: Name
    szDecimals: Annotated[int, Meta(ge=0, le=8)]
    maxLeverage: Annotated[int, Meta(ge=1, le=1000)]
    isDelisted: bool | None = None


class WireMids(msgspec.Struct):
    """Channel `allMids`."""

    mids: dict[CoinName, Price]


class WireSubscription(msgspec.Struct, omit_defaults=True):
    """What a subscribe frame asks for; the acknowledgement repeats it with defaults filled in."""

    type: Name
    coin: Name | None = None
    user: Address | None = None
    interval: Annotated[str, Meta(max_length=4)] | None = None
    fast: bool = False


class WireClientFrame(msgspec.Struct, omit_defaults=True):
    """What a client sends: subscribe, unsubscribe or ping."""

    method: str
    subscription: WireSubscription | None = None


class WireAcknowledgement(msgspec.Struct):
    """Data of channel `subscriptionResponse`."""

    method: str
    subscription: WireSubscription


class WireLeverage(msgspec.Struct):
    """Leverage of a position; `isolated` positions have margin of their own."""

    type: Literal["cross", "isolated"]
    value: Annotated[float, Meta(ge=0, le=1_000)]


class WirePosition(msgspec.Struct):
    """One position of `clearinghouseState`; `szi` is signed, and "0.0" of one that was closed."""

    coin: Name
    szi: Signed
    leverage: WireLeverage
    positionValue: Amount
    unrealizedPnl: Signed
    marginUsed: Amount
    entryPx: Distant | None = None
    liquidationPx: Distant | None = None


class WireAssetPosition(msgspec.Struct):
    """Element of `clearinghouseState.assetPositions`."""

    position: WirePosition


class WireMargin(msgspec.Struct):
    """What an account has and uses, in USD."""

    accountValue: Signed
    totalNtlPos: Amount
    totalMarginUsed: Amount


class WireTraderState(msgspec.Struct):
    """Answer to `clearinghouseState`, and a part of the channel of that name; old ones have no `time`."""

    marginSummary: WireMargin
    assetPositions: Annotated[list[WireAssetPosition], Meta(max_length=2_000)]
    withdrawable: Signed = 0.0
    time: Milliseconds | None = None


class WireStateOf(msgspec.Struct):
    """Channel `clearinghouseState`; `dex` is empty for the main market."""

    user: Address
    clearinghouseState: WireTraderState
    dex: Address | None = None


class WireLiquidation(msgspec.Struct):
    """Of a fill that liquidated somebody: this account or the one across."""

    liquidatedUser: Address | None = None


class WireFill(msgspec.Struct):
    """One fill of an account; a negative `fee` is a rebate."""

    coin: Name
    px: Signed
    sz: Amount
    side: Side
    time: Milliseconds
    startPosition: Signed
    dir: Annotated[str, Meta(max_length=256)]
    closedPnl: Signed
    crossed: bool
    tid: Count = 0
    fee: Signed = 0.0
    liquidation: WireLiquidation | None = None


WireFills = Annotated[list[WireFill], Meta(max_length=10_000)]
"""Answer to `userFills` and `userFillsByTime`: at most 2000 a page."""


class WireFillsOf(msgspec.Struct):
    """Channel `userFills`; `isSnapshot` comes with the first frame only."""

    user: Address
    fills: WireFills
    isSnapshot: bool | None = None


_Series = Annotated[list[tuple[Milliseconds, Signed]], Meta(max_length=20_000)]


class WireHistory(msgspec.Struct):
    """One window of `portfolio`; the value is the account's, the P&L is counted from the window's beginning."""

    accountValueHistory: _Series
    pnlHistory: _Series
    vlm: Amount = 0.0


class WireResult(msgspec.Struct, gc=False):
    """One window of a leaderboard's row; `roi` is a fraction."""

    pnl: Signed
    roi: Signed
    vlm: Amount


class WireRankedTrader(msgspec.Struct):
    """Element of `leaderboardRows`."""

    ethAddress: Address
    accountValue: Signed
    windowPerformances: Annotated[list[tuple[Name, WireResult]], Meta(max_length=16)]
    displayName: Annotated[str, Meta(max_length=1_024)] | None = None
