"""A venue's rate budget: how much weight was spent in the last minute, and how long until some more may be.

The venue counts a request when it arrives, we when it leaves: the window is a little longer than the venue's, so that
a request that waited for the last moment is never early.
"""

from collections import deque

from app.core.clock import Clock

WINDOW_S = 62
_WINDOW_NS = WINDOW_S * 1_000_000_000


class Spending:
    """Weight that was spent at a time. What it really came to may be told later: see `WeightBudget.settle`."""

    __slots__ = ("spent_ns", "weight")

    def __init__(self, spent_ns: int, weight: int) -> None:
        self.spent_ns = spent_ns
        self.weight = weight


class WeightBudget:
    """Weight spent over a sliding minute, against a limit. It only counts; whoever spends also waits."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._spent: deque[Spending] = deque()
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
        for spending in self._spent:
            if excess <= 0:
                break
            excess -= spending.weight
            closed = max(closed, spending.spent_ns + _WINDOW_NS - now)
        return closed / 1e9

    def spend(self, weight: int) -> Spending:
        """Count `weight` as spent now."""
        spending = Spending(self._clock.monotonic_ns(), weight)
        self._spent.append(spending)
        self._used += weight
        return spending

    def settle(self, spending: Spending, weight: int) -> None:
        """What was counted as `spending` came to `weight`, which is not more."""
        self._forget(self._clock.monotonic_ns())
        if self._spent and spending.spent_ns >= self._spent[0].spent_ns:
            self._used -= spending.weight - weight
        spending.weight = weight

    def close_for(self, seconds: float) -> None:
        """The venue said no: nothing may be spent for `seconds`."""
        self._closed_until_ns = max(self._closed_until_ns, self._clock.monotonic_ns() + round(seconds * 1e9))

    def _forget(self, now: int) -> None:
        while self._spent and self._spent[0].spent_ns <= now - _WINDOW_NS:
            self._used -= self._spent.popleft().weight


class Pace:
    """Weight at an even pace: no more than `limit` in any window, and never much of it at once."""

    def __init__(self, limit: float, clock: Clock) -> None:
        self._ns_per_weight = _WINDOW_NS / limit
        self._clock = clock
        self._free_ns = 0

    def delay_s(self) -> float:
        """Seconds until more may be spent, 0 for now."""
        return max(0, self._free_ns - self._clock.monotonic_ns()) / 1e9

    def spend(self, weight: int) -> None:
        """Count `weight` as spent now: the next waits until it is worked off. Less than 0 gives some back."""
        began_ns = max(self._free_ns, self._clock.monotonic_ns())
        self._free_ns = began_ns + round(weight * self._ns_per_weight)
