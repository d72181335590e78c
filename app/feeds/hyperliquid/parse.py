"""Hyperliquid's bytes → events. Pure: no clock, no I/O; the only errors that leave are `FrameError`s.

Values are validated by the wire structs while they are decoded; names and addresses are checked here, so that whatever
leaves this module is safe to show.
"""

from collections.abc import Iterable

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.events import Book, Candle, Listing, MarketContext, Quote, Trade
from app.core.text import clean
from app.feeds.hyperliquid import wire
from app.feeds.hyperliquid.decoding import coin_name, decoder, is_harmless, refusal


class _Trades(msgspec.Struct, gc=False):
    data: list[Trade]


class _Book(msgspec.Struct, gc=False):
    data: wire.WireBook


class _Quote(msgspec.Struct, gc=False):
    data: wire.WireQuote


class _Context(msgspec.Struct, gc=False):
    data: wire.WireActiveContext


class _Candle(msgspec.Struct, gc=False):
    data: wire.WireCandle


class _Mids(msgspec.Struct, gc=False):
    data: wire.WireMids


class _RawMeta(msgspec.Struct):
    universe: list[msgspec.Raw]


class _Text(msgspec.Struct, gc=False):
    data: wire.Text


_decode_trades = msgspec.json.Decoder(_Trades, strict=False).decode
_decode_book = decoder(_Book)
_decode_quote = decoder(_Quote)
_decode_context = decoder(_Context)
_decode_candle = decoder(_Candle)
_decode_mids = decoder(_Mids)
_decode_error = decoder(_Text)
_decode_candles = decoder(list[wire.WireCandle])
_decode_recent_trades = decoder(list[Trade])
_decode_meta_and_contexts = decoder(tuple[_RawMeta, list[msgspec.Raw]])
_decode_market = decoder(wire.WireMarket)
_decode_bare_context = decoder(wire.WireContext)


def _of_one_coin(trades: list[Trade], coin: str | None) -> list[Trade]:
    if coin is None and trades:
        coin = coin_name(trades[0].coin)
    for trade in trades:
        if trade.coin != coin:
            raise FrameError(f"a trade of {clean(trade.coin, 32)} came with those of {coin}")
    return trades


def parse_trades(frame: bytes, coin: str | None = None) -> list[Trade]:
    """Frame of channel `trades` → its trades, in the venue's order; all of `coin`, if one is given, else of any one."""
    # Frames of this channel are most of the traffic: no call more than needed.
    try:
        trades = _decode_trades(frame).data
    except UNDECODABLE as error:
        raise refusal("trades", error) from error
    return _of_one_coin(trades, coin)


def parse_trades_together(frames: Iterable[bytes], coin: str) -> list[Trade]:
    """Frames of channel `trades` → the trades of all of them, in the venue's order; all of `coin`."""
    try:
        trades = [trade for frame in frames for trade in _decode_trades(frame).data]
    except UNDECODABLE as error:
        raise refusal("trades", error) from error
    return _of_one_coin(trades, coin)


def parse_recent_trades(body: bytes, coin: str | None = None) -> list[Trade]:
    """Answer to `recentTrades` → its trades, oldest first; all of `coin`, if one is given, else of any one."""
    return sorted(_of_one_coin(_decode_recent_trades(body), coin), key=lambda trade: trade.time_ms)


def parse_book(frame: bytes) -> Book:
    """Frame of channel `l2Book` → the book."""
    book = _decode_book(frame).data
    coin_name(book.coin)
    return book


def parse_quote(frame: bytes) -> Quote:
    """Frame of channel `bbo` → best bid and offer."""
    data = _decode_quote(frame).data
    return Quote(coin_name(data.coin), data.time, *data.bbo)


def _context(coin: str, payload: wire.WireContext) -> MarketContext:
    return MarketContext(
        coin=coin_name(coin),
        funding=payload.funding,
        open_interest=payload.openInterest,
        previous_day_price=payload.prevDayPx,
        day_notional_volume=payload.dayNtlVlm,
        mark_price=payload.markPx,
        oracle_price=payload.oraclePx,
        mid_price=payload.midPx,
    )


def parse_context(frame: bytes) -> MarketContext:
    """Frame of channel `activeAssetCtx` → the market's context."""
    data = _decode_context(frame).data
    return _context(data.coin, data.ctx)


def _candle(payload: wire.WireCandle) -> Candle:
    low, high = min(payload.o, payload.c), max(payload.o, payload.c)
    if payload.l > low or payload.h < high:
        raise FrameError(f"candle of {clean(payload.s, 32)} at {payload.t}: open or close lies outside low and high")
    return Candle(
        coin_name(payload.s),
        clean(payload.i, 4),
        payload.t,
        payload.o,
        payload.h,
        payload.l,
        payload.c,
        payload.v,
        payload.n,
    )


def parse_candle(frame: bytes) -> Candle:
    """Frame of channel `candle` → the candle, which may still be open."""
    return _candle(_decode_candle(frame).data)


def parse_candles(body: bytes) -> list[Candle]:
    """Answer to `candleSnapshot` → its candles, oldest first; the last one may still be open."""
    return sorted((_candle(payload) for payload in _decode_candles(body)), key=lambda candle: candle.open_ms)


def parse_mids(frame: bytes) -> dict[str, float]:
    """Frame of channel `allMids` → mid price by coin."""
    mids = _decode_mids(frame).data.mids
    # One look at all names together is cheaper than one at each; their lengths were looked at while decoding.
    if not is_harmless("".join(mids)):
        for coin in mids:
            coin_name(coin)
    return mids


def _listing(payload: wire.WireMarket) -> Listing:
    return Listing(coin_name(payload.name), payload.szDecimals, payload.maxLeverage, bool(payload.isDelisted))


def parse_meta_and_contexts(body: bytes) -> tuple[list[tuple[Listing, MarketContext]], list[str]]:
    """Answer to `metaAndAssetCtxs` → each usable market with its context, and why the others were refused.

    One odd market among hundreds must not hide the rest. Raises `FrameError` when the two lists do not pair up or
    nothing in them is usable.
    """
    meta, contexts = _decode_meta_and_contexts(body)
    if len(meta.universe) != len(contexts):
        raise FrameError(f"metaAndAssetCtxs: {len(meta.universe)} markets but {len(contexts)} contexts")
    usable: list[tuple[Listing, MarketContext]] = []
    refused: list[str] = []
    for raw_market, raw_context in zip(meta.universe, contexts, strict=True):
        try:
            market = _decode_market(raw_market)
            usable.append((_listing(market), _context(market.name, _decode_bare_context(raw_context))))
        except FrameError as error:
            refused.append(str(error))
    if not usable:
        raise FrameError(f"metaAndAssetCtxs: no usable market; {refused[0] if refused else 'the list is empty'}")
    return usable, refused


def parse_error_text(frame: bytes) -> str:
    """Frame of channel `error` → the venue's words, cleaned."""
    return clean(_decode_error(frame).data, 160)
