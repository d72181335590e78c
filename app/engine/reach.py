"""Whether a venue is out of reach for good, from what an engine shows. Pure."""

from app.engine.protocol import Snapshot

UNREACHABLE_MS = 8_000
"""So long without any connection to the venue, and it counts as out of reach."""


class Reach:
    """Told snapshots one after another, it says when to give up."""

    def __init__(self) -> None:
        self._down_ms: int | None = None

    def is_lost(self, snapshot: Snapshot) -> bool:
        """Whether there was neither a market nor a connection for `UNREACHABLE_MS`."""
        states = {feed.state for feed in snapshot.feeds}
        if snapshot.markets or "down" not in states or "ok" in states:
            self._down_ms = None
            return False
        self._down_ms = snapshot.wall_ms if self._down_ms is None else self._down_ms
        return snapshot.wall_ms - self._down_ms >= UNREACHABLE_MS
