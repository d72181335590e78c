"""A question for the candles of a span: what it weighs hangs on the span, and two of them can be put as one."""

from typing import Annotated

import msgspec

from app.core.record import Request

CHANNEL = "candleSnapshot"
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "M": 2_419_200_000}
"""Of the letters of an interval; a month is at least four weeks."""


class _Span(msgspec.Struct):
    coin: str
    interval: Annotated[str, msgspec.Meta(min_length=2, max_length=4)]
    startTime: int  # noqa: N815 - the venue's own name
    endTime: int  # noqa: N815 - the venue's own name


class _Question(msgspec.Struct):
    type: str
    req: _Span


_decode = msgspec.json.Decoder(_Question).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, LookupError, ValueError, ZeroDivisionError)


def candles_in(request: Request) -> int | None:
    """How many candles a question asks for at most; None where it is not one."""
    try:
        span = _decode(request.body).req
        length_ms = int(span.interval[:-1]) * _UNIT_MS[span.interval[-1]]
        return max(0, (span.endTime - span.startTime) // length_ms + 2)
    except _UNREADABLE:
        return None


def spanning(one: Request, other: Request) -> Request:
    """The first question, put so that its answer holds what both ask for; as it is where one of them is none."""
    try:
        asked, more = _decode(one.body), _decode(other.body).req
    except _UNREADABLE:
        return one
    asked.req.startTime = min(asked.req.startTime, more.startTime)
    asked.req.endTime = max(asked.req.endTime, more.endTime)
    return msgspec.structs.replace(one, body=msgspec.json.encode(asked))
