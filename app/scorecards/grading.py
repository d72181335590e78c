"""The arithmetic of one grade: a call, the bid and ask it could be acted on, and those at its horizon."""

import math
from collections.abc import Callable
from typing import NamedTuple

from app.core.calls import Call, Outcome

BASIS_POINTS = 10_000.0

Event = Callable[[Call, float], bool]
"""Whether what a call claims came true, from the call and the mid at its horizon."""


class Touch(NamedTuple):
    """Best bid and ask as they stood at `at_ms`."""

    bid: float
    ask: float
    at_ms: int

    @property
    def mid(self) -> float:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def usable(self) -> bool:
        """Both sides finite and positive, and not crossed."""
        return 0 < self.bid <= self.ask < math.inf


def moved_its_way(call: Call, exit_mid: float) -> bool:
    """Whether the mid is beyond the reference price in the call's direction. An unchanged mid is not."""
    return call.direction * (exit_mid - call.reference_price) > 0


def round_trip_bps(call: Call, entry: Touch, exit_touch: Touch) -> float:
    """Result of taking at `entry` and again at `exit_touch`, in basis points of the mid at entry, after all costs.

    A long pays the ask and is paid the bid; a short the other way round. Fee and slippage are paid on both sides.
    """
    gross = exit_touch.bid - entry.ask if call.direction > 0 else entry.bid - exit_touch.ask
    costs = 2 * (call.cost.taker_fee_bps + call.cost.slippage_bps)
    return BASIS_POINTS * gross / entry.mid - costs


def graded(call: Call, entry: Touch, exit_touch: Touch, event: Event) -> Outcome:
    """The outcome of a call that could be entered at `entry` and stood at `exit_touch` at its horizon."""
    happened = event(call, exit_touch.mid)
    return Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=exit_touch.at_ms,
        entry_bid=entry.bid,
        entry_ask=entry.ask,
        entry_at_ms=entry.at_ms,
        exit_bid=exit_touch.bid,
        exit_ask=exit_touch.ask,
        exit_at_ms=exit_touch.at_ms,
        graded_horizon_ms=exit_touch.at_ms - call.available_at_ms,
        mid_move_bps=BASIS_POINTS * (exit_touch.mid - call.reference_price) / call.reference_price,
        event_happened=happened,
        hit=moved_its_way(call, exit_touch.mid) if call.direction else None,
        brier=(call.probability - happened) ** 2,
        edge_bps=round_trip_bps(call, entry, exit_touch) if call.direction else None,
    )


def ungraded(call: Call, reason: str, decided_at_ms: int) -> Outcome:
    """The outcome of a call that cannot be graded, and why."""
    return Outcome(call_id=call.call_id, status="ungraded", reason=reason, decided_at_ms=decided_at_ms)
