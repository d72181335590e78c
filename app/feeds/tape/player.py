"""Plays a recording as if it were the venue: the same records, at the distances in which they were received."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator

from app.core.clock import Clock
from app.core.errors import UsageError
from app.core.playback import Playback
from app.core.record import Record
from app.feeds.tape.recording import Recording

SLOWEST, FASTEST = 0.001, 1_000_000.0
"""Range of speeds, as multiples of real time."""
WORK_NS = 2_000_000
"""After so much work without a wait the loop is given back."""


class Player:
    """Dispatches the records of `recording` in order.

    At speed N the distances between wall times are divided by N; None dispatches without waiting. Context before the
    recording's start comes at once. `pause`, `resume`, `set_speed` and `seek` may be called at any time, from a
    dispatch too, and interrupt a wait. `restart` is called before the records are dispatched from the beginning again,
    for a seek back: the engine then forgets what it knows.
    """

    def __init__(
        self,
        recording: Recording,
        dispatch: Callable[[Record], None],
        *,
        speed: float | None,
        clock: Clock,
        restart: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        hold: bool = False,
    ) -> None:
        """`hold` keeps `run` waiting at the end for a seek. Raises `UsageError` for a speed that is none."""
        self._recording = recording
        self._dispatch = dispatch
        self._speed = _checked(speed)
        self._clock = clock
        self._restart = restart
        self._sleep = sleep
        self._hold = hold
        self._paused = False
        self._records: Iterator[Record] = iter(())
        self._begun = False
        self._upcoming: Record | None = None
        self._newest_ns = 0
        self._position_ns = recording.start_ns
        self._seek_ns: int | None = None
        self._catch_up_ns: int | None = None
        self._anchor_wall_ns = recording.start_ns
        self._anchor_ns = clock.monotonic_ns()
        self._changed = asyncio.Event()
        self._waiting: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Play until the end, then return; with `hold`, wait at the end for a seek until cancelled.

        May be called again after it returned: it goes on where a seek has led, or returns at once. Errors of the
        recording, of `dispatch` and of `restart` come out of it.
        """
        if not self._begun:
            self._rewind()
        while True:
            self._changed.clear()
            self._follow_seek()
            if self._ended() and not self._hold:
                return
            record = self._upcoming
            if record is None or (self._paused and self._catch_up_ns is None):
                await self._changed.wait()
            elif self._is_due(record):
                self._play_due()
                await self._sleep(0)
            else:
                await self._wait(self._wait_ns(record) / 1e9)

    def pause(self) -> None:
        """Stop where the playback stands; a seek is still followed."""
        self._anchor(self._now_ns())
        self._paused = True
        self._interrupt()

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._paused:
            self._paused = False
            self._anchor(self._position_ns)
            self._interrupt()

    def set_speed(self, speed: float | None) -> None:
        """Play at `speed` times real time from here on; None is full speed.

        Raises `UsageError` for a speed outside `SLOWEST` to `FASTEST`.
        """
        checked = _checked(speed)
        self._anchor(self._now_ns())
        self._speed = checked
        self._interrupt()

    def seek(self, wall_ns: int) -> None:
        """Go to `wall_ns`, brought into the recording's span: everything up to it is dispatched without waiting."""
        self._seek_ns = min(max(wall_ns, self._recording.start_ns), self._recording.end_ns)
        self._interrupt()

    def view(self) -> Playback:
        """Where the playback stands now."""
        return Playback(
            self._recording.start_ns // 1_000_000,
            self._recording.end_ns // 1_000_000,
            self._now_ns() // 1_000_000,
            self._speed,
            self._paused,
            self._ended(),
        )

    def _rewind(self) -> None:
        self._begun = True
        self._records = self._recording.records()
        self._upcoming = next(self._records, None)
        self._newest_ns = 0
        self._anchor(self._recording.start_ns)

    def _follow_seek(self) -> None:
        """Begin a seek that was asked for; end one that has got there."""
        if self._seek_ns is not None:
            if self._seek_ns < self._newest_ns:
                self._restart()
                self._rewind()
            self._catch_up_ns, self._seek_ns = self._seek_ns, None
        target_ns, record = self._catch_up_ns, self._upcoming
        if target_ns is not None and (record is None or record.wall_ns > target_ns):
            self._anchor(target_ns)
            self._catch_up_ns = None

    def _ended(self) -> bool:
        return self._begun and self._upcoming is None and self._seek_ns is None

    def _anchor(self, wall_ns: int) -> None:
        """From here on time is counted from `wall_ns` on the tape and now on the clock."""
        self._position_ns = self._anchor_wall_ns = wall_ns
        self._anchor_ns = self._clock.monotonic_ns()

    def _now_ns(self) -> int:
        """Tape time: it flows between records too, but never past the next one."""
        if self._paused or self._upcoming is None or self._speed is None:
            return self._position_ns
        elapsed = (self._clock.monotonic_ns() - self._anchor_ns) * self._speed
        flowing = self._anchor_wall_ns + int(elapsed)
        return max(self._position_ns, min(flowing, self._upcoming.wall_ns))

    def _wait_ns(self, record: Record) -> int:
        """How long until `record` is due; ≤ 0 when it is. Whole nanoseconds, so that no wait is too short to end."""
        if self._speed is None:
            return 0
        distance_ns = math.ceil((record.wall_ns - self._anchor_wall_ns) / self._speed)
        return distance_ns - (self._clock.monotonic_ns() - self._anchor_ns)

    def _is_due(self, record: Record) -> bool:
        if self._catch_up_ns is not None:
            return record.wall_ns <= self._catch_up_ns
        return self._wait_ns(record) <= 0

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless something changes meanwhile."""
        self._waiting = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait({self._waiting})
            if not self._waiting.cancelled():
                self._waiting.result()
        finally:
            self._waiting.cancel()
            self._waiting = None

    def _interrupt(self) -> None:
        self._changed.set()
        if self._waiting is not None:
            self._waiting.cancel()

    def _play_due(self) -> None:
        """Dispatch what is due, for at most `WORK_NS` and until a control was used."""
        deadline = self._clock.monotonic_ns() + WORK_NS
        while self._upcoming is not None and self._is_due(self._upcoming) and not self._changed.is_set():
            self._advance(self._upcoming)
            if self._clock.monotonic_ns() >= deadline:
                break

    def _advance(self, record: Record) -> None:
        """Dispatch `record` and look at the one after it."""
        self._upcoming = next(self._records, None)
        self._newest_ns = max(self._newest_ns, record.wall_ns)
        self._position_ns = max(self._position_ns, record.wall_ns)
        self._dispatch(record)


def _checked(speed: float | None) -> float | None:
    if speed is not None and not SLOWEST <= speed <= FASTEST:
        raise UsageError(f"a speed of {speed} cannot be played: give {SLOWEST} to {FASTEST}, or none for full speed")
    return speed
