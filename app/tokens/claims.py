"""What the model claims of tokens, filed when it is said and graded by the candles that came after. Pure.

A claim is of an event on the way, not of a price at the end: that the highest five-minute close of the next hour is
3 % or more above the price after a 1 % round trip (`tokens/labels.py`). Candles of the whole hour decide it, also those
of a token that is watched no longer.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.core.calls import CANDLES_GRADE, Call, CostModel, Outcome
from app.tokens.candles import CandleTable
from app.tokens.labels import RISE, RISE_HORIZON_S, ROUND_TRIP, Entry, labels
from app.tokens.watched import Seen

CLAIMANT = "token-model"
KIND = "token rise"
SETTLED_S = 10
"""So long after the hour its last candle is asked for at the earliest."""
OVERDUE_S = 7_200
"""Without candles of the hour by so long after it, a claim is not graded."""
_BASIS_POINTS = 10_000.0


class Decided(NamedTuple):
    """A claim and what became of it."""

    call: Call
    outcome: Outcome


class TokenClaims:
    """The open claims of a run, one a token at a time: those of overlapping hours would count one move twice."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Call, Entry]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def file(self, seen: Seen, p_rise: float, version: str, *, source: str, now_ms: int, evidence: int) -> Call | None:
        """The claim of a prediction; None while one of the token is open, and without a price."""
        mint, price = seen.listed.mint, seen.price
        if mint in self._open or price is None:
            return None
        costs = CostModel(taker_fee_bps=ROUND_TRIP * _BASIS_POINTS / 2, slippage_bps=0.0)
        target = price * (1 + RISE) / (1 - ROUND_TRIP)
        call = Call(
            source=source,
            claimant=CLAIMANT,
            claimant_version=version,
            kind=KIND,
            subject=mint,
            claim=f"highest five-minute close of {mint} within {RISE_HORIZON_S} s at {target:.6g} or more",
            probability=p_rise,
            direction=0,
            made_at_ms=now_ms,
            available_at_ms=now_ms,
            input_age_ms=max(0, now_ms - seen.at_s * 1_000),
            reference_kind=CANDLES_GRADE,
            reference_price=price,
            bid=price,
            ask=price,
            horizon_s=RISE_HORIZON_S,
            cost=costs,
            evidence=evidence,
        )
        self._open[mint] = call, Entry(seen.at_s, price, None)
        return call

    def due_s(self, mint: str) -> int | None:
        """From when on candles decide the open claim of a token; None without one."""
        found = self._open.get(mint)
        return None if found is None else found[1].at_s + RISE_HORIZON_S + SETTLED_S

    def candles(self, mint: str, table: CandleTable, now_ms: int) -> Decided | None:
        """The newest candles of a token have come: its claim, if that decides one."""
        due_s = self.due_s(mint)
        if due_s is None or now_ms // 1_000 < due_s:
            return None
        call, entry = self._open.pop(mint)
        became = labels(entry, table, None, now_ms // 1_000)
        happened = bool(became.rises)
        outcome = Outcome(
            call_id=call.call_id,
            status="graded",
            decided_at_ms=now_ms,
            graded_horizon_ms=RISE_HORIZON_S * 1_000,
            event_happened=happened,
            brier=(call.probability - happened) ** 2,
        )
        return Decided(call, outcome)

    def overdue(self, now_ms: int) -> Iterator[Decided]:
        """Claims whose candles did not come."""
        for mint in [mint for mint in self._open if now_ms // 1_000 > (self.due_s(mint) or 0) + OVERDUE_S]:
            yield self._undecided(mint, "candles of its hour could not be had", now_ms)

    def finish(self, now_ms: int) -> Iterator[Decided]:
        """The run ends: what is open is not graded."""
        for mint in list(self._open):
            yield self._undecided(mint, "run ended before the horizon", now_ms)

    def _undecided(self, mint: str, reason: str, now_ms: int) -> Decided:
        call, _ = self._open.pop(mint)
        return Decided(call, Outcome(call_id=call.call_id, status="ungraded", reason=reason, decided_at_ms=now_ms))
