"""Whether it is time to be quiet. Local time is given from outside, as minutes ahead of UTC."""

DAY_MINUTES = 1_440


def is_quiet(quiet_from: str, quiet_to: str, now_ms: int, ahead_minutes: int) -> bool:
    """Whether local time is within [from, to), which may pass midnight. Empty or equal times: never."""
    if not quiet_from or not quiet_to:
        return False
    begins, ends = _minutes(quiet_from), _minutes(quiet_to)
    minute = (now_ms // 60_000 + ahead_minutes) % DAY_MINUTES
    if begins <= ends:
        return begins <= minute < ends
    return minute >= begins or minute < ends


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
