"""DexScreener's payloads as they are on the wire: the fields that are used, under the venue's own names.

Prices are texts, everything else is a number. `liquidity` is absent for pairs on a bonding curve.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.feeds.token_rows import Number

Text = Annotated[str, Meta(max_length=2_000)]
Id = Annotated[str, Meta(max_length=120)]


class WireToken(msgspec.Struct):
    """One side of a pair."""

    address: Id
    name: Text | None = None
    symbol: Text | None = None


class WireTrades(msgspec.Struct, gc=False):
    """Trades in one span of time."""

    buys: int | None = None
    sells: int | None = None


class WireTransactions(msgspec.Struct):
    """Trades by span; only the last hour is used."""

    h1: WireTrades | None = None


class WireVolumes(msgspec.Struct):
    """Volume by span; only the last day is used."""

    h24: Number = None


class WireLiquidity(msgspec.Struct):
    """What lies in the pool."""

    usd: Number = None


class WirePair(msgspec.Struct):
    """Element of the array of `/tokens/v1` and `/token-pairs/v1`, and of `pairs` of `/latest/dex`."""

    chainId: Id
    dexId: Id
    pairAddress: Id
    baseToken: WireToken
    quoteToken: WireToken | None = None
    priceUsd: Number = None
    txns: WireTransactions | None = None
    volume: WireVolumes | None = None
    liquidity: WireLiquidity | None = None
    fdv: Number = None
    marketCap: Number = None
    pairCreatedAt: int | None = None


class WirePairs(msgspec.Struct):
    """Answer of `/latest/dex`; `pairs` is null where there are none."""

    pairs: list[msgspec.Raw] | None
