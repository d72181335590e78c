"""What the status and the headers of an answer over HTTP say of the venue behind it."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

TOO_MANY = 429
"""The status of a call beyond a limit."""
_LONGEST_WAIT_S = 3_600.0
_DATE_CHARS = 64


def is_answering(status: int) -> bool:
    """Whether a venue that says this answers: what it refuses of one question is an answer, that it is busy is none."""
    return 200 <= status < 500 and status != TOO_MANY


def retry_after_s(headers: Mapping[str, str], wall_ns: int) -> float | None:
    """Seconds for which a venue wants to be left alone, 0 to 3600; None where it names no time that can be read.

    `headers` are found by lower-case names. `Retry-After` is a number of seconds or a date; a date is counted from that
    of the answer, which needs no clock to be right, or from `wall_ns` where the answer has none.
    """
    asked = headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return min(float(asked), _LONGEST_WAIT_S)
    until_s, answered_s = _date_s(asked), _date_s(headers.get("date", ""))
    if until_s is None:
        return None
    return min(max(until_s - (wall_ns / 1e9 if answered_s is None else answered_s), 0.0), _LONGEST_WAIT_S)


def _date_s(text: str) -> float | None:
    """Seconds since 1970 of one of HTTP's dates (RFC 9110, 5.6.7); None for what is none."""
    try:
        date = parsedate_to_datetime(text[:_DATE_CHARS])
    except (ValueError, OverflowError):
        return None
    # The oldest of the three forms names no zone: all are of Greenwich.
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
