"""DexScreener: bytes → values. Pure: no clock, no I/O; the only errors that leave are `FrameError`s."""

import msgspec

from app.core.text import clean
from app.core.tokens import PoolState
from app.feeds.dexscreener import wire
from app.feeds.token_rows import NAME_CELLS, Rows, address, amount, count, decoder, epoch_seconds, price, read_rows
from app.feeds.token_wire import WireTrades, WireVolumes

CHAIN = "solana"
_WHAT = "dexscreener pairs"

_array = decoder(_WHAT, list[msgspec.Raw])
_wrapped = decoder(_WHAT, wire.WirePairs)


def parse_pairs(body: bytes) -> Rows[PoolState]:
    """Answer of any route with pairs, as a bare array or wrapped → their states; pairs of other chains are passed over.

    One token may have several pairs, in the venue's order.
    """
    pieces = _array(body) if body[:64].lstrip()[:1] == b"[" else _wrapped(body).pairs or []
    return read_rows(_WHAT, pieces, wire.WirePair, _state_of)


def _state_of(pair: wire.WirePair) -> PoolState | None:
    if pair.chainId != CHAIN:
        return None
    trades = (pair.txns and pair.txns.h1) or WireTrades()
    volume, liquidity = pair.volume or WireVolumes(), pair.liquidity or wire.WireLiquidity()
    created_ms = pair.pairCreatedAt
    return PoolState(
        mint=address(pair.baseToken.address, "the base token"),
        pool=address(pair.pairAddress, "the pair"),
        dex=clean(pair.dexId, NAME_CELLS),
        name=clean(pair.baseToken.symbol or pair.baseToken.name or "", NAME_CELLS),
        quote_mint=address(pair.quoteToken.address, "the quote token") if pair.quoteToken else "",
        created_s=epoch_seconds(created_ms // 1000 if created_ms else None, "the pair's time of creation"),
        price_usd=price(pair.priceUsd, "the price"),
        liquidity_usd=amount(liquidity.usd, "the liquidity"),
        market_cap_usd=amount(pair.marketCap, "the market cap"),
        diluted_value_usd=amount(pair.fdv, "the diluted value"),
        volume_24h_usd=amount(volume.h24, "the volume of a day"),
        buys_1h=count(trades.buys, "the buys of an hour"),
        sells_1h=count(trades.sells, "the sells of an hour"),
    )
