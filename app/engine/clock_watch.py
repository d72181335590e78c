"""Tells when this machine's clock has jumped: it was set back, or has left monotonic time behind.

Monotonic time stands still while Linux is suspended. Both times come with each input, so that a replay tells the same.
"""

from app.core.record import Record
from app.engine.journal import Journal

CLOCK_STEP_MS = 2_000
"""What corrections of a clock that runs well stay below."""
_STEP_NS = CLOCK_STEP_MS * 1_000_000


class ClockWatch:
    """Compares each tick with the one before it, so that a clock that is slowly corrected never adds up to a jump."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._newest_ns = 0
        self._ahead_ns: int | None = None

    def look(self, tick: Record, now_ms: int) -> None:
        """Take one tick, and tell if more than two seconds of wall time passed unseen before it.

        One that was taken before another that was looked at says nothing: it has only waited for longer.
        """
        if tick.monotonic_ns <= self._newest_ns:
            return
        before_ns, self._ahead_ns = self._ahead_ns, tick.wall_ns - tick.monotonic_ns
        self._newest_ns = tick.monotonic_ns
        if before_ns is None or self._ahead_ns - before_ns <= _STEP_NS:
            return
        jumped = _span((self._ahead_ns - before_ns) / 1e9)
        self._journal.say(
            now_ms, "warning", "clock", f"this machine's clock jumped ahead by {jumped}: suspended, or set"
        )

    def was_set_back(self, before_ms: int, wall_ms: int) -> None:
        """Tell that the time of the inputs went from `before_ms` back to `wall_ms`."""
        seconds = (before_ms - wall_ms) / 1000
        self._journal.say(wall_ms, "warning", "clock", f"this machine's clock was set back by {seconds:.0f} s")


def _span(seconds: float) -> str:
    """Seconds (≥ 0) in the largest unit of which there is one, to a tenth of it."""
    for unit, size_s in (("h", 3_600), ("min", 60)):
        if seconds >= size_s:
            return f"{round(seconds / size_s, 1):g} {unit}"
    return f"{round(seconds, 1):g} s"
