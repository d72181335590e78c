"""Inputs on their way from the feeds to the engine, in order of arrival.

Frames that are whole snapshots conflate here, before they get a sequence number: a newer one of the same stream takes
the place of one that was not fetched yet, which counts as superseded. Trades and answers never do.
"""

import asyncio

import msgspec

from app.core.clock import Clock


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One input with the time it arrived."""

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
        self._ticket += 1
        self._add(self._ticket, stream, kind, payload)

    def put_newest(self, stream: int, kind: int, payload: bytes) -> bool:
        """Add an input that makes a pending one of the same stream (≥ 1) pointless; whether there was one."""
        superseded = self._pending.pop(-stream, None) is not None
        if superseded:
            self.superseded += 1
        self._add(-stream, stream, kind, payload)
        return superseded

    async def fetch(self) -> list[Arrival]:
        """All that is pending, oldest first; waits for the first. Whoever asks again is done with what came before."""
        if not self._pending:
            self._drained.set()
        await self._arrived.wait()
        self._arrived.clear()
        arrivals = list(self._pending.values())
        self._pending.clear()
        return arrivals

    async def drained(self) -> None:
        """Wait until all that arrived was fetched, and whoever fetched it asks for more."""
        await self._drained.wait()

    def _add(self, place: int, stream: int, kind: int, payload: bytes) -> None:
        if not self._pending:
            self._arrived.set()
            self._drained.clear()
        self._pending[place] = Arrival(self._wall_ns(), self._monotonic_ns(), stream, kind, payload)
