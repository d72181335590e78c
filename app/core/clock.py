"""Time as a value that is passed in. The only module that may ask the machine what time it is."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of time: wall time for display and storage, monotonic time for durations."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back."""


class KeepsTimes(Protocol):
    """What keeps moments of the machine's clock, and must know when that is set back."""

    def clock_set_back(self, wall_ms: int) -> None:
        """It is `wall_ms` now, which is before moments that may be kept here."""


class SystemClock:
    """The machine's own clocks."""

    # Asked several times for every frame: a method around each would cost as much as the answer.
    wall_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)


class ManualClock:
    """A clock that moves only when told to: for tests and for replay."""

    def __init__(self, wall_ns: int = 1_700_000_000_000_000_000, monotonic_ns: int = 0) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns

    def wall_ns(self) -> int:
        return self._wall_ns

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds` (≥ 0)."""
        step = round(seconds * 1e9)
        self._wall_ns += step
        self._monotonic_ns += step
