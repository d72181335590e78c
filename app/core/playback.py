"""Where a recording stands while it is played, and how fast."""

import msgspec

SPEEDS: tuple[float | None, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, None)
"""The ladder of speeds, as multiples of real time; None plays as fast as it goes."""


class Playback(msgspec.Struct, frozen=True):
    """Times are wall milliseconds on the tape. `speed` is a multiple of real time, None for as fast as it goes."""

    start_ms: int
    end_ms: int
    position_ms: int
    speed: float | None
    paused: bool
    ended: bool


def next_speed(speed: float | None, steps: int) -> float | None:
    """The speed `steps` away from `speed` on the ladder, staying on it; one between two rungs counts as the nearest."""
    last = len(SPEEDS) - 1
    index = last if speed is None else min(range(last), key=lambda rung: abs((SPEEDS[rung] or 0) - speed))
    return SPEEDS[max(0, min(last, index + steps))]
