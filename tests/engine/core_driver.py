"""Drives a core by hand: records in, state out. What the venue would say is written here, by us."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from app.config.settings import MarketsSettings, Settings
from app.core.record import Answer, Connected, Dropped, Kind, Record, Request, StreamOpened
from app.engine.core import Core
from app.feeds.hyperliquid.wire import WireSubscription

START_MS = 1_790_000_000_000
COINS = ("BTC", "ETH", "PEPE")


class AskedFor:
    """Effects that only note what was asked."""

    def __init__(self) -> None:
        self.subscriptions: list[WireSubscription] = []
        self.unsubscribed: list[WireSubscription] = []
        self.requests: list[Request] = []
        self.withdrawn: list[int] = []
        self.hurried: list[tuple[str, str, str]] = []
        self.streamed: list[str] = []
        self.coins_watched: list[str] = []

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        self.subscriptions += subscriptions

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        self.unsubscribed += subscriptions

    def stream_traders(self, traders: Sequence[str]) -> None:
        self.streamed = list(traders)

    def watch_trades(self, coins: Sequence[str]) -> None:
        self.coins_watched = list(coins)

    def request(self, request: Request) -> None:
        self.requests.append(request)

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        self.hurried.append((channel, subject, variant))

    def withdraw(self, request_id: int) -> None:
        self.withdrawn.append(request_id)


class Driver:
    """A core, and a hand on its inputs. `now_ms` is the time of the next input."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings(markets=MarketsSettings(favourites=("BTC",), top=2))
        self.core = Core("live", self.settings)
        self.asked = AskedFor()
        self.now_ms = START_MS
        self.records: list[Record] = []
        self.streams: dict[tuple[str, str], int] = {}

    def put(self, kind: int, payload: bytes | msgspec.Struct = b"", stream: int = 0) -> None:
        data = payload if isinstance(payload, bytes) else msgspec.msgpack.encode(payload)
        nanoseconds = self.now_ms * 1_000_000
        record = Record(len(self.records) + 1, nanoseconds, nanoseconds, stream, kind, data)
        self.records.append(record)
        self.core.dispatch(record)

    def start(self) -> None:
        self.core.start(self.asked)
        self.connect()

    def connect(self) -> None:
        self.put(Kind.CONNECT, Connected("hyperliquid", "stream"))

    def drop(self) -> None:
        self.put(Kind.DROP, Dropped("hyperliquid", "stream", "reset by peer", 1.5))

    def answer(self, request: Request, body: Any, status: int = 200) -> None:
        self.put(Kind.REQUEST, request)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.put(Kind.ANSWER, Answer(request.request_id, status, data, "" if status == 200 else f"said {status}"))

    def list_markets(self, coins: Iterable[str] = COINS) -> None:
        universe = [{"name": coin, "szDecimals": 2, "maxLeverage": 10} for coin in coins]
        contexts = [context(volume=1e6 / (place + 1)) for place, _ in enumerate(universe)]
        self.answer(self.asked.requests[0], [{"universe": universe}, contexts])

    def open(self, channel: str, coin: str, variant: str = "") -> None:
        stream = self.streams[channel, coin] = len(self.streams) + 2
        self.put(Kind.STREAM, StreamOpened(stream, "hyperliquid", "websocket", channel, coin, variant))

    def frame(self, channel: str, coin: str, data: Any) -> None:
        frame = json.dumps({"channel": channel, "data": data}, separators=(",", ":")).encode()
        self.put(Kind.FRAME, frame, self.streams[channel, coin])

    def trade(self, coin: str, price: float, tid: int, *, age_ms: int = 100, side: str = "B") -> None:
        self.frame("trades", coin, [trade(coin, price, tid, self.now_ms - age_ms, side)])

    def quote(self, coin: str, bid: float, ask: float) -> None:
        levels = [{"px": str(price), "sz": "1", "n": 1} for price in (bid, ask)]
        self.frame("bbo", coin, {"coin": coin, "time": self.now_ms, "bbo": levels})

    def tick(self, seconds: float = 0.25) -> None:
        self.now_ms += round(seconds * 1000)
        self.put(Kind.TIMER)


def context(volume: float = 1e6) -> dict[str, object]:
    return {
        "funding": "0.0000125", "openInterest": "10", "prevDayPx": "90", "dayNtlVlm": str(volume), "markPx": "100",
        "oraclePx": "100", "midPx": "100", "premium": "0", "impactPxs": ["99", "101"],
    }  # fmt: skip


def trade(coin: str, price: float, tid: int, time_ms: int, side: str = "B") -> dict[str, object]:
    users = ["0x" + "1" * 40, "0x" + "2" * 40]
    return {"coin": coin, "side": side, "px": str(price), "sz": "1.5", "time": time_ms, "tid": tid, "users": users}
