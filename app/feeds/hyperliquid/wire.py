"""Hyperliquid's payloads as they are on the wire, field for field. Numbers come as strings and are validated in C.

Trades, levels and books decode straight into the events that leave: nothing else arrives so often.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.events import Address, Amount, Book, Count, Level, Milliseconds, Name, Price, Trade

Signed = Annotated[float, Meta(gt=-1e15, lt=1e15)]
Text = Annotated[str, Meta(max_length=4096)]
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


class WireMeta(msgspec.Struct):
    """Request `meta` and first half of `metaAndAssetCtxs`."""

    universe: list[WireMarket]


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
