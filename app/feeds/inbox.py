"""Inputs on their way from the feeds to the engine, in order of arrival.

Frames that are whole snapshots conflate here, before they get a sequence number: a newer one of the same stream takes
the place of one that was not fetched yet, which counts as superseded. Trades and answers never do, but trades of one
stream that wait together become one input, so that what an input costs is paid once for all of them. They never come
before anything else that must be dispatched and arrived earlier: a break, a tick, an answer.
"""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from app.core.clock import Clock
from app.core.record import FRAMES_BYTES, Kind, pack_frames

_FRAMES = int(Kind.FRAMES)
_MOST_TOGETHER = 128
"""Frames of one input: no more, because the loop is held until all of them are dispatched."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One input with the time it arrived: of several frames, the first."""

    wall_ns: int
    monotonic_ns: int
    stream: int
    kind: int
    payload: bytes


class Inbox:
    """What has arrived and not been fetched. One reader."""

    def __init__(self, clock: Clock) -> None:
        self._wall_ns, self._monotonic_ns = clock.wall_ns, clock.monotonic_ns
        # In order of arrival. Pictures are found by their stream, negated; all else has a number of its own.
        self._pending: dict[int, Arrival] = {}
        # The frames of those that may be several, by that number; and by stream, as long as more may join them.
        self._together: dict[int, list[bytes]] = {}
        self._open: dict[int, list[bytes]] = {}
        self._ticket = 0
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self.superseded = 0

    @property
    def waiting(self) -> int:
        """How many inputs have arrived and were not fetched."""
        return len(self._pending)

    def put(self, stream: int, kind: int, payload: bytes) -> None:
        """Add an input that must be dispatched."""
        self._open.clear()
        self._ticket += 1
        self._add(self._ticket, stream, kind, payload)

    def put_newest(self, stream: int, kind: int, payload: bytes) -> bool:
        """Add an input that makes a pending one of the same stream (≥ 1) pointless; whether there was one."""
        superseded = self._pending.pop(-stream, None) is not None
        if superseded:
            self.superseded += 1
        self._add(-stream, stream, kind, payload)
        return superseded

    def put_together(self, stream: int, kind: int, payload: bytes) -> None:
        """Add a frame that takes the place of none, but may share an input with others of its stream."""
        frames = self._open.get(stream)
        if frames is None:
            self._ticket += 1
            self._open[stream] = self._together[self._ticket] = [payload]
            self._add(self._ticket, stream, kind, payload)
        else:
            frames.append(payload)

    async def fetch(self) -> list[Arrival]:
        """All that is pending, oldest first; waits for the first. Whoever asks again is done with what came before."""
        if not self._pending:
            self._drained.set()
        await self._arrived.wait()
        self._arrived.clear()
        arrivals: list[Arrival] = []
        for place, arrival in self._pending.items():
            frames = self._together.get(place, ())
            if len(frames) > 1:
                arrivals += _joined(arrival, frames)
            else:
                arrivals.append(arrival)
        for emptied in (self._pending, self._together, self._open):
            emptied.clear()
        return arrivals

    async def drained(self) -> None:
        """Wait until all that arrived was fetched, and whoever fetched it asks for more."""
        await self._drained.wait()

    def _add(self, place: int, stream: int, kind: int, payload: bytes) -> None:
        if not self._pending:
            self._arrived.set()
            self._drained.clear()
        self._pending[place] = Arrival(self._wall_ns(), self._monotonic_ns(), stream, kind, payload)


def _joined(first: Arrival, frames: Sequence[bytes]) -> Iterator[Arrival]:
    """The frames in as few inputs as may hold them; each alone where they are too large."""
    for start in range(0, len(frames), _MOST_TOGETHER):
        together = frames[start : start + _MOST_TOGETHER]
        packed = pack_frames(together)
        if len(packed) <= FRAMES_BYTES:
            yield msgspec.structs.replace(first, kind=_FRAMES, payload=packed)
        else:
            yield from (msgspec.structs.replace(first, payload=frame) for frame in together)
