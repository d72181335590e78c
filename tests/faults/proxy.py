"""A proxy between client and venue that does to their bytes what networks and venues do."""

import asyncio
import contextlib
import math
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator
from functools import partial
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from fault_plan import MOMENTS, Fault, FaultPlan, Port, active
from websocket_frames import FrameSplitter, header_size, is_text

Way = Literal["down", "up"]

_LINGER_NOT = struct.pack("ii", 1, 0)
_SLICE_S = 0.05
_REORDER_S = 1.0
_GIVEN_UP_S = 60.0
_REFUSALS = {
    "handshake_429": "429 Too Many Requests",
    "handshake_418": "418 I'm a teapot",
    "requests_429": "429 Too Many Requests",
}


class Opened(NamedTuple):
    """A connection a client opened: when (virtual seconds) and to which port."""

    at_s: float
    port: Port


class FaultProxy:
    """Listens for both of a venue's ports. `opened` and `fired` say what happened, for checkers."""

    def __init__(self, plan: FaultPlan, websocket_url: str, rest_url: str) -> None:
        self.plan = plan
        self.opened: list[Opened] = []
        self.fired: list[Fault] = []
        self.links: set[_Link] = set()
        self.generator = np.random.default_rng([plan.seed, 2])
        self._targets: dict[Port, str] = {"stream": websocket_url, "requests": rest_url}
        self._urls: dict[Port, str] = {}
        self._same: tuple[Fault, ...] = ()
        self._same_until_s = 0.0

    @property
    def websocket_url(self) -> str:
        """Where the client finds the streams."""
        return self._urls["stream"]

    @property
    def rest_url(self) -> str:
        """Where the client finds the requests."""
        return self._urls["requests"]

    def now_s(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    def on(self, port: Port, *kinds: str, way: Way | None = None) -> Fault | None:
        """A lasting fault of one of these kinds that is on now, on this port and in this direction."""
        for fault in self._on_now():
            here = fault.where in (port, "both") and (way is None or fault.direction in (way, "both"))
            if here and fault.kind in kinds:
                return fault
        return None

    def _on_now(self) -> tuple[Fault, ...]:
        now_s = self.now_s()
        if now_s >= self._same_until_s:
            self._same = tuple(active(self.plan, now_s))
            borders = (border for fault in self.plan.faults for border in (fault.at_s, fault.ends_s))
            self._same_until_s = min((border for border in borders if border > now_s), default=math.inf)
        return self._same

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["FaultProxy"]:
        """Forward, and carry out the plan, while the context lasts."""
        loop = asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as stack:
            for port, url in self._targets.items():
                target = urlsplit(url)
                listener = await loop.create_server(partial(_Client, self, port), "127.0.0.1", 0)
                stack.callback(listener.close)
                number = listener.sockets[0].getsockname()[1]
                self._urls[port] = f"{target.scheme}://127.0.0.1:{number}{target.path}"
            moments = asyncio.create_task(self._strike())
            stack.callback(self._drop_all)
            stack.callback(moments.cancel)
            yield self

    def target(self, port: Port) -> tuple[str, int]:
        """Host and port number of the venue."""
        parts = urlsplit(self._targets[port])
        return parts.hostname or "", parts.port or 0

    async def _strike(self) -> None:
        for fault in self.plan.faults:
            await asyncio.sleep(max(0.0, fault.at_s - self.now_s()))
            if fault.kind in MOMENTS:
                streams = [link for link in self.links if link.port == "stream"]
                self.fired += [fault] * bool(streams)
                for link in streams:
                    link.strike(fault)
            elif fault.kind == "blackhole":
                for link in self.links:
                    if fault.where in (link.port, "both"):
                        link.lose(fault)

    def _drop_all(self) -> None:
        for link in list(self.links):
            link.end()


class _Link:
    """One connection of a client with the one to the venue that belongs to it."""

    def __init__(self, proxy: FaultProxy, port: Port, client: asyncio.Transport) -> None:
        self.port = port
        self._proxy = proxy
        self.pipes: dict[Way, _Pipe] = {"down": _Pipe(proxy, self, "down"), "up": _Pipe(proxy, self, "up")}
        self.pipes["down"].to = client
        proxy.links.add(self)

    def strike(self, fault: Fault) -> None:
        """Let a fault of a moment happen to this connection."""
        if fault.kind == "cut":
            self.pipes["down"].cut_next = True
        elif fault.kind == "half_close":
            self.pipes["up" if fault.direction == "up" else "down"].half_close()
        else:
            self.reset()

    def lose(self, fault: Fault) -> None:
        """Bytes were lost for good: nothing passes any more, and nobody is told."""
        for way, pipe in self.pipes.items():
            pipe.dead |= fault.direction in (way, "both")

    def reset(self) -> None:
        """End both sides with a reset."""
        for pipe in self.pipes.values():
            if pipe.to is not None:
                end = pipe.to.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.end()

    def end(self) -> None:
        """End both sides; what was not sent is lost."""
        self._proxy.links.discard(self)
        for pipe in self.pipes.values():
            pipe.stop()

    def ended_by(self, way: Way) -> None:
        """The side that sent `way` has closed. What is under way still arrives, or is lost, and found out later."""
        if self.pipes[way].dead:
            asyncio.get_running_loop().call_later(_GIVEN_UP_S, self.end)
        else:
            self.pipes[way].finish()


class _Pipe:
    """One direction. Pieces leave in order, each not before its time."""

    def __init__(self, proxy: FaultProxy, link: _Link, way: Way) -> None:
        self.to: asyncio.Transport | None = None
        self.dead = False
        self.cut_next = False
        self._proxy = proxy
        self._link = link
        self._way = way
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._free_s = 0.0
        self._splitter = FrameSplitter() if way == "down" and link.port == "stream" else None
        self._kept: bytes | None = None

    def take(self, data: bytes) -> None:
        """Bytes came in on the other side."""
        if self.dead or self._on("blackhole"):
            self.dead = True
            return
        if self.cut_next:
            self._cut(data)
            return
        pieces = [data] if self._splitter is None else list(self._splitter.feed(data))
        for piece in pieces:
            for changed in self._changed(piece):
                self._post(changed)

    def connected(self) -> None:
        """The far side is there: let go what waited for it."""
        self._send_due()

    def half_close(self) -> None:
        """Say that no more comes, while the other direction goes on."""
        self.dead = True
        if self.to is not None and not self.to.is_closing() and self.to.can_write_eof():
            self.to.write_eof()

    def finish(self) -> None:
        """Close the far side after everything that is queued."""
        self._let_go()
        self._post(None)

    def stop(self) -> None:
        """Drop all that is queued and the far side."""
        self.dead = True
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self.to is not None:
            self.to.abort()

    def _cut(self, data: bytes) -> None:
        """Half of what came arrives; then the connection is gone."""
        if self.to is not None and not self._queue:
            self.to.write(data[: max(1, len(data) // 2)])
            self.to.close()
        self.to = None
        self._link.end()

    def _changed(self, piece: bytes) -> list[bytes]:
        """What becomes of one piece: itself, itself twice, itself damaged, or later."""
        proxy = self._proxy
        if self._splitter is None or not is_text(piece):
            return [piece]
        if self._hits("corrupt"):
            piece = _damaged(piece, proxy.generator)
        if self._hits("duplicate"):
            return [piece, piece]
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return [piece, kept]
        if self._hits("reorder"):
            self._kept = piece
            asyncio.get_running_loop().call_later(_REORDER_S, self._let_go)
            return []
        return [piece]

    def _on(self, kind: str) -> Fault | None:
        return self._proxy.on(self._link.port, kind, way=self._way)

    def _hits(self, kind: str) -> bool:
        fault = self._on(kind)
        if fault is None or self._proxy.generator.random() >= fault.amount:
            return False
        self._proxy.fired.append(fault)
        return True

    def _let_go(self) -> None:
        """Nothing came that could have overtaken the piece that was kept back."""
        if self._kept is not None and not self.dead:
            kept, self._kept = self._kept, None
            self._post(kept)

    def _post(self, piece: bytes | None) -> None:
        now = self._proxy.now_s()
        due = max(now, self._free_s)
        if (stall := self._on("stall")) is not None:
            due = max(due, stall.ends_s)
        if (latency := self._on("latency")) is not None:
            due = max(due, now + latency.amount)
        if (jitter := self._on("jitter")) is not None:
            due = max(due, now + jitter.amount * float(self._proxy.generator.random()))
        slices = self._on("slices")
        if piece is not None and slices is not None:
            self._post_slices(piece, due, max(1, round(slices.amount * _SLICE_S)))
        else:
            self._put(due, piece)
        self._send_due()

    def _post_slices(self, piece: bytes, due: float, size: int) -> None:
        for start in range(0, len(piece), size):
            self._put(due, piece[start : start + size])
            due += _SLICE_S

    def _put(self, due: float, piece: bytes | None) -> None:
        self._free_s = due
        self._queue.append((due, piece))

    def _send_due(self) -> None:
        if self.to is None or self._timer is not None:
            return
        now = self._proxy.now_s()
        while self._queue and self._queue[0][0] <= now:
            self._deliver(self._queue.popleft()[1])
        if self._queue:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._queue[0][0], self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        self._send_due()

    def _deliver(self, piece: bytes | None) -> None:
        if self.to is None or self.to.is_closing():
            return
        if piece is None:
            self.to.close()
            self._link._proxy.links.discard(self._link)
        else:
            self.to.write(piece)


class _Client(asyncio.Protocol):
    """A client's side of a connection."""

    def __init__(self, proxy: FaultProxy, port: Port) -> None:
        self._proxy = proxy
        self._port = port
        self._link: _Link | None = None
        self._refused: bytes | None = None
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._proxy.opened.append(Opened(self._proxy.now_s(), self._port))
        self._transport = transport
        self._link = _Link(self._proxy, self._port, transport)
        self._dialling = asyncio.create_task(self._dial(self._link))

    def data_received(self, data: bytes) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self._transport.write(refusal)
        elif self._link is not None:
            self._link.pipes["up"].take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._link is not None:
            self._link.ended_by("up")
        if self._dialling is not None and not self._dialling.done() and self._link is not None:
            self._dialling.cancel()
            self._link.end()

    def _refusal(self) -> bytes | None:
        """The venue's no, to a handshake or to a request; a stream that is open is left alone."""
        if self._port == "stream":
            if self._refused is not None:
                return None
            self._refused = b""
            fault = self._proxy.on("stream", "handshake_429", "handshake_418")
        else:
            fault = self._proxy.on("requests", "requests_429")
        if fault is None:
            return None
        self._proxy.fired.append(fault)
        wait = f"Retry-After: {fault.amount:.0f}\r\n" if fault.amount else ""
        return f"HTTP/1.1 {_REFUSALS[fault.kind]}\r\n{wait}Content-Length: 0\r\n\r\n".encode()

    async def _dial(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(lambda: _Venue(link), *self._proxy.target(self._port))
        except OSError:
            link.end()
            return
        link.pipes["up"].to = transport
        link.pipes["up"].connected()


class _Venue(asyncio.Protocol):
    """The venue's side of a connection."""

    def __init__(self, link: _Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.pipes["down"].take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.ended_by("down")


def _damaged(piece: bytes, generator: np.random.Generator) -> bytes:
    """A frame with one to three bytes of its text changed into what no text has."""
    damaged = bytearray(piece)
    start = header_size(piece) or 0
    for _ in range(int(generator.integers(1, 4))):
        damaged[int(generator.integers(start, len(piece)))] = int(generator.integers(0xF8, 0x100))
    return bytes(damaged)
