"""One socket to Hyperliquid: keeps the wanted subscriptions alive and puts each frame under its stream's name.

It decides nothing about markets. Acknowledgements and answers to pings end here; every outcome becomes an input.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.record import AT_REST, BOOKS_CONNECTION, DATA_CONNECTION, FAST, Connected, Dropped, Kind, StreamOpened
from app.feeds.backoff import Backoff
from app.feeds.budget import WeightBudget
from app.feeds.hyperliquid.classify import Key, classify, fast_key, fast_key_of
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.hyperliquid.wire import WireAcknowledgement, WireClientFrame, WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings, WebSocketConnection

_FRAME = int(Kind.FRAME)
_REFUSED_FRAME_BYTES = 1_024
_REST_AFTER_S = 10.0
"""A socket of which nothing is wanted is kept for so long: somebody who looks around wants it again at once."""
_CONFLATED = frozenset({"l2Book", "bbo", "activeAssetCtx", "allMids", "clearinghouseState"})

_encode = msgspec.json.encode
_pack = msgspec.msgpack.encode
_GREETING = b"Websocket connection established"
"""The venue greets some connections with this line of plain text. Any other is a message that was damaged."""
_PING = _encode(WireClientFrame(method="ping"))


class _Acknowledgement(msgspec.Struct):
    channel: str
    data: WireAcknowledgement


_decode_acknowledgement = msgspec.json.Decoder(_Acknowledgement).decode


class Lane(NamedTuple):
    """A socket's name in the inputs, and the number of its control stream: its others count up from there."""

    connection: str
    control_stream: int


DATA_LANE = Lane(DATA_CONNECTION, 1)
BOOKS_LANE = Lane(BOOKS_CONNECTION, 1_000_001)
"""Fast books have a socket of their own: on the wire they look like slow ones of the same coin."""


_Put = Callable[[int, int, bytes], bool | None]
"""Puts a frame of a stream into the inbox; whether another one gave way to it."""


