"""The Hyperliquid client: carries out what the engine asks for and puts what comes back into the inbox.

It decides nothing about markets. It keeps the wanted subscriptions alive across reconnects, names each frame's stream,
answers pings, and spends the request budget; every outcome, good or bad, becomes an input.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.errors import FrameError, VenueError
from app.core.record import (
    DATA_CONNECTION,
    REQUEST_CONNECTION,
    Answer,
    Connected,
    Dropped,
    Kind,
    Request,
    StreamOpened,
)
from app.feeds.backoff import Backoff
from app.feeds.budget import WeightBudget
from app.feeds.http import HttpAnswer, HttpClient
from app.feeds.hyperliquid import limits
from app.feeds.hyperliquid.classify import Key, classify, fast_key, fast_key_of
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.hyperliquid.wire import WireAcknowledgement, WireClientFrame, WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings, WebSocketConnection, retry_after_s

CONTROL_STREAM = 1
_FRAME = int(Kind.FRAME)
_REFUSED_FRAME_BYTES = 1_024
_CONFLATED = frozenset({"l2Book", "bbo", "activeAssetCtx", "allMids"})
_REQUEST_TRIES_S = (1.0, 15.0)
_REQUEST_TRIES = 5
_BACKFILL_SHARE = 0.75
_REFUSED_WAIT_S = {418: 300.0, 429: 10.0}
"""How long the budget stays closed when the venue names no time; 418 is a ban."""
_FIRST = frozenset({"metaAndAssetCtxs", "recentTrades"})

_encode = msgspec.json.encode
_pack = msgspec.msgpack.encode
_GREETING = b"Websocket connection established"
"""The venue greets some connections with this line of plain text. Any other is a message that was damaged."""
_PING = _encode(WireClientFrame(method="ping"))


class _Acknowledgement(msgspec.Struct):
    channel: str
    data: WireAcknowledgement


_decode_acknowledgement = msgspec.json.Decoder(_Acknowledgement).decode


class ClientSettings(msgspec.Struct, frozen=True):
    """What the client needs to know; see `HyperliquidSettings` for the meaning of each."""

    websocket_url: str
    rest_url: str
    weight_per_minute: int
    request_timeout_s: float
    ping_every_s: float
    silence_limit_s: float
    lifetime_s: float
    ingest_budget_ms: float


class HyperliquidClient:
    """One socket and one request queue. `run` works until cancelled; `subscribe` and `request` never block."""

    def __init__(self, settings: ClientSettings, inbox: Inbox, clock: Clock, generator: np.random.Generator) -> None:
        self._inbox = inbox
        self._generator = generator
        self.budget = WeightBudget(settings.weight_per_minute, clock)
        self._http = HttpClient(settings.rest_url, timeout_s=settings.request_timeout_s, body_cap=limits.BODY_BYTES)
        self._requests: asyncio.PriorityQueue[tuple[int, int, Request]] = asyncio.PriorityQueue()
        self._asked: set[tuple[str, str, str]] = set()
        self._outstanding: dict[int, Request] = {}
        self._wanted: dict[Key, WireSubscription] = {}
        self._streams: dict[Key, int] = {}
        self._fast_streams: dict[bytes | None, tuple[int, Callable[[int, int, bytes], None]]] = {}
        self._connected = False
        self.received_frames = 0
        self.control_frames = 0
        self._connection = WebSocketConnection(
            ConnectionSettings(
                url=settings.websocket_url,
                ping=_PING,
                ping_every_s=settings.ping_every_s,
                silence_limit_s=settings.silence_limit_s,
                lifetime_s=settings.lifetime_s,
                frame_cap=limits.FRAME_BYTES,
                budget_ms=settings.ingest_budget_ms,
            ),
            self,
            clock=clock,
            backoff=Backoff(generator),
            new_sockets=WeightBudget(limits.NEW_CONNECTIONS_PER_MINUTE, clock),
        )
        self._put(CONTROL_STREAM, Kind.STREAM, StreamOpened(CONTROL_STREAM, VENUE, "websocket", "control"))

    @property
    def subscriptions(self) -> int:
        """Subscriptions the venue has acknowledged at least once."""
        return len(self._streams)

    def opened(self) -> list[StreamOpened]:
        """What each stream carries, as it was told when it was opened."""
        control = StreamOpened(CONTROL_STREAM, VENUE, "websocket", "control")
        return [control, *(StreamOpened(stream, VENUE, "websocket", *key) for key, stream in self._streams.items())]

    @property
    def is_connected(self) -> bool:
        """Whether the stream connection is up."""
        return self._connected

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return list(self._outstanding.values())

    async def run_socket(self) -> None:
        """Keep the stream connection up."""
        await self._connection.run()

    async def run_requests(self) -> None:
        """Work off the queue of requests, one at a time, inside the budget."""
        try:
            while True:
                _, _, request = await self._requests.get()
                await self._carry_out(request)
        finally:
            await self._http.close()

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Want these from now on. Already wanted ones are left alone."""
        for subscription in subscriptions:
            key = _key_of(subscription)
            if key not in self._wanted:
                self._wanted[key] = subscription
                if self._connected:
                    self._send_subscribe(subscription)

    def request(self, request: Request) -> None:
        """Queue a request; its answer, or its failure after some tries, arrives as an input with its id.

        One that asks what a waiting one asks is left out.
        """
        question = (request.channel, request.subject, request.variant)
        if question not in self._asked:
            self._asked.add(question)
            self._outstanding[request.request_id] = request
            self._put(0, Kind.REQUEST, request)
            self._requests.put_nowait((0 if request.channel in _FIRST else 1, request.request_id, request))

    # What the connection tells.

    def connected(self, attempt: int) -> None:
        """The socket is open: ask for everything that is wanted."""
        self._connected = True
        self._put(CONTROL_STREAM, Kind.CONNECT, Connected(VENUE, DATA_CONNECTION, attempt))
        for subscription in self._wanted.values():
            self._send_subscribe(subscription)

    def dropped(self, reason: str, retry_in_s: float) -> None:
        """The socket is gone."""
        self._connected = False
        self._put(CONTROL_STREAM, Kind.DROP, Dropped(VENUE, DATA_CONNECTION, reason, round(retry_in_s, 3)))

    def received(self, frame: bytes) -> bool:
        """Hand a frame on under the stream it belongs to; whether it was data."""
        self.received_frames += 1
        known = self._fast_streams.get(fast_key(frame))
        if known is None:
            return self._received_slowly(frame)
        stream, put = known
        put(stream, _FRAME, frame)
        return True

    async def digested(self) -> None:
        """Wait until the engine has taken all frames."""
        await self._inbox.drained()

    def _received_slowly(self, frame: bytes) -> bool:
        if frame.startswith(_GREETING):
            self.control_frames += 1
            return False
        try:
            key = classify(frame)
        except FrameError:
            self._refuse(frame)
            return False
        stream = self._streams.get(key)
        if stream is not None:
            self._put_of(key.channel)(stream, _FRAME, frame)
        elif key.channel == "subscriptionResponse":
            self._acknowledged(frame)
        elif key.channel in ("pong", "post"):
            self.control_frames += 1
        else:
            self._refuse(frame)
        return stream is not None

    def _refuse(self, frame: bytes) -> None:
        """The core counts what nobody can use; the beginning is enough to say why."""
        self._inbox.put(CONTROL_STREAM, _FRAME, frame[:_REFUSED_FRAME_BYTES])

    def _acknowledged(self, frame: bytes) -> None:
        try:
            data = _decode_acknowledgement(frame).data
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._refuse(frame)
            return
        self.control_frames += 1
        key = _key_of(data.subscription)
        if data.method != "subscribe" or key not in self._wanted or key in self._streams:
            return
        stream = self._streams[key] = CONTROL_STREAM + 1 + len(self._streams)
        self._put(stream, Kind.STREAM, StreamOpened(stream, VENUE, "websocket", *key))
        if not key.variant:
            self._fast_streams[fast_key_of(key.channel, key.subject)] = (stream, self._put_of(key.channel))

    def _put_of(self, channel: str) -> Callable[[int, int, bytes], None]:
        return self._inbox.put_newest if channel in _CONFLATED else self._inbox.put

    def _send_subscribe(self, subscription: WireSubscription) -> None:
        self._connection.send(_encode(WireClientFrame(method="subscribe", subscription=subscription)))

    # Requests.

    async def _carry_out(self, request: Request) -> None:
        backoff = Backoff(self._generator, first_s=_REQUEST_TRIES_S[0], longest_s=_REQUEST_TRIES_S[1])
        while True:
            await self._afford(limits.request_weight(request.channel), request.channel)
            answer = await self._try(request)
            if answer.status == 200 or (400 <= answer.status < 500 and answer.status not in _REFUSED_WAIT_S):
                self._put(0, Kind.CONNECT, Connected(VENUE, REQUEST_CONNECTION, backoff.failures + 1))
                break
            if backoff.failures + 1 >= _REQUEST_TRIES:
                break
            await self._wait_after(answer.error, backoff)
        self._asked.discard((request.channel, request.subject, request.variant))
        del self._outstanding[request.request_id]
        self._put(0, Kind.ANSWER, answer)

    async def _try(self, request: Request) -> Answer:
        """One try; status 0 when nothing usable came."""
        try:
            answer = await self._http.post_json("/info", request.body)
        except VenueError as error:
            return Answer(request.request_id, 0, b"", str(error))
        if answer.status in _REFUSED_WAIT_S:
            self.budget.close_for(
                retry_after_s(answer.headers.get("retry-after", "")) or _REFUSED_WAIT_S[answer.status]
            )
            return Answer(request.request_id, answer.status, b"", f"the venue refuses requests ({answer.status})")
        if answer.status != 200:
            return Answer(request.request_id, answer.status, b"", f"the venue answered {answer.status}")
        self.budget.spend(_extra_weight(request, answer))
        return Answer(request.request_id, 200, answer.body)

    async def _afford(self, weight: int, channel: str) -> None:
        share = 1.0 if channel in _FIRST else _BACKFILL_SHARE
        # The only spender: what is free after the wait is still free now.
        await asyncio.sleep(self.budget.delay_s(weight, share))
        self.budget.spend(weight)

    async def _wait_after(self, reason: str, backoff: Backoff) -> None:
        delay = max(backoff.next_s(), self.budget.delay_s(0))
        self._put(0, Kind.DROP, Dropped(VENUE, REQUEST_CONNECTION, reason, round(delay, 3)))
        await asyncio.sleep(delay)

    def _put(self, stream: int, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(stream, kind, _pack(payload))


def _key_of(subscription: WireSubscription) -> Key:
    variant = subscription.interval or ("fast" if subscription.fast else "")
    return Key(subscription.type, subscription.coin or subscription.user or "", variant)


def _extra_weight(request: Request, answer: HttpAnswer) -> int:
    """What the venue adds for the items it returned."""
    items = answer.body.count(b"},{") + 1 if answer.body.startswith(b"[{") else 0
    return limits.request_weight(request.channel, items) - limits.request_weight(request.channel)
