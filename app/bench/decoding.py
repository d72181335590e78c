"""Frames → prices and events without a socket: the product's two ways, and the one everybody writes first."""

import json
from collections.abc import Callable, Sequence
from functools import partial

from app.bench.frames import BUSY, COINS
from app.core.events import Book
from app.feeds.hyperliquid import parse
from app.feeds.hyperliquid.classify import Key, classify, fast_key, fast_key_of
from app.markets.conflated import Conflated
from app.markets.trade_tape import TradeTape

_TAPE_LENGTH = 2_000
_TRADES, _BOOK = b'{"channel":"trades"', b'{"channel":"l2Book"'


def read_with_json(frame: str | bytes) -> None:
    """`json.loads`, then every price and size to a float. The values are not kept: that would only make it slower."""
    message = json.loads(frame)
    channel, data = message["channel"], message["data"]
    if channel == "trades":
        for trade in data:
            float(trade["px"])
            float(trade["sz"])
    elif channel == "l2Book":
        for side in data["levels"]:
            for level in side:
                float(level["px"])
                float(level["sz"])
    elif channel == "allMids":
        for price in data["mids"].values():
            float(price)


def parse_whole(frame: bytes) -> object:
    """The validated events of one frame; pictures too, nothing is left for later."""
    if frame.startswith(_TRADES):
        return parse.parse_trades(frame)
    return parse.parse_book(frame) if frame.startswith(_BOOK) else parse.parse_mids(frame)


class Conflating:
    """The engine's own way: name the stream, keep the newest picture, decode every trade, know those that came before.

    `tapes` holds the trades by coin.
    """

    def __init__(self) -> None:
        self.tapes = {coin: TradeTape(_TAPE_LENGTH) for coin in COINS[:BUSY]}
        self._streams: dict[bytes | None, Callable[[bytes, int], None]] = {}
        for coin, tape in self.tapes.items():
            self._streams[fast_key_of("trades", coin)] = partial(_take_trades, coin, tape)
            self._streams[fast_key_of("l2Book", coin)] = Conflated(_decode_book).put
        self._others = {Key("allMids"): Conflated(_decode_mids).put}

    def decode(self, frames: Sequence[bytes]) -> None:
        """Take all frames."""
        streams, others = self._streams, self._others
        for frame in frames:
            take = streams.get(fast_key(frame)) or others[classify(frame)]
            take(frame, 0)


def _take_trades(coin: str, tape: TradeTape, frame: bytes, _arrived_ms: int) -> None:
    tape.add(parse.parse_trades(frame, coin))


def _decode_book(frame: bytes, _arrived_ms: int) -> Book:
    return parse.parse_book(frame)


def _decode_mids(frame: bytes, _arrived_ms: int) -> dict[str, float]:
    return parse.parse_mids(frame)
