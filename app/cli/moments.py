"""Moments on a tape, and days of bars, as a user writes them."""

import argparse
import re
from datetime import UTC, date, datetime, time, timedelta

from app.core.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"\+(\d{1,9}(?:\.\d{1,9})?)s?", re.ASCII)
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?", re.ASCII)


def parse_moment(text: str, start_ns: int) -> int:
    """Nanoseconds since 1970 UTC of a moment on a tape that starts at `start_ns`.

    `+90`, or `+90s`, is 90 s after the start; `14:30:05` is the first such time of day (UTC) from the start on;
    anything else is an ISO 8601 time, in UTC unless it names an offset. Raises `UsageError` for what is none of these.
    """
    offset = _OFFSET.fullmatch(text)
    if offset:
        return start_ns + round(float(offset[1]) * 1e9)
    if _TIME_OF_DAY.fullmatch(text):
        return _next_time_of_day(text, start_ns)
    moment = _iso(text)
    return _nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parse_day(text: str, *, last: bool) -> int:
    """Milliseconds since 1970 UTC of a day's first moment, or its last if `last`; or of a moment in ISO 8601.

    In UTC unless it names an offset. Raises `UsageError` for what is neither.
    """
    try:
        day = _day(text)
        moment = day or datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        whole_day = last and day is not None
        return _nanoseconds(moment + timedelta(days=1) if whole_day else moment) // 1_000_000 - whole_day
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text} is no day; write 2025-06-15, or 2025-06-15T14:00:00 (UTC)") from error


def add_span(parser: argparse.ArgumentParser) -> None:
    """`--start` and `--end`: read with `parse_span`."""
    parser.add_argument("--start", metavar="DAY", help="the first day, or a moment in ISO 8601, UTC")
    parser.add_argument("--end", metavar="DAY", help="the last day, or a moment")


def parse_span(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    """Milliseconds since 1970 UTC of both ends, as `parse_day` reads them; None where none is named.

    Raises `UsageError` for a span that ends before it begins.
    """
    start_ms = parse_day(start, last=False) if start else None
    end_ms = parse_day(end, last=True) if end else None
    if start_ms is not None and end_ms is not None and start_ms > end_ms:
        raise UsageError(f"--start {start} is after --end {end}; name a span that begins before it ends")
    return start_ms, end_ms


def bounds(span: tuple[int | None, int | None]) -> tuple[int, int]:
    """Both ends of a span, and all of time where none is named."""
    start_ms, end_ms = span
    return start_ms or 0, 1 << 53 if end_ms is None else end_ms


def _day(text: str) -> datetime | None:
    """The first moment of a day that is written without a time; None for all else."""
    try:
        return datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        return None


def _next_time_of_day(text: str, start_ns: int) -> int:
    start = _EPOCH + timedelta(microseconds=start_ns // 1_000)
    time_of_day = text if text.index(":") == 2 else f"0{text}"
    moment = _iso(f"{start:%Y-%m-%d}T{time_of_day}").replace(tzinfo=UTC)
    # A time of day given to the second may name the very second the tape starts in.
    if moment < start.replace(microsecond=0):
        moment += timedelta(days=1)
    return _nanoseconds(moment)


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text} is not a moment; write +SECONDS from the start, HH:MM:SS, or 2026-01-31T14:30:00 (UTC)"
        ) from error


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
