"""Where a recording stands while it is played."""

import msgspec


class Playback(msgspec.Struct, frozen=True):
    """Times are wall milliseconds on the tape. `speed` is a multiple of real time, None for as fast as it goes."""

    start_ms: int
    end_ms: int
    position_ms: int
    speed: float | None
    paused: bool
    ended: bool
