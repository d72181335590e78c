"""Birdeye's payloads as they are on the wire: the fields that are used, under the venue's own names.

Each answer has `success` and `data`; a refusal has `success` false and a `message`.
"""

from typing import Generic, TypeVar

import msgspec

from app.core.tokens import EpochSeconds, TokenPrice, Usd
from app.feeds.token_rows import Number
from app.feeds.token_wire import Id, Text

Data = TypeVar("Data")


class WireEnvelope(msgspec.Struct, Generic[Data]):
    """Every answer; `data` is null or absent in a refusal."""

    success: bool = False
    data: Data | None = None
    message: Text | None = None


class WireItems(msgspec.Struct):
    """`data` of every list."""

    items: list[msgspec.Raw] | None


class WireOverview(msgspec.Struct):
    """`data` of `/defi/token_overview`; `holder` is the number of holders."""

    address: Id
    symbol: Text | None = None
    name: Text | None = None
    price: Number = None
    liquidity: Number = None
    marketCap: Number = None
    fdv: Number = None
    v24hUSD: Number = None
    holder: int | None = None
    lastTradeUnixTime: int | None = None


class WireCandle(msgspec.Struct, gc=False):
    """Element of `/defi/v3/ohlcv`; `v_usd` is dollars, `v` tokens."""

    unix_time: EpochSeconds
    o: TokenPrice
    h: TokenPrice
    l: TokenPrice
    c: TokenPrice
    v_usd: Usd | None = None


class WireCandleV1(msgspec.Struct, gc=False):
    """Element of `/defi/ohlcv`, which counts volume in tokens only."""

    unixTime: EpochSeconds
    o: TokenPrice
    h: TokenPrice
    l: TokenPrice
    c: TokenPrice
