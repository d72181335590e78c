"""DexScreener's payloads as they are on the wire: the fields that are used, under the venue's own names.

Prices are texts, everything else is a number. `liquidity` is absent for pairs on a bonding curve.
"""

import msgspec

from app.feeds.token_rows import Number
from app.feeds.token_wire import Id, Text, WireTransactions, WireVolumes


class WireToken(msgspec.Struct):
    """One side of a pair."""

    address: Id
    name: Text | None = None
    symbol: Text | None = None


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
