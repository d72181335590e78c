"""Birdeye: bytes → values. Pure: no clock, no I/O; the only errors that leave are `FrameError`s."""

from collections.abc import Callable

from app.core.errors import FrameError
from app.core.text import SafeText, clean
from app.core.tokens import TokenCandle, TokenHolders, TokenOverview
from app.feeds.birdeye import wire
from app.feeds.token_rows import (
    NAME_CELLS,
    Decoded,
    Rows,
    address,
    amount,
    count,
    decoder,
    epoch_seconds,
    error_text,
    in_order,
    price,
    read_rows,
)

_CANDLES = "birdeye candles"


def _data_of(what: str, kind: type[Decoded]) -> Callable[[bytes], Decoded]:
    """A reader of an envelope's data; a refusal raises `FrameError` with the venue's own words."""
    decode = decoder(what, wire.WireEnvelope[kind])  # type: ignore[valid-type]

    def read(body: bytes) -> Decoded:
        envelope = decode(body)
        if not envelope.success or envelope.data is None:
            raise FrameError(f"{what}: the venue refuses: {clean(envelope.message or 'no data', 120)}")
        return envelope.data

    return read


_overview = _data_of("birdeye overview", wire.WireOverview)
_candles = _data_of(_CANDLES, wire.WireItems)
_error = decoder("birdeye error", wire.WireEnvelope[wire.WireItems])


def parse_overview(body: bytes) -> TokenOverview:
    """Answer of `token_overview` → a token's figures and the number of its holders."""
    told = _overview(body)
    mint = address(told.address, "birdeye: a token's address")
    holders = count(told.holder, "the number of holders")
    return TokenOverview(
        mint=mint,
        name=clean(told.symbol or told.name or "", NAME_CELLS),
        price_usd=price(told.price, "the price"),
        liquidity_usd=amount(told.liquidity, "the liquidity"),
        market_cap_usd=amount(told.marketCap, "the market cap"),
        diluted_value_usd=amount(told.fdv, "the diluted value"),
        volume_24h_usd=amount(told.v24hUSD, "the volume of a day"),
        holders=TokenHolders(mint=mint, count=holders, top_10_share=None, as_of_s=None),
        last_trade_s=epoch_seconds(told.lastTradeUnixTime, "the time of the last trade"),
    )


def parse_candles(body: bytes) -> Rows[TokenCandle]:
    """Answer of `v3/ohlcv`, or of the older `ohlcv`, which names no dollars → candles, oldest first, one a time."""
    pieces = _candles(body).items or []
    if pieces and b'"unixTime"' in bytes(pieces[0]):
        return in_order(read_rows(_CANDLES, pieces, wire.WireCandleV1, _candle_v1_of))
    return in_order(read_rows(_CANDLES, pieces, wire.WireCandle, _candle_of))


def parse_error(body: bytes) -> SafeText:
    """What the venue says is wrong. Raises nothing."""
    return error_text(_error, lambda envelope: envelope.message, body)


def _candle_of(row: wire.WireCandle) -> TokenCandle:
    return TokenCandle(row.unix_time, row.o, row.h, row.l, row.c, row.v_usd)


def _candle_v1_of(row: wire.WireCandleV1) -> TokenCandle:
    return TokenCandle(row.unixTime, row.o, row.h, row.l, row.c, None)
