"""A venue of few coins and little trade that speaks the wire's protocol: light enough to live through whole days.

It has what recovery depends on: acknowledgements, twenty seconds of old trades for a new subscription, whole pictures
of book, quote and context at once, recent trades and candles on request, and the venue's limits. Trades come as a
seeded process with calm, usual and busy spells.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple

import msgspec
import numpy as np
from aiohttp import web
from truth import SIDES, TruthLog, TruthTrade
from virtual_loop import VirtualClock
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from app.demo.limits import SlidingBudget
from app.demo.sockets import listen

REPLAY_MS = 20_000
RECENT_TRADES = 10
NEW_CONNECTIONS = 30
USERS = 3
"""So many accounts are streamed to all connections together."""
REQUEST_WEIGHT = 1_200
MINUTE_MS = 60_000
CALM_GAPS_S = (900.0, 200.0, 60.0)
BUSY_GAPS_S = (40.0, 8.0, 2.0)
"""Mean seconds between the trades of a coin; each lasts for a spell."""
LOOK_S = 30.0
"""After so long without a trade, a coin looks whether it has become busy."""
CALM_SPELL_S, BUSY_SPELL_S = 1_200.0, 60.0


class Wanted(NamedTuple):
    """One subscription: channel, coin (or account), interval."""

    channel: str
    coin: str
    interval: str = ""


class _Subscription(msgspec.Struct, omit_defaults=True):
    type: str
    coin: str = ""
    interval: str = ""
    user: str = ""


class _ClientFrame(msgspec.Struct):
    method: str
    subscription: _Subscription | None = None


class _Span(msgspec.Struct):
    coin: str
    interval: str
    start_ms: int = msgspec.field(name="startTime")


class Info(msgspec.Struct):
    """A request."""

    type: str
    coin: str = ""
    user: str = ""
    req: _Span | None = None


_encode = msgspec.json.encode
_decode_frame = msgspec.json.Decoder(_ClientFrame).decode
_decode_info = msgspec.json.Decoder(Info).decode


def frame(channel: str, data: object) -> bytes:
    """A frame in the venue's usual form."""
    return _encode({"channel": channel, "data": data})