class StreamClient:
    """`run` keeps the socket up until it is cancelled; `subscribe` and `unsubscribe` never block."""

    def __init__(
        self,
        lane: Lane,
        settings: ConnectionSettings,
        inbox: Inbox,
        clock: Clock,
        generator: np.random.Generator,
        new_sockets: WeightBudget,
    ) -> None:
        """`new_sockets` is the budget of new connections that all sockets to the venue share."""
        self._lane = lane
        self._inbox = inbox
        self._wanted: dict[Key, WireSubscription] = {}
        self._streams: dict[Key, int] = {}
        self._by_frame: dict[Key, int] = {}
        self._fast_streams: dict[bytes | None, tuple[int, _Put]] = {}
        self._connected = False
        self._wanted_before: dict[Key, WireSubscription] = {}
        """What was asked of the socket before the one that was opened last."""
        self._anything_wanted, self._nothing_wanted = asyncio.Event(), asyncio.Event()
        self.received_frames = 0
        self.control_frames = 0
        self.superseded_frames = 0
        """How many of those received gave way to a newer one before they were fetched."""
        self._connection = WebSocketConnection(
            settings, self, clock=clock, backoff=Backoff(generator), generator=generator, new_sockets=new_sockets
        )
        self._put(lane.control_stream, Kind.STREAM, self._control())

    @property
    def subscriptions(self) -> int:
        """Subscriptions that are wanted and that the venue has acknowledged."""
        return sum(key in self._wanted for key in self._streams)

    @property
    def is_connected(self) -> bool:
        """Whether the socket is up."""
        return self._connected

    @property
    def connection(self) -> str:
        """The socket's name in the inputs."""
        return self._lane.connection

    def opened(self) -> list[StreamOpened]:
        """What each stream carries, as it was told when it was opened."""
        return [
            self._control(),
            *map(self._opened, self._streams),
        ]

    async def run(self) -> None:
        """Keep the socket up."""
        await self._connection.run()

    async def run_when_wanted(self) -> None:
        """Keep the socket up while anything is wanted of it, and for a moment after."""
        while True:
            await self._anything_wanted.wait()
            running, idle = asyncio.ensure_future(self.run()), asyncio.ensure_future(self._idle())
            try:
                await asyncio.wait({running, idle}, return_when=asyncio.FIRST_COMPLETED)
                if idle.done():
                    # Told before it is closed, which takes a moment in which somebody may want something again.
                    self._rests()
            finally:
                for task in (running, idle):
                    task.cancel()
                await asyncio.gather(running, idle, return_exceptions=True)
            if not running.cancelled():
                running.result()

    async def _idle(self) -> None:
        """Wait until nothing has been wanted for a while."""
        while True:
            await self._nothing_wanted.wait()
            try:
                async with asyncio.timeout(_REST_AFTER_S):
                    await self._anything_wanted.wait()
            except TimeoutError:
                return

    def _rests(self) -> None:
        self._connected = False
        dropped = Dropped(VENUE, self._lane.connection, AT_REST)
        self._put(self._lane.control_stream, Kind.DROP, dropped)

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Want these from now on. Already wanted ones are left alone."""
        for subscription in subscriptions:
            key = _key_of(subscription)
            if key not in self._wanted:
                self._wanted[key] = subscription
                if self._connected:
                    self._send("subscribe", subscription)
        self._note_wanted()

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Want these no longer. Ones that are not wanted are left alone; a stream keeps its number for another time."""
        for subscription in subscriptions:
            if self._wanted.pop(_key_of(subscription), None) is not None and self._connected:
                self._send("unsubscribe", subscription)
        self._note_wanted()

    def _note_wanted(self) -> None:
        """Have the socket made, or let it rest."""
        now, not_now = self._anything_wanted, self._nothing_wanted
        if not self._is_anything_wanted():
            now, not_now = not_now, now
        now.set()
        not_now.clear()

    def _is_anything_wanted(self) -> bool:
        return bool(self._wanted)

    # What the connection tells.

    def connected(self, attempt: int) -> None:
        """The socket is open: ask for everything that is wanted."""
        self._wanted_before = dict(self._wanted)
        self._connected = True
        self._put(self._lane.control_stream, Kind.CONNECT, Connected(VENUE, self._lane.connection, attempt))
        for subscription in self._wanted.values():
            self._send("subscribe", subscription)

    def dropped(self, reason: str, retry_in_s: float) -> None:
        """The socket is gone."""
        self._connected = False
        dropped = Dropped(VENUE, self._lane.connection, reason, round(retry_in_s, 3))
        self._put(self._lane.control_stream, Kind.DROP, dropped)

    def fell_back(self) -> None:
        """The socket before goes on: it has to learn what has changed since the other one was opened."""
        for key, subscription in self._wanted_before.items():
            if key not in self._wanted:
                self._send("unsubscribe", subscription)
        for key, subscription in self._wanted.items():
            if key not in self._wanted_before:
                self._send("subscribe", subscription)

    def received(self, frame: bytes) -> bool:
        """Hand a frame on under the stream it belongs to; whether it was data."""
        self.received_frames += 1
        known = self._fast_streams.get(fast_key(frame))
        if known is None:
            return self._received_slowly(frame)
        stream, put = known
        if put(stream, _FRAME, frame):
            self.superseded_frames += 1
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
        stream = self._by_frame.get(key)
        if stream is not None:
            self.superseded_frames += bool(self._put_of(key.channel)(stream, _FRAME, frame))
        elif key.channel == "subscriptionResponse":
            self._acknowledged(frame)
        elif key.channel in ("pong", "post"):
            self.control_frames += 1
        elif key.channel == "error":
            self._said(frame)
        else:
            self._refuse(frame)
        return stream is not None

    def _refuse(self, frame: bytes) -> None:
        """The core counts what nobody can use; the beginning is enough to say why."""
        self._inbox.put(self._lane.control_stream, _FRAME, frame[:_REFUSED_FRAME_BYTES])

    def _acknowledged(self, frame: bytes) -> None:
        try:
            data = _decode_acknowledgement(frame).data
        except UNDECODABLE:
            self._refuse(frame)
            return
        self.control_frames += 1
        key = _key_of(data.subscription)
        if data.method == "subscribe" and key in self._wanted:
            self._accepted(key)

    def _said(self, frame: bytes) -> None:
        """The venue complains of something that was asked of it."""
        self._refuse(frame)

    def _accepted(self, key: Key) -> None:
        """The venue streams from now on what was asked of it; told the first time."""
        if key in self._streams:
            return
        stream = self._streams[key] = self._lane.control_stream + 1 + len(self._streams)
        self._tell(key)
        on_the_wire = key._replace(variant="") if key.variant == FAST else key
        self._by_frame[on_the_wire] = stream
        if not on_the_wire.variant:
            self._fast_streams[fast_key_of(key.channel, key.subject)] = (stream, self._put_of(key.channel))

    def _tell(self, key: Key) -> None:
        self._put(self._streams[key], Kind.STREAM, self._opened(key))

    def _opened(self, key: Key) -> StreamOpened:
        return StreamOpened(self._streams[key], VENUE, "websocket", *key)

    def _put_of(self, channel: str) -> _Put:
        if channel == "trades":
            return self._inbox.put_together
        return self._inbox.put_newest if channel in _CONFLATED else self._inbox.put

    def _send(self, method: str, subscription: WireSubscription) -> None:
        self._connection.send(_encode(WireClientFrame(method=method, subscription=subscription)))

    def _control(self) -> StreamOpened:
        subject = "" if self._lane is DATA_LANE else self._lane.connection
        return StreamOpened(self._lane.control_stream, VENUE, "websocket", "control", subject)

    def _put(self, stream: int, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(stream, kind, _pack(payload))


def ping_frame() -> bytes:
    """What keeps a socket from being taken for dead."""
    return _PING


def _key_of(subscription: WireSubscription) -> Key:
    variant = subscription.interval or (FAST if subscription.fast else "")
    return Key(subscription.type, subscription.coin or subscription.user or "", variant)
