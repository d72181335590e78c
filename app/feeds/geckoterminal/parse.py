"""GeckoTerminal: bytes → values. Pure: no clock, no I/O; the only errors that leave are `FrameError`s."""

from app.core.errors import FrameError
from app.core.text import SafeText, clean
from app.core.tokens import PoolState, TokenCandle, TokenHolders
from app.feeds.geckoterminal import wire
from app.feeds.token_rows import (
    NAME_CELLS,
    Rows,
    address,
    amount,
    count,
    decoder,
    error_text,
    in_order,
    moment,
    price,
    read_rows,
    share,
)
from app.feeds.token_wire import WireTrades, WireVolumes

NETWORK = "solana"
_POOLS, _CANDLES, _INFO = "geckoterminal new pools", "geckoterminal candles", "geckoterminal token info"

_pools = decoder(_POOLS, wire.WirePools)
_candles = decoder(_CANDLES, wire.WireCandles)
_info = decoder(_INFO, wire.WireInfo)
_error = decoder("geckoterminal error", wire.WireError)


def parse_new_pools(body: bytes) -> Rows[PoolState]:
    """Answer of `new_pools` → pools, newest first as the venue lists them."""
    return read_rows(_POOLS, _pools(body).data or [], wire.WirePool, _state_of)


def parse_candles(body: bytes) -> Rows[TokenCandle]:
    """Answer of `ohlcv` → candles, oldest first, one a time; empty for a pool without trades.

    A candle whose price is no number is counted as refused: the interval then has no candle.
    """
    pieces = _candles(body).data.attributes.ohlcv_list or []
    return in_order(read_rows(_CANDLES, pieces, wire.WireCandle, _candle_of))


def parse_holders(body: bytes) -> TokenHolders:
    """Answer of `tokens/{mint}/info` → the token's holders; what the venue does not say is None."""
    attributes = _info(body).data.attributes
    holders = attributes.holders or wire.WireHolders()
    distribution = holders.distribution_percentage or wire.WireDistribution()
    return TokenHolders(
        mint=address(attributes.address, "geckoterminal: a token's address"),
        count=count(holders.count, "the number of holders"),
        top_10_share=share(distribution.top_10, "the share of the ten largest holders"),
        as_of_s=moment(holders.last_updated, "the time of the holders"),
    )


def parse_error(body: bytes) -> SafeText:
    """What the venue says is wrong, from either of its two forms of errors. Raises nothing."""
    return error_text(_error, _told, body)


def _candle_of(row: wire.WireCandle) -> TokenCandle:
    return TokenCandle(row.time, row.open, row.high, row.low, row.close, row.volume)


def _told(error: wire.WireError) -> str | None:
    if error.status is not None:
        return error.status.error_message
    return next((fault.title or fault.detail for fault in error.errors or []), None)


def _state_of(pool: wire.WirePool) -> PoolState:
    attributes, relations = pool.attributes, pool.relationships
    trades = (attributes.transactions and attributes.transactions.h1) or WireTrades()
    volumes = attributes.volume_usd or WireVolumes()
    return PoolState(
        mint=_address_in(_target(relations.base_token, "base token"), "base token"),
        pool=_address_in(pool.id, "pool"),
        dex=clean(_target(relations.dex, "exchange"), NAME_CELLS),
        name=clean(attributes.name or "", NAME_CELLS),
        quote_mint=_address_in(_target(relations.quote_token, "quote token"), "quote token"),
        created_s=moment(attributes.pool_created_at, "the pool's time of creation"),
        price_usd=price(attributes.base_token_price_usd, "the price"),
        liquidity_usd=amount(attributes.reserve_in_usd, "the liquidity"),
        market_cap_usd=amount(attributes.market_cap_usd, "the market cap"),
        diluted_value_usd=amount(attributes.fdv_usd, "the diluted value"),
        volume_24h_usd=amount(volumes.h24, "the volume of a day"),
        buys_1h=count(trades.buys, "the buys of an hour"),
        sells_1h=count(trades.sells, "the sells of an hour"),
    )


def _target(relation: wire.WireRelationship | None, what: str) -> str:
    if relation is None or relation.data is None:
        raise FrameError(f"the pool names no {what}")
    return relation.data.id


def _address_in(identifier: str, what: str) -> str:
    network, _, rest = identifier.partition("_")
    if network != NETWORK:
        raise FrameError(f"the {what} is not on {NETWORK}: {clean(identifier, 60)!r}")
    return address(rest, f"the {what}")
