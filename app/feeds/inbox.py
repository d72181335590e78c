"""Inputs on their way from the feeds to the engine, in order of arrival.

Frames that are whole snapshots conflate here, before they get a sequence number: a newer one of the same stream takes
the place of one that was not fetched yet, which counts as superseded. Trades and answers never do.
"""

import asyncio
from typing import NamedTuple

from app.core.clock import Clock


class Arrival(NamedTuple):
    """One input with the time it arrived."""

    wall_ns: int
    monotonic_ns: int
    stream: int
    kind: int
    payload: bytes


class Inbox:
    """What has arrived and not been fetched. One reader."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: dict[int, Arrival] = {}
        self._ticket = 0
        self._newest: dict[int, int] = {}
        self._arrived = asyncio.Event()
        self.superseded = 0

    @property
    def waiting(self) -> int:
        """How many inputs have arrived and were not fetched."""
        return len(self._pending)

    def put(self, stream: int, kind: int, payload: bytes) -> None:
        """Add an input that must be dispatched."""
        self._ticket += 1
        self._pending[self._ticket] = Arrival(self._clock.wall_ns(), self._clock.monotonic_ns(), stream, kind, payload)
        self._arrived.set()

    def put_newest(self, stream: int, kind: int, payload: bytes) -> None:
        """Add an input that makes a pending one of the same stream pointless."""
        if self._pending.pop(self._newest.get(stream, 0), None) is not None:
            self.superseded += 1
        self.put(stream, kind, payload)
        self._newest[stream] = self._ticket

    async def fetch(self) -> list[Arrival]:
        """All that is pending, oldest first; waits for the first."""
        await self._arrived.wait()
        self._arrived.clear()
        arrivals = list(self._pending.values())
        self._pending.clear()
        return arrivals
