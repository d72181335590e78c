"""Grades claims about what a wallet makes by the venue's own history of its results. Pure."""

from collections.abc import Iterable

from app.core.calls import Call, Outcome
from app.core.prediction_market import PnlPoint
from app.scorecards.grading import ungraded

WALLET_PROFIT = "wallet profit"
"""The reference of a claim about what a wallet makes: money it made so far, and no price of anything."""
NOT_BEFORE = "could not be graded: the venue's history of the wallet does not reach back to the call"
NOT_AFTER = "could not be graded: the venue tells no result of the wallet after the call"
NOT_TOLD = "could not be graded: the venue did not answer within 30 days of the horizon"
NO_ROOM = "could not be graded: too many claims about wallets are open"


def profit_graded(call: Call, history: Iterable[PnlPoint], decided_at_ms: int) -> Outcome:
    """The outcome of a call from a wallet's cumulative results (USDC), in any order.

    The profit is the newest total at or before the horizon less that at or before the call; points without a known
    result count as none. It is not graded where one of the two is missing, or where both are the same point: whoever
    did nothing any more cannot be told from a history that came to an end.
    """
    until_s = call.available_at_ms // 1_000 + call.horizon_s
    known = sorted((point.at_s, point.total_usdc) for point in history if point.total_usdc is not None)
    before = [each for each in known if each[0] * 1_000 <= call.available_at_ms]
    within = [each for each in known[len(before) :] if each[0] <= until_s]
    if not before or not within:
        return ungraded(call, NOT_AFTER if before else NOT_BEFORE, decided_at_ms)
    (from_s, made_before), (to_s, made) = before[-1], within[-1]
    happened = call.direction * (made - made_before) > 0
    return Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=decided_at_ms,
        entry_at_ms=from_s * 1_000,
        exit_at_ms=to_s * 1_000,
        graded_horizon_ms=to_s * 1_000 - call.available_at_ms,
        event_happened=happened,
        hit=happened,
        brier=(call.probability - happened) ** 2,
    )