class QuietMarket:
    """Trades of some coins over time, and the pictures made from them. It never looks at a clock.

    `is_busy` says at which seconds there is much to lose.
    """

    def __init__(self, seed: int, coins: tuple[str, ...], is_busy: Callable[[float], bool]) -> None:
        self.coins = coins
        self._is_busy = is_busy
        self.truth = TruthLog()
        self._generator = np.random.default_rng([seed, 0])
        self._prices = {coin: 10_000 * (place + 1) for place, coin in enumerate(coins)}
        self._spells = dict.fromkeys(coins, (0.0, 0))
        self._trade_id = 10_000

    def next_in_s(self, coin: str, now_s: float) -> float:
        """Seconds until the next trades of a coin."""
        busy = self._is_busy(now_s)
        ends_s, spell = self._spells[coin]
        if now_s >= ends_s:
            spell = int(self._generator.integers(len(CALM_GAPS_S)))
            lasts_s = float(self._generator.exponential(BUSY_SPELL_S if busy else CALM_SPELL_S))
            self._spells[coin] = now_s + lasts_s, spell
        gap_s = (BUSY_GAPS_S if busy else CALM_GAPS_S)[spell]
        return 0.02 + float(self._generator.exponential(gap_s))

    def trade(self, coin: str, now_ms: int) -> list[TruthTrade]:
        """One order: one to three trades at one time, a few hundred milliseconds old when they are published."""
        generator = self._generator
        time_ms = now_ms - int(generator.integers(0, 400))
        if self.truth.trades[coin]:
            time_ms = max(time_ms, self.truth.trades[coin][-1].time_ms)
        self._prices[coin] = max(100, self._prices[coin] + int(generator.integers(-20, 21)))
        side = SIDES[int(generator.integers(2))]
        made = [
            TruthTrade(coin, time_ms, self._next_id(), self.price(coin), f"{generator.integers(1, 999)}", side, now_ms)
            for _ in range(int(generator.integers(1, 4)))
        ]
        for trade in made:
            self.truth.publish(trade)
        return made

    def _next_id(self) -> int:
        # As on the venue: unique, but in no order.
        self._trade_id += 1
        return self._trade_id * 7_368_787 % 2**45

    def price(self, coin: str) -> str:
        """The price now, as text."""
        return f"{self._prices[coin] / 100:.2f}"

    def newest(self, coin: str) -> list[TruthTrade]:
        """The newest trades, newest first, as a request for them is answered."""
        return self.truth.trades[coin][: -RECENT_TRADES - 1 : -1]

    def replay(self, coin: str, now_ms: int) -> list[TruthTrade]:
        """The trades of the last twenty seconds, or the last one, as a new subscription gets them."""
        trades = self.truth.trades[coin]
        index = len(trades)
        while index and trades[index - 1].published_ms > now_ms - REPLAY_MS:
            index -= 1
        return trades[index:] or trades[-1:]

    def candles(self, coin: str, now_ms: int, start_ms: int | None = None) -> list[dict[str, object]]:
        """Minute candles from `start_ms` (None: the open one only), oldest first; none for minutes without trades."""
        open_ms = now_ms // MINUTE_MS * MINUTE_MS if start_ms is None else start_ms // MINUTE_MS * MINUTE_MS
        minutes: dict[int, list[TruthTrade]] = {}
        for trade in reversed(self.truth.trades[coin]):
            if trade.time_ms < open_ms:
                break
            minutes.setdefault(trade.time_ms // MINUTE_MS * MINUTE_MS, []).insert(0, trade)
        return [_candle(coin, minute, trades) for minute, trades in sorted(minutes.items())]

    def picture(self, wanted: Wanted, now_ms: int) -> list[bytes]:
        """The frames a channel has to show now."""
        price = float(self.price(wanted.coin))
        bid, ask = (
            {"px": f"{price + half:.2f}", "sz": f"{self._generator.integers(1, 99)}", "n": 1} for half in (-0.01, 0.01)
        )
        match wanted.channel:
            case "bbo":
                return [frame("bbo", {"coin": wanted.coin, "time": now_ms, "bbo": [bid, ask]})]
            case "l2Book":
                return [frame("l2Book", {"coin": wanted.coin, "time": now_ms, "levels": [[bid], [ask]]})]
            case "activeAssetCtx":
                return [frame("activeAssetCtx", {"coin": wanted.coin, "ctx": self.context(wanted.coin)})]
            case "candle":
                return [frame("candle", candle) for candle in self.candles(wanted.coin, now_ms)]
        return []

    def context(self, coin: str) -> dict[str, object]:
        """One market's context."""
        price = self.price(coin)
        return {
            "funding": "0.0000125", "openInterest": "10", "prevDayPx": "90", "dayNtlVlm": "1000000", "markPx": price,
            "oraclePx": price, "midPx": price, "premium": "0", "impactPxs": [price, price],
        }  # fmt: skip


class QuietVenue:
    """The venue on real sockets of a loop with virtual time."""

    def __init__(self, market: QuietMarket, clock: VirtualClock, beat_s: float) -> None:
        self.market = market
        self.sockets = listen()
        for listening in self.sockets:
            # What the kernel holds back to join it with more would never leave on virtual time.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clock = clock
        self._beat_s = beat_s
        self.is_mute = False
        """While this is set, pings and subscriptions are answered, and no news is sent."""
        self._clients: dict[ServerConnection, set[Wanted]] = {}
        self._connections = SlidingBudget(NEW_CONNECTIONS)
        self._weight = SlidingBudget(REQUEST_WEIGHT)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["QuietVenue"]:
        """Serve and trade while the context lasts."""
        application = web.Application()
        application.router.add_post("/info", self._info)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.sockets.close)
            await stack.enter_async_context(
                serve(
                    self._handle,
                    sock=self.sockets.websocket,
                    process_request=self._admit,
                    compression=None,
                    ping_interval=None,
                    close_timeout=0.1,
                )
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, self.sockets.rest).start()
            stack.callback(asyncio.create_task(self._beat()).cancel)
            for coin in self.market.coins:
                stack.callback(asyncio.create_task(self._trade(coin)).cancel)
            yield self

    async def _beat(self) -> None:
        """As the venue does, send quotes whether anybody trades or not."""
        while True:
            await asyncio.sleep(self._beat_s)
            quotes = [Wanted("bbo", coin) for coin in self.market.coins]
            await self._publish({wanted: self.market.picture(wanted, self._clock.now_ms()) for wanted in quotes})

    async def _trade(self, coin: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            wait_s = self.market.next_in_s(coin, loop.time())
            await asyncio.sleep(min(wait_s, LOOK_S))
            if wait_s > LOOK_S:
                continue
            trades = self.market.trade(coin, self._clock.now_ms())
            sent = {Wanted("trades", coin): [frame("trades", [wire_trade(trade) for trade in trades])]}
            quote = Wanted("bbo", coin)
            sent[quote] = self.market.picture(quote, self._clock.now_ms())
            await self._publish(sent)

    async def _publish(self, sent: dict[Wanted, list[bytes]]) -> None:
        for client, wanted in [] if self.is_mute else list(self._clients.items()):
            for subscription, frames in sent.items():
                if subscription in wanted:
                    await self._send(client, frames)

    async def _send(self, client: ServerConnection, frames: list[bytes]) -> None:
        # A client that is gone or does not read must not hold the market up.
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(0.005):
                for one in frames:
                    await client.send(one, text=True)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if not self._connections.spend(1, self._clock.now_ms()):
            return connection.respond(HTTPStatus.TOO_MANY_REQUESTS, "too many connections\n")
        self.market.truth.connections_ms.append(self._clock.now_ms())
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        self._clients[connection] = set()
        try:
            with contextlib.suppress(ConnectionClosed):
                async for message in connection:
                    for answer in self._answers(connection, message):
                        await connection.send(answer, text=True)
        finally:
            del self._clients[connection]

    def _answers(self, connection: ServerConnection, message: str | bytes) -> Iterator[bytes]:
        try:
            asked = _decode_frame(message)
        except msgspec.MsgspecError:
            yield frame("error", "Error parsing JSON into valid websocket request")
            return
        if asked.method == "ping":
            yield b'{"channel":"pong"}'
        if asked.subscription is None:
            return
        told = asked.subscription
        wanted = Wanted(told.type, told.coin or told.user, told.interval)
        if self.refuses(wanted):
            yield frame("error", f"Cannot track more than {USERS} total users.")
            return
        yield frame("subscriptionResponse", {"method": asked.method, "subscription": told})
        (self._clients[connection].add if asked.method == "subscribe" else self._clients[connection].discard)(wanted)
        if wanted.channel == "trades":
            old = self.market.replay(wanted.coin, self._clock.now_ms())
            if old:
                yield frame("trades", [wire_trade(trade) for trade in old])
        yield from self.picture(wanted)

    def refuses(self, wanted: Wanted) -> bool:
        """Whether a subscription is one too many of its kind: nobody has an account here."""
        return False

    def picture(self, wanted: Wanted) -> list[bytes]:
        """What a new subscription is shown at once."""
        return self.market.picture(wanted, self._clock.now_ms())

    async def _info(self, request: web.Request) -> web.Response:
        asked = _decode_info(await request.read())
        now_ms = self._clock.now_ms()
        body = _encode(self.answer(asked, now_ms))
        weight = 2 if asked.type == "clearinghouseState" else 20 + (body.count(b"},{") + 1) // 20
        if not self._weight.spend(weight, now_ms):
            return web.Response(status=429)
        self.market.truth.weights_ms.append((now_ms, weight))
        return web.Response(body=body, content_type="application/json")

    def answer(self, asked: Info, now_ms: int) -> object:
        """What a request is answered."""
        market = self.market
        if asked.type == "metaAndAssetCtxs":
            universe = [{"name": coin, "szDecimals": 0, "maxLeverage": 10} for coin in market.coins]
            return [{"universe": universe}, [market.context(coin) for coin in market.coins]]
        if asked.type == "recentTrades":
            return [wire_trade(trade) for trade in market.newest(asked.coin)]
        if asked.req is not None and asked.req.interval == "1m":
            return market.candles(asked.req.coin, now_ms, asked.req.start_ms)
        return []


def wire_trade(trade: TruthTrade) -> dict[str, object]:
    """A trade as it is on the wire."""
    return {
        "coin": trade.coin, "side": trade.side, "px": trade.price, "sz": trade.size, "time": trade.time_ms,
        "hash": "0x" + "0" * 64, "tid": trade.trade_id, "users": trade.users,
    }  # fmt: skip


def _candle(coin: str, minute_ms: int, trades: list[TruthTrade]) -> dict[str, object]:
    prices = [float(trade.price) for trade in trades]
    return {
        "t": minute_ms, "T": minute_ms + MINUTE_MS - 1, "s": coin, "i": "1m", "o": trades[0].price,
        "c": trades[-1].price, "h": f"{max(prices):.2f}", "l": f"{min(prices):.2f}",
        "v": str(sum(int(trade.size) for trade in trades)), "n": len(trades),
    }  # fmt: skip
