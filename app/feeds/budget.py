"""A venue's rate budget: how much weight was spent in the last minute, and how long until some more may be.

The venue counts a request when it arrives, we when it leaves: the window is a little longer than the venue's, so that
a request that waited for the last moment is never early.
"""

from collections import deque

from app.core.clock import Clock

WINDOW_S = 62
_WINDOW_NS = WINDOW_S * 1_000_000_000


class WeightBudget:
    """Weight spent over a sliding minute, against a limit. It only counts; whoever spends also waits."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._spent: deque[tuple[int, int]] = deque()
        self._used = 0
        self._closed_until_ns = 0

    @property
    def used(self) -> int:
        """Weight spent in the last 62 s."""
        self._forget(self._clock.monotonic_ns())
        return self._used

    def delay_s(self, weight: int, share: float = 1.0) -> float:
        """Seconds until `weight` may be spent, 0 for now; a weight over the limit waits for an empty window.

        `share` (0-1) of the limit is all that may be used: the rest is kept for what cannot wait.
        """
        now = self._clock.monotonic_ns()
        self._forget(now)
        closed = max(0, self._closed_until_ns - now)
        allowed = round(self.limit * share)
        excess = self._used + min(weight, allowed) - allowed
        for spent_ns, spent in self._spent:
            if excess <= 0:
                break
            excess -= spent
            closed = max(closed, spent_ns + _WINDOW_NS - now)
        return closed / 1e9

    def spend(self, weight: int) -> None:
        """Count `weight` as spent now."""
        self._spent.append((self._clock.monotonic_ns(), weight))
        self._used += weight

    def close_for(self, seconds: float) -> None:
        """The venue said no: nothing may be spent for `seconds`."""
        self._closed_until_ns = max(self._closed_until_ns, self._clock.monotonic_ns() + round(seconds * 1e9))

    def _forget(self, now: int) -> None:
        while self._spent and self._spent[0][0] <= now - _WINDOW_NS:
            self._used -= self._spent.popleft()[1]
