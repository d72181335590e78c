"""How a feed is doing, judged by its data and not by its socket. Pure: time comes with each input."""

from typing import Literal

FeedState = Literal["connecting", "waiting", "ok", "idle", "open", "paced", "stale", "down", "ended"]


class FeedHealth:
    """Counts and ages of one connection of a venue. Times are milliseconds of the engine's clock."""

    def __init__(self, name: str, stale_after_ms: int | None, *, is_stream: bool = False) -> None:
        """`stale_after_ms` is None for a connection that is never stale: it delivers only when it is asked, or, if it
        `is_stream`, when something happens.
        """
        self.name = name
        self._stale_after_ms = stale_after_ms
        self.frames = 0
        self.parse_errors = 0
        self.drops = 0
        self.reconnects = 0
        self.holes = 0
        self.venue_lag_ms: int | None = None
        self.message = ""
        self.wanted: bool | None = None
        """Whether anything is wanted of it (None: nobody said, so it counts as wanted until the connection rests).

        When nothing is, silence and a closed connection are as they should be.
        """
        self._is_stream = is_stream
        self._connected = False
        self._rested = False
        self._ever_connected = False
        self._newest_ms: int | None = None
        self._retry_at_ms: int | None = None

    @property
    def is_up(self) -> bool:
        """Whether the connection stands."""
        return self._connected

    @property
    def was_tried(self) -> bool:
        """Whether a connection was made, or could not be."""
        return self._ever_connected or bool(self.message)

    def connected(self) -> None:
        """The connection is up."""
        if self._ever_connected and not self._connected and not self._rested:
            self.reconnects += 1
        self._connected = self._ever_connected = True
        self._rested = False
        self._retry_at_ms = None
        self.message = ""

    def dropped(self, now_ms: int, reason: str, retry_in_s: float | None) -> None:
        """The connection is down or could not be made. Only one that was up, and was wanted, counts as a drop."""
        if self.wanted is False:
            self.rests()
            return
        self.drops += self._connected
        self._connected = False
        self._retry_at_ms = None if retry_in_s is None else now_ms + round(retry_in_s * 1000)
        self.message = reason

    def rests(self) -> None:
        """The connection was closed because nothing was wanted of it, whatever is wanted by now."""
        self._connected, self._rested = False, True
        self._newest_ms = self._retry_at_ms = None
        self.message = ""
        if self.wanted is None:
            self.wanted = False

    def received(self, messages: int = 1) -> None:
        """Messages arrived; whether they are of use is not known yet."""
        self.frames += messages

    def data(self, newest_ms: int) -> None:
        """The newest usable data came at `newest_ms`."""
        if self._newest_ms is None or newest_ms > self._newest_ms:
            self._newest_ms = newest_ms

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: nothing may be newer than that."""
        if self._newest_ms is not None:
            self._newest_ms = min(self._newest_ms, now_ms)
        if self._retry_at_ms is not None:
            self._retry_at_ms = now_ms

    def age_ms(self, now_ms: int) -> int | None:
        """Age of the newest data; None before the first."""
        return None if self._newest_ms is None else max(0, now_ms - self._newest_ms)

    def retry_in_s(self, now_ms: int) -> float | None:
        """Seconds to the next try; None when none is planned."""
        return None if self._retry_at_ms is None else max(0, self._retry_at_ms - now_ms) / 1000

    def state(self, now_ms: int) -> FeedState:
        """One word: a connection that delivers nothing is waiting at first, stale later, and never ok."""
        age = self.age_ms(now_ms)
        fresh = age is not None and self._stale_after_ms is not None and age <= self._stale_after_ms
        if self.wanted is False and not fresh:
            return "idle"
        if not self._connected:
            return "down" if self.message else "connecting"
        if self._stale_after_ms is None:
            return "open" if self._is_stream else "idle"
        return "waiting" if age is None else "ok" if fresh else "stale"
