"""A row of a foreign recording, and the rules that put rows in order."""

from collections.abc import Callable, Iterator

import msgspec

from app.core.errors import DataError

EARLIEST_NS = 1_000_000_000 * 10**9
"""September 2001: a stamp before it is not a time of this market."""
LATEST_NS = 4_102_444_800 * 10**9
"""January 2100."""
BACKWARD_NS = 2 * 10**9
"""A stamp at most this much older than the one before is moved up to it; an older row is out of order."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One frame of a foreign recording, in the venue's own JSON, with the time it was received."""

    stamp_ns: int
    channel: str
    coin: str
    frame: bytes


Rows = Callable[[], Iterator[Row | None]]
"""Reads the file again from its beginning; None stands for a line that could not be used."""


def in_order(rows: Iterator[Row | None]) -> Iterator[Row | None]:
    """`rows` with stamps that never go back: small steps are levelled, rows further back become None."""
    newest = EARLIEST_NS
    for row in rows:
        if row is None or not newest - BACKWARD_NS <= row.stamp_ns < LATEST_NS or row.stamp_ns < EARLIEST_NS:
            yield None
        elif row.stamp_ns < newest:
            yield msgspec.structs.replace(row, stamp_ns=newest)
        else:
            newest = row.stamp_ns
            yield row


def seconds_to_ns(text: str) -> int:
    """Exact nanoseconds of a decimal number of seconds, digits past the ninth cut. Raises `DataError`."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not whole or len(digits) > 30 or not (digits.isascii() and digits.isdigit()):
        raise DataError("a time is not a plain decimal number of seconds")
    return int(whole) * 10**9 + int(fraction[:9].ljust(9, "0"))
