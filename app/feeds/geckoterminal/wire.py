"""GeckoTerminal's payloads as they are on the wire: the fields that are used, under the venue's own names.

Numbers are texts, one of them may be "NaN"; only candles hold real numbers. The mint is in a relationship's id, behind
the name of the network.
"""

import msgspec

from app.core.tokens import EpochSeconds, TokenPrice, Usd
from app.feeds.token_rows import Number
from app.feeds.token_wire import Id, Text, WireTransactions, WireVolumes


class WirePoolAttributes(msgspec.Struct):
    """`attributes` of a pool."""

    name: Text | None = None
    base_token_price_usd: Number = None
    pool_created_at: Text | None = None
    fdv_usd: Number = None
    market_cap_usd: Number = None
    reserve_in_usd: Number = None
    transactions: WireTransactions | None = None
    volume_usd: WireVolumes | None = None
    address: Id | None = None


class WireReference(msgspec.Struct):
    """What a relationship points to."""

    id: Id


class WireRelationship(msgspec.Struct):
    """One relationship; `data` is null where there is none."""

    data: WireReference | None = None


class WireRelationships(msgspec.Struct):
    """`relationships` of a pool."""

    base_token: WireRelationship | None = None
    quote_token: WireRelationship | None = None
    dex: WireRelationship | None = None


class WirePool(msgspec.Struct):
    """Element of `data` of `/networks/solana/new_pools`."""

    id: Id
    attributes: WirePoolAttributes
    relationships: WireRelationships


class WirePools(msgspec.Struct):
    """Answer of `/networks/solana/new_pools`."""

    data: list[msgspec.Raw] | None


class WireCandle(msgspec.Struct, array_like=True, gc=False):
    """Element of `ohlcv_list`, an array in this order."""

    time: EpochSeconds
    open: TokenPrice
    high: TokenPrice
    low: TokenPrice
    close: TokenPrice
    volume: Usd | None


class WireCandleAttributes(msgspec.Struct):
    """`attributes` of an answer with candles; newest first, empty for a dead pool."""

    ohlcv_list: list[msgspec.Raw] | None


class WireCandleData(msgspec.Struct):
    """`data` of an answer with candles."""

    attributes: WireCandleAttributes


class WireCandles(msgspec.Struct):
    """Answer of `/networks/solana/pools/{pool}/ohlcv/{timeframe}`."""

    data: WireCandleData


class WireDistribution(msgspec.Struct):
    """Percentages of a token's supply; only that of the ten largest holders is used."""

    top_10: Number = None


class WireHolders(msgspec.Struct):
    """`holders` of a token's information."""

    count: int | None = None
    distribution_percentage: WireDistribution | None = None
    last_updated: Text | None = None


class WireInfoAttributes(msgspec.Struct):
    """`attributes` of a token's information."""

    address: Id
    holders: WireHolders | None = None


class WireInfoData(msgspec.Struct):
    """`data` of a token's information."""

    attributes: WireInfoAttributes


class WireInfo(msgspec.Struct):
    """Answer of `/networks/solana/tokens/{mint}/info`."""

    data: WireInfoData


class WireFault(msgspec.Struct):
    """Element of `errors`."""

    title: Text | None = None
    detail: Text | None = None


class WireLimit(msgspec.Struct):
    """`status` of an answer that refuses because of too many requests: not the form of other errors."""

    error_message: Text | None = None


class WireError(msgspec.Struct):
    """What comes with a status other than 200, in either form."""

    errors: list[WireFault] | None = None
    status: WireLimit | None = None
