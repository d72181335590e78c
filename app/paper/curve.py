"""The equity curve: bounded, and as even after a year as after an hour."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.events import Milliseconds
from app.paper.events import Money

LONGEST = 2_880
_MINUTE_MS = 60_000


class CurvePoint(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Equity in paper dollars at `at_ms`."""

    at_ms: Milliseconds
    equity_usd: Money


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points at least `step_minutes` apart, oldest first, at most `LONGEST` of them."""

    points: Annotated[tuple[CurvePoint, ...], Meta(max_length=LONGEST)] = ()
    step_minutes: Annotated[int, Meta(ge=1, le=2**31)] = 1

    def with_point(self, at_ms: int, equity_usd: float) -> "Curve":
        """The curve with one more point, if it is time for one. A full curve keeps every second point first."""
        minute = at_ms // _MINUTE_MS
        if self.points and minute < self.points[-1].at_ms // _MINUTE_MS + self.step_minutes:
            return self
        points, step_minutes = (*self.points, CurvePoint(at_ms, equity_usd)), self.step_minutes
        if len(points) > LONGEST:
            points, step_minutes = points[::2], 2 * step_minutes
        return Curve(points, step_minutes)

    def until(self, now_ms: int) -> "Curve":
        """The curve without points later than `now_ms`."""
        return msgspec.structs.replace(self, points=tuple(point for point in self.points if point.at_ms <= now_ms))
