"""A venue's nested limits: so many calls in any sliding window, a call counting in several groups at once.

The venue counts a call when it arrives: after it left here and before its answer came. A place is therefore taken from
the moment a call leaves until a whole window after it was answered: none is ever early, however long it travelled.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.core.clock import Clock


class Usage(NamedTuple):
    """Calls that were made in a group, and the most that its limit let be made in the time since the first one.

    `whole_calls` and `whole_allowed` are the same without the window that the last call began in: nobody knows whether
    that one would have been used to its end.
    """

    group: str
    calls: int
    allowed: int
    elapsed_s: float
    whole_calls: int = 0
    whole_allowed: int = 0

    @property
    def share(self) -> float:
        """Calls made by calls allowed, 0 to 1; 0 before the first call."""
        return self.calls / self.allowed if self.allowed else 0.0

    @property
    def whole_share(self) -> float:
        """The same over whole windows; before the first of them is over, as `share`."""
        return self.whole_calls / self.whole_allowed if self.whole_allowed else self.share


class CallWindows:
    """Calls in flight and answered, by group. It only counts; whoever calls also waits, and tells of the answer."""

    def __init__(self, limits: Mapping[str, int], window_s: float, clock: Clock) -> None:
        self._clock = clock
        self._window_ns = round(window_s * 1e9)
        self._groups = {name: _Group(limit) for name, limit in limits.items()}

    def delay_s(self, groups: Iterable[str]) -> float:
        """Seconds until one call may be made that counts in all of `groups`, 0 for now.

        Where calls in flight hold the places, it is the least it can take: ask again after it.
        """
        now = self._clock.monotonic_ns()
        return max((self._groups[name].wait_ns(now, self._window_ns) for name in groups), default=0) / 1e9

    def begin(self, groups: Iterable[str]) -> None:
        """A call leaves now."""
        now = self._clock.monotonic_ns()
        for name in groups:
            self._groups[name].begin(now, self._window_ns)

    def end(self, groups: Iterable[str]) -> None:
        """A call that was begun is answered, failed or given up."""
        now = self._clock.monotonic_ns()
        for name in groups:
            self._groups[name].end(now)

    def close_for(self, groups: Iterable[str], seconds: float) -> None:
        """The venue said no: nothing may leave in any of `groups` for `seconds`."""
        until_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        for name in groups:
            self._groups[name].close(until_ns)

    def used(self, group: str) -> int:
        """Places that are taken now."""
        return self._groups[group].used(self._clock.monotonic_ns(), self._window_ns)

    def usage(self) -> tuple[Usage, ...]:
        """How much of each group's limit was used since its first call; groups without a call are left out."""
        now = self._clock.monotonic_ns()
        return tuple(group.usage(name, now, self._window_ns) for name, group in self._groups.items() if group.calls)


class _Group:
    """One limit: `limit` calls in any window."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.calls = 0
        self._in_flight = 0
        self._answered_ns: deque[int] = deque()
        self._first_ns = 0
        self._whole_windows = self._whole_calls = 0
        self._closed_until_ns = 0

    def wait_ns(self, now: int, window_ns: int) -> int:
        closed = max(0, self._closed_until_ns - now)
        excess = self.used(now, window_ns) - self.limit
        if excess < 0:
            return closed
        if excess >= len(self._answered_ns):
            return max(closed, window_ns)
        return max(closed, self._answered_ns[excess] + window_ns - now)

    def begin(self, now: int, window_ns: int) -> None:
        self._first_ns = now if self.calls == 0 else self._first_ns
        windows = (now - self._first_ns) // window_ns
        if windows > self._whole_windows:
            self._whole_windows, self._whole_calls = windows, self.calls
        self.calls += 1
        self._in_flight += 1

    def end(self, now: int) -> None:
        self._in_flight -= 1
        self._answered_ns.append(now)

    def close(self, until_ns: int) -> None:
        self._closed_until_ns = max(self._closed_until_ns, until_ns)

    def used(self, now: int, window_ns: int) -> int:
        while self._answered_ns and self._answered_ns[0] <= now - window_ns:
            self._answered_ns.popleft()
        return self._in_flight + len(self._answered_ns)

    def usage(self, name: str, now: int, window_ns: int) -> Usage:
        elapsed_ns = now - self._first_ns
        # A sliding window lets the whole limit go at its start and again each time it is over.
        allowed = self.limit * (1 + elapsed_ns // window_ns)
        return Usage(name, self.calls, allowed, elapsed_ns / 1e9, self._whole_calls, self.limit * self._whole_windows)
